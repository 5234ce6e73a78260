package main

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"io"
	"io/ioutil"
	"os"
	"strconv"
	"strings"
)

func init() {
	programs["copy"] = copyInput
	programs["copy-buffered"] = copyBuffered
	programs["lines"] = lines
	programs["digest"] = digest
	programs["output"] = output
	programs["interleaved"] = interleaved
	programs["args"] = arguments
	programs["env"] = environment
	programs["environ"] = environ
	programs["fib"] = fibonacci
	programs["ticking-input"] = tickingInput
}

func copyInput(args []string) {
	n, err := io.Copy(os.Stdout, os.Stdin)
	fmt.Fprintln(os.Stderr, n, err)
}

func copyBuffered(args []string) {
	in, out := bufio.NewReader(os.Stdin), bufio.NewWriterSize(os.Stdout, 1000)
	n := 0
	for {
		b, err := in.ReadByte()
		if err == io.EOF {
			break
		} else if err != nil {
			panic(err)
		}
		out.WriteByte(b)
		n++
	}
	out.Flush()
	fmt.Fprintln(os.Stderr, n)
}

func lines(args []string) {
	scanner := bufio.NewScanner(os.Stdin)
	for n := 1; scanner.Scan(); n++ {
		fmt.Printf("%d %q\n", n, strings.ToUpper(scanner.Text()))
	}
	fmt.Println("end", scanner.Err())
	n, err := os.Stdin.Read(make([]byte, 10))
	fmt.Println(n, err)
}

func digest(args []string) {
	data, err := ioutil.ReadAll(os.Stdin)
	fmt.Printf("%d %v %x\n", len(data), err, sha256.Sum256(data))
}

// Writes a few MiB in writes of very different sizes.
func output(args []string) {
	line := strings.Repeat("0123456789abcdef", 4)
	for i := 0; i < 1500; i++ {
		os.Stdout.WriteString(strconv.Itoa(i) + line[:i%60] + "\n")
	}
	os.Stdout.WriteString(strings.Repeat(line+"\n", 30000))
	os.Stdout.Write(nil)
	fmt.Print("no newline at the end")
}

func interleaved(args []string) {
	for i := 0; i < 5; i++ {
		fmt.Fprintln(os.Stdout, "out", i)
		fmt.Fprintln(os.Stderr, "err", i)
		println("runtime", i)
	}
	print("print: ", 1, " ", true, " ", -2.5, " ", "s", " ", nil == interface{}(nil), "\n")
}

func arguments(args []string) {
	fmt.Println(len(args), len(os.Args))
	for _, a := range args {
		fmt.Printf("%q %d\n", a, len(a))
	}
}

func environment(args []string) {
	for _, name := range args {
		value, ok := os.LookupEnv(name)
		fmt.Printf("%s %q %v\n", name, value, ok)
	}
	os.Setenv("PROBE_SET", "new")
	os.Unsetenv(args[0])
	_, ok := os.LookupEnv(args[0])
	fmt.Println(os.Getenv("PROBE_SET"), ok, os.ExpandEnv("<$PROBE_SET ${PROBE_NONE}>"))
	own := 0
	for _, entry := range os.Environ() {
		if strings.HasPrefix(entry, "PROBE_") {
			own++
		}
	}
	fmt.Println(own)
}

func environ(args []string) {
	for _, entry := range os.Environ() {
		fmt.Println(entry)
	}
}

func fibonacci(args []string) {
	n, err := strconv.Atoi(args[0])
	if err != nil {
		panic(err)
	}
	fmt.Printf("fib(%d) = %d\n", n, fib(n))
}

func fib(n int) int {
	if n < 2 {
		return n
	}
	return fib(n-1) + fib(n-2)
}

// Other goroutines go on while one waits for input that comes late.
func tickingInput(args []string) {
	ticks := make(chan bool)
	go func() {
		for {
			<-after(5)
			ticks <- true
		}
	}()
	input := make(chan string)
	go func() {
		data, _ := ioutil.ReadAll(os.Stdin)
		input <- string(data)
	}()
	n := 0
	for {
		select {
		case <-ticks:
			n++
		case s := <-input:
			fmt.Printf("%q %v\n", s, n > 2)
			return
		}
	}
}
