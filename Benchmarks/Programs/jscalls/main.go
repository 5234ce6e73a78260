//go:build js && wasm

// Command jscalls makes round trips to JavaScript: calls of methods, and reads and writes of properties.
package main

import (
	"fmt"
	"os"
	"strconv"
	"syscall/js"
)

func main() {
	count := 1000000
	if len(os.Args) > 1 {
		n, err := strconv.Atoi(os.Args[1])
		if err != nil {
			fmt.Fprintln(os.Stderr, "usage: jscalls [count]")
			os.Exit(1)
		}
		count = n
	}
	math := js.Global().Get("Math")
	object := js.Global().Get("Object").New()
	object.Set("counter", 0)
	sum := 0
	for i := 0; i < count; i++ {
		sum += math.Call("max", i, 1000).Int()
		if object.Get("counter").Int() != i {
			panic("the counter is wrong")
		}
		object.Set("counter", i+1)
	}
	fmt.Println(count, "round trips:", sum)
}
