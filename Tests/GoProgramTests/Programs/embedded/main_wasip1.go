package main

import "os"

func trap()  { os.Exit(9) }
func serve() {}

func host(mode string) {}
