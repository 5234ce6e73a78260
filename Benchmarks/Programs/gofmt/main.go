// Parses and prints its own source n times, with some of its declarations moved: what Go's own tools do all day, in
// pointers, interfaces, small allocations and a tab writer.
package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"hash/crc32"
	"os"
	"strconv"
)

//go:embed main.go
var source []byte

// What is counted in a syntax tree.
type counter struct {
	nodes, calls int
	names        map[string]int
}

func (c *counter) Visit(node ast.Node) ast.Visitor {
	if node == nil {
		return nil
	}
	c.nodes++
	switch node := node.(type) {
	case *ast.CallExpr:
		c.calls++
	case *ast.Ident:
		c.names[node.Name]++
	}
	return c
}

// Parses text, and prints it with its last declaration first (behind the imports).
func rewrite(text []byte, c *counter) ([]byte, error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, "main.go", text, 0)
	if err != nil {
		return nil, err
	}
	ast.Walk(c, file)
	last := len(file.Decls) - 1
	moved := []ast.Decl{file.Decls[0], file.Decls[last]}
	file.Decls = append(moved, file.Decls[1:last]...)
	var out bytes.Buffer
	config := printer.Config{Mode: printer.UseSpaces | printer.TabIndent, Tabwidth: 8}
	if err := config.Fprint(&out, files, file); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func main() {
	n := 10
	if len(os.Args) > 1 {
		n, _ = strconv.Atoi(os.Args[1])
	}
	c := &counter{names: map[string]int{}}
	text, sum := source, uint32(0)
	for i := 0; i < n; i++ {
		var err error
		if text, err = rewrite(text, c); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		sum = crc32.Update(sum, crc32.IEEETable, text)
	}
	fmt.Printf("%d nodes, %d calls, %d names, %d bytes, %08x\n", c.nodes, c.calls, len(c.names), len(text), sum)
}
