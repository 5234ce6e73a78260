// Command flate compresses text with gzip and with an LZ of its own, decompresses both, and compares.
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"strconv"
)

// makeText makes text of words that come back, with some noise in it: it becomes about a third of its size.
func makeText(size int, seed uint32) []byte {
	next := func() uint32 {
		seed ^= seed << 13
		seed ^= seed >> 17
		seed ^= seed << 5
		return seed
	}
	words := make([][]byte, 800)
	for i := range words {
		words[i] = make([]byte, 2+next()%9)
		for j := range words[i] {
			words[i][j] = 'a' + byte(next()%26)
		}
	}
	var text []byte
	for len(text) < size {
		// The product makes some words more frequent than others.
		text = append(text, words[next()%800*(next()%800)/800]...)
		switch next() % 16 {
		case 0:
			text = append(text, ".\n"...)
		case 1:
			text = strconv.AppendUint(append(text, ' '), uint64(next()%10000), 10)
		default:
			text = append(text, ' ')
		}
	}
	return text[:size]
}

func gzipped(text []byte, level int) ([]byte, error) {
	var packed bytes.Buffer
	writer, err := gzip.NewWriterLevel(&packed, level)
	if err != nil {
		return nil, err
	}
	if _, err := writer.Write(text); err != nil {
		return nil, err
	}
	err = writer.Close()
	return packed.Bytes(), err
}

func gunzipped(packed []byte) ([]byte, error) {
	reader, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(reader)
}

const (
	hashBits   = 14
	leastMatch = 4
	window     = 1 << 16
)

// lz compresses as LZ4 does: a byte with the lengths of the literals and of the match, the literals, and the distance
// of the match. Lengths from 15 on go on in bytes of up to 255.
func lz(text []byte) []byte {
	var places [1 << hashBits]int32
	var packed []byte
	putLength := func(n int) {
		for ; n >= 255; n -= 255 {
			packed = append(packed, 255)
		}
		packed = append(packed, byte(n))
	}
	literals := 0
	put := func(end, match, distance int) {
		count := end - literals
		token := min(count, 15) << 4
		if match > 0 {
			token |= min(match-leastMatch, 15)
		}
		packed = append(packed, byte(token))
		if count >= 15 {
			putLength(count - 15)
		}
		packed = append(packed, text[literals:end]...)
		if match > 0 {
			packed = binary.LittleEndian.AppendUint16(packed, uint16(distance))
			if match-leastMatch >= 15 {
				putLength(match - leastMatch - 15)
			}
		}
		literals = end + match
	}
	for at := 0; at+leastMatch <= len(text); {
		word := binary.LittleEndian.Uint32(text[at:])
		hash := word * 2654435761 >> (32 - hashBits)
		// Places count from 1, as 0 stands for none.
		from := int(places[hash]) - 1
		places[hash] = int32(at + 1)
		if from < 0 || at-from >= window || binary.LittleEndian.Uint32(text[from:]) != word {
			at++
			continue
		}
		match := leastMatch
		for at+match < len(text) && text[from+match] == text[at+match] {
			match++
		}
		put(at, match, at-from)
		at += match
	}
	put(len(text), 0, 0)
	return packed
}

var errBroken = errors.New("the compressed data is broken")

func unlz(packed []byte) ([]byte, error) {
	var text []byte
	at := 0
	length := func(n int) int {
		if n < 15 {
			return n
		}
		for at < len(packed) {
			more := packed[at]
			at++
			n += int(more)
			if more < 255 {
				break
			}
		}
		return n
	}
	for at < len(packed) {
		token := packed[at]
		at++
		count := length(int(token >> 4))
		if count > len(packed)-at {
			return nil, errBroken
		}
		text = append(text, packed[at:at+count]...)
		at += count
		if at == len(packed) {
			break
		}
		if at+2 > len(packed) {
			return nil, errBroken
		}
		distance := int(binary.LittleEndian.Uint16(packed[at:]))
		at += 2
		match := length(int(token&15)) + leastMatch
		if distance == 0 || distance > len(text) {
			return nil, errBroken
		}
		for from := len(text) - distance; match > 0; match-- {
			text = append(text, text[from])
			from++
		}
	}
	return text, nil
}

func main() {
	size := 500
	if len(os.Args) > 1 {
		n, err := strconv.Atoi(os.Args[1])
		if err != nil || n < 1 {
			fmt.Fprintln(os.Stderr, "usage: flate [kilobytes]")
			os.Exit(1)
		}
		size = n
	}
	text := makeText(size<<10, 2463534242)
	fmt.Printf("%d bytes, %08x\n", len(text), crc32.ChecksumIEEE(text))
	report := func(name string, packed, unpacked []byte) {
		if !bytes.Equal(unpacked, text) {
			check(fmt.Errorf("%s: the text has changed", name))
		}
		fmt.Printf("%s: %d bytes, %08x\n", name, len(packed), crc32.ChecksumIEEE(packed))
	}
	for _, level := range []int{1, 6, 9} {
		packed, err := gzipped(text, level)
		check(err)
		unpacked, err := gunzipped(packed)
		check(err)
		report("gzip "+strconv.Itoa(level), packed, unpacked)
	}
	for round := 1; round <= 4; round++ {
		packed := lz(text)
		unpacked, err := unlz(packed)
		check(err)
		report("lz", packed, unpacked)
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
