package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync/atomic"
	"time"
)

func init() {
	programs["gc"] = collect
	programs["big-memory"] = bigMemory
	programs["deep"] = deep
	programs["overflow"] = overflow
}

type treeNode struct {
	left, right *treeNode
	payload     [3]uint64
}

func buildTree(depth int, salt uint64) *treeNode {
	if depth == 0 {
		return nil
	}
	return &treeNode{buildTree(depth-1, salt*3+1), buildTree(depth-1, salt*5+2), [3]uint64{salt, ^salt, salt * salt}}
}

func (n *treeNode) sum() uint64 {
	if n == nil {
		return 0
	}
	if n.payload[1] != ^n.payload[0] || n.payload[2] != n.payload[0]*n.payload[0] {
		panic("a live object was overwritten")
	}
	return n.payload[0] + n.left.sum()*3 + n.right.sum()*7
}

// Allocates far more than stays alive, while live data of many shapes is checked; counts finalizers.
func collect(args []string) {
	debug.SetGCPercent(20)
	live := buildTree(14, 1)
	before := live.sum()
	table := map[string][]byte{}
	var list [][]int
	for i := 0; i < 60; i++ {
		garbage := buildTree(11, uint64(i))
		_ = garbage.sum()
		table["k"+strconv.Itoa(i%25)] = make([]byte, 1000+i*37)
		list = append(list, make([]int, i*10))
		if i%20 == 19 {
			list = list[10:]
			runtime.GC()
		}
	}
	bytes, ints := 0, 0
	for _, v := range table {
		bytes += len(v)
	}
	for _, v := range list {
		ints += len(v)
	}
	fmt.Println(before == live.sum(), len(table), bytes, len(list), ints)

	var finalized int32
	for i := 0; i < 100; i++ {
		object := &treeNode{}
		runtime.SetFinalizer(object, func(*treeNode) { atomic.AddInt32(&finalized, 1) })
	}
	for i := 0; i < 100 && atomic.LoadInt32(&finalized) < 90; i++ {
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
	fmt.Println("most finalizers ran:", atomic.LoadInt32(&finalized) >= 90)

	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	fmt.Println(stats.NumGC >= 3, stats.HeapAlloc > 1<<18, stats.Mallocs > stats.Frees)
	debug.FreeOSMemory()
	fmt.Println(before == live.sum())

	// Allocation by several goroutines while collections run.
	done := make(chan uint64)
	for g := 0; g < 4; g++ {
		go func(g int) {
			sum := uint64(0)
			for i := 0; i < 20; i++ {
				sum += buildTree(9, uint64(g*100+i)).sum()
			}
			done <- sum
		}(g)
	}
	total := uint64(0)
	for g := 0; g < 4; g++ {
		total += <-done
	}
	fmt.Println(total)
}

// Grows the memory to a few hundred MiB, touching all of it.
func bigMemory(args []string) {
	var blocks [][]byte
	for i := 0; i < 12; i++ {
		block := make([]byte, 16<<20+i*4096)
		for j := 0; j < len(block); j += 4096 {
			block[j] = byte(i + j>>12)
		}
		blocks = append(blocks, block)
	}
	sum := 0
	for _, block := range blocks {
		for j := 0; j < len(block); j += 4096 {
			sum += int(block[j])
		}
	}
	fmt.Println(len(blocks), sum)
	grown := []int{}
	for i := 0; i < 3000000; i++ {
		grown = append(grown, i)
	}
	fmt.Println(len(grown), grown[2999999])
}

func depth(n int) int {
	if n == 0 {
		return 0
	}
	return depth(n-1) + 1
}

// Recurses as deep as the argument says, on the main goroutine and, where a second argument says so, on another.
func deep(args []string) {
	n, err := strconv.Atoi(args[0])
	if err != nil {
		panic(err)
	}
	fmt.Println(depth(n))
	if len(args) > 1 {
		done := make(chan int)
		go func() { done <- depth(n/2) + depth(n/2) }()
		fmt.Println(<-done)
	}
}

// The padding makes it come to the limit after half a million calls, which is soon enough for an interpreter.
func endless(padding [128]int) int {
	padding[padding[0]&127]++
	return endless(padding) + padding[5]
}

// Recurses until Go's own limit ends it.
func overflow(args []string) {
	os.Stdout.WriteString("before\n")
	fmt.Println(endless([128]int{}))
}
