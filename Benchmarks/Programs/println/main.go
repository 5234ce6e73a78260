// Prints n short lines without a buffer, so that each is a write to the host: what calls of imports cost.
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
	for i := 0; i < n; i++ {
		fmt.Println("line", i)
	}
}
