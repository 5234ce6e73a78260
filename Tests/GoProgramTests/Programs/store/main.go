// Store is a small database: a log of records that is synced after each, and a snapshot that replaces it now and then.
//
//	store FOLDER write N    writes N records, and prints the number of each as soon as it is on the disk
//	store FOLDER check      prints how many records there are; they must be 1, 2, 3, ...
package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

const snapshotEvery = 50

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "store:", err)
		os.Exit(1)
	}
}

// Reads records from a file up to the first that is not whole, and checks their order.
func read(path string, last int) int {
	f, err := os.Open(path)
	if os.IsNotExist(err) {
		return last
	}
	fail(err)
	defer f.Close()
	lines := bufio.NewReader(f)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return last
		}
		var number int
		var rest string
		if n, _ := fmt.Sscanf(line, "%d %s", &number, &rest); n != 2 || rest != payload(number) {
			fail(fmt.Errorf("%s holds %q behind record %d", path, line, last))
		}
		if number <= last {
			continue // Of a log that was not emptied after its snapshot.
		}
		if number != last+1 {
			fail(fmt.Errorf("%s holds record %d behind record %d", path, number, last))
		}
		last = number
	}
}

func payload(number int) string { return "value-" + strconv.Itoa(number*number) }

// Writes all records to a new file, and puts that in the place of the old one.
func snapshot(folder string, last int) {
	f, err := os.Create(filepath.Join(folder, "snapshot.new"))
	fail(err)
	w := bufio.NewWriter(f)
	for number := 1; number <= last; number++ {
		fmt.Fprintf(w, "%d %s\n", number, payload(number))
	}
	fail(w.Flush())
	fail(f.Sync())
	fail(f.Close())
	fail(os.Rename(filepath.Join(folder, "snapshot.new"), filepath.Join(folder, "snapshot")))
}

func main() {
	folder := os.Args[1]
	last := read(filepath.Join(folder, "log"), read(filepath.Join(folder, "snapshot"), 0))
	if os.Args[2] == "check" {
		fmt.Println(last)
		return
	}
	count, err := strconv.Atoi(os.Args[3])
	fail(err)
	// What a kill left of the last record is cut off with the log that held it.
	snapshot(folder, last)
	log, err := os.Create(filepath.Join(folder, "log"))
	fail(err)
	for ; count > 0; count-- {
		last++
		_, err = fmt.Fprintf(log, "%d %s\n", last, payload(last))
		fail(err)
		fail(log.Sync())
		fmt.Println(last)
		if last%snapshotEvery == 0 {
			snapshot(folder, last)
			fail(log.Truncate(0))
			_, err = log.Seek(0, 0)
			fail(err)
		}
	}
}
