package main

import (
	"errors"
	"fmt"
	"os"
	"syscall/js"
)

func trap() { os.Exit(9) }

// Puts functions where Swift finds them, calls Swift's, and stays.
func serve() {
	global := js.Global()
	global.Set("greet", js.FuncOf(func(this js.Value, args []js.Value) any { return "Hello, " + args[0].String() }))
	global.Set("upperBytes", js.FuncOf(func(this js.Value, args []js.Value) any {
		bytes := make([]byte, args[0].Length())
		js.CopyBytesToGo(bytes, args[0])
		for i := range bytes {
			bytes[i] ^= 0x20
		}
		result := js.Global().Get("Uint8Array").New(len(bytes))
		js.CopyBytesToJS(result, bytes)
		return result
	}))
	// A promise of what Swift's async function returns, in Go's way of waiting for one.
	global.Set("describe", js.FuncOf(func(this js.Value, args []js.Value) any {
		id := args[0]
		return js.Global().Get("Promise").New(js.FuncOf(func(this js.Value, args []js.Value) any {
			resolve, reject := args[0], args[1]
			go func() {
				if user, err := await(global.Call("fetchUser", id)); err != nil {
					reject.Invoke(js.Global().Get("Error").New(err.Error()))
				} else {
					resolve.Invoke(fmt.Sprintf("user %s", user))
				}
			}()
			return nil
		}))
	}))
	global.Set("spin", js.FuncOf(func(this js.Value, args []js.Value) any {
		for {
		}
	}))
	global.Set("quit", js.FuncOf(func(this js.Value, args []js.Value) any {
		go os.Exit(args[0].Int())
		return nil
	}))
	fmt.Println(global.Call("add", 2, 3).Int(), global.Get("version").String())
	func() {
		defer func() { fmt.Println("recovered:", recover()) }()
		global.Call("add", "two", 3)
	}()
	func() {
		defer func() { fmt.Println("recovered:", recover()) }()
		global.Call("fail")
	}()
	select {}
}

func await(promise js.Value) (js.Value, error) {
	result := make(chan js.Value, 1)
	failure := make(chan error, 1)
	resolved := js.FuncOf(func(this js.Value, args []js.Value) any {
		result <- args[0]
		return nil
	})
	defer resolved.Release()
	rejected := js.FuncOf(func(this js.Value, args []js.Value) any {
		failure <- errors.New(args[0].Get("message").String())
		return nil
	})
	defer rejected.Release()
	promise.Call("then", resolved, rejected)
	select {
	case value := <-result:
		return value, nil
	case err := <-failure:
		return js.Undefined(), err
	}
}
