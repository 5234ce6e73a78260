// Formats n lines of output with the verbs that programs use most, into a buffered standard output: reflection, type
// switches, number conversion and copying of bytes.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"time"
)

type point struct {
	X, Y int
	Name string
}

type celsius float64

func (c celsius) String() string { return fmt.Sprintf("%.1f°C", float64(c)) }

func main() {
	n := 10000
	if len(os.Args) > 1 {
		n, _ = strconv.Atoi(os.Args[1])
	}
	out := bufio.NewWriterSize(os.Stdout, 1<<16)
	defer out.Flush()
	for i := 0; i < n; i++ {
		switch i % 8 {
		case 0:
			fmt.Fprintf(out, "%6d %-10s|%08x|%+d\n", i, "left", i*2654435761%(1<<32), -i)
		case 1:
			fmt.Fprintf(out, "%v %+v\n", point{i, -i, "p"}, &point{i, i * i, "q"})
		case 2:
			fmt.Fprintf(out, "%8.3f %g %e\n", float64(i)/7, float64(i)*1.1, 1/float64(i))
		case 3:
			fmt.Fprintln(out, i, "is", i%2 == 0, celsius(float64(i%500)/10), time.Duration(i)*time.Millisecond)
		case 4:
			fmt.Fprintf(out, "%v %d %q\n", []string{"a", "b"}, []int{i, i + 1, i + 2}, "quoted \"text\" ☃")
		case 5:
			fmt.Fprintf(out, "%v %T %t\n", map[string]int{"one": 1, "two": i}, i, i > 1000)
		case 6:
			fmt.Fprint(out, fmt.Errorf("step %d: %w", i, os.ErrNotExist), "\n")
		case 7:
			fmt.Fprintf(out, "%s%*d%%\n", "padded", 12, i)
		}
	}
}
