// Web is a server on a socket that it was given, as a program for WASI, and its client, as one for js.
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
)

// Serves until it is asked to end.
func serve() error {
	var listener net.Listener
	for number := uintptr(3); listener == nil; number++ {
		file := os.NewFile(number, "")
		found, err := net.FileListener(file)
		file.Close()
		if err == nil {
			listener = found
		} else if number > 10 {
			return err
		}
	}
	end := make(chan bool)
	http.HandleFunc("/upper", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("X-Method", r.Method)
		io.WriteString(w, strings.ToUpper(string(body)))
	})
	http.HandleFunc("/end", func(w http.ResponseWriter, r *http.Request) { close(end) })
	server := http.Server{}
	go func() {
		<-end
		server.Shutdown(context.Background())
	}()
	if err := server.Serve(listener); err != http.ErrServerClosed {
		return err
	}
	return nil
}

func main() {
	if len(os.Args) < 2 {
		if err := serve(); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("served")
		return
	}
	for i := 0; i < 3; i++ {
		sent := strings.Repeat("text ", 1+i*20000)
		answer, err := http.Post(os.Args[1]+"/upper", "text/plain", strings.NewReader(sent))
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		fmt.Println(answer.StatusCode, answer.Header.Get("X-Method"), string(body) == strings.ToUpper(sent), err)
	}
	http.Get(os.Args[1] + "/end")
}
