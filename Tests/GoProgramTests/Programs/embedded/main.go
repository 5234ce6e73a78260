// Embedded is what the tests of the Swift library run: the first argument says what it does.
package main

import (
	"bufio"
	"fmt"
	"math/rand"
	"os"
	"strings"
	"time"
)

var kept [][]byte

func main() {
	mode := ""
	if len(os.Args) > 1 {
		mode = os.Args[1]
	}
	switch mode {
	case "sum":
		// Something that takes memory and time, and depends on the argument.
		words := map[string]int{}
		for i := 0; i < 2000; i++ {
			words[fmt.Sprint(os.Args[2], "-", i%100)] += i
		}
		fmt.Println(os.Args[2], len(words), words[os.Args[2]+"-7"])
	case "upper":
		lines := bufio.NewScanner(os.Stdin)
		for lines.Scan() {
			fmt.Println(strings.ToUpper(lines.Text()))
		}
		fmt.Fprintln(os.Stderr, "done", os.Getenv("WHO"))
		os.Exit(3)
	case "spin":
		for i := uint64(0); ; i++ {
			if i == 1<<63 {
				fmt.Println(i)
			}
		}
	case "allocate":
		for {
			kept = append(kept, make([]byte, 1<<20))
		}
	case "sleep":
		time.Sleep(time.Hour)
	case "read":
		os.Stdin.Read(make([]byte, 1))
	case "trap":
		trap()
	case "chance":
		start := time.Now()
		time.Sleep(90 * time.Minute)
		order := ""
		for key := range map[int]bool{1: true, 2: true, 3: true, 4: true, 5: true, 6: true, 7: true} {
			order += fmt.Sprint(key)
		}
		fmt.Println(start.UTC().Format(time.DateTime), time.Since(start).Round(time.Minute), rand.Uint64(), order)
	case "serve":
		serve()
	default:
		host(mode)
	}
}
