package hostcall

import (
	"encoding/json"
	"errors"
	"os"
	"sync"
	"unsafe"
)

// The functions that a program for WASI imports to wait for async functions of the host. Sources/WASI/AsyncCalls.swift
// says what they do.

//go:wasmimport gowasm async_descriptor
func asyncDescriptor() int32

//go:wasmimport gowasm async_finished
func asyncFinished() uint64

//go:wasmimport gowasm async_take
func asyncTake(ticket uint32, place unsafe.Pointer)

type outcome struct {
	bytes []byte
	err   error
}

// What goroutines wait for.
var waiting struct {
	sync.Mutex
	// By the tickets of their calls.
	calls map[uint32]chan<- outcome
	// Can be read when a call has ended.
	ended *os.File
	// Whether a goroutine reads from there: only as long as anybody waits, so that a deadlock is still one.
	isRead bool
	// The argument of a call that is being started: what is kept here is in no stack, which could move.
	argument []byte
}

// AwaitBytes calls an async function of the host, which Imports.defineAsync defines, and waits for its result; other
// goroutines go on meanwhile. The function is declared without a body:
//
//	//go:wasmimport host lookup
//	func lookup(in uint64) uint32
//
// The error is what the function has thrown.
func AwaitBytes(function func(in uint64) uint32, argument []byte) ([]byte, error) {
	result, err := start(function, argument)
	if err != nil {
		return nil, err
	}
	ended := <-result
	return ended.bytes, ended.err
}

// AwaitText is as AwaitBytes, with texts.
func AwaitText(function func(in uint64) uint32, argument string) (string, error) {
	bytes, err := AwaitBytes(function, unsafe.Slice(unsafe.StringData(argument), len(argument)))
	// Nobody else has the bytes.
	return unsafe.String(unsafe.SliceData(bytes), len(bytes)), err
}

// AwaitJSON is as AwaitBytes, with values that package encoding/json reads and writes.
func AwaitJSON[Result, Argument any](function func(in uint64) uint32, argument Argument) (Result, error) {
	var result Result
	bytes, err := json.Marshal(argument)
	if err == nil {
		bytes, err = AwaitBytes(function, bytes)
	}
	if err == nil {
		err = json.Unmarshal(bytes, &result)
	}
	return result, err
}

func start(function func(in uint64) uint32, argument []byte) (<-chan outcome, error) {
	if len(argument) > longest {
		return nil, errors.New("hostcall: the argument has 2 GiB or more")
	}
	waiting.Lock()
	defer waiting.Unlock()
	if waiting.ended == nil {
		descriptor := asyncDescriptor()
		if descriptor < 0 {
			return nil, errors.New("hostcall: the host has no descriptors left")
		}
		waiting.ended = os.NewFile(uintptr(descriptor), "calls of the host")
		waiting.calls = map[uint32]chan<- outcome{}
	}
	waiting.argument = argument
	ticket := function(place(argument))
	waiting.argument = nil
	if ticket == 0 {
		return nil, errors.New("hostcall: the host has not started the function")
	}
	result := make(chan outcome, 1)
	waiting.calls[ticket] = result
	if !waiting.isRead {
		waiting.isRead = true
		go read()
	}
	return result, nil
}

// Hands out results as they come, until nobody waits.
func read() {
	var signals [8]byte
	for handOut() {
		if _, err := waiting.ended.Read(signals[:]); err != nil {
			fail(err)
			return
		}
	}
}

// Hands out the results that are there; returns whether anybody waits for others.
func handOut() bool {
	waiting.Lock()
	defer waiting.Unlock()
	for {
		ended := asyncFinished()
		if ended == 0 {
			break
		}
		ticket, size := uint32(ended>>32), uint32(ended)
		bytes := make([]byte, size&^failed)
		asyncTake(ticket, unsafe.Pointer(unsafe.SliceData(bytes)))
		result := outcome{bytes: bytes}
		if size&failed != 0 {
			result = outcome{err: errors.New(string(bytes))}
		}
		waiting.calls[ticket] <- result
		delete(waiting.calls, ticket)
	}
	waiting.isRead = len(waiting.calls) > 0
	return waiting.isRead
}

func fail(err error) {
	waiting.Lock()
	defer waiting.Unlock()
	for ticket, result := range waiting.calls {
		result <- outcome{err: err}
		delete(waiting.calls, ticket)
	}
	waiting.isRead = false
}
