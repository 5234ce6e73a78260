package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"
)

func init() {
	programs["panic"] = panics
	programs["panic-goroutine"] = panicGoroutine
	programs["exit"] = exits
	programs["recover"] = recovers
	programs["runtime-errors"] = runtimeErrors
}

type failure struct{ code int }

func (f failure) Error() string { return "failure " + strconv.Itoa(f.code) }

type kind string

type point struct{ x, y int }

// Ends the program with the panic that the argument names.
func panics(args []string) {
	fmt.Println("before the panic")
	defer fmt.Println("deferred")
	var (
		null     *point
		table    map[string]int
		list     = []int{1, 2, 3}
		anything interface{}
		n        = len(args) + 4
	)
	switch args[0] {
	case "string":
		panic("a message")
	case "error":
		panic(errors.New("an error"))
	case "custom-error":
		panic(failure{7})
	case "kind":
		panic(kind("named string"))
	case "int":
		panic(42)
	case "float":
		panic(-1.5)
	case "lines":
		panic("first line\nsecond line")
	case "formatted":
		panic(fmt.Sprintf("%v %q", point{1, 2}, "q"))
	case "nil-map":
		table["k"] = 1
	case "nil-pointer":
		fmt.Println(null.y)
	case "nil-function":
		var f func()
		f()
	case "index":
		fmt.Println(list[n])
	case "slice":
		fmt.Println(list[n:])
	case "divide":
		fmt.Println(1 / (n - 5))
	case "assertion":
		anything = list
		fmt.Println(anything.(string))
	case "missing-method":
		anything = list
		fmt.Println(anything.(fmt.Stringer))
	case "closed":
		c := make(chan int)
		close(c)
		close(c)
	case "makeslice":
		fmt.Println(len(make([]int, n-100)))
	case "in-defer":
		defer func() { panic("second") }()
		panic("first")
	case "again":
		defer func() { panic(recover()) }()
		panic("again")
	case "recovered":
		defer func() {
			defer func() { panic("from the second defer") }()
			recover()
		}()
		panic("recovered before")
	}
}

func panicGoroutine(args []string) {
	go func() {
		panic("in a goroutine")
	}()
	time.Sleep(10 * time.Second)
	fmt.Println("unreachable")
}

// Exits with the code that the argument names, without running deferred calls.
func exits(args []string) {
	defer fmt.Println("not run")
	code, err := strconv.Atoi(args[0])
	if err != nil {
		panic(err)
	}
	fmt.Println("exiting")
	if len(args) > 1 {
		go os.Exit(code)
		select {}
	}
	os.Exit(code)
}

func recovers(args []string) {
	try := func(name string, body func()) {
		defer func() {
			r := recover()
			fmt.Printf("%s: %T %v\n", name, r, r)
		}()
		body()
		fmt.Println(name, "returned")
	}
	try("nothing", func() {})
	try("string", func() { panic("s") })
	try("value", func() { panic(point{1, 2}) })
	try("error", func() { panic(failure{3}) })
	try("nested", func() {
		defer func() {
			fmt.Println("inner:", recover())
			panic("outer")
		}()
		panic("inner")
	})
	try("order", func() {
		for i := 0; i < 3; i++ {
			defer fmt.Println("deferred", i)
		}
	})
	try("deep", func() { unwind(1000) })

	// A deferred function changes the result.
	result, err := named()
	fmt.Println(result, err, counted)

	// A panic that crosses goroutine switches and callbacks of the event loop.
	done := make(chan interface{})
	go func() {
		defer func() { done <- recover() }()
		time.Sleep(time.Millisecond)
		panic("after sleeping")
	}()
	fmt.Println(<-done)

	// Deferred calls in a loop, with arguments evaluated at once.
	x := 1
	defer fmt.Println("last, x was", x)
	x = 2
	func() {
		defer func() {
			if r := recover(); r != nil {
				fmt.Println("got", r)
			}
		}()
		defer panic("replaced")
		panic("original")
	}()
}

var counted int

func unwind(n int) {
	defer func() { counted++ }()
	if n == 0 {
		panic("bottom")
	}
	unwind(n - 1)
}

func named() (result int, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("wrapped: %v", r)
			result *= 2
		}
	}()
	result = 21
	panic("x")
}

func runtimeErrors(args []string) {
	var (
		null     *point
		table    map[string]int
		list     = []int{1, 2, 3}
		array    [4]int
		anything interface{}
		zero     int
		seven    = 7
		closed   = make(chan int)
	)
	close(closed)
	cases := []func(){
		func() { fmt.Println(null.x) },
		func() { null.y = 1 },
		func() { table["a"] = 1 },
		func() { fmt.Println(list[seven]) },
		func() { fmt.Println(list[-1+zero]) },
		func() { fmt.Println(array[seven%5+3]) },
		func() { fmt.Println(list[:seven]) },
		func() { fmt.Println(list[seven-4 : 1]) },
		func() { fmt.Println(list[1:2:seven]) },
		func() { fmt.Println("text"[seven]) },
		func() { fmt.Println(seven / zero) },
		func() { fmt.Println(uint8(seven) % uint8(zero)) },
		func() { fmt.Println(anything.(int)) },
		func() { anything = "s"; fmt.Println(anything.(int)) },
		func() { anything = point{}; fmt.Println(anything.(error)) },
		func() { close(closed) },
		func() { closed <- 1 },
		func() { var c chan int; close(c) },
		func() { fmt.Println(len(make([]byte, zero-1))) },
		func() { fmt.Println(len(make([]int64, 1<<62))) },
		func() { var f func(int) int; fmt.Println(f(1)) },
		func() { var e error; fmt.Println(e.Error()) },
		func() {
			fmt.Println(map[interface{}]int{[]int{1}[0]: 1}[anything.(interface{})])
			_ = map[interface{}]int{list: 1}
		},
		func() { var a, b interface{} = list, list; fmt.Println(a == b) },
	}
	for i, body := range cases {
		func() {
			defer func() {
				r := recover()
				_, isRuntime := r.(interface{ RuntimeError() })
				fmt.Println(i, r, isRuntime)
			}()
			body()
			fmt.Println(i, "did not panic")
		}()
	}
}
