// Searches n lines of a generated log with regular expressions, with and without sub-matches: a backtracker, a
// one-pass matcher and Unicode classes, all of them loops over bytes and small slices.
package main

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
)

var patterns = []string{
	`(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})`,
	`"(GET|POST) (/[a-z/]*)(\?[^" ]*)?"`,
	`(?i)error|warn(ing)?`,
	`\b[a-z]+@[a-z]+\.(com|org)\b`,
	`^(\S+) .* (\d+)$`,
	`[\p{Greek}\p{Cyrillic}]+`,
	`(a+b?)+c`,
}

func main() {
	n := 2000
	if len(os.Args) > 1 {
		n, _ = strconv.Atoi(os.Args[1])
	}
	var text strings.Builder
	words := []string{"index", "images/logo", "Error", "warning", "ok", "λόγος", "слово", "aaab", "abc", "user@example.com"}
	for i := 0; i < n; i++ {
		fmt.Fprintf(&text, "10.%d.%d.%d - %s \"%s /%s?id=%d\" %s %d\n", i%256, i*7%256, i*13%256, words[i%len(words)],
			[]string{"GET", "POST", "PUT"}[i%3], []string{"a/b", "", "static/x"}[i%3], i, words[i*3%len(words)], i*17%600)
	}
	lines := strings.Split(strings.TrimSpace(text.String()), "\n")
	for _, pattern := range patterns {
		re := regexp.MustCompile(pattern)
		lineMatches, groups := 0, 0
		for _, line := range lines {
			if m := re.FindStringSubmatch(line); m != nil {
				lineMatches++
				for _, g := range m[1:] {
					groups += len(g)
				}
			}
		}
		all := len(re.FindAllStringIndex(text.String(), -1))
		fmt.Println(lineMatches, groups, all, len(re.ReplaceAllString(lines[0], "<$0>")))
	}
}
