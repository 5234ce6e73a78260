//go:build js && go1.21
// +build js,go1.21

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sort"
	"strings"
	"syscall/js"
	"time"
)

func init() {
	programs["fetch"] = fetchAll
	programs["fetch-one"] = fetchOne
}

// Prints an answer: status, the headers that are named, length and begin of the body.
func fetchShow(response *http.Response, err error, headers ...string) {
	if err != nil {
		var text = err.Error()
		fmt.Println("error:", text[strings.LastIndex(text, "\": ")+1:])
		return
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	fmt.Print(response.Status, " ", response.ContentLength, " ", response.Uncompressed)
	for _, name := range headers {
		fmt.Printf(" %s=%q", name, response.Header[http.CanonicalHeaderKey(name)])
	}
	begin := string(body)
	if len(begin) > 300 {
		begin = begin[:300] + "..."
	}
	fmt.Printf(" %s %d bytes %q %v\n", response.Request.URL.Path, len(body), begin, err)
}

// fetchOne asks for one URL.
func fetchOne(args []string) {
	response, err := http.Get(args[0])
	fetchShow(response, err)
	if err != nil {
		os.Exit(3)
	}
}

// fetchAll tries a server, whose address is the first argument; at the second nobody listens.
func fetchAll(args []string) {
	base := args[0]
	response, err := http.Get(base + "/hello")
	fetchShow(response, err, "Content-Type", "X-Twice", "Set-Cookie")

	// Methods and bodies come back as the server saw them.
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} {
		var body io.Reader
		if method == "POST" || method == "PUT" || method == "PATCH" {
			body = strings.NewReader("body of " + method)
		}
		request, _ := http.NewRequest(method, base+"/echo?q=1%202", body)
		request.Header.Set("X-Header", "value")
		request.Header.Add("X-Many", "a")
		request.Header.Add("X-Many", "b")
		response, err := http.DefaultClient.Do(request)
		fetchShow(response, err, "X-Method")
	}
	response, err = http.Post(base+"/echo", "text/x-test", bytes.NewReader(bytes.Repeat([]byte("0123456789"), 100000)))
	fetchShow(response, err)
	response, err = http.Post(base+"/length", "application/octet-stream", nil)
	fetchShow(response, err)

	// Answers without a body, with an error, compressed, with a long body.
	for _, path := range []string{"/empty", "/status/404", "/status/503", "/gzip", "/bytes/3000000"} {
		response, err = http.Get(base + path)
		fetchShow(response, err, "Content-Encoding")
	}

	// Redirections.
	for _, path := range []string{"/redirect/3", "/redirect/25", "/to?code=303", "/to?code=307"} {
		response, err = http.Get(base + path)
		fetchShow(response, err)
	}
	for _, code := range []string{"301", "302", "303", "307", "308"} {
		response, err = http.Post(base+"/to?code="+code, "text/plain", strings.NewReader("again"))
		fetchShow(response, err)
	}
	for _, mode := range []string{"manual", "error", "follow"} {
		request, _ := http.NewRequest("GET", base+"/to?code=302", nil)
		request.Header.Set("js.fetch:redirect", mode)
		response, err = http.DefaultTransport.RoundTrip(request)
		if err == nil {
			fmt.Print(mode, " ", response.Header.Get("Location") != "", " ")
		}
		fetchShow(response, err)
	}

	// Bodies arrive piece by piece, and connections end early.
	response, err = http.Get(base + "/drip")
	if err == nil {
		start := time.Now()
		piece := make([]byte, 100)
		n, err := response.Body.Read(piece)
		fmt.Printf("%q %v early: %v\n", piece[:n], err, time.Since(start) < 400*time.Millisecond)
		rest, err := io.ReadAll(response.Body)
		fmt.Printf("%q %v\n", rest, err)
	}
	response, err = http.Get(base + "/broken")
	if err == nil {
		body, err := io.ReadAll(response.Body)
		fmt.Println(len(body), err)
	}

	// Giving up: before the answer, in the middle of the body, by closing it.
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	request, _ := http.NewRequestWithContext(ctx, "GET", base+"/never", nil)
	_, err = http.DefaultClient.Do(request)
	fmt.Println(errors.Is(err, context.DeadlineExceeded))
	cancel()
	response, err = http.Get(base + "/endless")
	if err == nil {
		piece := make([]byte, 1000)
		n, err := io.ReadFull(response.Body, piece)
		fmt.Println(n, err, response.Body.Close())
	}
	controller := js.Global().Get("AbortController").New()
	failed := make(chan string)
	onFailure := js.FuncOf(func(this js.Value, args []js.Value) interface{} {
		failed <- args[0].Get("name").String() + " " + args[0].Get("message").String()
		return nil
	})
	defer onFailure.Release()
	js.Global().Call("fetch", base+"/never", map[string]interface{}{"signal": controller.Get("signal")}).Call("catch", onFailure)
	time.AfterFunc(50*time.Millisecond, func() { controller.Call("abort") })
	fmt.Println(<-failed)

	// Several at once.
	results := make(chan string)
	for i := 0; i < 20; i++ {
		go func(i int) {
			response, err := http.Get(fmt.Sprintf("%s/bytes/%d", base, i*1000))
			if err != nil {
				results <- err.Error()
				return
			}
			body, err := io.ReadAll(response.Body)
			results <- fmt.Sprintf("%05d %v", len(body), err)
		}(i)
	}
	var lines []string
	for i := 0; i < 20; i++ {
		lines = append(lines, <-results)
	}
	sort.Strings(lines)
	fmt.Println(strings.Join(lines, "; "))

	// What fails.
	for _, url := range []string{args[1], "ftp://127.0.0.1/", "http://no-such-host.invalid/"} {
		_, err = http.Get(url)
		fmt.Println(err)
	}

	// The methods of Response.
	text := js.FuncOf(func(this js.Value, args []js.Value) interface{} { return args[0].Call("text") })
	defer text.Release()
	parsed := js.FuncOf(func(this js.Value, args []js.Value) interface{} { return args[0].Call("json") })
	defer parsed.Release()
	shown := make(chan string)
	show := js.FuncOf(func(this js.Value, args []js.Value) interface{} {
		shown <- js.Global().Get("JSON").Call("stringify", args[0]).String()
		return nil
	})
	defer show.Release()
	for _, f := range []js.Func{text, parsed} {
		js.Global().Call("fetch", base+"/json").Call("then", f).Call("then", show)
		fmt.Println(<-shown)
	}
	status := js.FuncOf(func(this js.Value, args []js.Value) interface{} {
		r := args[0]
		return []interface{}{r.Get("status"), r.Get("statusText"), r.Get("ok"), r.Get("redirected"), r.Get("bodyUsed"), r.Get("headers").Call("get", "content-type")}
	})
	defer status.Release()
	js.Global().Call("fetch", base+"/status/404").Call("then", status).Call("then", show)
	fmt.Println(<-shown)
}
