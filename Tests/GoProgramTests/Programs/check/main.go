// Check says what it was given, as a program that the go command runs.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

func main() {
	folder, err := os.Getwd()
	if err != nil {
		fmt.Println(err)
	}
	fmt.Println(runtime.GOOS, filepath.Base(folder), os.Args[1:], os.Getenv("GIVEN"))
	os.Exit(len(os.Args))
}
