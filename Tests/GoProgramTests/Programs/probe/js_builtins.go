//go:build js && go1.18
// +build js,go1.18

package main

import (
	"fmt"
	"strings"
	"syscall/js"
)

func init() {
	programs["js-arrays"] = jsArrays
	programs["js-strings"] = jsStrings
	programs["js-collections"] = jsCollections
	programs["js-buffers"] = jsBuffers
	programs["js-objects"] = jsObjects
	programs["js-promises"] = jsPromises
	programs["js-conversions"] = jsConversions
	programs["js-events"] = jsEvents
}

// A value as JSON, or as a string where JSON has none.
func jsShow(v js.Value) string {
	if v.Type() == js.TypeNumber || v.Type() == js.TypeUndefined || v.Type() == js.TypeFunction || v.Type() == js.TypeSymbol {
		return js.Global().Call("String", v).String()
	}
	if v.Type() == js.TypeObject && js.Global().Get("ArrayBuffer").Call("isView", v).Bool() {
		v = js.Global().Get("Array").Call("from", v)
	}
	return js.Global().Get("JSON").Call("stringify", v).String()
}

// Calls a method and prints what it returns or throws.
func jsPrint(v js.Value, method string, args ...interface{}) {
	defer func() {
		if r := recover(); r != nil {
			if e, ok := r.(js.Error); ok {
				fmt.Println(method, args, "throws", e.Value.Get("name"))
			} else {
				fmt.Println(method, args, "panics", r)
			}
		}
	}()
	shown := make([]string, len(args))
	for i, a := range args {
		if f, ok := a.(js.Func); ok {
			shown[i] = f.Type().String()
		} else {
			shown[i] = fmt.Sprint(a)
		}
	}
	fmt.Println(method+"("+strings.Join(shown, ", ")+") =", jsShow(v.Call(method, args...)))
}

// What an iterator gives, as JSON.
func jsAll(iterator js.Value) string { return jsShow(js.Global().Get("Array").Call("from", iterator)) }

func jsArray(elements ...interface{}) js.Value { return js.ValueOf(elements) }

func jsArrays(args []string) {
	array := js.Global().Get("Array")
	a := jsArray(3, 1, 2, "x", nil, 2)
	isNumber := js.FuncOf(func(this js.Value, args []js.Value) interface{} { return args[0].Type() == js.TypeNumber })
	defer isNumber.Release()
	double := js.FuncOf(func(this js.Value, args []js.Value) interface{} { return []interface{}{args[0], args[1]} })
	defer double.Release()
	join := js.FuncOf(func(this js.Value, args []js.Value) interface{} {
		return js.Global().Call("String", args[0]).String() + "/" + js.Global().Call("String", args[1]).String()
	})
	defer join.Release()
	for _, method := range []string{"every", "some", "find", "findIndex", "findLast", "findLastIndex", "filter", "map"} {
		jsPrint(a, method, isNumber)
	}
	jsPrint(a, "flatMap", double)
	jsPrint(a, "reduce", join)
	jsPrint(a, "reduceRight", join)
	jsPrint(a, "reduceRight", join, "start")
	for _, i := range []interface{}{0, -1, 5, 6, -7, 1.5} {
		jsPrint(a, "at", i)
	}
	jsPrint(a, "indexOf", 2)
	jsPrint(a, "lastIndexOf", 2)
	jsPrint(a, "lastIndexOf", 2, -2)
	jsPrint(a, "includes", js.Null())
	jsPrint(a, "includes", "y")
	jsPrint(a, "toReversed")
	jsPrint(a, "toSorted")
	jsPrint(a, "with", 1, "new")
	jsPrint(a, "with", 9, "new")
	jsPrint(a, "toSpliced", 1, 2, "a", "b", "c")
	jsPrint(jsArray(1, []interface{}{2, []interface{}{3, []interface{}{4}}}), "flat")
	jsPrint(jsArray(1, []interface{}{2, []interface{}{3, []interface{}{4}}}), "flat", 2)
	jsPrint(jsArray(1, 2, 3, 4, 5), "copyWithin", 0, 3)
	jsPrint(jsArray(1, 2, 3, 4, 5), "copyWithin", 1, 0, 3)
	jsPrint(jsArray(1, 2, 3, 4, 5), "fill", 0, -2)
	jsPrint(jsArray(1, 2, 3, 4, 5), "splice", 1, 2)
	jsPrint(jsArray(10, 9, 1), "sort")
	jsPrint(jsArray(1, 2), "concat", jsArray(3), 4, jsArray(jsArray(5)))
	jsPrint(jsArray(), "pop")
	jsPrint(jsArray(), "shift")
	jsPrint(jsArray(1), "unshift", 2, 3)
	fmt.Println(jsAll(a.Call("keys")), jsAll(a.Call("values")), jsAll(a.Call("entries")))
	iterator := a.Call("values")
	step := iterator.Call("next")
	fmt.Println(step.Get("value"), step.Get("done"), iterator.Call("toString"))
	jsPrint(array, "from", "añ😀")
	jsPrint(array, "from", map[string]interface{}{"length": 2, "0": "zero"})
	jsPrint(array, "from", jsArray(1, 2), double)
	jsPrint(array, "of", 7, 8)
	jsPrint(array, "isArray", a)
	a.Set("length", 2)
	fmt.Println(jsShow(a), a.Length(), a.Index(5))
	a.SetIndex(4, true)
	fmt.Println(jsShow(a), a.Length())
	fmt.Println(array.New(3).Length(), array.New(3, 4).Length(), jsShow(array.New("3")))
	fmt.Println(js.Global().Get("Object").Get("prototype").Get("toString").Call("call", a))
}

func jsStrings(args []string) {
	s := js.Global().Get("Object").New("Grün, größer 😀 x").Call("valueOf")
	object := js.Global().Get("Object").New(s)
	for _, call := range [][]interface{}{
		{"at", -1}, {"at", 0}, {"at", 99}, {"charAt", 2}, {"charCodeAt", 2}, {"codePointAt", 14}, {"codePointAt", 15}, {"codePointAt", 40},
		{"includes", "rün"}, {"includes", "zz"}, {"includes", "G", 1}, {"startsWith", "Gr"}, {"startsWith", "größer", 6}, {"endsWith", " x"},
		{"endsWith", "Grün", 4}, {"indexOf", "r"}, {"indexOf", "r", 3}, {"lastIndexOf", "r"}, {"lastIndexOf", "r", 5}, {"lastIndexOf", "q"},
		{"slice", 1, 4}, {"slice", -4}, {"slice", -4, -2}, {"substring", 4, 1}, {"substr", -3, 2}, {"substr", 2}, {"padStart", 20, "ab"}, {"padEnd", 20},
		{"padStart", 3}, {"repeat", 2}, {"repeat", 0}, {"repeat", -1}, {"replace", "r", "R"}, {"replaceAll", "r", "[$&]"}, {"replaceAll", "", "-"},
		{"replace", "größer", "$`|$'|$$|$1"}, {"split", ", "}, {"split", ""}, {"toUpperCase"}, {"toLowerCase"}, {"concat", 1, nil, true},
		{"localeCompare", "a"}, {"isWellFormed"}, {"trim"},
	} {
		jsPrint(object, call[0].(string), call[1:]...)
	}
	padded := js.Global().Get("Object").New(" \t\u00a0\ufeffx y\n\u2029 ")
	jsPrint(padded, "trim")
	jsPrint(padded, "trimStart")
	jsPrint(padded, "trimEnd")
	shout := js.FuncOf(func(this js.Value, args []js.Value) interface{} {
		return args[0].String() + "!" + js.Global().Call("String", args[1]).String()
	})
	defer shout.Release()
	jsPrint(object, "replaceAll", "r", shout)
	fmt.Println(jsAll(s))
	String := js.Global().Get("String")
	jsPrint(String, "fromCharCode", 71, 0xD83D, 0xDE00)
	jsPrint(String, "fromCodePoint", 71, 0x1F600)
	jsPrint(String, "fromCodePoint", -1)
	for _, text := range []string{"", "plain", "ünï 😀", "a&b=c/d?e#f%", "<>\"{}|\\^`"} {
		for _, name := range []string{"encodeURIComponent", "encodeURI"} {
			encoded := js.Global().Call(name, text)
			fmt.Println(name, encoded, js.Global().Call(strings.Replace(name, "encode", "decode", 1), encoded).String() == text)
		}
	}
	jsPrint(js.Global(), "decodeURIComponent", "%e0%a4%a")
	for _, text := range []string{"", "f", "fo", "foo", "\u00ff\u0080"} {
		fmt.Println(js.Global().Call("btoa", text), js.Global().Call("atob", js.Global().Call("btoa", text)).String() == text)
	}
	jsPrint(js.Global(), "btoa", "\u0100")
	jsPrint(js.Global(), "atob", "a")
}

func jsCollections(args []string) {
	Map, Set := js.Global().Get("Map"), js.Global().Get("Set")
	m := Map.New(jsArray(jsArray("a", 1), jsArray("b", 2), jsArray("a", 3)))
	m.Call("set", js.ValueOf(0), "zero").Call("set", js.Global().Get("NaN"), "nan")
	fmt.Println(m.Get("size"), m.Call("get", "a"), m.Call("get", js.Global().Get("NaN")), m.Call("has", "c"), m.Call("delete", "b"), m.Call("delete", "b"))
	fmt.Println(jsAll(m), jsAll(m.Call("keys")), jsAll(m.Call("values")), m.Call("toString"))
	// What changes while it is gone through.
	var seen []string
	each := js.FuncOf(func(this js.Value, args []js.Value) interface{} {
		key := js.Global().Call("String", args[1]).String()
		seen = append(seen, key+"="+js.Global().Call("String", args[0]).String())
		args[2].Call("delete", args[1])
		if key == "a" {
			args[2].Call("set", "late", 9)
		}
		return nil
	})
	defer each.Release()
	m.Call("forEach", each)
	fmt.Println(seen, m.Get("size"))
	s := Set.New(jsArray(1, 2, 2, "2", nil, nil))
	fmt.Println(s.Get("size"), jsAll(s), jsAll(s.Call("entries")), s.Call("has", 2), s.Call("add", 5).Equal(s), s.Call("delete", 1), jsAll(s))
	s.Call("clear")
	fmt.Println(s.Get("size"), s.InstanceOf(Set), s.InstanceOf(Map))
	jsPrint(js.Global().Get("Reflect"), "construct", Set, jsArray(5))
	jsPrint(js.Global().Get("Reflect"), "construct", Map, jsArray(jsArray(1)))
	for i := 0; i < 1000; i++ {
		s.Call("add", i)
	}
	for i := 0; i < 990; i++ {
		s.Call("delete", i)
	}
	fmt.Println(s.Get("size"), jsAll(s))
	weak := js.Global().Get("WeakMap").New()
	key := js.Global().Get("Object").New()
	weak.Call("set", key, "held")
	fmt.Println(weak.Call("get", key), weak.Call("has", js.Global()))
	jsPrint(weak, "set", 1, 2)
	fmt.Println(js.Global().Get("WeakRef").New(key).Call("deref").Equal(key))
	isOdd := js.FuncOf(func(this js.Value, args []js.Value) interface{} { return args[0].Int()%2 == 1 })
	defer isOdd.Release()
	fmt.Println(jsAll(Map.Call("groupBy", jsArray(1, 2, 3), isOdd)), jsShow(js.Global().Get("Object").Call("groupBy", jsArray(1, 2, 3), isOdd)))
	// An iterator made by Go.
	count := 0
	next := js.FuncOf(func(this js.Value, args []js.Value) interface{} {
		count++
		return map[string]interface{}{"done": count > 3, "value": count}
	})
	defer next.Release()
	iterable := js.Global().Get("Object").New()
	self := js.FuncOf(func(this js.Value, args []js.Value) interface{} { return map[string]interface{}{"next": next} })
	defer self.Release()
	js.Global().Get("Reflect").Call("set", iterable, js.Global().Get("Symbol").Get("iterator"), self)
	fmt.Println(jsAll(iterable))
	original := js.Global().Get("Object").New()
	original.Set("list", []interface{}{1, nil, "x"})
	original.Set("map", Map.New(jsArray(jsArray(1, 2))))
	clone := js.Global().Call("structuredClone", original)
	fmt.Println(jsShow(clone), jsAll(clone.Get("map")))
	jsPrint(js.Global(), "structuredClone", next)
}

func jsBuffers(args []string) {
	for _, name := range []string{"Int8Array", "Uint8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array", "Int32Array", "Uint32Array", "Float32Array", "Float64Array"} {
		constructor := js.Global().Get(name)
		a := constructor.Call("from", jsArray(1.5, -1, 300, 70000, 1e10))
		b := constructor.Call("of", 3, 1, 2)
		fmt.Println(name, constructor.Get("BYTES_PER_ELEMENT"), jsShow(a), jsShow(b.Call("toSorted")), jsShow(b.Call("toReversed")),
			b.Call("join", "-"), b.Call("at", -1), jsShow(b.Call("subarray", 1)), jsShow(b.Call("slice", 0, 2)), b.Call("includes", 2),
			jsAll(b), jsShow(b.Call("fill", 7, 1)), b.Get("byteLength"), js.Global().Get("Object").Get("prototype").Get("toString").Call("call", b))
	}
	buffer := js.Global().Get("ArrayBuffer").New(16)
	view := js.Global().Get("DataView").New(buffer, 4)
	view.Call("setInt16", 0, -2)
	view.Call("setUint32", 2, 0xDEADBEEF, true)
	view.Call("setFloat32", 8, 1.5)
	for _, name := range []string{"Int8", "Uint8", "Int16", "Uint16", "Int32", "Uint32", "Float32"} {
		fmt.Println(name, view.Call("get"+name, 2), view.Call("get"+name, 2, true), view.Call("get"+name, 8))
	}
	jsPrint(view, "getInt32", 9)
	jsPrint(view, "getFloat64", 4)
	jsPrint(view, "setInt8", -1, 0)
	fmt.Println(view.Get("byteLength"), view.Get("byteOffset"), view.Get("buffer").Equal(buffer), buffer.Call("slice", 4, 8).Get("byteLength"),
		jsShow(js.Global().Get("Uint8Array").New(buffer)))
	encoder, decoder := js.Global().Get("TextEncoder").New(), js.Global().Get("TextDecoder").New()
	bytes := encoder.Call("encode", "aü😀")
	fmt.Println(jsShow(bytes), decoder.Call("decode", bytes), decoder.Call("decode", bytes.Call("subarray", 0, 2)), encoder.Get("encoding"))
	into := js.Global().Get("Uint8Array").New(4)
	fmt.Println(jsShow(encoder.Call("encodeInto", "aü😀", into)), jsShow(into))
	fatal := js.Global().Get("TextDecoder").New("utf-8", map[string]interface{}{"fatal": true})
	jsPrint(fatal, "decode", bytes.Call("subarray", 0, 2))
	random := js.Global().Get("crypto").Call("getRandomValues", js.Global().Get("Uint8Array").New(32))
	fmt.Println(random.Length(), js.Global().Get("Uint8Array").New(32).Call("join").Equal(random.Call("join")))
}

func jsObjects(args []string) {
	Object := js.Global().Get("Object")
	o := Object.New()
	o.Set("b", 1)
	o.Set("a", []interface{}{2})
	for _, name := range []string{"keys", "values", "entries", "getOwnPropertyNames", "isFrozen", "isSealed", "isExtensible"} {
		jsPrint(Object, name, o)
	}
	jsPrint(Object, "fromEntries", jsArray(jsArray("x", 1), jsArray("y", 2)))
	jsPrint(Object, "getOwnPropertyDescriptor", o, "b")
	jsPrint(Object, "getOwnPropertyDescriptors", o)
	Object.Call("defineProperty", o, "hidden", map[string]interface{}{"value": 3})
	Object.Call("defineProperties", o, map[string]interface{}{"c": map[string]interface{}{"value": 4, "enumerable": true, "writable": true}})
	o.Set("hidden", 5)
	fmt.Println(o.Get("hidden"), o.Get("c"), jsShow(o), o.Call("propertyIsEnumerable", "hidden"), o.Call("hasOwnProperty", "hidden"))
	getter := js.FuncOf(func(this js.Value, args []js.Value) interface{} { return this.Get("b").Int() * 10 })
	defer getter.Release()
	var set js.Value
	setter := js.FuncOf(func(this js.Value, args []js.Value) interface{} { set = args[0]; return nil })
	defer setter.Release()
	Object.Call("defineProperty", o, "computed", map[string]interface{}{"get": getter, "set": setter, "configurable": true})
	o.Set("computed", "given")
	fmt.Println(o.Get("computed"), set)
	child := Object.Call("create", o)
	child.Set("own", true)
	fmt.Println(child.Get("b"), child.Get("computed"), jsShow(Object.Call("keys", child)), Object.Call("getPrototypeOf", child).Equal(o), o.Call("isPrototypeOf", child))
	Object.Call("seal", o)
	o.Set("new", 1)
	o.Delete("b")
	fmt.Println(o.Get("new"), o.Get("b"), Object.Call("isSealed", o), Object.Call("isFrozen", o), Object.Call("isExtensible", o))
	Object.Call("freeze", o)
	o.Set("b", 9)
	fmt.Println(o.Get("b"), Object.Call("isFrozen", o))
	Reflect := js.Global().Get("Reflect")
	jsPrint(Reflect, "ownKeys", o)
	jsPrint(Reflect, "has", child, "b")
	jsPrint(Reflect, "getPrototypeOf", child)
	jsPrint(Reflect, "defineProperty", o, "z", map[string]interface{}{"value": 1})
	jsPrint(Reflect, "isExtensible", o)
	jsPrint(Reflect, "deleteProperty", child, "own")
	symbol := js.Global().Call("Symbol", "key")
	Reflect.Call("set", child, symbol, "by symbol")
	fmt.Println(Reflect.Call("get", child, symbol), Object.Call("getOwnPropertySymbols", child).Length(), Reflect.Call("ownKeys", child).Length(), Object.New(symbol).Get("description"))
	fmt.Println(js.Global().Get("Symbol").Call("for", "shared").Equal(js.Global().Get("Symbol").Call("for", "shared")), js.Global().Get("Symbol").Call("keyFor", js.Global().Get("Symbol").Call("for", "shared")))
	// Classes made by Go functions.
	class := js.FuncOf(func(this js.Value, args []js.Value) interface{} {
		this.Set("made", args[0])
		return nil
	})
	defer class.Release()
	class.Get("prototype").Set("shared", "by all")
	instance := class.New(5)
	fmt.Println(instance.Get("made"), instance.Get("shared"), instance.InstanceOf(class.Value), Object.New().InstanceOf(class.Value))
	bound := class.Call("bind", js.Null(), 6)
	fmt.Println(bound.New().Get("made"), instance.InstanceOf(bound), bound.Type())
	fmt.Println(Object.New().Call("toString"), jsArray().Call("toString").String() == "", js.Global().Get("Math").Call("toString"), js.Global().Get("JSON").Call("toString"))
	for _, name := range []string{"Error", "TypeError", "RangeError", "SyntaxError", "ReferenceError", "EvalError", "URIError"} {
		e := js.Global().Get(name).New("why", map[string]interface{}{"cause": "because"})
		fmt.Println(e.Call("toString"), e.Get("cause"), e.InstanceOf(js.Global().Get("Error")), e.InstanceOf(js.Global().Get(name)), js.Error{Value: e}.Error())
	}
	aggregate := js.Global().Get("AggregateError").New(jsArray(1, 2), "many")
	fmt.Println(aggregate.Call("toString"), jsShow(aggregate.Get("errors")))
}

func jsPromises(args []string) {
	Promise := js.Global().Get("Promise")
	done := make(chan string)
	var order []string
	log := func(name string) js.Func {
		return js.FuncOf(func(this js.Value, args []js.Value) interface{} {
			done <- name + " " + jsShow(args[0])
			return nil
		})
	}
	show := func(name string, promise js.Value) {
		fulfilled, rejected := log(name+" fulfilled"), log(name+" rejected")
		defer fulfilled.Release()
		defer rejected.Release()
		promise.Call("then", fulfilled, rejected)
		fmt.Println(<-done)
	}
	one, two, bad := Promise.Call("resolve", 1), Promise.Call("resolve", 2), Promise.Call("reject", "bad")
	ignore := js.FuncOf(func(this js.Value, args []js.Value) interface{} { return nil })
	defer ignore.Release()
	bad.Call("catch", ignore)
	show("all", Promise.Call("all", jsArray(one, two, 3)))
	show("all", Promise.Call("all", jsArray(one, bad)))
	show("all", Promise.Call("all", js.Global().Get("Set").New(jsArray(one, 5))))
	show("allSettled", Promise.Call("allSettled", jsArray(one, bad)))
	show("any", Promise.Call("any", jsArray(bad, two)))
	show("race", Promise.Call("race", jsArray(two, one)))
	none := js.FuncOf(func(this js.Value, args []js.Value) interface{} { done <- args[0].Call("toString").String(); return nil })
	defer none.Release()
	Promise.Call("any", jsArray(bad)).Call("catch", none)
	fmt.Println(<-done)
	with := Promise.Call("withResolvers")
	with.Get("resolve").Invoke("resolved")
	show("withResolvers", with.Get("promise"))
	final := js.FuncOf(func(this js.Value, args []js.Value) interface{} { order = append(order, fmt.Sprint("finally ", len(args))); return 5 })
	defer final.Release()
	show("finally", one.Call("finally", final))
	show("finally", bad.Call("finally", final))
	// The order of jobs and timers.
	note := func(name string) js.Func {
		return js.FuncOf(func(this js.Value, args []js.Value) interface{} { order = append(order, name); return nil })
	}
	js.Global().Call("setTimeout", note("timeout"), 0)
	js.Global().Call("queueMicrotask", note("microtask"))
	one.Call("then", note("then")).Call("then", note("then then"))
	js.Global().Get("process").Call("nextTick", note("tick"), 0)
	end := js.FuncOf(func(this js.Value, args []js.Value) interface{} { done <- "end"; return nil })
	defer end.Release()
	js.Global().Call("setTimeout", end, 5)
	<-done
	fmt.Println(order)
}

func jsConversions(args []string) {
	String, Number, Boolean := js.Global().Get("String"), js.Global().Get("Number"), js.Global().Get("Boolean")
	values := []js.Value{js.Undefined(), js.Null(), js.ValueOf(true), js.ValueOf(0), js.ValueOf(-1.5), js.ValueOf(1e21), js.ValueOf(123456789.125), js.ValueOf(5e-324),
		js.ValueOf(1.7976931348623157e308), js.Global().Get("NaN"), js.Global().Get("Infinity"), js.ValueOf(""), js.ValueOf(" 12 "), js.ValueOf("0x1F"), js.ValueOf("0b101"), js.ValueOf("1e3"),
		js.ValueOf("12px"), js.ValueOf("-Infinity"), jsArray(), jsArray(7), jsArray(1, 2), js.ValueOf(map[string]interface{}{}), js.Global().Get("Date").New(1e12)}
	for _, v := range values {
		text := String.Invoke(v).String()
		if v.InstanceOf(js.Global().Get("Date")) {
			text = v.Call("toISOString").String()
		}
		fmt.Println(v.Type(), text, Number.Invoke(v), Boolean.Invoke(v), v.Truthy(), v.IsNaN())
	}
	for _, call := range [][]interface{}{{255, "toString", 16}, {255.5, "toString", 2}, {-7, "toString", 36}, {1.005, "toFixed", 2}, {1e21, "toFixed", 2}, {1234.5678, "toFixed", 1}, {0.000001234, "toPrecision", 2},
		{123456, "toPrecision", 2}, {1.25, "toPrecision", 2}, {123456, "toExponential"}, {123456, "toExponential", 2}, {0, "toExponential", 3}, {1.5, "toFixed", 101}, {5, "toString", 1}} {
		jsPrint(js.Global().Get("Object").New(call[0]), call[1].(string), call[2:]...)
	}
	for _, text := range []string{"12px", "0x1f", "-12.7e1", ".5", "abc", "", "  9"} {
		fmt.Println(js.Global().Call("parseInt", text), js.Global().Call("parseFloat", text), js.Global().Call("isNaN", text), Number.Call("isNaN", text), Number.Call("isFinite", text))
	}
	fmt.Println(js.Global().Call("parseInt", "101", 2), js.Global().Call("parseInt", "zz", 36), Number.Call("isSafeInteger", 9007199254740992.0), Number.Call("isInteger", 5.0), Number.Get("MAX_SAFE_INTEGER").Float())
	toPrimitive := js.FuncOf(func(this js.Value, args []js.Value) interface{} {
		if args[0].String() == "number" {
			return 42
		}
		return "hint " + args[0].String()
	})
	defer toPrimitive.Release()
	object := js.Global().Get("Object").New()
	js.Global().Get("Reflect").Call("set", object, js.Global().Get("Symbol").Get("toPrimitive"), toPrimitive)
	fmt.Println(String.Invoke(object), Number.Invoke(object))
	always := js.FuncOf(func(this js.Value, args []js.Value) interface{} { return true })
	defer always.Release()
	class := js.Global().Get("Object").New()
	js.Global().Get("Reflect").Call("set", class, js.Global().Get("Symbol").Get("hasInstance"), always)
	fmt.Println(js.ValueOf(1).InstanceOf(class))
	lone := js.Global().Get("String").Call("fromCharCode", 0xD800, 0x41)
	fmt.Println([]byte(lone.String()), []byte(js.ValueOf("\xff\xc3(").String()), []byte(js.ValueOf("a\xe2\x82").String()), js.ValueOf("\ufeffb").String() == "b")
	Math := js.Global().Get("Math")
	for _, call := range [][]interface{}{{"round", -0.5}, {"round", 2.5}, {"round", -2.5}, {"max"}, {"min"}, {"max", 1, "3", 2}, {"sign", -3}, {"trunc", -4.7}, {"hypot", 3, 4}, {"clz32", 1}, {"imul", 4294967295.0, 5},
		{"fround", 5.5}, {"cbrt", 27}, {"log2", 8}, {"atan2", 1, 1}, {"pow", 2, 0.5}, {"abs", "-5"}, {"floor", -0.5}} {
		jsPrint(Math, call[0].(string), call[1:]...)
	}
	date := js.Global().Get("Date").New(2024, 1, 29, 12, 30, 45, 678)
	for _, name := range []string{"getFullYear", "getMonth", "getDate", "getDay", "getHours", "getMinutes", "getSeconds", "getMilliseconds", "getTimezoneOffset", "toISOString", "toJSON", "getTime", "toDateString", "toUTCString"} {
		jsPrint(date, name)
	}
	date.Call("setMonth", 12)
	date.Call("setDate", 31)
	date.Call("setHours", 25)
	date.Call("setUTCFullYear", 2020)
	fmt.Println(date.Call("toISOString"), js.Global().Get("Date").New("2024-02-30").Call("getTime"), js.Global().Get("Date").New("nonsense").Call("getTime"), js.Global().Get("Date").Call("UTC", 2000, 0),
		js.Global().Get("Date").Call("parse", "2020-01-02T03:04:05Z"))
}

func jsEvents(args []string) {
	// Calls back and forth, some levels deep.
	var recurse js.Func
	recurse = js.FuncOf(func(this js.Value, args []js.Value) interface{} {
		n := args[0].Int()
		if n == 0 {
			return 0
		}
		c := make(chan int)
		go func() { c <- n }()
		return recurse.Invoke(n-1).Int() + <-c
	})
	defer recurse.Release()
	fmt.Println(recurse.Invoke(50).Int())
	// A panic in a Go function called by JavaScript called by Go.
	released := js.FuncOf(func(this js.Value, args []js.Value) interface{} { return 1 })
	released.Release()
	fmt.Println(released.Invoke().IsUndefined())
	this := js.FuncOf(func(this js.Value, args []js.Value) interface{} { return []interface{}{this, len(args)} })
	defer this.Release()
	fmt.Println(this.Invoke(1, 2).Index(0).IsUndefined(), this.Call("call", "self", 1).Index(0), this.Call("apply", 5, jsArray(1, 2, 3)).Index(1))
	// Intervals and cleared timers.
	done := make(chan bool)
	count := 0
	var interval js.Value
	tick := js.FuncOf(func(this js.Value, args []js.Value) interface{} {
		count += args[0].Int()
		if count == 6 {
			js.Global().Call("clearInterval", interval)
			close(done)
		}
		return nil
	})
	defer tick.Release()
	interval = js.Global().Call("setInterval", tick, 1, 2)
	never := js.Global().Call("setTimeout", this, 1)
	js.Global().Call("clearTimeout", never)
	<-done
	fmt.Println(count)
	controller := js.Global().Get("AbortController").New()
	signal := controller.Get("signal")
	aborted := make(chan string, 2)
	listener := js.FuncOf(func(this js.Value, args []js.Value) interface{} { aborted <- args[0].Get("type").String(); return nil })
	defer listener.Release()
	signal.Call("addEventListener", "abort", listener)
	signal.Set("onabort", listener)
	fmt.Println(signal.Get("aborted"), signal.Get("reason"))
	controller.Call("abort")
	fmt.Println(signal.Get("aborted"), signal.Get("reason").Call("toString"), signal.Get("reason").Get("code"), <-aborted, <-aborted)
	headers := js.Global().Get("Headers").New(map[string]interface{}{"X-B": "2", "Accept": " a "})
	headers.Call("append", "x-b", "3")
	headers.Call("set", "New", "n")
	headers.Call("delete", "accept")
	fmt.Println(jsAll(headers), headers.Call("get", "X-B"), headers.Call("has", "accept"), headers.Call("get", "accept"))
	jsPrint(headers, "append", "bad name", "x")
	jsPrint(headers, "append", "x", "a\x00b")
}
