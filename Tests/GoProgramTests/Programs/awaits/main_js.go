// Awaits puts functions on JavaScript's global object that wait for async functions of Swift's.
//
// With arguments it looks them up, and ends.
package main

import (
	"fmt"
	"os"
	"strings"
	"syscall/js"
	"time"

	"example/awaits/hostcall"
)

func lookUp(name string) (string, error) {
	value, err := hostcall.Await(js.Global().Call("lookup", name))
	if err != nil {
		return "", err
	}
	return value.String(), nil
}

func define(name string, function func(string) (string, error)) {
	js.Global().Set(name, js.FuncOf(func(this js.Value, args []js.Value) any {
		text := args[0].String()
		return hostcall.Promise(func() (any, error) { return function(text) })
	}))
}

//go:wasmexport upper
func upper(in uint64) uint64 {
	return hostcall.Text(in, func(text string) (string, error) { return strings.ToUpper(text), nil })
}

func main() {
	if len(os.Args) > 1 {
		fmt.Println(lookAllUp(os.Args[1:]))
		return
	}
	define("fetch", lookUp)
	define("fetchAll", func(names string) (string, error) { return lookAllUp(strings.Split(names, ",")) })
	define("pause", func(duration string) (string, error) {
		parsed, err := time.ParseDuration(duration)
		time.Sleep(parsed)
		return duration, err
	})
	select {}
}
