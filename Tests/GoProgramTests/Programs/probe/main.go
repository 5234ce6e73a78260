// Probe is a set of small programs in one: the first argument chooses which of them runs. The tests run each as wasm
// and natively and compare what they print and how they exit, so nothing here may depend on the operating system, on
// time of day or on chance.
//
// The sources compile with every Go from 1.11 on: no generics, no newer packages or literals.
package main

import (
	"os"
	"sort"
)

// Sub-programs by name. A file adds its own in an init function, so that a build tag takes its programs along.
var programs = map[string]func(args []string){}

func main() {
	if len(os.Args) > 1 {
		if os.Args[1] == "list" {
			list()
			return
		}
		if run, ok := programs[os.Args[1]]; ok {
			run(os.Args[2:])
			return
		}
	}
	os.Stderr.WriteString("usage: probe program [arguments]; \"probe list\" names the programs\n")
	os.Exit(64)
}

func list() {
	var names []string
	for name := range programs {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		os.Stdout.WriteString(name + "\n")
	}
}
