//go:build wasip1

// Echo serves connections to the first listening socket that it finds among its descriptors: it sends back what it gets,
// in upper case, one goroutine a connection, and ends after as many connections as its argument says.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"sync"
	"syscall"
)

func listener() (net.Listener, error) {
	for number := uintptr(3); ; number++ {
		file := os.NewFile(number, "")
		l, err := net.FileListener(file)
		file.Close()
		if errors.Is(err, syscall.ENOTSOCK) {
			continue
		}
		return l, err
	}
}

func main() {
	connections, _ := strconv.Atoi(os.Args[1])
	l, err := listener()
	if err != nil {
		fmt.Println("no listener:", err)
		os.Exit(1)
	}
	fmt.Println("ready")
	var all sync.WaitGroup
	for i := 0; i < connections; i++ {
		c, err := l.Accept()
		if err != nil {
			fmt.Println("accept:", err)
			os.Exit(1)
		}
		all.Add(1)
		go func() {
			defer all.Done()
			defer c.Close()
			buffer := make([]byte, 1000)
			for {
				n, err := c.Read(buffer)
				if _, failure := c.Write(bytes.ToUpper(buffer[:n])); failure != nil {
					fmt.Println("write:", failure)
				}
				if err == io.EOF {
					return
				}
				if err != nil {
					fmt.Println("read:", err)
					return
				}
			}
		}()
	}
	all.Wait()
	fmt.Println("served")
}
