// Awaits has exports that wait: for time, for other goroutines, and for async functions of Swift's.
//
// As a command it looks its arguments up.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"example/awaits/hostcall"
)

//go:wasmimport host lookup
func lookup(in uint64) uint32

//go:wasmimport host double
func double(in uint64) uint32

//go:wasmimport host find
func find(in uint64) uint32

//go:wasmexport fetch
func fetch(in uint64) uint64 {
	return hostcall.Text(in, lookUp)
}

func lookUp(name string) (string, error) { return hostcall.AwaitText(lookup, name) }

// Looks several names up at the same time.
//
//go:wasmexport fetchAll
func fetchAll(in uint64) uint64 {
	return hostcall.Text(in, func(names string) (string, error) { return lookAllUp(strings.Split(names, ",")) })
}

// Counts how often another goroutine comes to run while one waits for the host.
//
//go:wasmexport ticks
func ticks(in uint64) uint64 {
	return hostcall.Text(in, func(name string) (string, error) {
		count, stop := 0, false
		go func() {
			for !stop {
				time.Sleep(time.Millisecond)
				count++
			}
		}()
		_, err := lookUp(name)
		stop = true
		return fmt.Sprint(count), err
	})
}

// Waits for the host beside a goroutine that can always run.
//
//go:wasmexport beside
func beside(in uint64) uint64 {
	return hostcall.Text(in, func(name string) (string, error) {
		stop := false
		go func() {
			for !stop {
				runtime.Gosched()
			}
		}()
		defer func() { stop = true }()
		return hostcall.AwaitText(lookup, name)
	})
}

//go:wasmexport twice
func twice(in uint64) uint64 {
	return hostcall.Bytes(in, func(bytes []byte) ([]byte, error) { return hostcall.AwaitBytes(double, bytes) })
}

// Query is what Swift has a type for, too.
type Query struct {
	Name  string `json:"name"`
	Limit int    `json:"limit"`
}

//go:wasmexport search
func search(in uint64) uint64 {
	return hostcall.JSON(in, func(query Query) ([]string, error) { return hostcall.AwaitJSON[[]string](find, query) })
}

// Has the host decode something else than it wants.
//
//go:wasmexport misunderstand
func misunderstand(in uint64) uint64 {
	return hostcall.Text(in, func(text string) (string, error) {
		_, err := hostcall.AwaitJSON[[]string](find, text)
		if err == nil {
			return "no error", nil
		}
		return "an error", nil
	})
}

//go:wasmexport pause
func pause(in uint64) uint64 {
	return hostcall.Text(in, func(duration string) (string, error) {
		parsed, err := time.ParseDuration(duration)
		time.Sleep(parsed)
		return duration, err
	})
}

// Waits for another goroutine.
//
//go:wasmexport receive
func receive(in uint64) uint64 {
	return hostcall.Text(in, func(text string) (string, error) {
		texts := make(chan string)
		go func() {
			time.Sleep(5 * time.Millisecond)
			texts <- text
		}()
		return <-texts, nil
	})
}

// Waits for what never comes.
//
//go:wasmexport hang
func hang(in uint64) uint64 {
	return hostcall.Text(in, func(text string) (string, error) { return <-make(chan string), nil })
}

var later = make(chan string, 1)

// Returns before the host has answered.
//
//go:wasmexport begin
func begin(in uint64) uint64 {
	return hostcall.Text(in, func(name string) (string, error) {
		go func() {
			text, _ := hostcall.AwaitText(lookup, name)
			later <- text
		}()
		// Goroutines run while a call is under way.
		runtime.Gosched()
		return "begun", nil
	})
}

//go:wasmexport end
func end(in uint64) uint64 {
	return hostcall.Text(in, func(string) (string, error) { return <-later, nil })
}

// Ends while the host works.
//
//go:wasmexport leave
func leave(in uint64) uint64 {
	return hostcall.Text(in, func(name string) (string, error) {
		go hostcall.AwaitText(lookup, name)
		time.Sleep(time.Millisecond)
		os.Exit(7)
		return "", nil
	})
}

func main() {
	text, err := lookAllUp(os.Args[1:])
	fmt.Println(text, err)
}
