// Builds and walks binary trees up to depth n: small allocations, pointers and the garbage collector.
package main

import (
	"fmt"
	"os"
	"strconv"
)

type node struct {
	left, right *node
}

func build(depth int) *node {
	if depth == 0 {
		return &node{}
	}
	return &node{build(depth - 1), build(depth - 1)}
}

func (n *node) count() int {
	if n.left == nil {
		return 1
	}
	return 1 + n.left.count() + n.right.count()
}

func main() {
	n := 14
	if len(os.Args) > 1 {
		n, _ = strconv.Atoi(os.Args[1])
	}
	const minDepth = 4
	maxDepth := n
	if maxDepth < minDepth+2 {
		maxDepth = minDepth + 2
	}
	fmt.Printf("stretch tree of depth %d, nodes %d\n", maxDepth+1, build(maxDepth+1).count())
	longLived := build(maxDepth)
	for depth := minDepth; depth <= maxDepth; depth += 2 {
		iterations := 1 << uint(maxDepth-depth+minDepth)
		nodes := 0
		for i := 0; i < iterations; i++ {
			nodes += build(depth).count()
		}
		fmt.Printf("%d trees of depth %d, nodes %d\n", iterations, depth, nodes)
	}
	fmt.Printf("long lived tree of depth %d, nodes %d\n", maxDepth, longLived.count())
}
