package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"strconv"
)

func serve(number string) {
	n, _ := strconv.Atoi(number)
	file := os.NewFile(uintptr(n), "listener")
	listener, err := net.FileListener(file)
	if err != nil {
		fmt.Fprintln(os.Stderr, "listener:", err)
		os.Exit(1)
	}
	fmt.Println("ready")
	for {
		connection, err := listener.Accept()
		if err != nil {
			fmt.Fprintln(os.Stderr, "accept:", err)
			os.Exit(1)
		}
		scanner := bufio.NewScanner(connection)
		lines := 0
		for scanner.Scan() {
			if scanner.Text() == "end" {
				fmt.Fprintln(os.Stderr, "served", lines)
				return
			}
			lines++
			fmt.Fprintln(connection, "you said", scanner.Text())
		}
		connection.Close()
	}
}
