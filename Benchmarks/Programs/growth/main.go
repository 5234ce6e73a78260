//go:build js && wasm

// Command growth does operations of JavaScript's containers and strings n, 2n and 4n times, each on what has grown with
// them: a line each with a name, n, and nanoseconds in all. Benchmarks/growth.py says by it how the cost grows.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall/js"
	"time"
)

var (
	global   = js.Global()
	array    = global.Get("Array")
	object   = global.Get("Object")
	jsonText = global.Get("JSON")
	methods  = global.Get("String").Get("prototype")
	sink     js.Value
)

// What is measured: prepare makes what the operations are done to, and is not timed.
type operation struct {
	name    string
	count   int
	prepare func(n int) js.Value
	run     func(value js.Value, n int)
}

func numbers(n int) js.Value {
	values := array.New()
	for i := 0; i < n; i++ {
		values.Call("push", i)
	}
	return values
}

func empty(int) js.Value { return array.New() }

func nothing(int) js.Value { return js.Undefined() }

func ascii(n int) js.Value { return js.ValueOf(strings.Repeat("abcdefghij", n/10+1)) }

func umlauts(n int) js.Value { return js.ValueOf(strings.Repeat("aäbö€😀cd", n/9+1)) }

func named(n int) js.Value {
	values := object.New()
	for i := 0; i < n; i++ {
		values.Set(fmt.Sprintf("key%d", i), i)
	}
	return values
}

func mapped(n int) js.Value {
	values := global.Get("Map").New()
	for i := 0; i < n; i++ {
		values.Call("set", i, i)
	}
	return values
}

// The same call n times, with what the number says as arguments.
func each(method string, arguments func(i int) []any) func(js.Value, int) {
	return func(value js.Value, n int) {
		for i := 0; i < n; i++ {
			sink = value.Call(method, arguments(i)...)
		}
	}
}

func with(arguments ...any) func(int) []any { return func(int) []any { return arguments } }

// Calls a method of a string, which js.Value.Call does not.
func call(method, text js.Value, arguments ...any) js.Value {
	return method.Call("call", append([]any{text}, arguments...)...)
}

// The same for a method of strings.
func eachText(method string, arguments func(i int) []any) func(js.Value, int) {
	function := methods.Get(method)
	return func(value js.Value, n int) {
		for i := 0; i < n; i++ {
			sink = call(function, value, arguments(i)...)
		}
	}
}

// A string that each call makes another of.
func changing(method string, arguments ...any) func(js.Value, int) {
	function := methods.Get(method)
	return func(value js.Value, n int) {
		for i := 0; i < n; i++ {
			value = call(function, value, arguments...)
		}
		sink = value
	}
}

func sorting(value js.Value, n int) {
	compare := js.FuncOf(func(_ js.Value, values []js.Value) any { return values[0].Int() - values[1].Int() })
	defer compare.Release()
	value.Call("sort", compare)
}

func arrays() []operation {
	index := func(i int) []any { return []any{i} }
	return []operation{
		{"Array: push", 20000, empty, each("push", index)},
		{"Array: pop", 20000, numbers, each("pop", with())},
		{"Array: shift", 20000, numbers, each("shift", with())},
		{"Array: unshift", 20000, empty, each("unshift", index)},
		{"Array: splice(0, 1)", 20000, numbers, each("splice", with(0, 1))},
		{"Array: splice(-1, 1)", 20000, numbers, each("splice", with(-1, 1))},
		{"Array: push and shift, as in a queue", 20000, numbers, func(queue js.Value, n int) {
			for i := 0; i < n; i++ {
				queue.Call("push", i)
				sink = queue.Call("shift")
			}
		}},
		{"Array: shift, with a hole", 20000, func(n int) js.Value {
			values := numbers(n)
			values.Delete(fmt.Sprint(n - 1))
			return values
		}, each("shift", with())},
		{"Array: sort of what is sorted, in Go", 5000, numbers, sorting},
		{"Array: sort of what is in the opposite order, in Go", 5000, func(n int) js.Value {
			return numbers(n).Call("reverse")
		}, sorting},
		{"Array: forEach, in Go", 5000, numbers, func(value js.Value, n int) {
			function := js.FuncOf(func(js.Value, []js.Value) any { return nil })
			defer function.Release()
			value.Call("forEach", function)
		}},
	}
}

func keyed() []operation {
	return []operation{
		{"Object: set new keys", 10000, func(int) js.Value { return object.New() }, func(value js.Value, n int) {
			for i := 0; i < n; i++ {
				value.Set(fmt.Sprintf("key%d", i), i)
			}
		}},
		{"Object: delete the oldest key", 10000, named, func(value js.Value, n int) {
			for i := 0; i < n; i++ {
				value.Delete(fmt.Sprintf("key%d", i))
			}
		}},
		{"Object: delete the newest key", 10000, named, func(value js.Value, n int) {
			for i := n - 1; i >= 0; i-- {
				value.Delete(fmt.Sprintf("key%d", i))
			}
		}},
		{"Object: set a key, and delete the oldest", 10000, named, func(value js.Value, n int) {
			for i := 0; i < n; i++ {
				value.Set(fmt.Sprintf("key%d", n+i), i)
				value.Delete(fmt.Sprintf("key%d", i))
			}
		}},
		{"Map: set", 20000, func(int) js.Value { return global.Get("Map").New() }, each("set", func(i int) []any {
			return []any{i, i}
		})},
		{"Map: delete the first key of an iterator", 10000, mapped, func(value js.Value, n int) {
			for i := 0; i < n; i++ {
				value.Call("delete", value.Call("keys").Call("next").Get("value"))
			}
		}},
	}
}

func texts() []operation {
	index := func(i int) []any { return []any{i} }
	five := func(i int) []any { return []any{i, i + 5} }
	indexOf, concat := methods.Get("indexOf"), methods.Get("concat")
	operations := []operation{
		{"String: concat", 2500, func(int) js.Value { return js.ValueOf("") }, changing("concat", "0123456789")},
		{"String: concat of other text", 2500, func(int) js.Value { return js.ValueOf("") }, changing("concat", "ä€😀")},
		{"String: concat in front", 2500, func(int) js.Value { return js.ValueOf("") }, func(value js.Value, n int) {
			front := js.ValueOf("0123456789")
			for i := 0; i < n; i++ {
				value = call(concat, front, value)
			}
			sink = value
		}},
	}
	for _, text := range []struct {
		name    string
		prepare func(int) js.Value
	}{{"ASCII", ascii}, {"other text", umlauts}} {
		add := func(name string, run func(js.Value, int)) {
			operations = append(operations, operation{"String, " + text.name + ": " + name, 20000, text.prepare, run})
		}
		add("length", func(value js.Value, n int) {
			value = object.Invoke(value)
			for i := 0; i < n; i++ {
				sink = value.Get("length")
			}
		})
		add("charCodeAt", eachText("charCodeAt", index))
		add("charAt", eachText("charAt", index))
		add("codePointAt", eachText("codePointAt", index))
		add("at, from the end", eachText("at", func(i int) []any { return []any{-1 - i} }))
		add("slice of 5 units", eachText("slice", five))
		add("substring of 5 units", eachText("substring", five))
		add("slice(1), again and again", changing("slice", 1))
		add("startsWith", eachText("startsWith", func(i int) []any { return []any{"cd", i} }))
		add("indexOf, walking", func(value js.Value, n int) {
			place := -1
			for i := 0; i < n/10; i++ {
				place = call(indexOf, value, "cd", place+1).Int()
			}
		})
		add("indexOf behind the end", eachText("indexOf", with("x", 1<<30)))
	}
	return operations
}

func others() []operation {
	return []operation{
		{"JSON: parse and stringify", 5000, func(n int) js.Value {
			var text strings.Builder
			text.WriteString("[")
			for i := 0; i < n; i++ {
				fmt.Fprintf(&text, `{"id":%d,"name":"name %d","tags":["a","b","ä"],"size":%d.5,"isThere":true},`, i, i, i)
			}
			text.WriteString("null]")
			return js.ValueOf(text.String())
		}, func(value js.Value, n int) { sink = jsonText.Call("stringify", jsonText.Call("parse", value)) }},
		{"js.Func: calls", 10000, nothing, func(_ js.Value, n int) {
			function := js.FuncOf(func(_ js.Value, values []js.Value) any { return values[0] })
			defer function.Release()
			for i := 0; i < n; i++ {
				sink = function.Invoke(i)
			}
		}},
		{"js.Func: made, called and released", 10000, nothing, func(_ js.Value, n int) {
			for i := 0; i < n; i++ {
				function := js.FuncOf(func(js.Value, []js.Value) any { return nil })
				function.Invoke()
				function.Release()
			}
		}},
		{"setTimeout and clearTimeout, all at once", 5000, nothing, func(_ js.Value, n int) {
			function := js.FuncOf(func(js.Value, []js.Value) any { return nil })
			defer function.Release()
			timers := make([]js.Value, n)
			for i := range timers {
				timers[i] = global.Call("setTimeout", function, 100000)
			}
			for _, timer := range timers {
				global.Call("clearTimeout", timer)
			}
		}},
		{"Promise: a chain of then", 5000, nothing, func(_ js.Value, n int) {
			done := make(chan struct{})
			promise := global.Get("Promise").Call("resolve", 1)
			identity := object
			for i := 0; i < n; i++ {
				promise = promise.Call("then", identity)
			}
			end := js.FuncOf(func(js.Value, []js.Value) any { close(done); return nil })
			defer end.Release()
			promise.Call("then", end)
			<-done
		}},
	}
}

func main() {
	wanted := ""
	if len(os.Args) > 1 {
		wanted = os.Args[1]
	}
	operations := append(append(append(arrays(), keyed()...), texts()...), others()...)
	for _, operation := range operations {
		if !strings.Contains(operation.name, wanted) {
			continue
		}
		for _, factor := range []int{1, 2, 4} {
			n := factor * operation.count
			value := operation.prepare(n)
			// What others have left behind is finalised before, and not meanwhile.
			runtime.GC()
			time.Sleep(time.Millisecond)
			start := time.Now()
			operation.run(value, n)
			fmt.Printf("%s\t%d\t%d\n", operation.name, n, time.Since(start).Nanoseconds())
		}
	}
}
