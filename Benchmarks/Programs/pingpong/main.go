// Passes n values to and fro between two goroutines over unbuffered channels, then through a select with a third: each
// pass parks one goroutine and wakes another.
package main

import (
	"fmt"
	"os"
	"strconv"
)

func main() {
	n := 100000
	if len(os.Args) > 1 {
		n, _ = strconv.Atoi(os.Args[1])
	}
	ping, pong, done := make(chan int), make(chan int), make(chan struct{})
	go func() {
		for v := range ping {
			pong <- v*3 + 1
		}
		close(done)
	}()
	sum := 0
	for i := 0; i < n; i++ {
		ping <- i
		sum += <-pong
	}
	close(ping)
	<-done

	numbers, words := make(chan int), make(chan string)
	go func() {
		for i := 0; i < n/4; i++ {
			numbers <- i
		}
		close(numbers)
	}()
	go func() {
		for i := 0; i < n/4; i++ {
			words <- "word"
		}
		close(words)
	}()
	letters := 0
	for in, on := numbers, words; in != nil || on != nil; {
		select {
		case v, ok := <-in:
			if !ok {
				in = nil
			}
			sum += v
		case w, ok := <-on:
			if !ok {
				on = nil
			}
			letters += len(w)
		}
	}
	fmt.Println(sum, letters)
}
