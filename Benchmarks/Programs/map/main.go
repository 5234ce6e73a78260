// Fills maps of n keys, numbers and strings, looks all of them up, deletes every third and walks over the rest:
// hashing, probing, growing, and memory that is read all over the place.
package main

import (
	"fmt"
	"os"
	"strconv"
)

func main() {
	n := 100000
	if len(os.Args) > 1 {
		n, _ = strconv.Atoi(os.Args[1])
	}
	byNumber := make(map[uint64]int)
	key := uint64(1)
	for i := 0; i < n; i++ {
		key = key*6364136223846793005 + 1442695040888963407
		byNumber[key>>20] += i
	}
	found, sum := 0, 0
	key = 1
	for i := 0; i < 2*n; i++ {
		key = key*6364136223846793005 + 1442695040888963407
		if v, ok := byNumber[key>>20]; ok {
			found++
			sum += v
		}
		if i%3 == 0 {
			delete(byNumber, key>>20)
		}
	}
	left := 0
	for _, v := range byNumber {
		left += v
	}
	fmt.Println(len(byNumber), found, sum, left)

	byWord := make(map[string]int)
	for i := 0; i < n; i++ {
		byWord["word "+strconv.Itoa(i*7%(n/2+1))]++
	}
	most := 0
	for _, v := range byWord {
		most = max(most, v)
	}
	fmt.Println(len(byWord), most, byWord["word 7"], byWord["no word"])
}
