//go:build js && wasm

// Command callbacks sets timers of JavaScript's and of Go's, and lets JavaScript call Go functions.
package main

import (
	"fmt"
	"os"
	"strconv"
	"syscall/js"
	"time"
)

func main() {
	count := 100000
	if len(os.Args) > 1 {
		n, err := strconv.Atoi(os.Args[1])
		if err != nil {
			fmt.Fprintln(os.Stderr, "usage: callbacks [count]")
			os.Exit(1)
		}
		count = n
	}
	fmt.Println(count, "timers and callbacks:", timers(count), timeouts(count), calls(count))
}

// As many timers of JavaScript's are set at a time: each takes at least a millisecond.
const atOnce = 1000

// timers fires timers of JavaScript's, each of which calls Go and sets the next one.
func timers(count int) int {
	setTimeout := js.Global().Get("setTimeout")
	fired := 0
	done := make(chan bool)
	var next js.Func
	next = js.FuncOf(func(this js.Value, args []js.Value) any {
		fired += args[0].Int()
		if fired == count {
			close(done)
		} else if fired+atOnce <= count {
			setTimeout.Invoke(next, 0, 1)
		}
		return nil
	})
	defer next.Release()
	for i := 0; i < min(atOnce, count); i++ {
		setTimeout.Invoke(next, 0, 1)
	}
	<-done
	return fired
}

// timeouts lets many goroutines sleep at once.
func timeouts(count int) int {
	woken := make(chan int, 100)
	for i := 0; i < count; i++ {
		go func() {
			time.Sleep(time.Duration(i%20) * time.Millisecond)
			woken <- 1
		}()
	}
	sum := 0
	for i := 0; i < count; i++ {
		sum += <-woken
	}
	return sum
}

// calls lets JavaScript call a Go function for each element of an array.
func calls(count int) int {
	array := js.Global().Get("Array").New(count).Call("fill", 2)
	add := js.FuncOf(func(this js.Value, args []js.Value) any {
		return args[0].Int() + args[1].Int()
	})
	defer add.Release()
	return array.Call("reduce", add, 0).Int()
}
