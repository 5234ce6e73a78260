//go:build go1.12
// +build go1.12

package main

import "fmt"

func init() {
	programs["map-printing"] = mapPrinting
}

// Maps print in the order of their keys since Go 1.12.
func mapPrinting(args []string) {
	fmt.Println(map[string]int{"b": 2, "a": 1, "c": 3}, map[float64]bool{2.5: true, -1: false})
	fmt.Printf("%v %+v %#v\n", map[point]string{{2, 1}: "x", {1, 2}: "y"}, map[interface{}]int{"s": 1, 2: 2, 1: 3, 0.5: 4}, map[int8]uint{3: 1, -3: 2})
	table := map[int]int{}
	for i := 0; i < 200; i++ {
		table[i*37%211] = i
	}
	fmt.Println(table)
}
