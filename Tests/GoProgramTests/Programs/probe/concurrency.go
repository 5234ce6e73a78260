package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
)

func init() {
	programs["channels"] = channels
	programs["select"] = selects
	programs["sync"] = locks
	programs["gosched"] = gosched
	programs["goroutines"] = manyGoroutines
	programs["context"] = contexts
	programs["deadlock"] = deadlock
	programs["deadlock-mutex"] = deadlockMutex
	programs["goexit"] = goexit
}

func channels(args []string) {
	// Unbuffered, closed by the sender.
	squares := make(chan int)
	go func() {
		for i := 0; i < 5; i++ {
			squares <- i * i
		}
		close(squares)
	}()
	for s := range squares {
		fmt.Print(s, " ")
	}
	v, ok := <-squares
	fmt.Println(v, ok)

	// Buffered: sends do not wait.
	buffered := make(chan string, 3)
	buffered <- "a"
	buffered <- "b"
	fmt.Println(len(buffered), cap(buffered), <-buffered, <-buffered)

	// Workers: the order of the results is not defined, their sum is.
	jobs, results := make(chan int), make(chan int, 10)
	var workers sync.WaitGroup
	for w := 0; w < 4; w++ {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for j := range jobs {
				results <- j * 2
			}
		}()
	}
	go func() {
		for i := 0; i < 100; i++ {
			jobs <- i
		}
		close(jobs)
		workers.Wait()
		close(results)
	}()
	sum := 0
	for r := range results {
		sum += r
	}
	fmt.Println("sum", sum)

	// A sieve: a chain of goroutines.
	source := make(chan int)
	go func(to chan<- int) {
		for i := 2; ; i++ {
			to <- i
		}
	}(source)
	from := (<-chan int)(source)
	for i := 0; i < 60; i++ {
		prime := <-from
		fmt.Print(prime, " ")
		filtered := make(chan int)
		go func(from <-chan int, to chan<- int) {
			for {
				if n := <-from; n%prime != 0 {
					to <- n
				}
			}
		}(from, filtered)
		from = filtered
	}
	fmt.Println()

	// Channels of channels and of functions.
	requests := make(chan chan string)
	go func() { (<-requests) <- "answer" }()
	reply := make(chan string)
	requests <- reply
	fmt.Println(<-reply)
	calls := make(chan func() int, 1)
	calls <- func() int { return 42 }
	fmt.Println((<-calls)())
}

func locks(args []string) {
	var (
		mutex   sync.Mutex
		rw      sync.RWMutex
		once    sync.Once
		group   sync.WaitGroup
		counter int
		total   int64
		runs    int
	)
	for i := 0; i < 50; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for j := 0; j < 100; j++ {
				mutex.Lock()
				counter++
				mutex.Unlock()
				atomic.AddInt64(&total, 2)
				if j%10 == 0 {
					runtime.Gosched()
				}
			}
			once.Do(func() { runs++ })
			rw.RLock()
			_ = counter
			rw.RUnlock()
		}()
	}
	group.Wait()
	fmt.Println(counter, atomic.LoadInt64(&total), runs)

	cond := sync.NewCond(&mutex)
	ready := 0
	for i := 0; i < 3; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			mutex.Lock()
			for ready == 0 {
				cond.Wait()
			}
			ready++
			mutex.Unlock()
		}()
	}
	mutex.Lock()
	ready = 1
	cond.Broadcast()
	mutex.Unlock()
	group.Wait()
	fmt.Println("ready", ready)

	var shared sync.Map
	shared.Store("k", 1)
	was, loaded := shared.LoadOrStore("k", 2)
	fmt.Println(was, loaded)
	shared.Delete("k")
	_, loaded = shared.Load("k")
	fmt.Println(loaded)

	var value atomic.Value
	value.Store([]int{1, 2})
	fmt.Println(value.Load(), atomic.CompareAndSwapInt64(&total, 10000, 7), total)

	pool := sync.Pool{New: func() interface{} { return new(int) }}
	p := pool.Get().(*int)
	*p = 3
	pool.Put(p)
	fmt.Println(*p)
}

// Two goroutines hand the processor to each other; a third waits for both.
func gosched(args []string) {
	var turn int32
	done := make(chan bool)
	var trace []string
	play := func(me, other int32, name string) {
		for i := 0; i < 5; i++ {
			for atomic.LoadInt32(&turn) != me {
				runtime.Gosched()
			}
			trace = append(trace, name)
			atomic.StoreInt32(&turn, other)
		}
		done <- true
	}
	go play(0, 1, "ping")
	go play(1, 0, "pong")
	<-done
	<-done
	fmt.Println(trace)
}

func manyGoroutines(args []string) {
	const n = 20000
	first := make(chan int)
	in := first
	for i := 0; i < n; i++ {
		out := make(chan int)
		go func(in, out chan int) { out <- 1 + <-in }(in, out)
		in = out
	}
	first <- 0
	fmt.Println(<-in)

	// Stacks that grow on many goroutines at once.
	var group sync.WaitGroup
	sums := make([]int, 200)
	for i := range sums {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			sums[i] = sumTo(i * 10)
		}(i)
	}
	group.Wait()
	sum := 0
	for _, s := range sums {
		sum += s
	}
	fmt.Println(sum)
}

func sumTo(n int) int {
	if n == 0 {
		return 0
	}
	var pad [16]int
	pad[n%16] = n
	if n%50 == 0 {
		runtime.Gosched()
	}
	return pad[n%16] + sumTo(n-1)
}

type contextKey string

func contexts(args []string) {
	root := context.WithValue(context.Background(), contextKey("name"), "probe")
	fmt.Println(root.Value(contextKey("name")), root.Value(contextKey("other")), root.Err())

	cancelled, cancel := context.WithCancel(root)
	child, cancelChild := context.WithCancel(cancelled)
	defer cancelChild()
	stopped := make(chan string)
	go func() {
		<-child.Done()
		stopped <- "child stopped: " + child.Err().Error()
	}()
	cancel()
	fmt.Println(<-stopped)

	limited, cancelLimited := context.WithTimeout(root, 20*ms)
	defer cancelLimited()
	_, has := limited.Deadline()
	fmt.Println("deadline", has)
	select {
	case <-limited.Done():
		fmt.Println(limited.Err())
	case <-after(5000):
		fmt.Println("too late")
	}
	early, cancelEarly := context.WithTimeout(root, 5000*ms)
	cancelEarly()
	<-early.Done()
	fmt.Println(early.Err())
}

func deadlock(args []string) {
	fmt.Println("before")
	os.Stderr.WriteString("about to wait\n")
	<-make(chan int)
}

func deadlockMutex(args []string) {
	var m sync.Mutex
	m.Lock()
	m.Lock()
}

func goexit(args []string) {
	defer fmt.Println("deferred")
	runtime.Goexit()
}
