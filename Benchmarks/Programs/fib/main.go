// Prints one Fibonacci number, computed by the doubly recursive definition: almost nothing but calls.
package main

import (
	"os"
	"strconv"
)

// The number computed when no argument is given.
const defaultN = 30

func fib(n int) int {
	if n < 2 {
		return n
	}
	return fib(n-1) + fib(n-2)
}

func main() {
	n := defaultN
	if len(os.Args) > 1 {
		var err error
		if n, err = strconv.Atoi(os.Args[1]); err != nil || n < 0 || len(os.Args) > 2 {
			os.Stderr.WriteString("usage: fib [n], where n is a whole number, 0 or more\n")
			os.Exit(1)
		}
	}
	os.Stdout.WriteString("fib(" + strconv.Itoa(n) + ") = " + strconv.Itoa(fib(n)) + "\n")
}
