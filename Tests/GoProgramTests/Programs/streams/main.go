// Streams waits for standard input, standard output, named pipes and sockets while something else goes on.
//
//	streams read PATH|- BACKGROUND     prints the lines that it reads
//	streams write PATH|- BACKGROUND    writes 300,000 bytes in numbered lines
//	streams serve N BACKGROUND         sends back what connections of the listening socket N say, until one says "end"
//	streams ledger PATH COUNT          writes numbered lines to a file, and after each the same to standard output
//	streams open PATH                  opens a file 2000 times, and says how often that went well
//	streams say PATH                   writes to standard output, standard error and a file, and reads standard input
//
// BACKGROUND is none, timer (one that ticks all the time), yield (a goroutine that only calls runtime.Gosched), or
// signal (os/signal). What was done is said on standard error.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

var ticks atomic.Int64

func begin(background string) {
	switch background {
	case "timer":
		go func() {
			for range time.Tick(5 * time.Millisecond) {
				ticks.Add(1)
			}
		}()
	case "yield":
		go func() {
			for {
				runtime.Gosched()
			}
		}()
	case "signal":
		c := make(chan os.Signal, 1)
		signal.Notify(c, os.Interrupt)
		go func() {
			<-c
			os.Exit(3)
		}()
	}
}

func name(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, syscall.EPIPE):
		return "EPIPE"
	case errors.Is(err, syscall.EINVAL):
		return "EINVAL"
	}
	return err.Error()
}

func open(path string, flags int, standard *os.File) *os.File {
	if path == "-" {
		return standard
	}
	file, err := os.OpenFile(path, flags, 0o600)
	if err != nil {
		fmt.Fprintln(os.Stderr, "open:", name(err))
		os.Exit(1)
	}
	return file
}

func read(path string) {
	file := open(path, os.O_RDONLY, os.Stdin)
	lines, bytes := 0, 0
	scanner := bufio.NewScanner(file)
	for scanner.Scan() {
		lines++
		bytes += len(scanner.Text()) + 1
		if lines <= 10 {
			fmt.Println("got", scanner.Text())
		}
	}
	fmt.Fprintln(os.Stderr, "read", lines, bytes, name(scanner.Err()))
}

func write(path string) {
	file := open(path, os.O_WRONLY, os.Stdout)
	done := 0
	for done < 300_000 {
		var text []byte
		for i := 0; i < 1000; i++ {
			text = fmt.Appendf(text, "%09d\n", done/10+i)
		}
		n, err := file.Write(text)
		done += n
		if err != nil {
			// How much fits into a pipe before is not the same everywhere.
			fmt.Fprintln(os.Stderr, "write", name(err))
			return
		}
	}
	fmt.Fprintln(os.Stderr, "written", done)
}

func ledger(path string, count int) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		fmt.Fprintln(os.Stderr, "open:", err)
		os.Exit(1)
	}
	for i := 0; i < count; i++ {
		line := fmt.Sprintf("%08d\n", i)
		if n, err := io.WriteString(file, line); n != len(line) || err != nil {
			fmt.Fprintln(os.Stderr, "file:", n, err)
			os.Exit(1)
		}
		if n, err := io.WriteString(os.Stdout, line); n != len(line) || err != nil {
			fmt.Fprintln(os.Stderr, "output:", n, err)
			os.Exit(1)
		}
	}
}

func openMany(path string) {
	opened := 0
	var files []*os.File
	var failure error
	for ; opened < 2000; opened++ {
		file, err := os.Open(path)
		if err != nil {
			failure = err
			break
		}
		files = append(files, file)
	}
	runtime.KeepAlive(files)
	if failure != nil {
		fmt.Println("opened", opened, failure)
		return
	}
	fmt.Println("opened", opened)
}

func say(path string) {
	input, err := io.ReadAll(os.Stdin)
	if err != nil {
		os.Exit(4)
	}
	file, err := os.Create(path)
	if err != nil {
		os.Exit(5)
	}
	_, err1 := fmt.Println("to standard output")
	_, err2 := fmt.Fprintln(os.Stderr, "to standard error")
	println("of the runtime")
	fmt.Fprintln(file, "to the file", len(input), name(err1), name(err2))
	file.Close()
}

func main() {
	if len(os.Args) > 3 && os.Args[1] != "ledger" {
		begin(os.Args[3])
	}
	switch os.Args[1] {
	case "read":
		read(os.Args[2])
	case "write":
		write(os.Args[2])
	case "serve":
		serve(os.Args[2])
	case "ledger":
		count, _ := strconv.Atoi(os.Args[3])
		ledger(os.Args[2], count)
	case "open":
		openMany(os.Args[2])
	case "say":
		say(os.Args[2])
	case "nul":
		_, err := os.Stat(os.Args[2] + "\x00x")
		fmt.Println(name(err), name(os.Mkdir("\x00", 0o700)))
	}
	if len(os.Args) > 4 {
		// Whoever asks has made it wait for long enough.
		fmt.Fprintln(os.Stderr, "ticked", ticks.Load() > 3)
	}
}
