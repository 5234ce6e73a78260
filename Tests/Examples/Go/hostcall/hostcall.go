// Package hostcall passes text, bytes and JSON between functions that a Go program exports and the Swift program that
// calls them with ProgramInstance.call. Copy this folder into your module:
//
//	//go:wasmexport upper
//	func upper(in uint64) uint64 {
//		return hostcall.Text(in, func(text string) (string, error) { return strings.ToUpper(text), nil })
//	}
//
// In Swift that is try plugin.call("upper", "text").
//
// The convention, which other languages can keep to as well: a span is a number of 64 bits with an address in the upper
// half and a number of bytes in the lower one. The host asks gowasm_buffer for a place, copies the argument there, and
// calls the function with its span. The function returns the span of its result, which stays as it is until the host
// calls again. Where bit 31 is set, which no number of bytes reaches, the result is the text of an error.
//
// AwaitText and its like wait for async functions of Swift's, in programs for WASI; in those for js, Await waits for a
// promise, and Promise makes one.
package hostcall

import (
	"encoding/json"
	"unsafe"
)

// The next argument, and the last result: the garbage collector, which moves nothing, leaves alone what is kept here.
var argument, result []byte

// Makes room for an argument, and returns its address.
//
//go:wasmexport gowasm_buffer
func buffer(size uint32) unsafe.Pointer {
	argument = make([]byte, size)
	return unsafe.Pointer(unsafe.SliceData(argument))
}

const (
	failed  = 1 << 31
	longest = failed - 1
)

// Bytes calls a function with the bytes of the span in; they are the function's to keep. It returns the span of what
// that returns: the bytes, or the text of the error.
func Bytes(in uint64, function func([]byte) ([]byte, error)) uint64 {
	size := uint32(in)
	// A host function that this one calls may call another function of this program, with an argument of its own.
	bytes := argument[:size:size]
	argument = nil
	out, err := function(bytes)
	if err != nil {
		return span([]byte(err.Error())) | failed
	}
	return span(out)
}

// Text is as Bytes, with texts.
func Text(in uint64, function func(string) (string, error)) uint64 {
	return Bytes(in, func(bytes []byte) ([]byte, error) {
		// Nobody else has the bytes.
		text, err := function(unsafe.String(unsafe.SliceData(bytes), len(bytes)))
		return []byte(text), err
	})
}

// JSON is as Bytes, with values that package encoding/json reads and writes.
func JSON[Argument, Result any](in uint64, function func(Argument) (Result, error)) uint64 {
	return Bytes(in, func(bytes []byte) ([]byte, error) {
		var argument Argument
		if err := json.Unmarshal(bytes, &argument); err != nil {
			return nil, err
		}
		result, err := function(argument)
		if err != nil {
			return nil, err
		}
		return json.Marshal(result)
	})
}

func span(bytes []byte) uint64 {
	if len(bytes) > longest {
		panic("hostcall: the result has 2 GiB or more")
	}
	result = bytes
	return place(bytes)
}

// The span of bytes that somebody else keeps.
func place(bytes []byte) uint64 {
	return uint64(uintptr(unsafe.Pointer(unsafe.SliceData(bytes))))<<32 | uint64(len(bytes))
}
