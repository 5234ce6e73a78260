//go:build js && go1.14
// +build js,go1.14

package main

import (
	"fmt"
	"syscall/js"
)

func init() {
	programs["js-values"] = jsValues
	programs["js-errors"] = jsErrors
	programs["js-functions"] = jsFunctions
	programs["js-bytes"] = jsBytes
	programs["js-panic"] = jsPanic
	programs["js-throw"] = jsThrow
}

func jsValues(args []string) {
	global := js.Global()
	fmt.Println(global.Type(), global.Get("absent").Type(), global.Get("absent").IsUndefined(), js.Null().IsNull(), js.Undefined().Equal(global.Get("absent")))
	for _, v := range []interface{}{nil, true, false, 0, 1, -1.5, 1e21, 1e-7, 123456789012, "", "text", "ünï\U0001f600", []interface{}{1, "a", nil}, map[string]interface{}{"k": 1}} {
		value := js.ValueOf(v)
		fmt.Print(value.Type(), " ", value.Truthy(), " ", value.String(), " ", global.Call("String", value).String(), "; ")
	}
	fmt.Println()

	object := global.Get("Object").New()
	object.Set("n", 42)
	object.Set("s", "str")
	object.Set("o", map[string]interface{}{"deep": []interface{}{1, 2, 3}})
	fmt.Println(object.Get("n").Int(), object.Get("s").String(), object.Get("o").Get("deep").Index(1).Int(), object.Get("o").Get("deep").Length(),
		object.Get("n").Float(), object.Get("none").IsUndefined())
	object.Delete("n")
	fmt.Println(object.Get("n").IsUndefined(), global.Get("Object").Call("keys", object).Call("join", "+").String())
	fmt.Println(object.Equal(object), object.Equal(global.Get("Object").New()), js.ValueOf("a").Equal(js.ValueOf("a")), js.ValueOf(0).Equal(js.ValueOf(false)))

	array := global.Get("Array").New(1, 2, 3)
	array.SetIndex(5, "five")
	array.SetIndex(0, js.Null())
	fmt.Println(array.Length(), array.Index(3).IsUndefined(), array.Index(5).String(), array.InstanceOf(global.Get("Array")), object.InstanceOf(global.Get("Array")),
		array.Call("indexOf", "five").Int(), array.Call("slice", 1, 3).Call("join", "-").String())
	fmt.Println(global.Get("Math").Call("max", 1, 7, 3).Int(), global.Get("parseInt").Invoke("0x20").Int(), global.Get("isNaN").Invoke("x").Bool())
	fmt.Println(js.ValueOf("\xff a\xc3"), js.ValueOf("a\ufeffb").String() == "a\ufeffb", js.ValueOf(js.ValueOf(5)).Int())
	symbol := global.Call("Symbol", "name")
	fmt.Println(symbol.Type(), symbol.Equal(symbol), global.Get("Symbol").Type())

	// Many short-lived references.
	sum := 0
	for i := 0; i < 20000; i++ {
		o := global.Get("Object").New()
		o.Set("v", i)
		sum += o.Get("v").Int()
	}
	fmt.Println(sum)
}

// Runs body and prints what it panics with, leaving out the engine's own words.
func jsTry(name string, body func()) {
	defer func() {
		switch r := recover().(type) {
		case js.Error:
			fmt.Println(name, "js.Error", r.Value.Get("name"), r.Value.InstanceOf(js.Global().Get("Error")))
		case *js.ValueError:
			// Not the method's name, which some versions get wrong.
			fmt.Println(name, "ValueError", r.Type)
		default:
			fmt.Println(name, r)
		}
	}()
	body()
}

func jsErrors(args []string) {
	global := js.Global()
	jsTry("get of undefined", func() { global.Get("absent").Get("x") })
	jsTry("get of number", func() { js.ValueOf(1).Get("x") })
	jsTry("set of null", func() { js.Null().Set("x", 1) })
	jsTry("call of absent", func() { global.Call("absent") })
	jsTry("call of number", func() { global.Get("Math").Call("PI") })
	jsTry("invoke of object", func() { global.Get("Math").Invoke() })
	jsTry("new of undefined", func() { global.Get("absent").New() })
	jsTry("index of undefined", func() { js.Undefined().Index(0) })
	jsTry("length of null", func() { js.Null().Length() })
	jsTry("int of string", func() { js.ValueOf("1").Int() })
	jsTry("bool of number", func() { js.ValueOf(1).Bool() })
	jsTry("value of channel", func() { js.ValueOf(make(chan int)) })
	jsTry("not a function", func() { global.Get("Array").New(1, 2).Call("map", 5) })
	jsTry("bad length", func() { global.Get("Array").New(-1) })
	jsTry("instance of object", func() {
		e := js.Error{Value: global.Get("Error").New("made here")}
		fmt.Println(e.Error(), e.Value.Get("message"))
		panic(e)
	})
}

func jsFunctions(args []string) {
	global := js.Global()
	add := js.FuncOf(func(this js.Value, args []js.Value) interface{} {
		sum := 0
		for _, a := range args {
			sum += a.Int()
		}
		return sum
	})
	defer add.Release()
	fmt.Println(add.Type(), add.Invoke(1, 2, 3).Int(), add.Invoke().Int())
	global.Set("goAdd", add)
	fmt.Println(global.Call("goAdd", 4, 5).Int())

	method := js.FuncOf(func(this js.Value, args []js.Value) interface{} {
		return map[string]interface{}{"value": this.Get("base").Int() + args[0].Int(), "list": []interface{}{"a", nil, 1.5}}
	})
	defer method.Release()
	object := js.ValueOf(map[string]interface{}{"base": 100})
	object.Set("method", method)
	result := object.Call("method", 11)
	fmt.Println(result.Get("value").Int(), result.Get("list").Length(), result.Get("list").Index(1).IsNull())

	// JavaScript calls Go for each element; Go calls JavaScript in turn.
	double := js.FuncOf(func(this js.Value, args []js.Value) interface{} {
		return global.Get("Math").Call("pow", args[0], 2)
	})
	defer double.Release()
	fmt.Println(global.Get("Array").New(3, 1, 2).Call("map", double).Call("join", ",").String())
	compare := js.FuncOf(func(this js.Value, args []js.Value) interface{} { return args[1].Int() - args[0].Int() })
	defer compare.Release()
	fmt.Println(global.Get("Array").New(3, 1, 2).Call("sort", compare).Call("join", ",").String())

	// Re-entrance to some depth, with other goroutines running in between.
	var nested js.Func
	ping := make(chan int)
	go func() {
		for n := range ping {
			ping <- n + 1
		}
	}()
	nested = js.FuncOf(func(this js.Value, args []js.Value) interface{} {
		n := args[0].Int()
		if n == 0 {
			return "bottom"
		}
		ping <- n
		if <-ping != n+1 {
			panic("wrong answer")
		}
		return fmt.Sprint(n, " ", nested.Invoke(n-1).String())
	})
	defer nested.Release()
	fmt.Println(nested.Invoke(10).String())

	// Events, in the order of the event loop.
	events := make(chan string, 10)
	report := js.FuncOf(func(this js.Value, args []js.Value) interface{} {
		events <- args[0].String()
		return nil
	})
	defer report.Release()
	global.Call("setTimeout", report, 30, "late")
	global.Call("setTimeout", report, 0, "soon")
	cancelled := global.Call("setTimeout", report, 10, "never")
	global.Call("clearTimeout", cancelled)
	fmt.Println(<-events, <-events, len(events))

	released := js.FuncOf(func(js.Value, []js.Value) interface{} { return 1 })
	released.Release()
	fmt.Println(released.Value.Type())
}

func jsBytes(args []string) {
	global := js.Global()
	source := make([]byte, 1000)
	for i := range source {
		source[i] = byte(i * 7)
	}
	array := global.Get("Uint8Array").New(600)
	fmt.Println(js.CopyBytesToJS(array, source), array.Get("byteLength").Int(), array.Index(3).Int(), array.Index(599).Int(), array.Index(600).IsUndefined())
	back := make([]byte, 700)
	fmt.Println(js.CopyBytesToGo(back, array), string(back[:3]) == string(source[:3]), back[599] == source[599], back[600])
	part := array.Call("subarray", 10, 20)
	part.SetIndex(0, 255)
	part.SetIndex(1, 256+5)
	fmt.Println(part.Length(), array.Index(10).Int(), array.Index(11).Int(), js.CopyBytesToGo(back[:5], part), back[:6])
	fmt.Println(js.CopyBytesToJS(array, nil), js.CopyBytesToGo(nil, array))
	for _, wrong := range []js.Value{global.Get("Array").New(3), global.Get("Object").New()} {
		func() {
			defer func() { fmt.Println("refused", recover() != nil) }()
			js.CopyBytesToJS(wrong, source)
		}()
		func() {
			defer func() { fmt.Println("refused", recover() != nil) }()
			js.CopyBytesToGo(back, wrong)
		}()
	}
	sum := 0
	for i := 0; i < 600; i++ {
		sum += array.Index(i).Int()
	}
	fmt.Println(sum)
}

// Ends with a JavaScript error that nothing recovers.
func jsPanic(args []string) {
	js.Global().Get("Array").New(-1)
}

// A callback of the event loop panics.
func jsThrow(args []string) {
	f := js.FuncOf(func(js.Value, []js.Value) interface{} { panic("in a callback") })
	js.Global().Call("setTimeout", f, 1)
	select {}
}
