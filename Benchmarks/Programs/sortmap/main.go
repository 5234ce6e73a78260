// Sorts n numbers and n strings and counts words in maps: interface calls, comparisons and hashing.
package main

import (
	"fmt"
	"os"
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

	numbers := make([]int, n)
	words := make([]string, n)
	for i := range numbers {
		numbers[i] = int(next() >> 1)
		words[i] = "w" + strconv.FormatUint(next()%uint64(n/4+1), 36)
	}

	sort.Ints(numbers)
	sort.Slice(words, func(i, j int) bool { return words[i] < words[j] })

	counts := make(map[string]int)
	for _, w := range words {
		counts[w]++
	}
	byNumber := make(map[int]int)
	for i, v := range numbers {
		byNumber[v%10007] += i
	}
	keys := make([]string, 0, len(counts))
	for k := range counts {
		keys = append(keys, k)
	}
	sort.Slice(keys, func(i, j int) bool {
		if counts[keys[i]] != counts[keys[j]] {
			return counts[keys[i]] > counts[keys[j]]
		}
		return keys[i] < keys[j]
	})
	sum := 0
	for k, v := range byNumber {
		sum += k * v
	}
	fmt.Println(numbers[0], numbers[n/2], numbers[n-1])
	fmt.Println(len(counts), keys[0], counts[keys[0]], len(byNumber), sum)
}
