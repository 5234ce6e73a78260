// Calls has exports that take and return texts, bytes and JSON.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"example/calls/hostcall"
)

//go:wasmexport add
func add(a, b int32) int32 { return a + b }

var total int64

//go:wasmexport count
func count(by int64) { total += by }

//go:wasmexport counted
func counted() int64 { return total }

//go:wasmexport upper
func upper(in uint64) uint64 {
	return hostcall.Text(in, func(text string) (string, error) {
		if text == "" {
			return "", errors.New("there is no text")
		}
		return strings.ToUpper(text), nil
	})
}

//go:wasmexport twice
func twice(in uint64) uint64 {
	return hostcall.Bytes(in, func(given []byte) ([]byte, error) { return bytes.Repeat(given, 2), nil })
}

// Person is what Swift has a type for, too.
type Person struct {
	Name string `json:"name"`
	Age  int    `json:"age"`
}

//go:wasmexport birthday
func birthday(in uint64) uint64 {
	return hostcall.JSON(in, func(person Person) (Person, error) {
		if person.Age < 0 {
			return person, fmt.Errorf("%s is %d years old", person.Name, person.Age)
		}
		person.Age++
		return person, nil
	})
}

// Returns a span that lies outside of the memory.
//
//go:wasmexport lie
func lie(in uint64) uint64 { return 0xFFFFFFFF00001000 }

//go:wasmexport fail
func fail(in uint64) uint64 {
	return hostcall.Text(in, func(text string) (string, error) { panic(text) })
}

//go:wasmimport host upper
func hostUpper() int32

// Has the host call upper while its own argument is in use, and returns that.
//
//go:wasmexport nested
func nested(in uint64) uint64 {
	return hostcall.Text(in, func(text string) (string, error) {
		return fmt.Sprint(text, hostUpper(), text), nil
	})
}

// A reactor's main is not called. That of a program for js must not return, so that its exports can be called.
func main() { select {} }
