//go:build wasip1

// Plugin is a reactor: functions that a host calls, built with
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -o plugin.wasm
//
// Texts and bytes go both ways through a buffer in this program's memory: the host asks where it is, puts in what it
// passes, calls a function with the length, and takes out what that left there.
package main

import (
	"bytes"
	"hash/crc32"
	"strings"
	"time"
	"unsafe"
)

// It is kept here, so that the garbage collector leaves it alone between calls; Go's collector moves nothing.
var shared []byte

// Makes room for size bytes, and returns their address.
//
//go:wasmexport buffer
func buffer(size uint32) unsafe.Pointer {
	if uint32(cap(shared)) < size {
		shared = make([]byte, size)
	}
	shared = shared[:size]
	return unsafe.Pointer(unsafe.SliceData(shared))
}

//go:wasmexport add
func add(a, b int32) int32 { return a + b }

// Sums the bytes in the buffer up to a CRC.
//
//go:wasmexport checksum
func checksum(size uint32) uint32 { return crc32.ChecksumIEEE(shared[:size]) }

// Turns the text in the buffer into upper case, and returns its new length.
//
//go:wasmexport upper
func upper(size uint32) uint32 {
	text := strings.ToUpper(string(shared[:size]))
	buffer(uint32(len(text)))
	return uint32(copy(shared, text))
}

// Replaces the bytes in the buffer by as many copies of them, and returns the length.
//
//go:wasmexport repeat
func repeat(size, count uint32) uint32 {
	shared = bytes.Repeat(shared[:size], int(count))
	return uint32(len(shared))
}

// A function of the host.
//
//go:wasmimport host multiply
func multiply(a, b int64) int64

// Calls the host, which may call this program again meanwhile.
//
//go:wasmexport square
func square(a int64) int64 { return multiply(a, a) }

var ticks int64

// Starts a goroutine that counts while other exports run.
//
//go:wasmexport start
func start() {
	go func() {
		for {
			ticks++
			time.Sleep(time.Millisecond)
		}
	}()
}

// Waits, and returns how far the goroutine has counted.
//
//go:wasmexport wait
func wait(milliseconds int32) int64 {
	time.Sleep(time.Duration(milliseconds) * time.Millisecond)
	return ticks
}

func main() {}
