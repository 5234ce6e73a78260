// Command writes writes to a file in many small pieces, and reads it back.
package main

import (
	"fmt"
	"hash/crc32"
	"os"
	"strconv"
)

func main() {
	count := 40000
	if len(os.Args) > 1 {
		n, err := strconv.Atoi(os.Args[1])
		if err != nil {
			fmt.Fprintln(os.Stderr, "usage: writes [count]")
			os.Exit(1)
		}
		count = n
	}
	file, err := os.CreateTemp("", "writes")
	check(err)
	defer os.Remove(file.Name())
	for i := 0; i < count; i++ {
		_, err := file.WriteString("line " + strconv.Itoa(i) + "\n")
		check(err)
	}
	check(file.Close())
	data, err := os.ReadFile(file.Name())
	check(err)
	fmt.Printf("%d pieces, %d bytes, CRC-32 %08x\n", count, len(data), crc32.ChecksumIEEE(data))
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
