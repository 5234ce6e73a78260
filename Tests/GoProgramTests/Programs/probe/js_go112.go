//go:build js && go1.12 && !go1.14
// +build js,go1.12,!go1.14

package main

import (
	"fmt"
	"syscall/js"
)

func init() {
	programs["js-old"] = jsOld
}

// The interface of Go 1.12 and 1.13.
func jsOld(args []string) {
	global := js.Global()
	fmt.Println(global.Type(), global.Get("absent").Type(), global.Get("absent") == js.Undefined(), js.ValueOf(0).Int(), js.ValueOf("é").String(), js.Null().Type())
	object := global.Get("Object").New()
	object.Set("n", 0)
	object.Set("s", "str")
	fmt.Println(object.Get("n").Int(), object.Get("s").String(), object.Get("s") == object.Get("s"), global.Get("Array").New(1, 2, 3).Length())
	add := js.FuncOf(func(this js.Value, args []js.Value) interface{} { return args[0].Int() + args[1].Int() })
	fmt.Println(add.Type(), add.Invoke(20, 22).Int())
	fired := make(chan int)
	tell := js.FuncOf(func(this js.Value, args []js.Value) interface{} {
		go func() { fired <- args[0].Int() }()
		return nil
	})
	global.Call("setTimeout", tell, 5, 7)
	fmt.Println(<-fired)
	defer func() { fmt.Println(recover()) }()
	global.Call("absent")
}
