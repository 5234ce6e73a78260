// Encodes n records as JSON, indents the text, decodes it twice (into structures and into maps): reflection,
// interfaces, maps and allocation.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"os"
	"strconv"
)

type record struct {
	ID      int               `json:"id"`
	Name    string            `json:"name"`
	Score   float64           `json:"score"`
	Tags    []string          `json:"tags"`
	Active  bool              `json:"active"`
	Details map[string]string `json:"details,omitempty"`
	Parent  *record           `json:"parent,omitempty"`
}

func main() {
	n := 2000
	if len(os.Args) > 1 {
		n, _ = strconv.Atoi(os.Args[1])
	}
	records := make([]record, n)
	for i := range records {
		r := &records[i]
		r.ID = i
		r.Name = "record \"" + strconv.Itoa(i) + "\" <é>"
		r.Score = float64(i) * 1.37 / 3
		r.Active = i%3 == 0
		r.Tags = []string{"a" + strconv.Itoa(i%7), "tag", "日本"}
		if i%2 == 0 {
			r.Details = map[string]string{"key": strconv.Itoa(i * i), "other": "value"}
		}
		if i > 0 && i%5 == 0 {
			r.Parent = &record{ID: -i, Name: "parent"}
		}
	}
	text, err := json.Marshal(records)
	if err != nil {
		panic(err)
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, text, "", "  "); err != nil {
		panic(err)
	}
	var back []record
	if err := json.Unmarshal(indented.Bytes(), &back); err != nil {
		panic(err)
	}
	var loose []map[string]interface{}
	if err := json.Unmarshal(text, &loose); err != nil {
		panic(err)
	}
	sum := 0.0
	for i := range back {
		sum += back[i].Score + loose[i]["score"].(float64)
	}
	again, err := json.Marshal(loose)
	if err != nil {
		panic(err)
	}
	fmt.Printf("%d records, %d bytes, crc %08x %08x %08x, sum %.6f\n", len(back), len(text),
		crc32.ChecksumIEEE(text), crc32.ChecksumIEEE(indented.Bytes()), crc32.ChecksumIEEE(again), sum)
}
