//go:build js && !go1.12
// +build js,!go1.12

package main

import (
	"fmt"
	"syscall/js"
)

func init() {
	programs["js-old"] = jsOld
}

// The interface of Go 1.11.
func jsOld(args []string) {
	global := js.Global()
	fmt.Println(global.Type(), global.Get("absent").Type(), global.Get("absent") == js.Undefined(), js.ValueOf(0).Int(), js.ValueOf("é").String(), js.Null().Type())
	object := global.Get("Object").New()
	object.Set("n", 0)
	object.Set("s", "str")
	fmt.Println(object.Get("n").Int(), object.Get("s").String(), object.Get("s") == object.Get("s"), global.Get("Array").New(1, 2, 3).Length())
	fired := make(chan int)
	tell := js.NewCallback(func(args []js.Value) { fired <- args[0].Int() })
	defer tell.Release()
	fmt.Println(tell.Type())
	global.Call("setTimeout", tell, 5, 7)
	fmt.Println(<-fired)
	bytes := []byte{1, 2, 3}
	array := js.TypedArrayOf(bytes)
	defer array.Release()
	array.SetIndex(1, 9)
	fmt.Println(array.Length(), bytes)
	defer func() { fmt.Println(recover()) }()
	global.Call("absent")
}
