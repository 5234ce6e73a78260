//go:build js && wasm && go1.18

package main

import (
	"fmt"
	"syscall/js"
)

func init() {
	programs["js-timers"] = jsTimers
	programs["js-unreferenced"] = jsUnreferenced
}

// What Node's timers are beside what browsers' are.
func jsTimers(args []string) {
	global := js.Global()
	done := make(chan string, 10)
	var timeout js.Value
	count := 0
	timeout = global.Call("setTimeout", js.FuncOf(func(this js.Value, arguments []js.Value) any {
		count++
		done <- fmt.Sprint("timeout ", this.Equal(timeout), " ", len(arguments), " ", arguments[0])
		return nil
	}), 1, "argument")
	fmt.Println(timeout.Get("constructor").Get("name"), timeout.Call("hasRef"))
	fmt.Println(timeout.Call("unref").Equal(timeout), timeout.Call("hasRef"), timeout.Call("ref").Call("hasRef"))
	fmt.Println(global.Get("Number").Invoke(timeout).Type(), global.Get("String").Invoke(timeout).Type())
	fmt.Println(<-done)
	timeout.Call("refresh")
	fmt.Println(<-done, count)

	var interval js.Value
	ticks := 0
	interval = global.Call("setInterval", js.FuncOf(func(this js.Value, arguments []js.Value) any {
		if ticks++; ticks == 3 {
			// By its number, as text.
			global.Call("clearInterval", global.Get("String").Invoke(interval))
			done <- fmt.Sprint("interval ", this.Equal(interval), " ", ticks)
		}
		return nil
	}), 1)
	fmt.Println(<-done)

	never := js.FuncOf(func(js.Value, []js.Value) any { done <- "never"; return nil })
	var immediate js.Value
	cleared := global.Call("setImmediate", never)
	global.Call("clearImmediate", cleared)
	moved := global.Call("setTimeout", never, 1)
	moved.Call("close")
	immediate = global.Call("setImmediate", js.FuncOf(func(this js.Value, arguments []js.Value) any {
		done <- fmt.Sprint("immediate ", this.Equal(immediate), " ", arguments[0])
		return nil
	}), 5)
	fmt.Println(immediate.Get("constructor").Get("name"), immediate.Call("hasRef"), immediate.Call("unref").Call("hasRef"))
	immediate.Call("ref")
	fmt.Println(<-done)

	for _, value := range []any{1, "it's", true, nil, map[string]any{}, []any{}} {
		func() {
			defer func() { fmt.Println(recover().(js.Error).Value.Get("message")) }()
			global.Call("setTimeout", value)
		}()
	}
	environment := global.Get("process").Get("env")
	environment.Set("PROBE_NUMBER", 1)
	environment.Set("PROBE_UNDEFINED", js.Undefined())
	fmt.Println(environment.Get("PROBE_NUMBER").Type(), environment.Get("PROBE_UNDEFINED").Type(), environment.Get("PROBE_NUMBER"))
	environment.Delete("PROBE_NUMBER")
	fmt.Println(environment.Get("PROBE_NUMBER").IsUndefined())
}

// Waits for a timer that the program does not wait for.
func jsUnreferenced(args []string) {
	js.Global().Call("setInterval", js.FuncOf(func(js.Value, []js.Value) any { return nil }), 10).Call("unref")
	fmt.Println("waiting")
	select {}
}
