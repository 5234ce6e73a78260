//go:build js && wasm

// Command imports says what each import of Go's runtime and of syscall/js costs, and what whole operations that are made
// of them do: a line each with a name, nanoseconds, and how often it was done. Benchmarks/imports.py compares engines by it.
package main

import (
	"crypto/rand"
	"fmt"
	"os"
	"syscall/js"
	"time"
)

var sinkValue js.Value
var sinkInt int
var sinkString string
var sinkTime time.Time

// Prints what one of the operations takes that body does count times.
func measure(name string, count int, body func(count int)) {
	body(count / 10)
	start := time.Now()
	body(count)
	fmt.Printf("%s\t%.0f\t%d\n", name, float64(time.Since(start).Nanoseconds())/float64(count), count)
}

func repeat(body func()) func(int) {
	return func(count int) {
		for i := 0; i < count; i++ {
			body()
		}
	}
}

func values() {
	const count = 100000
	global := js.Global()
	object := global.Get("Object").New()
	object.Set("number", 1)
	object.Set("text", "a text of 24 characters.")
	array := global.Get("Array").New(1, 2, 3)
	math := global.Get("Math")
	abs := math.Get("abs")
	objectClass := global.Get("Object")
	text := object.Get("text")
	bytes := make([]byte, 1024)
	target := global.Get("Uint8Array").New(len(bytes))

	measure("valueGet: a number", count, repeat(func() { sinkValue = object.Get("number") }))
	measure("valueGet: an object (and finalizeRef)", count, repeat(func() { sinkValue = global.Get("Math") }))
	measure("valueSet", count, repeat(func() { object.Set("number", 2) }))
	measure("valueSet and valueDelete", count, repeat(func() { object.Set("other", 2); object.Delete("other") }))
	measure("valueIndex", count, repeat(func() { sinkValue = array.Index(1) }))
	measure("valueSetIndex", count, repeat(func() { array.SetIndex(1, 5) }))
	measure("valueLength", count, repeat(func() { sinkInt = array.Length() }))
	measure("valueInstanceOf", count, repeat(func() { array.InstanceOf(objectClass) }))
	measure("valueCall", count, repeat(func() { sinkInt = math.Call("abs", -3).Int() }))
	measure("valueInvoke", count, repeat(func() { sinkInt = abs.Invoke(-3).Int() }))
	measure("valueNew (and finalizeRef)", count, repeat(func() { sinkValue = objectClass.New() }))
	measure("stringVal (and finalizeRef)", count, repeat(func() { sinkValue = js.ValueOf("a text of 24 characters.") }))
	measure("valuePrepareString, valueLoadString", count, repeat(func() { sinkString = text.String() }))
	measure("copyBytesToJS: 1,024 bytes", count, repeat(func() { js.CopyBytesToJS(target, bytes) }))
	measure("copyBytesToGo: 1,024 bytes", count, repeat(func() { js.CopyBytesToGo(bytes, target) }))
}

func runtimeImports() {
	measure("nanotime1, walltime: time.Now", 100000, repeat(func() { sinkTime = time.Now() }))
	measure("wasmWrite: print to standard error", 5000, repeat(func() { print("x") }))
	bytes := make([]byte, 32)
	measure("getRandomData: 32 bytes", 20000, repeat(func() { rand.Read(bytes) }))
	measure("scheduleTimeoutEvent, clearTimeoutEvent: a timer is set and stopped", 20000, repeat(func() {
		time.AfterFunc(time.Hour, func() {}).Stop()
	}))
	measure("scheduleTimeoutEvent: a sleep of 1 ns", 5000, repeat(func() { time.Sleep(1) }))
}

func operations() {
	callback := js.FuncOf(func(this js.Value, arguments []js.Value) any { return arguments[0] })
	defer callback.Release()
	caller := js.Global().Get("Array").New(1)
	measure("a callback: JavaScript calls Go", 20000, repeat(func() { caller.Call("map", callback) }))

	file, err := os.CreateTemp("", "imports")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	defer os.Remove(file.Name())
	bytes := make([]byte, 64)
	fail := func(_ int, err error) {
		if err != nil {
			panic(err)
		}
	}
	measure("os.File.Write: 64 bytes", 5000, repeat(func() { fail(file.Write(bytes)) }))
	measure("os.File.ReadAt: 64 bytes", 5000, repeat(func() { fail(file.ReadAt(bytes, 128)) }))
	measure("os.Stat", 5000, repeat(func() {
		_, err := os.Stat(file.Name())
		fail(0, err)
	}))
}

func main() {
	values()
	runtimeImports()
	operations()
}
