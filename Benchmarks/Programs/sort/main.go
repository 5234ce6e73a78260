// Sorts n numbers and n strings, each once by a generic function and once through sort.Interface or a closure:
// comparisons, exchanges and calls that nobody can predict.
package main

import (
	"fmt"
	"os"
	"slices"
	"sort"
	"strconv"
)

func main() {
	n := 100000
	if len(os.Args) > 1 {
		n, _ = strconv.Atoi(os.Args[1])
	}
	state := uint64(42)
	next := func() uint64 {
		state ^= state << 13
		state ^= state >> 7
		state ^= state << 17
		return state
	}
	numbers, words := make([]int, n), make([]string, n)
	for i := range numbers {
		numbers[i] = int(next() >> 1)
		words[i] = "w" + strconv.FormatUint(next()%uint64(n+1), 36)
	}
	moreNumbers, moreWords := slices.Clone(numbers), slices.Clone(words)

	slices.Sort(numbers)
	slices.Sort(words)
	sort.Sort(sort.Reverse(sort.IntSlice(moreNumbers)))
	sort.Slice(moreWords, func(i, j int) bool { return moreWords[i] > moreWords[j] })

	for i := range numbers {
		if numbers[i] != moreNumbers[n-1-i] || words[i] != moreWords[n-1-i] {
			fmt.Println("sorted differently at", i)
			os.Exit(1)
		}
	}
	fmt.Println(numbers[0], numbers[n/2], numbers[n-1])
	fmt.Println(words[0], words[n/2], words[n-1])
}
