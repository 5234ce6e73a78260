// Goroutines that wait and then work or allocate, beneath callers that a profile is to name.
package main

import (
	"fmt"
	"time"
)

var sink int

//go:noinline
func busy(n int) int {
	x := 0
	for i := 0; i < n; i++ {
		x = x*31 + i
	}
	return x
}

//go:noinline
func beneath(c chan int) {
	n := <-c
	for i := 0; i < 200; i++ {
		sink += busy(n)
	}
	c <- 1
}

//go:noinline
func outer(c chan int) { beneath(c); sink++ }

func leaf(n int) int {
	x := 0
	for i := 0; i < n; i++ {
		x = x ^ i*7
	}
	return x
}

//go:noinline
func inliner(n int) int {
	s := 0
	for i := 0; i < 100; i++ {
		s += leaf(n)
	}
	return s
}

type node struct{ next *node; pad [10]int }
var keep *node

//go:noinline
func allocate(n int) { 
	for i := 0; i < n; i++ { keep = &node{next: nil} }
}

//go:noinline
func sleeper(c chan int) {
	time.Sleep(20 * time.Millisecond)
	allocate(3000000)
	c <- 1
}

func main() {
	c := make(chan int)
	go outer(c)
	time.Sleep(10 * time.Millisecond)
	c <- 1000000
	<-c
	go sleeper(c)
	<-c
	sink += inliner(2000000)
	fmt.Println(sink)
}
