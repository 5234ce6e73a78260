// The goroutines program has goroutines that wait for all kinds of things, prints what Go's runtime says of them, and then
// does what its argument says until it is ended.
package main

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"
	"unsafe"
)

type server struct{ requests chan int }

type runner interface{ run(name string, weights [3]int32) }

//go:noinline
func (s server) run(name string, weights [3]int32) { s.receive(len(name)) }

// receive is inlined.
func (s server) receive(count int) {
	for i := 0; i < count; i++ {
		<-s.requests
	}
}

//go:noinline
func send[T any](to chan T, value T) { to <- value }

//go:noinline
func lock(mutex *sync.Mutex) {
	mutex.Lock()
	defer mutex.Unlock()
}

//go:noinline
func choose(a, b chan int, done <-chan struct{}) {
	select {
	case <-a:
	case b <- 1:
	case <-done:
	}
}

//go:noinline
func recover1(c chan int) {
	defer func() {
		recover()
		<-c
	}()
	var nothing *server
	nothing.requests <- 1
}

//go:noinline
func deep(level int, c chan int) int {
	if level == 0 {
		return <-c
	}
	return deep(level-1, c) + 1
}

var count uint64

//go:noinline
func spin(step uint64) {
	for {
		count += step
	}
}

func start(c chan int) {
	var mutex sync.Mutex
	mutex.Lock()
	go lock(&mutex)
	go choose(c, nil, nil)
	var group sync.WaitGroup
	group.Add(1)
	go group.Wait()
	go time.Sleep(time.Hour)
	go send(make(chan string), "text")
	go server{c}.run("name", [3]int32{1, -1, 7})
	var abstract runner = &server{c}
	go abstract.run("other", [3]int32{})
	go func() {
		method := abstract.run
		method("value", [3]int32{2})
	}()
	go recover1(c)
	go deep(3, c)
	go deep(150, c)
	go func() {
		runtime.LockOSThread()
		var nobody chan int
		<-nobody
	}()
}

func main() {
	c := make(chan int)
	start(c)
	time.Sleep(20 * time.Millisecond)
	buffer := make([]byte, 1<<20)
	fmt.Printf("%s\n", buffer[:runtime.Stack(buffer, true)])
	switch os.Args[1] {
	case "loop":
		spin(3)
	case "wait":
		<-c
	case "read":
		os.Stdin.Read(buffer)
	case "collect":
		for {
			runtime.GC()
		}
	case "trap":
		// Behind all memory.
		fmt.Println(*(*byte)(unsafe.Pointer(uintptr(0xF0000000))))
	case "panic":
		panic("all")
	}
}
