package hostcall

import "syscall/js"

// Await waits for what becomes of a promise, such as an async function of Swift's returns that was put on globalThis with
// defineAsync; other goroutines go on meanwhile. The error is an Error, with what
// the promise was rejected with.
//
// In a function that js.FuncOf or go:wasmexport has made it would wait for ever, as events come when that has returned:
// see Promise.
func Await(promise js.Value) (js.Value, error) {
	result := make(chan js.Value, 1)
	failure := make(chan js.Value, 1)
	keep := func(channel chan<- js.Value) js.Func {
		return js.FuncOf(func(this js.Value, args []js.Value) any {
			channel <- args[0]
			return nil
		})
	}
	resolved, rejected := keep(result), keep(failure)
	defer resolved.Release()
	defer rejected.Release()
	promise.Call("then", resolved, rejected)
	select {
	case value := <-result:
		return value, nil
	case reason := <-failure:
		return js.Undefined(), Error{reason}
	}
}

// Error is what a promise was rejected with.
type Error struct{ Reason js.Value }

// Error returns the message of an Error of JavaScript's, or what else the reason is.
func (err Error) Error() string {
	if err.Reason.Type() == js.TypeObject {
		if message := err.Reason.Get("message"); message.Type() == js.TypeString {
			return message.String()
		}
	}
	return err.Reason.String()
}

// Promise returns a promise of what a function returns, which runs in a goroutine of its own and may wait:
//
//	js.Global().Set("fetchAll", js.FuncOf(func(this js.Value, args []js.Value) any {
//		return hostcall.Promise(func() (any, error) { return fetchAll(args[0].String()) })
//	}))
//
// In Swift that is try await running.call("fetchAll", "text", as: String.self). The result is what js.ValueOf takes; an
// error rejects the promise, with its text as the message.
func Promise(function func() (any, error)) js.Value {
	var executor js.Func
	executor = js.FuncOf(func(this js.Value, args []js.Value) any {
		executor.Release()
		resolve, reject := args[0], args[1]
		go func() {
			if result, err := function(); err != nil {
				reject.Invoke(js.Global().Get("Error").New(err.Error()))
			} else {
				resolve.Invoke(result)
			}
		}()
		return nil
	})
	return js.Global().Get("Promise").New(executor)
}
