// Sends a number n times around a ring of 100 goroutines, each of which adds one to it: the scheduler, and channels with
// room for one value.
package main

import (
	"fmt"
	"os"
	"strconv"
)

func main() {
	n := 1000
	if len(os.Args) > 1 {
		n, _ = strconv.Atoi(os.Args[1])
	}
	const size = 100
	first := make(chan int, 1)
	from := first
	for i := 0; i < size; i++ {
		to := make(chan int, 1)
		go func(from <-chan int, to chan<- int) {
			for v := range from {
				to <- v + 1
			}
			close(to)
		}(from, to)
		from = to
	}
	v := 0
	for i := 0; i < n; i++ {
		first <- v
		v = <-from
	}
	close(first)
	_, open := <-from
	fmt.Println(v, open)
}
