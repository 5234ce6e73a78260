// Files tries operations on files, as its arguments say, and prints how each ended; it is built for both kinds of hosts.
package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"
)

func outcome(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, fs.ErrPermission):
		return "permission denied"
	case errors.Is(err, fs.ErrNotExist):
		return "does not exist"
	case errors.Is(err, fs.ErrExist):
		return "exists"
	default:
		return err.Error()
	}
}

func must(err error) {
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
}

// Every call of package os that reaches a host, once.
func work(folder string) {
	in := func(name string) string { return filepath.Join(folder, name) }
	must(os.WriteFile(in("a"), []byte("hello"), 0o644))
	text, err := os.ReadFile(in("a"))
	must(err)
	must(os.Mkdir(in("d"), 0o755))
	must(os.Symlink("a", in("l")))
	target, err := os.Readlink(in("l"))
	must(err)
	must(os.Link(in("a"), in("h")))
	link, err := os.Lstat(in("l"))
	must(err)
	file, err := os.Stat(in("l"))
	must(err)
	fmt.Println(string(text), target, link.Mode()&fs.ModeSymlink != 0, link.Size(), file.Mode().IsRegular(), file.Size())

	must(os.Rename(in("a"), in("d/b")))
	must(os.Truncate(in("d/b"), 3))
	must(os.Chtimes(in("d/b"), time.Unix(1000, 0), time.Unix(2000, 0)))
	file, err = os.Stat(in("d/b"))
	must(err)
	fmt.Println(file.Size(), file.ModTime().Unix())
	f, err := os.OpenFile(in("d/b"), os.O_RDWR|os.O_APPEND, 0)
	must(err)
	_, err = f.WriteString("XY")
	must(err)
	_, err = f.Seek(0, io.SeekStart)
	must(err)
	text, err = io.ReadAll(f)
	must(err)
	part := make([]byte, 2)
	_, err = f.ReadAt(part, 1)
	must(err)
	must(f.Sync())
	must(f.Truncate(1))
	file, err = f.Stat()
	must(err)
	must(f.Close())
	fmt.Println(string(text), string(part), file.Size(), f.Close() != nil)

	_, err = os.OpenFile(in("h"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	fmt.Println(outcome(err))
	_, err = os.ReadFile(in("none"))
	fmt.Println(outcome(err))
	must(os.MkdirAll(in("x/y/z"), 0o755))
	fmt.Println(os.Remove(in("x")) != nil)
	for i := 0; i < 300; i++ {
		must(os.WriteFile(in(fmt.Sprintf("x/file %03d", i)), nil, 0o644))
	}
	entries, err := os.ReadDir(in("x"))
	must(err)
	fmt.Println(len(entries), entries[299].Name(), entries[300].IsDir())
	must(os.Chdir(in("d")))
	_, err = os.Stat("b")
	must(err)
	must(os.RemoveAll(in("x")))
	names := []string{}
	entries, err = os.ReadDir(folder)
	must(err)
	for _, entry := range entries {
		names = append(names, entry.Name()+entry.Type().String())
	}
	sort.Strings(names)
	fmt.Println(strings.Join(names, " "))
}

func main() {
	if len(os.Args) > 1 && runsFault(os.Args[1:]) {
		return
	}
	for i := 1; i+1 < len(os.Args); i += 2 {
		what, path := os.Args[i], os.Args[i+1]
		var err error
		switch what {
		case "work":
			work(path)
			continue
		case "read":
			_, err = os.ReadFile(path)
		case "write":
			err = os.WriteFile(path, []byte("x"), 0o644)
		case "append":
			var f *os.File
			if f, err = os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0); err == nil {
				f.Close()
			}
		case "stat":
			_, err = os.Stat(path)
		case "lstat":
			_, err = os.Lstat(path)
		case "chdir":
			err = os.Chdir(path)
		case "list":
			_, err = os.ReadDir(path)
		case "mkdir":
			err = os.Mkdir(path, 0o755)
		case "remove":
			err = os.Remove(path)
		case "rename":
			err = os.Rename(path, path+".renamed")
		case "link":
			err = os.Link(path, "link")
		case "linkto":
			err = os.Link("file", path)
		case "truncate":
			err = os.Truncate(path, 0)
		case "chtimes":
			err = os.Chtimes(path, time.Unix(1, 0), time.Unix(1, 0))
		case "readlink":
			_, err = os.Readlink(path)
		case "race":
			// Somebody else swaps what the path leads to: what is read must never be the secret.
			for end := time.Now().Add(time.Second); time.Now().Before(end); {
				if text, err := os.ReadFile(path); err == nil && strings.Contains(string(text), "secret") {
					fmt.Println("the secret was read")
					os.Exit(1)
				}
			}
		case "cat":
			var text []byte
			if text, err = os.ReadFile(path); err == nil {
				fmt.Print(string(text))
			}
		case "fifo", "fifowrite":
			// Opening it must not stop the timer.
			opened := make(chan error)
			go func() {
				if what == "fifowrite" {
					opened <- os.WriteFile(path, []byte("x"), 0)
				}
				f, err := os.Open(path)
				if err == nil {
					_, err = f.Read(make([]byte, 1))
				}
				opened <- err
			}()
			select {
			case err = <-opened:
				err = fmt.Errorf("opened: %v", err)
			case <-time.After(50 * time.Millisecond):
			}
		}
		fmt.Println(what, path+":", outcome(err))
	}
}
