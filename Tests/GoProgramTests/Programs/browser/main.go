// Browser asks JavaScript for what not every host has: the local time, and globals.
package main

import (
	"fmt"
	"os"
	"syscall/js"
	"time"
)

func main() {
	global := js.Global()
	switch os.Args[1] {
	case "zone":
		fmt.Println(time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC).Local().Format("15:04 -0700"))
	case "look":
		fmt.Println(global.Get("document").IsUndefined())
	case "new":
		global.Get("RegExp").New("x")
	case "call":
		global.Call("eval", "1")
	case "get":
		global.Get("document").Get("body")
	case "often":
		for i := 0; i < 3; i++ {
			for _, name := range []string{"RegExp", "notOfJavaScript", "Proxy"} {
				func() {
					defer func() { recover() }()
					global.Get(name).New()
				}()
			}
		}
	}
}
