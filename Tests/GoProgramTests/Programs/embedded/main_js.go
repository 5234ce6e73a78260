package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall/js"
	"time"
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

// host has the host do something for the program: hold many small values, or a large one, go through what is long by name
// only, read the body of an answer.
func host(mode string) {
	global := js.Global()
	switch mode {
	case "hold":
		for list := global.Get("Array").New(); ; {
			list.Call("push", global.Get("Object").New())
		}
	case "chain":
		for value := js.Null(); ; {
			next := global.Get("Object").New()
			next.Set("next", value)
			value = next
		}
	case "release":
		holder := global.Get("Object").New()
		for i := 0; i < 100000; i++ {
			next := global.Get("Object").New()
			next.Set("next", holder.Get("value"))
			holder.Set("value", next)
		}
		// Go gives up what it refers to, and then the first one is let go, and all others with it.
		for i := 0; i < 3; i++ {
			runtime.GC()
			time.Sleep(20 * time.Millisecond)
		}
		holder.Delete("value")
		fmt.Println("released")
	case "names":
		object := global.Get("Object").New()
		for i := 0; ; i++ {
			object.Set(fmt.Sprint("name", i), i)
		}
	case "promises":
		promise := global.Get("Promise").New(js.FuncOf(func(this js.Value, args []js.Value) any { return nil }))
		for {
			promise.Call("then", global.Get("Object"))
		}
	case "timers":
		for {
			global.Call("setTimeout", global.Get("Object"), 1000000)
		}
	case "large":
		defer func() { fmt.Println("recovered:", recover()) }()
		global.Get("Uint8Array").New(1 << 30)
	case "walk":
		global.Get("Set").New(global.Get("Array").New(4294967295))
	case "post":
		bytes := global.Get("Uint8Array").New(8<<20).Call("fill", 'x')
		answer, err := await(global.Call("fetch", os.Args[2], map[string]any{"method": "POST", "body": bytes}))
		if err == nil {
			answer, err = await(answer.Call("text"))
		}
		fmt.Println(answer, err)
	case "body":
		answer, err := await(global.Call("fetch", os.Args[2]))
		if err == nil {
			answer, err = await(answer.Call("arrayBuffer"))
		}
		if err != nil {
			fmt.Println("failed:", err)
		} else {
			fmt.Println(answer.Get("byteLength").Int(), "bytes")
		}
	}
}
