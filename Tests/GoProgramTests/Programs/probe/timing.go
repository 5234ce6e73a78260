package main

import (
	"fmt"
	"time"
)

const ms = time.Millisecond

func init() {
	programs["sleep"] = sleep
	programs["timers"] = timers
	programs["tickers"] = tickers
	programs["dates"] = dates
}

func after(milliseconds int) <-chan time.Time {
	return time.After(time.Duration(milliseconds) * ms)
}

func selects(args []string) {
	never := make(chan int)
	select {
	case <-never:
		fmt.Println("impossible")
	default:
		fmt.Println("default")
	}
	select {
	case <-never:
		fmt.Println("impossible")
	case <-after(15):
		fmt.Println("timeout")
	}

	quick := make(chan string, 1)
	go func() {
		time.Sleep(5 * ms)
		quick <- "quick"
	}()
	select {
	case s := <-quick:
		fmt.Println(s)
	case <-after(5000):
		fmt.Println("too late")
	}

	// A nil channel is never ready; a closed one always is.
	var none chan int
	closed := make(chan int)
	close(closed)
	select {
	case <-none:
		fmt.Println("impossible")
	case none <- 1:
		fmt.Println("impossible")
	case v, ok := <-closed:
		fmt.Println("closed", v, ok)
	}

	// Sending and receiving in one select, both directions must happen.
	ball := make(chan int)
	done := make(chan int)
	go func() {
		n := 0
		for v := range ball {
			n += v
		}
		done <- n
	}()
	sent := 0
	timeout := after(5000)
	for sent < 1000 {
		select {
		case ball <- 1:
			sent++
		case <-timeout:
			fmt.Println("too late")
			return
		}
	}
	close(ball)
	fmt.Println(sent, <-done)

	// Ready cases are chosen at random: all of them come up.
	a, b, c := make(chan int, 1), make(chan int, 1), make(chan int, 1)
	seen := map[string]bool{}
	for i := 0; i < 1000; i++ {
		a <- 1
		b <- 1
		c <- 1
		for j := 0; j < 3; j++ {
			select {
			case <-a:
				if j == 0 {
					seen["a"] = true
				}
			case <-b:
				if j == 0 {
					seen["b"] = true
				}
			case <-c:
				if j == 0 {
					seen["c"] = true
				}
			}
		}
	}
	fmt.Println(len(seen))
}

func sleep(args []string) {
	start := time.Now()
	time.Sleep(30 * ms)
	slept := time.Since(start)
	fmt.Println("at least", slept >= 30*ms, "not for ever", slept < 5*time.Second)

	// Sleepers wake in the order of their times, not of their start.
	order := make(chan int)
	for _, d := range []int{210, 70, 140, 0} {
		go func(d int) {
			time.Sleep(time.Duration(d) * ms)
			order <- d
		}(d)
	}
	for i := 0; i < 4; i++ {
		fmt.Print(<-order, " ")
	}
	fmt.Println()
	time.Sleep(0)
	time.Sleep(-1)
	for i := 0; i < 50; i++ {
		time.Sleep(100 * time.Microsecond)
	}
	last := time.Now()
	for i := 0; i < 1000; i++ {
		now := time.Now()
		if now.Before(last) {
			fmt.Println("time went back")
		}
		last = now
	}
	fmt.Println(time.Now().Year() > 2020, time.Now().Unix() > 1600000000)
}

func timers(args []string) {
	events := make(chan string, 10)
	time.AfterFunc(220*ms, func() { events <- "third" })
	time.AfterFunc(20*ms, func() { events <- "first" })
	time.AfterFunc(120*ms, func() { events <- "second" })
	stopped := time.AfterFunc(60*ms, func() { events <- "never" })
	fmt.Println("stopped", stopped.Stop(), stopped.Stop())
	for i := 0; i < 3; i++ {
		fmt.Println(<-events)
	}

	t := time.NewTimer(5000 * ms)
	fmt.Println("reset", t.Reset(10*ms))
	<-t.C
	fmt.Println("fired, active:", t.Stop())

	// A timer made later that is due earlier must not wait for the first.
	late := time.NewTimer(5000 * ms)
	early := time.NewTimer(5 * ms)
	select {
	case <-late.C:
		fmt.Println("wrong order")
	case <-early.C:
		fmt.Println("early")
	}
	late.Stop()

	// Many timers.
	fired := make(chan int, 500)
	for i := 0; i < 500; i++ {
		i := i
		time.AfterFunc(time.Duration(i%17)*ms, func() { fired <- i })
	}
	sum := 0
	for i := 0; i < 500; i++ {
		sum += <-fired
	}
	fmt.Println(sum)
}

func tickers(args []string) {
	start := time.Now()
	ticker := time.NewTicker(10 * ms)
	for i := 0; i < 5; i++ {
		<-ticker.C
		fmt.Println("tick", i)
	}
	ticker.Stop()
	fmt.Println(time.Since(start) >= 45*ms)
	select {
	case <-ticker.C:
		fmt.Println("tick after stop")
	case <-after(40):
		fmt.Println("quiet")
	}
}

func dates(args []string) {
	t := time.Date(2026, time.February, 28, 23, 59, 58, 987654321, time.UTC)
	for _, layout := range []string{time.RFC3339Nano, time.RFC1123, time.Kitchen, time.StampMicro, "2006-01-02T15:04:05.000"} {
		fmt.Println(t.Format(layout))
	}
	fmt.Println(t.Add(2*time.Second), t.AddDate(0, 1, 1).Weekday(), t.YearDay(), t.Unix(), t.UnixNano())
	parsed, err := time.Parse(time.RFC3339, "2024-02-29T12:00:00+05:30")
	fmt.Println(parsed.UTC(), err)
	_, err = time.Parse(time.RFC3339, "2023-02-29T12:00:00Z")
	fmt.Println(err)
	d, err := time.ParseDuration("1h15m30.918273645s")
	fmt.Println(d, err, d.Round(time.Second), d.Truncate(time.Hour), d.Hours())
	zone := time.FixedZone("X", -3*3600)
	fmt.Println(t.In(zone), t.In(zone).Equal(t), t.Sub(parsed))
}
