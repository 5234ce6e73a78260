// Ends has exports that do not return, each in another way: in a program for js as in one for WASI.
package main

import (
	"os"
	"sync"
)

//go:wasmexport add
func add(a, b int32) int32 { return a + b }

//go:wasmexport leave
func leave(code int32) { os.Exit(int(code)) }

//go:wasmexport fail
func fail() { panic("no luck\ntoday") }

//go:wasmexport dereference
func dereference() int32 {
	var nowhere *int32
	return *nowhere
}

// Waits for what nobody sends.
//
//go:wasmexport wait
func wait() { <-make(chan int) }

// Is ended by Go's runtime, and cannot be recovered from.
//
//go:wasmexport unlock
func unlock() { new(sync.Mutex).Unlock() }

//go:wasmexport spin
func spin() {
	for {
	}
}

//go:wasmimport host ask
func askHost(number int32) int32

// Calls the host, which may fail, and adds one to what that says.
//
//go:wasmexport ask
func ask(number int32) int32 { return askHost(number) + 1 }

// A reactor's main is not called. That of a program for js must not return, so that its exports can be called.
func main() {
	if len(os.Args) > 1 {
		panic(os.Args[1])
	}
	select {}
}
