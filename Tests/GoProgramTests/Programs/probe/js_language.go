//go:build js && go1.18
// +build js,go1.18

package main

import (
	"fmt"
	"strconv"
	"strings"
	"syscall/js"
)

func init() {
	programs["js-iterators"] = jsIterators
	programs["js-sets"] = jsSets
	programs["js-construct"] = jsConstruct
	programs["js-binary"] = jsBinary
	programs["js-atomics"] = jsAtomics
	programs["js-clones"] = jsClones
	programs["js-turns"] = jsTurns
}

// A value as people write it, two levels deep.
func jsText(v js.Value) string { return jsTextAt(v, 0) }

func jsTextAt(v js.Value, depth int) string {
	switch v.Type() {
	case js.TypeString:
		return strconv.Quote(v.String())
	case js.TypeFunction:
		return "function " + jsTextAt(v.Get("name"), 1)
	case js.TypeObject:
	default:
		return js.Global().Call("String", v).String()
	}
	if v.InstanceOf(js.Global().Get("Error")) {
		return v.Get("name").String() + ": " + v.Get("message").String()
	}
	name := js.Global().Get("Object").Get("prototype").Get("toString").Call("call", v).String()
	name = strings.TrimSuffix(strings.TrimPrefix(name, "[object "), "]")
	list := v
	if name == "Set" || name == "Map" {
		list = js.Global().Get("Array").Call("from", v)
	}
	var parts []string
	switch {
	case depth > 2:
	case name == "Array" || name == "Set" || name == "Map" || strings.HasSuffix(name, "Array"):
		for i := 0; i < list.Length(); i++ {
			parts = append(parts, jsTextAt(list.Index(i), depth+1))
		}
		return name + "[" + strings.Join(parts, " ") + "]"
	case strings.HasSuffix(name, "ArrayBuffer"):
		return name + "(" + jsTextAt(v.Get("byteLength"), 1) + ")"
	default:
		keys := js.Global().Get("Object").Call("keys", v)
		for i := 0; i < keys.Length(); i++ {
			parts = append(parts, keys.Index(i).String()+": "+jsTextAt(v.Get(keys.Index(i).String()), depth+1))
		}
	}
	return name + "{" + strings.Join(parts, ", ") + "}"
}

// What a function returns, or the exception that it throws.
func jsAttempt(what string, f func() interface{}) {
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(js.Error)
			if !ok {
				fmt.Println(what, "panics", r)
			} else if code := e.Value.Get("code"); e.Value.Type() == js.TypeObject && code.Truthy() {
				fmt.Println(what, "throws", jsText(e.Value), jsText(code))
			} else {
				fmt.Println(what, "throws", jsText(e.Value))
			}
		}
	}()
	fmt.Println(what, "=", jsText(js.ValueOf(f())))
}

// Calls a method and prints what comes of it.
func jsDo(name string, v js.Value, method string, args ...interface{}) {
	jsAttempt(name+"."+method, func() interface{} { return v.Call(method, args...) })
}

func jsFunc(f func(args []js.Value) interface{}) js.Func {
	return js.FuncOf(func(this js.Value, args []js.Value) interface{} { return f(args) })
}

func jsSymbol(name string) js.Value { return js.Global().Get("Symbol").Get(name) }

func jsSetSymbol(v js.Value, symbol string, value interface{}) {
	js.Global().Get("Reflect").Call("set", v, jsSymbol(symbol), value)
}

func jsOwn(v js.Value, key interface{}) js.Value {
	return js.Global().Get("Object").Call("getOwnPropertyDescriptor", v, key)
}

// An iterator that counts to a limit and says in a log what it is asked for.
func jsCounter(log *[]string, limit int) js.Value {
	n := 0
	iterator := js.Global().Get("Object").Call("create", js.Global().Get("Iterator").Get("prototype"))
	iterator.Set("next", jsFunc(func([]js.Value) interface{} {
		*log = append(*log, "next")
		n++
		return map[string]interface{}{"value": n - 1, "done": n > limit}
	}))
	iterator.Set("return", jsFunc(func([]js.Value) interface{} {
		*log = append(*log, "return")
		return map[string]interface{}{}
	}))
	return iterator
}

func jsIterators(args []string) {
	Iterator, Array, Reflect, Object := js.Global().Get("Iterator"), js.Global().Get("Array"), js.Global().Get("Reflect"), js.Global().Get("Object")
	jsAttempt("Iterator", func() interface{} { return Iterator.Invoke() })
	jsAttempt("new Iterator", func() interface{} { return Iterator.New() })
	jsAttempt("construct Iterator", func() interface{} { return Reflect.Call("construct", Iterator, jsArray(), Object) })
	values := func() js.Value { return jsArray(1, 2, 3, 4).Call("values") }
	double := jsFunc(func(args []js.Value) interface{} { return args[0].Int()*2 + args[1].Int()*100 })
	odd := jsFunc(func(args []js.Value) interface{} { return args[0].Int()%2 == 1 })
	wrong := js.Global().Get("Symbol").Get("keyFor") // Throws for what is no symbol.
	pair := jsFunc(func(args []js.Value) interface{} { return []interface{}{args[0], args[0]} })
	text := jsFunc(func(args []js.Value) interface{} { return "ab" })
	sum := jsFunc(func(args []js.Value) interface{} { return args[0].Int() + args[1].Int() + args[2].Int() })
	for _, c := range []struct {
		name string
		args []interface{}
	}{
		{"map", []interface{}{double}}, {"map", []interface{}{5}}, {"filter", []interface{}{odd}}, {"take", []interface{}{2}}, {"take", []interface{}{0}}, {"take", []interface{}{-1}},
		{"take", []interface{}{js.Global().Get("NaN")}}, {"take", []interface{}{"x"}}, {"drop", []interface{}{1}}, {"drop", []interface{}{9}}, {"drop", []interface{}{-1}}, {"take", []interface{}{Object.New()}},
		{"flatMap", []interface{}{pair}}, {"flatMap", []interface{}{text}}, {"flatMap", []interface{}{double}},
	} {
		jsAttempt(c.name, func() interface{} { return values().Call(c.name, c.args...).Call("toArray") })
	}
	for _, c := range []struct {
		name string
		args []interface{}
	}{
		{"reduce", []interface{}{sum}}, {"reduce", []interface{}{sum, 10}}, {"reduce", []interface{}{5}}, {"some", []interface{}{odd}}, {"every", []interface{}{odd}}, {"find", []interface{}{odd}},
		{"find", []interface{}{"no"}}, {"forEach", []interface{}{odd}}, {"toArray", nil}, {"toString", nil},
	} {
		jsDo("values", values(), c.name, c.args...)
	}
	jsDo("empty", jsArray().Call("values"), "reduce", sum)
	prototype := Iterator.Get("prototype")
	jsAttempt("map of 5", func() interface{} { return prototype.Get("map").Call("call", 5, double) })
	jsAttempt("map of {}", func() interface{} { return prototype.Get("map").Call("call", Object.New(), double).Call("next") })
	jsAttempt("toArray of wrong", func() interface{} {
		return prototype.Get("toArray").Call("call", map[string]interface{}{"next": text})
	})
	for _, v := range []interface{}{5, "añ😀", map[string]interface{}{"next": jsFunc(func([]js.Value) interface{} { return map[string]interface{}{"done": true} })}, js.Null()} {
		jsAttempt("from", func() interface{} { return Iterator.Call("from", v).Call("toArray") })
	}
	for _, v := range []interface{}{5, jsFunc(func([]js.Value) interface{} { return 5 })} {
		iterable := Object.New()
		jsSetSymbol(iterable, "iterator", v)
		jsAttempt("from", func() interface{} { return Iterator.Call("from", iterable) })
	}
	helper := values().Call("map", double)
	fmt.Println(helper.Call("toString"), helper.InstanceOf(Iterator))
	jsAttempt("next of {}", func() interface{} { return helper.Get("next").Call("call", Object.New()) })
	jsAttempt("return of {}", func() interface{} { return helper.Get("return").Call("call", Object.New()) })
	wrapped := Iterator.Call("from", map[string]interface{}{"next": text})
	jsAttempt("next of {}", func() interface{} { return wrapped.Get("next").Call("call", Object.New()) })
	jsAttempt("next of wrapped", func() interface{} { return wrapped.Call("next") })
	jsAttempt("return of wrapped", func() interface{} { return wrapped.Call("return") })
	jsAttempt("tag", func() interface{} { return jsOwn(prototype, jsSymbol("toStringTag")).Get("get").Invoke() })
	jsAttempt("tag", func() interface{} {
		return jsOwn(prototype, jsSymbol("toStringTag")).Get("set").Call("call", prototype, 1)
	})
	jsAttempt("tag", func() interface{} { return jsOwn(prototype, jsSymbol("toStringTag")).Get("set").Call("call", 5, 1) })

	// Who closes an iterator.
	var log []string
	run := func(name string, f func(i js.Value) interface{}) {
		log = nil
		jsAttempt(name, func() interface{} { return f(jsCounter(&log, 5)) })
		fmt.Println(name, log)
	}
	one := jsFunc(func(args []js.Value) interface{} { return args[0].Equal(js.ValueOf(1)) })
	for _, n := range []int{0, 2, 5, 9} {
		run(fmt.Sprint("take ", n), func(i js.Value) interface{} { return i.Call("take", n).Call("toArray") })
		run(fmt.Sprint("drop ", n), func(i js.Value) interface{} { return i.Call("drop", n).Call("toArray") })
	}
	for _, name := range []string{"some", "every", "find", "forEach", "filter", "reduce"} {
		run(name, func(i js.Value) interface{} { return i.Call(name, one) })
		run(name+" throws", func(i js.Value) interface{} { return i.Call(name, wrong) })
		run(name+" of nothing", func(i js.Value) interface{} { return i.Call(name) })
	}
	run("map throws", func(i js.Value) interface{} { return i.Call("map", wrong).Call("toArray") })
	run("take -1", func(i js.Value) interface{} { return i.Call("take", -1) })
	run("return", func(i js.Value) interface{} {
		h := i.Call("map", double)
		h.Call("next")
		return []interface{}{h.Call("return"), h.Call("next"), h.Call("return")}
	})
	run("return at once", func(i js.Value) interface{} {
		h := i.Call("map", double)
		return []interface{}{h.Call("return"), h.Call("next")}
	})
	run("return of inner", func(i js.Value) interface{} {
		h := i.Call("flatMap", jsFunc(func([]js.Value) interface{} { return i }))
		h.Call("next")
		return h.Call("return")
	})
	run("from", func(i js.Value) interface{} { return Iterator.Call("from", i).Equal(i) })
	run("running", func(i js.Value) interface{} {
		h := Object.New()
		h = i.Call("map", js.Global().Get("Function").Get("prototype").Get("call").Call("bind", jsOwn(Object.Call("getPrototypeOf", i.Call("map", double)), "next").Get("value")))
		return h.Call("next")
	})
	run("Map", func(i js.Value) interface{} { return js.Global().Get("Map").New(i) })
	run("Set", func(i js.Value) interface{} { return js.Global().Get("Set").New(i) })
	run("WeakSet", func(i js.Value) interface{} { return js.Global().Get("WeakSet").New(i) })
	run("Array.from", func(i js.Value) interface{} { return Array.Call("from", i, wrong) })
	run("Array.from all", func(i js.Value) interface{} { return Array.Call("from", i) })
	run("fromEntries", func(i js.Value) interface{} { return Object.Call("fromEntries", i) })
	run("groupBy", func(i js.Value) interface{} { return Object.Call("groupBy", i, wrong) })
	run("Map.groupBy", func(i js.Value) interface{} { return js.Global().Get("Map").Call("groupBy", i, wrong) })
	run("Uint8Array", func(i js.Value) interface{} { return js.Global().Get("Uint8Array").New(i) })
	jsAttempt("Set of wrong", func() interface{} {
		iterable := Object.New()
		jsSetSymbol(iterable, "iterator", jsFunc(func([]js.Value) interface{} { return 5 }))
		return js.Global().Get("Set").New(iterable)
	})
}

func jsSets(args []string) {
	Set, Map, Object := js.Global().Get("Set"), js.Global().Get("Map"), js.Global().Get("Object")
	a, b := Set.New(jsArray(1, 2, 3)), Set.New(jsArray(3, 4))
	has := jsFunc(func(args []js.Value) interface{} { return args[0].Int() == 2 })
	keys := jsFunc(func([]js.Value) interface{} { return jsArray(2, 9).Call("values") })
	five := jsFunc(func([]js.Value) interface{} { return 5 })
	like := func(size interface{}, has, keys interface{}) map[string]interface{} {
		return map[string]interface{}{"size": size, "has": has, "keys": keys}
	}
	others := []interface{}{b, a, Set.New(), Set.New(jsArray(3, 2)), Set.New(jsArray(0, 1, 2, 3, 4)), Map.New(jsArray(jsArray(1, 2))), jsArray(1), 5, js.Undefined(), like(js.Global().Get("NaN"), has, keys), like(-1, has, keys),
		like(1, 5, keys), like(1, has, 5), like(2, has, keys), like(9.9, has, keys), like(2, has, five), like("3", has, keys)}
	for _, method := range []string{"union", "intersection", "difference", "symmetricDifference", "isSubsetOf", "isSupersetOf", "isDisjointFrom"} {
		for i, other := range others {
			jsAttempt(fmt.Sprint(method, " ", i), func() interface{} { return a.Call(method, other) })
		}
		jsAttempt(method+" of {}", func() interface{} { return a.Get(method).Call("call", Object.New(), b) })
	}
	fmt.Println(jsText(Set.New(jsArray(3, 1)).Call("intersection", Set.New(jsArray(1, 2, 3)))), jsText(a), jsText(b))
	var log []string
	yes := jsFunc(func([]js.Value) interface{} { return true })
	counter := jsFunc(func([]js.Value) interface{} { return jsCounter(&log, 5) })
	for _, method := range []string{"isSupersetOf", "isDisjointFrom", "union"} {
		log = nil
		jsAttempt(method, func() interface{} { return Set.New(jsArray(1, 7, 8, 9)).Call(method, like(2, yes, counter)) })
		fmt.Println(log)
	}
	// A set that changes while it is compared.
	changing := Set.New(jsArray(1, 2))
	remove := jsFunc(func(args []js.Value) interface{} {
		changing.Call("delete", 2)
		changing.Call("add", 7)
		return true
	})
	jsAttempt("changing", func() interface{} { return changing.Call("intersection", like(9, remove, keys)) })
}

func jsConstruct(args []string) {
	Reflect, Object, Array := js.Global().Get("Reflect"), js.Global().Get("Object"), js.Global().Get("Array")
	class := js.FuncOf(func(this js.Value, args []js.Value) interface{} {
		this.Set("made", len(args))
		return nil
	})
	class.Get("prototype").Set("shared", "by all")
	target := func() js.Value { return class.Value }
	for _, c := range []struct {
		name string
		args js.Value
	}{
		{"Object", jsArray(jsArray(1))}, {"Array", jsArray(1, 2)}, {"Map", jsArray()}, {"Set", jsArray()}, {"Date", jsArray(0)}, {"Error", jsArray("why")}, {"TypeError", jsArray("why")},
		{"Uint8Array", jsArray(2)}, {"ArrayBuffer", jsArray(2)}, {"Number", jsArray(5)}, {"String", jsArray("s")}, {"Boolean", jsArray(true)}, {"WeakMap", jsArray()}, {"Promise", jsArray(js.Global().Get("Boolean"))},
		{"Symbol", jsArray()}, {"parseInt", jsArray()},
	} {
		constructor := js.Global().Get(c.name)
		jsAttempt(c.name, func() interface{} {
			v := Reflect.Call("construct", constructor, c.args, target())
			return []interface{}{v.InstanceOf(constructor), v.InstanceOf(class.Value), v.Get("shared"), Object.Get("prototype").Get("toString").Call("call", v)}
		})
		jsAttempt("class for "+c.name, func() interface{} {
			v := Reflect.Call("construct", class, jsArray(1, 2), constructor)
			return []interface{}{v.InstanceOf(constructor), v.InstanceOf(class.Value), v.Get("made")}
		})
	}
	bound := class.Call("bind", js.Null(), 1)
	for _, newTarget := range []interface{}{bound, class, Array, 5, js.Undefined(), Reflect.Get("get"), js.Global().Get("Math")} {
		jsAttempt("bound", func() interface{} {
			v := Reflect.Call("construct", bound, jsArray(2, 3), newTarget)
			return []interface{}{v.InstanceOf(class.Value), v.InstanceOf(Array), v.Get("made")}
		})
	}
	jsAttempt("no list", func() interface{} { return Reflect.Call("construct", class) })
	jsAttempt("no constructor", func() interface{} { return Reflect.Call("construct", Reflect.Get("get"), jsArray()) })
	// What functions say of themselves.
	for _, f := range []js.Value{class.Value, bound, bound.Call("bind"), Reflect.Get("construct"), Array.Get("prototype").Get("push").Call("bind", jsArray(), 1, 2, 3)} {
		names := Object.Call("getOwnPropertyNames", f)
		fmt.Println(jsText(names), jsText(f.Get("name")), f.Get("length"), jsText(jsOwn(f, "length")), jsText(jsOwn(f, "name")))
	}
	f := js.FuncOf(func(this js.Value, args []js.Value) interface{} { return nil })
	f.Set("name", "ignored")
	Object.Call("defineProperty", f, "name", map[string]interface{}{"value": "given"})
	Object.Call("defineProperty", f, "length", map[string]interface{}{"value": 7.5})
	fmt.Println(jsText(f.Get("name")), f.Get("length"), jsText(f.Call("bind", js.Null(), 1).Get("name")), f.Call("bind", js.Null(), 1).Get("length"))
	f.Delete("name")
	f.Delete("length")
	fmt.Println(jsText(f.Get("name")), f.Get("length"), jsText(Object.Call("getOwnPropertyNames", f)), jsText(f.Call("bind", js.Null(), 1).Get("name")), f.Call("bind", js.Null(), 1).Get("length"))
	frozen := Object.Call("freeze", js.FuncOf(func(this js.Value, args []js.Value) interface{} { return nil }))
	fmt.Println(jsText(jsOwn(frozen, "name")), Object.Call("isFrozen", frozen))
	// Calls without new.
	for _, name := range []string{"Map", "Set", "WeakMap", "WeakSet", "WeakRef", "FinalizationRegistry", "Promise", "ArrayBuffer", "SharedArrayBuffer", "DataView", "Uint8Array", "Float64Array", "TextEncoder", "TextDecoder", "AbortController",
		"DOMException", "Iterator", "Symbol", "Array", "Error", "AggregateError"} {
		jsAttempt(name, func() interface{} { return js.Global().Get(name).Invoke().Type().String() })
	}
	// The order of keys.
	o := Object.New()
	for _, key := range []string{"b", "4294967295", "10", "4294967294", "1073741824", "1073741823", "2", "01", "-1", "1.5", "4294967296", "a", "0", "2147483648", "99999999999", "1e3"} {
		o.Set(key, 1)
	}
	fmt.Println(jsText(Object.Call("keys", o)))
	fmt.Println(jsShow(o), jsText(Reflect.Call("ownKeys", o)))
	fmt.Println(jsText(Object.Call("assign", Object.New(), o)))
	list := jsArray(1)
	list.Set("4294967295", 1)
	list.Set("x", 1)
	list.Set("2000000000", 1)
	list.Set("4294967294", 1)
	fmt.Println(jsText(Object.Call("keys", list)), list.Get("length"))
	// Strings that are no Unicode.
	for _, units := range [][]interface{}{{0xD800}, {0xDC00, 0x41}, {0x41, 0xD83D, 0xDE00}, {0xD83D, 0xD83D, 0xDE00, 0xDE00}, {}} {
		s := Object.New(js.Global().Get("String").Call("fromCharCode", units...))
		well := s.Call("toWellFormed")
		fmt.Println(s.Call("isWellFormed"), Object.New(well).Call("isWellFormed"), len([]rune(well.String())), fmt.Sprintf("%+q", well.String()))
	}
}

func jsBinary(args []string) {
	global := js.Global()
	ArrayBuffer, Uint8Array, Uint16Array, DataView := global.Get("ArrayBuffer"), global.Get("Uint8Array"), global.Get("Uint16Array"), global.Get("DataView")
	growing := func() js.Value { return ArrayBuffer.New(8, map[string]interface{}{"maxByteLength": 16}) }
	for _, length := range []interface{}{-1, 1e20, 3.7, "2", js.Undefined()} {
		jsAttempt(fmt.Sprint("ArrayBuffer ", length), func() interface{} { return ArrayBuffer.New(length) })
	}
	for _, maximum := range []interface{}{4, -1, 8, js.Undefined()} {
		jsAttempt(fmt.Sprint("maximum ", maximum), func() interface{} {
			b := ArrayBuffer.New(8, map[string]interface{}{"maxByteLength": maximum})
			return []interface{}{b.Get("resizable"), b.Get("maxByteLength"), b.Get("detached")}
		})
	}
	jsDo("growing", growing(), "resize", 17)
	jsDo("growing", growing(), "resize", -1)
	jsDo("fixed", ArrayBuffer.New(8), "resize", 4)
	buffer := growing()
	views := []js.Value{Uint8Array.New(buffer), Uint8Array.New(buffer, 2, 4), Uint16Array.New(buffer, 4), DataView.New(buffer), DataView.New(buffer, 2, 4), Uint8Array.New(buffer).Call("subarray", 1), Uint8Array.New(buffer).Call("subarray", 1, 8)}
	views[0].Call("fill", 7)
	for _, size := range []int{13, 5, 3, 0, 16} {
		buffer.Call("resize", size)
		fmt.Println(jsText(views[0]), jsText(views[2]))
		for i, v := range views {
			jsAttempt(fmt.Sprint(size, " ", i), func() interface{} {
				get := func(name string) js.Value { return global.Get("Reflect").Call("get", v, name) }
				return []interface{}{get("byteLength"), get("byteOffset"), get("length")}
			})
		}
		for _, method := range []string{"fill", "at", "join", "keys", "with", "includes"} {
			jsDo("view", views[1], method, 0)
		}
		jsDo("view", views[4], "getInt8", 0)
	}
	given := ArrayBuffer.New(8)
	array, view := Uint8Array.New(given), DataView.New(given)
	array.Call("fill", 9)
	taken := given.Call("transfer", 10)
	fmt.Println(jsText(Uint8Array.New(taken)), given.Get("detached"), given.Get("byteLength"), given.Get("maxByteLength"), given.Get("resizable"), taken.Get("detached"))
	fmt.Println(array.Get("length"), array.Get("byteLength"), array.Get("byteOffset"), array.Index(0), array.Get("buffer").Equal(given), jsText(global.Get("Object").Call("keys", array)))
	array.SetIndex(0, 5)
	for _, method := range []string{"slice", "transfer", "transferToFixedLength", "resize"} {
		jsDo("given", given, method, 1)
	}
	for _, method := range []string{"at", "copyWithin", "entries", "every", "fill", "filter", "find", "findIndex", "findLast", "forEach", "includes", "indexOf", "join", "keys", "lastIndexOf", "map", "reduce", "reduceRight", "reverse", "set",
		"slice", "some", "sort", "subarray", "toLocaleString", "toReversed", "toSorted", "toString", "values", "with"} {
		jsAttempt(method, func() interface{} { return array.Call(method) })
	}
	for _, property := range []string{"byteLength", "byteOffset"} {
		jsAttempt(property, func() interface{} { return global.Get("Reflect").Call("get", view, property) })
	}
	jsDo("view", view, "getInt8", 0)
	jsDo("view", view, "setFloat64", -1, 0)
	for _, constructor := range []js.Value{Uint8Array, DataView} {
		jsAttempt("of given", func() interface{} { return constructor.New(given) })
		jsAttempt("of array", func() interface{} { return constructor.New(array) })
	}
	jsAttempt("transfer", func() interface{} { return growing().Call("transfer").Get("resizable") })
	jsAttempt("transfer", func() interface{} { return growing().Call("transfer", 17) })
	jsAttempt("transfer", func() interface{} { return growing().Call("transferToFixedLength", 17).Get("resizable") })
	for _, v := range []js.Value{Uint16Array, Uint8Array, DataView} {
		for _, list := range [][]interface{}{{3, 0}, {4, 1}, {4, 5}, {4, 1, 9}, {4, -1}} {
			jsAttempt(fmt.Sprint(list), func() interface{} {
				return v.New(append([]interface{}{ArrayBuffer.New(list[0])}, list[1:]...)...).Get("byteLength")
			})
		}
	}
	shared := global.Get("SharedArrayBuffer").New(4, map[string]interface{}{"maxByteLength": 8})
	for _, size := range []int{6, 5, 9, 8} {
		jsDo("shared", shared, "grow", size)
		fmt.Println(shared.Get("byteLength"), shared.Get("growable"), shared.Get("maxByteLength"), jsText(shared.Call("slice", 1, 3)), shared.Call("toString"))
	}
	for name, method := range map[string]js.Value{"slice": ArrayBuffer.Get("prototype").Get("slice")} {
		jsAttempt(name, func() interface{} { return method.Call("call", shared) })
	}
	for _, property := range []string{"byteLength", "detached"} {
		jsAttempt(property, func() interface{} {
			return jsOwn(ArrayBuffer.Get("prototype"), property).Get("get").Call("call", shared)
		})
	}
	Abstract := global.Get("Object").Call("getPrototypeOf", Uint8Array)
	fmt.Println(jsText(Abstract.Get("name")), jsText(global.Get("Object").Call("getOwnPropertyNames", Uint8Array.New(2))), global.Get("Object").Call("hasOwn", Uint8Array.New(2), "length"))
	jsAttempt("Abstract", func() interface{} { return Abstract.Invoke() })
	jsAttempt("Abstract", func() interface{} { return Abstract.New() })
	jsAttempt("from", func() interface{} { return Abstract.Get("from").Call("call", Uint16Array, jsArray(1, 70000)) })
	jsAttempt("from", func() interface{} { return Abstract.Get("from").Call("call", Abstract.Get("from"), jsArray(1)) })
}

func jsAtomics(args []string) {
	global := js.Global()
	Atomics := global.Get("Atomics")
	array := func(name string) js.Value { return global.Get(name).New(4) }
	names := []string{"Int8Array", "Uint8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array", "Int32Array", "Uint32Array", "Float32Array"}
	for _, method := range []string{"add", "and", "exchange", "or", "store", "sub", "xor"} {
		for _, name := range names {
			a := array(name)
			a.SetIndex(1, 100)
			for _, v := range []interface{}{7, -1, 70000.9, 1e10, "x"} {
				jsAttempt(fmt.Sprint(method, " ", name, " ", v), func() interface{} { return []interface{}{Atomics.Call(method, a, 1, v), a.Index(1)} })
			}
		}
		for _, index := range []interface{}{4, -1, 1.5, "2", js.Undefined(), js.Global().Get("NaN")} {
			jsDo("Atomics", Atomics, method, array("Int32Array"), index, 1)
		}
		jsDo("Atomics", Atomics, method, jsArray(1), 0, 1)
		jsDo("Atomics", Atomics, method)
	}
	bytes := array("Uint8Array")
	for _, c := range [][2]int{{0, 5}, {0, 6}, {5 + 256, 7}, {7, -1}, {-1, 3}} {
		jsAttempt(fmt.Sprint("compareExchange ", c), func() interface{} {
			return []interface{}{Atomics.Call("compareExchange", bytes, 0, c[0], c[1]), Atomics.Call("load", bytes, 0)}
		})
	}
	for _, size := range []interface{}{0, 1, 2, 3, 4, 8, 16} {
		jsDo("Atomics", Atomics, "isLockFree", size)
	}
	shared := global.Get("Int32Array").New(global.Get("SharedArrayBuffer").New(16))
	plain := array("Int32Array")
	for _, a := range []js.Value{shared, plain, bytes} {
		jsDo("Atomics", Atomics, "notify", a, 0)
		jsDo("Atomics", Atomics, "notify", a, 9)
		for _, method := range []string{"wait", "waitAsync"} {
			jsDo("Atomics", Atomics, method, a, 0, 1, 0)
			jsDo("Atomics", Atomics, method, a, 0, 0, 0)
			jsDo("Atomics", Atomics, method, a, 4, 0, 0)
		}
	}
	jsDo("Atomics", Atomics, "wait", shared, 0, 0, 2)
	jsDo("Atomics", Atomics, "pause")
	jsDo("Atomics", Atomics, "pause", 1.5)
	done := make(chan string, 3)
	for i := 0; i < 3; i++ {
		i := i
		timeout := []interface{}{}
		if i == 2 {
			timeout = append(timeout, 3)
		}
		wait := Atomics.Call("waitAsync", append([]interface{}{shared, i / 2, 0}, timeout...)...)
		fmt.Println(wait.Get("async"))
		wait.Get("value").Call("then", jsFunc(func(args []js.Value) interface{} {
			done <- fmt.Sprint(i, " ", args[0])
			return nil
		}))
	}
	fmt.Println(Atomics.Call("notify", shared, 0, 1), Atomics.Call("notify", shared, 0), Atomics.Call("notify", shared, 0))
	global.Call("setTimeout", jsFunc(func([]js.Value) interface{} { return nil }), 50)
	fmt.Println(<-done, <-done, <-done)
}

func jsClones(args []string) {
	global := js.Global()
	clone := func(name string, args ...interface{}) {
		jsAttempt(name, func() interface{} { return global.Call("structuredClone", args...) })
	}
	ArrayBuffer, Uint8Array, Object := global.Get("ArrayBuffer"), global.Get("Uint8Array"), global.Get("Object")
	clone("nothing")
	clone("options", 1, 5)
	clone("transfer", 1, map[string]interface{}{"transfer": 5})
	clone("transfer", 1, map[string]interface{}{"transfer": []interface{}{Object.New()}})
	twice := ArrayBuffer.New(4)
	clone("twice", 1, map[string]interface{}{"transfer": []interface{}{twice, twice}})
	clone("shared", 1, map[string]interface{}{"transfer": []interface{}{global.Get("SharedArrayBuffer").New(4)}})
	clone("null", 1, nil)
	buffer := ArrayBuffer.New(8)
	part := Uint8Array.New(buffer, 2)
	part.Call("fill", 5)
	// (A map of two keys would have them in any order.)
	both := global.Get("Object").New()
	both.Set("part", part)
	both.Set("whole", buffer)
	copied := global.Call("structuredClone", both)
	fmt.Println(copied.Get("part").Get("buffer").Equal(copied.Get("whole")), copied.Get("part").Get("byteOffset"), jsText(copied), buffer.Get("detached"))
	moved := global.Call("structuredClone", map[string]interface{}{"part": part, "view": global.Get("DataView").New(buffer, 1)}, map[string]interface{}{"transfer": []interface{}{buffer}})
	fmt.Println(buffer.Get("detached"), part.Length(), jsText(moved.Get("part")), moved.Get("part").Get("byteOffset"), moved.Get("view").Get("byteLength"), moved.Get("view").Get("buffer").Equal(moved.Get("part").Get("buffer")))
	clone("detached", buffer)
	clone("detached", part)
	clone("detached", 1, map[string]interface{}{"transfer": []interface{}{buffer}})
	growing := ArrayBuffer.New(4, map[string]interface{}{"maxByteLength": 8})
	copied = global.Call("structuredClone", Uint8Array.New(growing))
	copied.Get("buffer").Call("resize", 6)
	fmt.Println(copied.Length(), copied.Get("buffer").Get("maxByteLength"), growing.Get("byteLength"))
	shared := global.Get("SharedArrayBuffer").New(4)
	Uint8Array.New(global.Call("structuredClone", shared)).SetIndex(0, 7)
	fmt.Println(jsText(Uint8Array.New(shared)))
	for _, name := range []string{"Error", "TypeError", "URIError", "AggregateError"} {
		e := global.Get(name).New("why", map[string]interface{}{"cause": 1})
		e.Set("extra", 1)
		c := global.Call("structuredClone", e)
		fmt.Println(name, jsText(c), c.Get("cause"), c.Get("extra"), c.InstanceOf(global.Get(name)))
	}
	for _, v := range []interface{}{global.Get("WeakMap").New(), global.Call("Symbol", "q"), jsArray().Call("values"), global.Get("Promise").Call("resolve"), Object.New(global.Call("Symbol", "q"))} {
		clone("not", v)
	}
	clone("wrapped", Object.New(5))
	sparse := jsArray(1)
	sparse.SetIndex(2, 3)
	sparse.Set("name", "x")
	clone("sparse", sparse)
}

func jsTurns(args []string) {
	global := js.Global()
	Promise, Array := global.Get("Promise"), global.Get("Array")
	done := make(chan bool, 1)
	var order []string
	note := func(name string) js.Func {
		return jsFunc(func([]js.Value) interface{} { order = append(order, name); return nil })
	}
	nothing := jsFunc(func([]js.Value) interface{} { return nil })
	resolved := func() js.Value { return Promise.Call("resolve", 1) }
	returns := func(v interface{}) js.Func { return jsFunc(func([]js.Value) interface{} { return v }) }
	thenable := map[string]interface{}{"then": jsFunc(func(args []js.Value) interface{} { args[0].Invoke(1); return nil })}
	resolving := func(v interface{}) js.Func {
		return jsFunc(func(args []js.Value) interface{} { args[0].Invoke(v); return nil })
	}
	start := func(round int) {
		at := func(name string) js.Func { return note(fmt.Sprint(name, round)) }
		chain := resolved()
		for i := 0; i < 10; i++ {
			chain = chain.Call("then", at(fmt.Sprint("#", i, "/")))
		}
		resolved().Call("finally", nothing).Call("then", at("finally"))
		Promise.Call("reject", 1).Call("finally", nothing).Call("catch", at("finally of rejected"))
		resolved().Call("finally", returns(resolved())).Call("then", at("finally with promise"))
		resolved().Call("finally").Call("then", at("finally without function"))
		resolved().Call("then", returns(resolved())).Call("then", at("then with promise"))
		resolved().Call("then", returns(thenable)).Call("then", at("then with thenable"))
		resolved().Call("catch", nothing).Call("then", at("catch"))
		Promise.Call("all", jsArray(1, resolved())).Call("then", at("all"))
		Promise.Call("all", jsArray()).Call("then", at("all of none"))
		Promise.Call("all", jsArray(thenable)).Call("then", at("all of thenable"))
		Promise.Call("race", jsArray(1)).Call("then", at("race"))
		Promise.Call("allSettled", jsArray(1)).Call("then", at("allSettled"))
		Promise.Call("any", jsArray(1)).Call("then", at("any"))
		Promise.Call("try", returns(1)).Call("then", at("try"))
		Promise.Call("try", returns(resolved())).Call("then", at("try with promise"))
		Promise.New(resolving(resolved())).Call("then", at("new with promise"))
		Promise.New(resolving(thenable)).Call("then", at("new with thenable"))
		Promise.Call("resolve", thenable).Call("then", at("resolve with thenable"))
		Array.Call("fromAsync", jsArray()).Call("then", at("fromAsync of none"))
		Array.Call("fromAsync", jsArray(1)).Call("then", at("fromAsync"))
		Array.Call("fromAsync", jsArray(1, 2), returns(1)).Call("then", at("fromAsync with function"))
		Array.Call("fromAsync", map[string]interface{}{"length": 1}).Call("then", at("fromAsync of list"))
		global.Call("queueMicrotask", at("microtask"))
		global.Get("process").Call("nextTick", jsFunc(func([]js.Value) interface{} {
			order = append(order, fmt.Sprint("tick", round))
			global.Get("process").Call("nextTick", at("tick of tick"))
			global.Call("queueMicrotask", at("microtask of tick"))
			return nil
		}))
		global.Call("queueMicrotask", jsFunc(func([]js.Value) interface{} {
			global.Get("process").Call("nextTick", at("tick of microtask"))
			return nil
		}))
	}
	start(1)
	global.Call("setTimeout", jsFunc(func([]js.Value) interface{} { start(2); return nil }), 0)
	global.Call("setTimeout", jsFunc(func([]js.Value) interface{} { done <- true; return nil }), 5)
	<-done
	fmt.Println(strings.Join(order, "\n"))
	order = nil
	// What asynchronous collecting makes of everything.
	told := make(chan string, 1)
	show := func(name string, args ...interface{}) {
		tell := func(kind string) js.Func {
			return jsFunc(func(args []js.Value) interface{} {
				told <- fmt.Sprint("fromAsync ", name, " ", kind, " ", jsText(args[0]))
				return nil
			})
		}
		Array.Call("fromAsync", args...).Call("then", tell("gives"), tell("fails with"))
		fmt.Println(<-told)
	}
	n := 0
	var log []string
	asynchronous := js.Global().Get("Object").New()
	asynchronous.Set("next", jsFunc(func([]js.Value) interface{} {
		n++
		return Promise.Call("resolve", map[string]interface{}{"value": n, "done": n > 3})
	}))
	asynchronous.Set("return", jsFunc(func([]js.Value) interface{} {
		log = append(log, "closed")
		return map[string]interface{}{}
	}))
	jsSetSymbol(asynchronous, "asyncIterator", returns(asynchronous))
	wrong := js.Global().Get("Symbol").Get("keyFor")
	show("promises", jsArray(1, resolved()))
	show("a list", map[string]interface{}{"length": 2, "0": Promise.Call("resolve", "a")})
	show("a set", global.Get("Set").New(jsArray(1, 2)), returns(Promise.Call("resolve", 5)))
	show("null", nil)
	show("no function", jsArray(1), 5)
	show("a rejected promise", jsArray(Promise.Call("reject", "no")))
	show("an iterator", asynchronous)
	n = 0
	show("an iterator that is closed", asynchronous, wrong)
	show("a string", "añ😀")
	show("a number", 5)
	show("an iterator", jsCounter(&log, 2))
	show("a closed iterator", jsCounter(&log, 2), wrong)
	fmt.Println(log)
	for _, name := range []string{"all", "allSettled", "any", "race"} {
		tell := func(kind string) js.Func {
			return jsFunc(func(args []js.Value) interface{} {
				told <- fmt.Sprint(name, " ", kind, " ", jsText(args[0]))
				return nil
			})
		}
		Promise.Call(name, 5).Call("then", tell("gives"), tell("fails with"))
		fmt.Println(<-told)
	}
}
