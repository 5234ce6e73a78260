//go:build js && go1.21
// +build js,go1.21

package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"sort"
	"strings"
	"syscall/js"
	"time"
)

func init() { programs["fetch-cases"] = fetchCases }

// A request of Tests/Tools/fetch_compare.py.
type fetchCase struct {
	ID int
	// "js": by the function fetch; "go": by net/http.
	Kind string
	// A string of JavaScript's, as JSON: it may have surrogates without their partners.
	URL json.RawMessage
	// The options of fetch, as JSON.
	Options json.RawMessage
	// A body of bytes, in hexadecimal.
	Bytes *string
	// For net/http.
	Method  string
	Headers [][2]string
}

// fetchCases reads cases as lines of JSON, and prints what came of each.
func fetchCases(args []string) {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var c fetchCase
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		result := make(chan string, 1)
		go func() {
			if c.Kind == "go" {
				result <- c.overNetHTTP()
			} else {
				result <- c.overFetch()
			}
		}()
		select {
		case text := <-result:
			fmt.Printf("%d %s\n", c.ID, text)
		case <-time.After(5 * time.Second):
			fmt.Printf("%d no answer\n", c.ID)
		}
	}
}

func (c *fetchCase) body() []byte {
	if c.Bytes == nil {
		return nil
	}
	body, _ := hex.DecodeString(*c.Bytes)
	return body
}

// Waits for a promise; the error is what it was rejected with.
func await(promise js.Value) (value, reason js.Value, ok bool) {
	type outcome struct {
		value js.Value
		ok    bool
	}
	settled := make(chan outcome, 1)
	success := js.FuncOf(func(this js.Value, args []js.Value) interface{} {
		settled <- outcome{args[0], true}
		return nil
	})
	defer success.Release()
	failure := js.FuncOf(func(this js.Value, args []js.Value) interface{} {
		settled <- outcome{args[0], false}
		return nil
	})
	defer failure.Release()
	promise.Call("then", success, failure)
	o := <-settled
	return o.value, o.value, o.ok
}

func jsError(reason js.Value) string {
	text := reason.Call("toString").String()
	if cause := reason.Get("cause"); cause.Type() == js.TypeObject {
		text += " | " + cause.Call("toString").String()
		if code := cause.Get("code"); !code.IsUndefined() {
			text += " " + code.String()
		}
	}
	return "error " + text
}

func (c *fetchCase) overFetch() (text string) {
	defer func() {
		if failure := recover(); failure != nil {
			text = fmt.Sprint("panic ", failure)
		}
	}()
	parse := js.Global().Get("JSON")
	options := parse.Call("parse", string(c.Options))
	if c.Bytes != nil {
		body := js.Global().Get("Uint8Array").New(len(c.body()))
		js.CopyBytesToJS(body, c.body())
		options.Set("body", body)
	}
	response, reason, ok := await(js.Global().Call("fetch", parse.Call("parse", string(c.URL)), options))
	if !ok {
		return jsError(reason)
	}
	result := js.Global().Get("Object").New()
	for _, name := range []string{"status", "statusText", "type", "url", "redirected", "ok"} {
		result.Set(name, response.Get(name))
	}
	result.Set("hasBody", !response.Get("body").IsNull())
	headers := js.Global().Get("Array").New()
	entries := response.Get("headers").Call("entries")
	for next := entries.Call("next"); !next.Get("done").Bool(); next = entries.Call("next") {
		headers.Call("push", next.Get("value"))
	}
	result.Set("headers", headers)
	buffer, reason, ok := await(response.Call("arrayBuffer"))
	if ok {
		array := js.Global().Get("Uint8Array").New(buffer)
		body := make([]byte, array.Length())
		js.CopyBytesToGo(body, array)
		result.Set("body", hex.EncodeToString(body))
	} else {
		result.Set("body", jsError(reason))
	}
	return parse.Call("stringify", result).String()
}

func (c *fetchCase) overNetHTTP() (text string) {
	defer func() {
		if failure := recover(); failure != nil {
			text = fmt.Sprint("panic ", failure)
		}
	}()
	var url string
	json.Unmarshal(c.URL, &url)
	var body io.Reader
	if c.Bytes != nil {
		body = bytes.NewReader(c.body())
	}
	request, err := http.NewRequest(c.Method, url, body)
	if err != nil {
		return "error " + err.Error()
	}
	for _, pair := range c.Headers {
		request.Header.Add(pair[0], pair[1])
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return "error " + err.Error()
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	var headers []string
	for name, values := range response.Header {
		headers = append(headers, fmt.Sprintf("%q: %q", name, values))
	}
	sort.Strings(headers)
	return fmt.Sprintf("%q %d %v %s %s %x %v", response.Status, response.ContentLength, response.Uncompressed,
		response.Request.URL, strings.Join(headers, ", "), content, err)
}
