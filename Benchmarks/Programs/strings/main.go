// Builds, splits, joins, searches and replaces text of n words: copying, allocation, and walks over bytes and runes.
package main

import (
	"fmt"
	"hash/crc32"
	"os"
	"strconv"
	"strings"
	"unicode"
)

func main() {
	n := 10000
	if len(os.Args) > 1 {
		n, _ = strconv.Atoi(os.Args[1])
	}
	var text strings.Builder
	for i := 0; i < n; i++ {
		text.WriteString("wörd")
		text.WriteString(strconv.Itoa(i * 7919 % 10007))
		text.WriteByte(" ,;\n"[i%4])
	}
	all := text.String()
	words := strings.FieldsFunc(all, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	upper := strings.ToUpper(strings.Join(words, "-"))
	replaced := strings.NewReplacer("1", "one", "2", "two", "Ö", "OE").Replace(upper)
	count := strings.Count(replaced, "one") + strings.Index(replaced, "TWO") + strings.LastIndex(replaced, "oneone")
	title := strings.Map(func(r rune) rune {
		if unicode.IsUpper(r) {
			return unicode.ToLower(r)
		}
		return r
	}, replaced)
	sum := ""
	for i, word := range words {
		// Strings that grow by concatenation, and start anew before they are long.
		if sum += word[:1] + strconv.Itoa(len(word)); i%100 == 99 {
			sum = sum[len(sum)-10:]
		}
	}
	lines := 0
	for rest := title; rest != ""; {
		line, after, _ := strings.Cut(rest, "-")
		if strings.HasPrefix(line, "woerdone") || strings.Contains(line, "77") {
			lines++
		}
		rest = after
	}
	runes := []rune(all)
	for i, j := 0, len(runes)-1; i < j; i, j = i+1, j-1 {
		runes[i], runes[j] = runes[j], runes[i]
	}
	fmt.Println(len(words), len(replaced), count, lines, sum)
	fmt.Printf("%08x %08x\n", crc32.ChecksumIEEE([]byte(title)), crc32.ChecksumIEEE([]byte(string(runes))))
}
