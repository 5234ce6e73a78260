package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"time"
)

// runsFault runs the program of faults that the arguments name, if they name one.
func runsFault(args []string) bool {
	switch args[0] {
	case "fill":
		fill(args[1])
	case "pour":
		pour(args[1])
	case "copy":
		copyInput()
	case "allocate":
		allocate()
	case "soak":
		soak(args[1], args[2])
	default:
		return false
	}
	return true
}

// lines returns lines that can be told from each other.
func lines(first, count int) []byte {
	text := make([]byte, 0, count*9)
	for i := first; i < first+count; i++ {
		text = append(text, fmt.Sprintf("%08d\n", i)...)
	}
	return text
}

// fill writes a file until it cannot grow any more, and says how many bytes it was told are written.
func fill(path string) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	must(err)
	total := 0
	for i := 0; i < 1000; i++ {
		count, err := file.Write(lines(i*3000, 3000))
		total += count
		if err != nil {
			fmt.Println(total, outcome(err))
			return
		}
	}
	fmt.Println(total, "no end")
}

// pour writes lines to standard output, some buffered and some not.
func pour(count string) {
	n, err := strconv.Atoi(count)
	must(err)
	out := bufio.NewWriter(os.Stdout)
	for i := 0; i < n; i += 100 {
		if i/100%2 == 0 {
			_, err = out.Write(lines(i, 100))
			must(err)
			must(out.Flush())
		} else {
			_, err = os.Stdout.Write(lines(i, 100))
			must(err)
		}
	}
}

// copyInput copies standard input to standard output, while a timer fires.
func copyInput() {
	ticker := time.NewTicker(time.Millisecond)
	done := make(chan bool)
	go func() {
		for {
			select {
			case <-ticker.C:
			case <-done:
				return
			}
		}
	}()
	count, err := io.Copy(os.Stdout, os.Stdin)
	must(err)
	ticker.Stop()
	done <- true
	fmt.Fprintln(os.Stderr, count)
}

// allocate asks for memory until there is none.
func allocate() {
	var kept [][]byte
	for i := 0; i < 1000; i++ {
		block := make([]byte, 16<<20)
		for at := 0; at < len(block); at += 1 << 16 {
			block[at] = 1
		}
		kept = append(kept, block)
	}
	fmt.Println(len(kept), "no end")
}

// soak does the same work again and again: timers, files, folders, goroutines, garbage.
func soak(folder, rounds string) {
	n, err := strconv.Atoi(rounds)
	must(err)
	for round := 0; round < n; round++ {
		var all sync.WaitGroup
		results := make(chan int, 100)
		for i := 0; i < 100; i++ {
			all.Add(1)
			go func(i int) {
				defer all.Done()
				select {
				case <-time.After(time.Duration(i%5) * 100 * time.Microsecond):
					results <- len(lines(i, 50))
				case <-time.After(time.Minute):
					results <- -1
				}
			}(i)
		}
		all.Wait()
		close(results)
		sum := 0
		for result := range results {
			sum += result
		}
		if sum != 100*50*9 {
			fmt.Println("round", round, "sum", sum)
			os.Exit(1)
		}
		sub := filepath.Join(folder, "sub")
		must(os.Mkdir(sub, 0o755))
		for i := 0; i < 10; i++ {
			path := filepath.Join(sub, strconv.Itoa(i))
			must(os.WriteFile(path, lines(i, 2000), 0o644))
			file, err := os.Open(path)
			must(err)
			_, err = file.Seek(9*1999, io.SeekStart)
			must(err)
			last, err := io.ReadAll(file)
			must(err)
			if string(last) != string(lines(i+1999, 1)) {
				fmt.Printf("round %d: %q\n", round, last)
				os.Exit(1)
			}
			// Every other file is left to the collector.
			if i%2 == 0 {
				must(file.Close())
			}
			must(os.Rename(path, path+"-"))
		}
		entries, err := os.ReadDir(sub)
		must(err)
		if len(entries) != 10 {
			fmt.Println("round", round, "entries", len(entries))
			os.Exit(1)
		}
		must(os.RemoveAll(sub))
		runtime.GC()
		// Finalizers run in a goroutine.
		runtime.Gosched()
	}
	fmt.Println("rounds", n)
}
