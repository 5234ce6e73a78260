//go:build !wasip1

package main

func serve(string) {}
