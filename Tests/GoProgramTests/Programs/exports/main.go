// Exports has functions that a host calls, in a program for js as in one for WASI.
package main

import "os"

//go:wasmexport add
func add(a, b int32) int32 { return a + b }

//go:wasmexport mix
func mix(a int64, b float32, c float64) float64 { return float64(a) + float64(b) + c }

//go:wasmexport positive
func positive(a int64) bool { return a > 0 }

//go:wasmexport fail
func fail() { panic("on purpose") }

//go:wasmexport leave
func leave(code int32) { os.Exit(int(code)) }

// A reactor's main is not called. That of a program for js must not return, so that its exports can be called.
func main() { select {} }
