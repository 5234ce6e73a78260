//go:build wasip1

// Sockets opens connections as programs for wasip1 do that import the host's extension for them.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"sort"
	"strconv"
	"strings"
	"time"
)

var background = context.Background()

func check(err error) {
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(3)
	}
}

func pattern(size int) []byte {
	data := make([]byte, size)
	state := uint32(1)
	for i := range data {
		state = state*1664525 + 1013904223
		data[i] = byte(state >> 24)
	}
	return data
}

// Sends bytes and gets them back at the same time.
func transfer(conn net.Conn, size int) {
	data := pattern(size)
	go func() {
		_, err := conn.Write(data)
		check(err)
		check(conn.(*net.TCPConn).CloseWrite())
	}()
	hash := sha256.New()
	n, err := io.Copy(hash, conn)
	check(err)
	want := sha256.Sum256(data)
	fmt.Println("transfer", n, bytes.Equal(hash.Sum(nil), want[:]))
}

func clients(tcp, udp, closed string) {
	conn, err := Dial(background, "tcp", tcp)
	check(err)
	fmt.Fprint(conn, "hello")
	answer := make([]byte, 5)
	_, err = io.ReadFull(conn, answer)
	check(err)
	fmt.Printf("tcp %q\n", answer)
	transfer(conn, 3<<20)
	check(conn.Close())

	to := netip.MustParseAddrPort(udp)
	packets, err := ListenPacket("0.0.0.0:0")
	check(err)
	for _, size := range []int{0, 1, 1400, 60000} {
		_, err = packets.WriteTo(pattern(size), to)
		check(err)
		data := make([]byte, 65536)
		n, from, isCut, err := packets.ReadFrom(data)
		check(err)
		fmt.Println("udp", n, from == to, isCut, bytes.Equal(data[:n], pattern(size)))
	}
	_, err = packets.WriteTo(pattern(100), to)
	check(err)
	n, _, isCut, err := packets.ReadFrom(make([]byte, 10))
	fmt.Println("cut", n, isCut, err)

	_, err = Dial(background, "tcp", closed)
	fmt.Println(err)
}

// Talks to itself.
func self() {
	listener, own, err := Listen("127.0.0.1:0")
	check(err)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				io.Copy(conn, conn)
				conn.Close()
			}()
		}
	}()
	ended := make(chan bool)
	for i := 0; i < 5; i++ {
		go func() {
			conn, err := Dial(background, "tcp", own.String())
			check(err)
			data := pattern(100000)
			go conn.Write(data)
			answer := make([]byte, len(data))
			_, err = io.ReadFull(conn, answer)
			check(err)
			check(conn.Close())
			ended <- bytes.Equal(data, answer)
		}()
	}
	for i := 0; i < 5; i++ {
		fmt.Println("echo", <-ended)
	}
	conn, err := Dial(background, "tcp", own.String())
	check(err)
	check(conn.SetReadDeadline(time.Now().Add(20 * time.Millisecond)))
	_, err = conn.Read(make([]byte, 1))
	fmt.Println("deadline", os.IsTimeout(err))
	check(listener.Close())

	fd, err := open(inet4, datagram)
	check(err)
	kind, err := option(fd, optionType)
	fmt.Println("type", kind, err)
	_, err = endAddress(fd, true)
	fmt.Println("peer", err)
	fmt.Println("unix", result(sockOpen(3, stream, nil)))
}

// Serves HTTP, and asks itself.
func web() {
	listener, own, err := Listen("127.0.0.1:0")
	check(err)
	http.HandleFunc("/upper", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		io.WriteString(w, strings.ToUpper(string(body)))
	})
	go http.Serve(listener, nil)
	client := http.Client{Transport: &http.Transport{DialContext: Dial}}
	for i := 0; i < 3; i++ {
		sent := strings.Repeat("text ", 1+i*20000)
		answer, err := client.Post("http://"+own.String()+"/upper", "text/plain", strings.NewReader(sent))
		check(err)
		body, err := io.ReadAll(answer.Body)
		check(err)
		fmt.Println("http", answer.StatusCode, len(body), string(body) == strings.ToUpper(sent))
	}
}

func lookup(host, port string) {
	found, err := lookUp(host, port, addressInfo{kind: stream, protocol: 1})
	texts := []string{}
	for _, address := range found {
		texts = append(texts, address.String())
	}
	sort.Strings(texts)
	fmt.Println(texts, err)
}

func main() {
	arguments := os.Args[2:]
	switch os.Args[1] {
	case "clients":
		clients(arguments[0], arguments[1], arguments[2])
	case "self":
		self()
	case "web":
		web()
	case "lookup":
		for _, name := range arguments {
			lookup(name, "80")
		}
	case "dial":
		for _, address := range arguments {
			conn, err := Dial(background, "tcp", address)
			if err == nil {
				conn.Close()
			}
			fmt.Println(address, err)
		}
	case "listen":
		for _, address := range arguments {
			listener, _, err := Listen(address)
			if err == nil {
				listener.Close()
			}
			fmt.Println(address, err)
		}
	case "send":
		for _, address := range arguments {
			packets, err := ListenPacket("0.0.0.0:0")
			check(err)
			_, err = packets.WriteTo([]byte("x"), netip.MustParseAddrPort(address))
			fmt.Println(address, err)
		}
	case "blocking":
		to := netip.MustParseAddrPort(arguments[0])
		fd, err := open(family(to.Addr()), stream)
		check(err)
		err = connect(fd, to)
		own, _ := endAddress(fd, false)
		fmt.Println("blocking", err, own.Port() != 0)
	case "many":
		count, _ := strconv.Atoi(arguments[0])
		for i := 0; i < count; i++ {
			if _, err := open(inet4, stream); err != nil {
				fmt.Println("many", i > 10, err)
				return
			}
		}
	}
}
