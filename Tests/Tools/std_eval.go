//go:build js && wasm

// Package js_test gets this file from std_tests.py: syscall/js's tests make values by eval, for which a JavaScript
// parser would be needed. It defines a function eval that knows the four sources that they use.
package js_test

import (
	"math"
	"strings"
	"syscall/js"
)

// The name of the file makes this the first variable that is initialised.
var _ = defineEval()

func defineEval() bool {
	global := js.Global()
	if global.Get("eval").Truthy() {
		return true // an engine with a parser
	}
	object := global.Get("Object")
	global.Set("eval", js.FuncOf(func(this js.Value, args []js.Value) any {
		source := args[0].String()
		switch {
		case source == "40":
			return 40
		case source == "new Object()":
			return object.New()
		case strings.HasPrefix(source, "(function () { let o = new Object(); o.field = 5; Object.freeze(o)"):
			frozen := object.New()
			frozen.Set("field", 5)
			return object.Call("freeze", frozen)
		case strings.HasPrefix(source, "({"):
			return map[string]any{
				"someBool": true, "someString": "abc\u1234", "someInt": 42, "someFloat": 42.123,
				"someArray": []any{41, 42, 43},
				"someDate":  global.Get("Date").New(),
				"add": js.FuncOf(func(this js.Value, args []js.Value) any {
					return args[0].Float() + args[1].Float()
				}),
				"zero": 0, "stringZero": "0", "NaN": math.NaN(),
				"emptyObj": map[string]any{}, "emptyArray": []any{},
				"Infinity": math.Inf(1), "NegInfinity": math.Inf(-1),
				"objNumber0":      global.Get("Number").New(0),
				"objBooleanFalse": global.Get("Boolean").New(false),
			}
		}
		panic("eval: the tests have a new source, which std_eval.go has to learn: " + source)
	}))
	return true
}
