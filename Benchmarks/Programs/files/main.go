// Command files makes small files in folders, and lists and stats them again and again, as build tools and backups do.
package main

import (
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

const (
	perFolder = 100
	rounds    = 5
)

// makeFiles makes files in folders below a folder.
func makeFiles(top string, count int) {
	for i := 0; i < count; i++ {
		folder := filepath.Join(top, fmt.Sprintf("folder%03d", i/perFolder))
		if i%perFolder == 0 {
			check(os.Mkdir(folder, 0o755))
		}
		check(os.WriteFile(filepath.Join(folder, fmt.Sprintf("file%05d.txt", i)), make([]byte, i%17), 0o644))
	}
}

// walk goes through everything below a folder, and returns what it has found: folders, files, bytes, and a checksum of
// the names.
func walk(top string) (folders, files int, size int64, sum uint32) {
	check(filepath.WalkDir(top, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if info.IsDir() {
			folders++
		} else {
			files++
			size += info.Size()
		}
		name, err := filepath.Rel(top, path)
		sum = crc32.Update(sum, crc32.IEEETable, []byte(filepath.ToSlash(name)))
		return err
	}))
	return folders, files, size, sum
}

// stat asks for each file by its path, and for as many that are not there.
func stat(top string, count int) (found, missing int) {
	for i := 0; i < count; i++ {
		path := filepath.Join(top, fmt.Sprintf("folder%03d", i/perFolder), fmt.Sprintf("file%05d.txt", i))
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			found++
		}
		if _, err := os.Stat(path + ".old"); os.IsNotExist(err) {
			missing++
		}
	}
	return found, missing
}

func main() {
	count := 1000
	if len(os.Args) > 1 {
		if n, err := strconv.Atoi(os.Args[1]); err == nil && n > 0 {
			count = n
		} else {
			usage()
		}
	}
	if len(os.Args) != 3 {
		usage()
	}
	top := filepath.Join(os.Args[2], "tree")
	check(os.RemoveAll(top))
	check(os.Mkdir(top, 0o755))
	makeFiles(top, count)
	for i := 0; i < rounds; i++ {
		fmt.Println(walk(top))
		fmt.Println(stat(top, count))
	}
	check(os.RemoveAll(top))
}

func usage() {
	fmt.Fprintln(os.Stderr, "usage: files COUNT FOLDER")
	os.Exit(1)
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
