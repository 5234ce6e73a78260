package main

import (
	"bytes"
	"compress/gzip"
	"container/heap"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io/ioutil"
	"reflect"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"text/tabwriter"
	"text/template"
	"unicode"
)

func init() {
	programs["fmt"] = formatting
	programs["strings"] = stringFunctions
	programs["sort"] = sorting
	programs["json"] = jsonText
	programs["regexp"] = regularExpressions
	programs["hashes"] = hashes
	programs["encodings"] = encodings
	programs["reflect"] = reflection
	programs["template"] = templates
}

func sortedNames(m interface{}) []string {
	var names []string
	for _, k := range reflect.ValueOf(m).MapKeys() {
		names = append(names, k.String())
	}
	sort.Strings(names)
	return names
}

type formatted struct {
	Name  string
	Count int
	inner *point
	List  []interface{}
	Table map[string]float64
}

func formatting(args []string) {
	value := formatted{"n", -3, nil, []interface{}{1, "two", 3.5, nil, []byte{1, 2}}, map[string]float64{"a": 1}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%T", "%d", "%s", "%q", "%x"} {
		fmt.Printf(verb+"\n", value)
	}
	for _, x := range []interface{}{"text", "üñí\x00\xff\n", []byte("bytes"), 'x', 65, -65, uint8(200), true, 3.25, 1 + 2i, nil, []string{"a", "b"},
		[3]int{1, 2, 3}, map[int]string{2: "b"}, point{1, 2}, &point{1, 2}, failure{4}, []error{failure{1}, nil}, struct {
			A int
			B string
		}{1, "x"}, int64(-1) << 63, uint64(1) << 63} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%T", "%d", "%5d", "%-5d|", "%05d", "%x", "%X", "% x", "%#x", "%o", "%b", "%c", "%U", "%s", "%10s", "%-10s|",
			"%.2s", "%q", "%+q", "%#q", "%t", "%e", "%.1f", "%z"} {
			fmt.Printf(verb+" ", x)
		}
		fmt.Println()
	}
	fmt.Printf("%[2]d %[1]d %d %*d %-*d| %.*f %%\n", 1, 2, 5, 3, 4, 9, 2, 3.14159)
	fmt.Printf("%d %s\n", 1)
	fmt.Printf("%d\n", 1, 2)
	fmt.Printf("%!\n")
	var a, b int
	var word string
	n, err := fmt.Sscanf("12 abc 0x1f", "%d %s %v", &a, &word, &b)
	fmt.Println(n, err, a, word, b)
	n, err = fmt.Sscan("7 x", &a, &b)
	fmt.Println(n, err, a)
	for i := 0; i < 3000; i++ {
		fmt.Printf("%4d %-8s %08.3f %t %q|", i, strconv.Itoa(i*i), float64(i)/7, i%2 == 0, rune('a'+i%26))
		if i%8 == 7 {
			fmt.Println()
		}
	}
}

func stringFunctions(args []string) {
	s := "  The quick brown fox, jumps över the läzy dog. Ǆ ß İ  "
	fmt.Println(strings.ToUpper(s), strings.ToLower(s), strings.Title(s), strings.TrimSpace(s))
	fmt.Println(strings.Fields(s), strings.Split(s, "o"), strings.SplitN(s, " ", 4), strings.Index(s, "fox"), strings.LastIndex(s, "the"))
	fmt.Println(strings.Replace(s, "o", "0", 2), strings.Repeat("ab", 5), strings.EqualFold("Straße", "STRAßE"), strings.Count("cheese", "e"), strings.Count("é", ""))
	fmt.Println(strings.Contains(s, "läzy"), strings.HasPrefix(s, "  The"), strings.TrimLeft("xxabcxx", "x"), strings.TrimFunc("12ab34", unicode.IsDigit))
	fmt.Println(strings.NewReplacer("a", "1", "b", "2", "abc", "3").Replace("abcab"), strings.IndexByte("abc", 'c'), strings.IndexAny("golang", "ny"))
	long := strings.Repeat("needle in a hay", 1000) + "stack"
	fmt.Println(len(long), strings.Index(long, "haystack"), strings.LastIndex(long, "needle"), strings.Compare(long, long+"x"))
	var builder strings.Builder
	for i := 0; i < 1000; i++ {
		builder.WriteByte(byte('a' + i%26))
		builder.WriteRune(rune(0x3b1 + i%20))
	}
	fmt.Println(builder.Len(), crc32.ChecksumIEEE([]byte(builder.String())))
	for _, q := range []string{"plain", "tab\t", "\x00\x7f\xff", "日本", "\u200b\U0001f600", "\"'`"} {
		fmt.Println(strconv.Quote(q), strconv.QuoteToASCII(q), strconv.CanBackquote(q))
		back, err := strconv.Unquote(strconv.Quote(q))
		fmt.Println(back == q, err)
	}
	counts := map[string]int{}
	for r := rune(0); r < 0x3000; r++ {
		if unicode.IsLetter(r) {
			counts["letter"]++
		}
		if unicode.IsUpper(r) {
			counts["upper"]++
		}
		if unicode.IsSpace(r) {
			counts["space"]++
		}
		if unicode.ToUpper(r) != r {
			counts["toupper"]++
		}
	}
	fmt.Println(counts["letter"], counts["upper"], counts["space"], counts["toupper"])
}

type byLength []string

func (b byLength) Len() int            { return len(b) }
func (b byLength) Less(i, j int) bool  { return len(b[i]) < len(b[j]) }
func (b byLength) Swap(i, j int)       { b[i], b[j] = b[j], b[i] }
func (b *byLength) Push(x interface{}) { *b = append(*b, x.(string)) }
func (b *byLength) Pop() interface{} {
	old := *b
	x := old[len(old)-1]
	*b = old[:len(old)-1]
	return x
}

func sorting(args []string) {
	words := strings.Fields("the quick brown fox jumps over the lazy dog while seven wizards boxed")
	stable := append(byLength{}, words...)
	sort.Stable(stable)
	fmt.Println(stable)
	sort.Strings(words)
	fmt.Println(words, sort.SearchStrings(words, "lazy"))
	state, numbers := uint32(7), make([]int, 50000)
	for i := range numbers {
		state = state*1664525 + 1013904223
		numbers[i] = int(state>>8) % 100000
	}
	floats := make([]float64, 1000)
	for i := range floats {
		floats[i] = float64(numbers[i]) / 3
	}
	sort.Ints(numbers)
	sort.Float64s(floats)
	hash := crc32.NewIEEE()
	for _, n := range numbers {
		fmt.Fprint(hash, n, ",")
	}
	fmt.Println(sort.IntsAreSorted(numbers), hash.Sum32(), floats[:3], sort.SearchInts(numbers, 50000))
	sort.Sort(sort.Reverse(sort.IntSlice(numbers)))
	fmt.Println(numbers[:5])
	queue := &byLength{}
	for _, w := range words {
		heap.Push(queue, w)
	}
	for queue.Len() > 0 {
		fmt.Print(len(heap.Pop(queue).(string)), " ")
	}
	fmt.Println()
}

type document struct {
	ID       int64                  `json:"id"`
	Title    string                 `json:"title,omitempty"`
	Ratio    float64                `json:"ratio"`
	Tags     []string               `json:"tags"`
	Parent   *document              `json:"parent,omitempty"`
	Extra    map[string]interface{} `json:"extra"`
	Raw      json.RawMessage        `json:"raw,omitempty"`
	Skipped  int                    `json:"-"`
	Embedded `json:"embedded"`
}

type Embedded struct{ Level uint8 }

func jsonText(args []string) {
	d := document{ID: 1 << 60, Title: "q\"<&>\u2028é\x01", Ratio: 1e21, Parent: &document{Ratio: 1e-7}, Raw: json.RawMessage(`{"a":[1,2]}`),
		Extra: map[string]interface{}{"z": nil, "a": 1.5, "list": []interface{}{true, "x", 1e6}}}
	text, err := json.Marshal(d)
	fmt.Println(string(text), err)
	indented, err := json.MarshalIndent(d, ">", "  ")
	fmt.Println(string(indented), err)
	var back document
	fmt.Println(json.Unmarshal(text, &back), reflect.DeepEqual(back.Parent.Ratio, d.Parent.Ratio), back.ID, back.Extra["list"])
	for _, bad := range []string{``, `{`, `{"id":"x"}`, `[1,2`, `{"id":1.5}`, `{"ratio":1e999}`, `nul`, `{"embedded":{"Level":300}}`, `{"tags":[1]}`, `"\ud800"`, `{} x`} {
		var out document
		err := json.Unmarshal([]byte(bad), &out)
		fmt.Println(err != nil, out.ID)
	}
	decoder := json.NewDecoder(strings.NewReader(`{"a":1} {"a":2.50} [true]`))
	decoder.UseNumber()
	for decoder.More() {
		var v interface{}
		if err := decoder.Decode(&v); err != nil {
			fmt.Println(err)
			break
		}
		fmt.Println(v)
	}
	deep := strings.Repeat("[", 5000) + strings.Repeat("]", 5000)
	var v interface{}
	fmt.Println(json.Unmarshal([]byte(deep), &v))
	for _, f := range interesting {
		if text, err := json.Marshal(f); err == nil {
			fmt.Print(string(text), " ")
		}
	}
	fmt.Println()
}

func regularExpressions(args []string) {
	text := "On 2026-02-28 at 12:30 alice@example.com wrote to bob@test.org: aaaab ΑΒΓ x=1, y=-22, z=333"
	for _, p := range []string{`\d+`, `(\d{4})-(\d\d)-(\d\d)`, `(?P<user>\w+)@(?P<host>[\w.]+)`, `(a+)(b?)`, `(?i)ALICE|BOB`, `[\p{Greek}]+`, `\b\w=(-?\d+)`, `^On`, `z$`, `(a|aa)*?b`, `x*`, `(?s).*wrote`} {
		re := regexp.MustCompile(p)
		fmt.Printf("%q %q %v\n", re.FindAllString(text, -1), re.FindStringSubmatch(text), re.FindAllStringSubmatchIndex(text, 3))
		fmt.Println(re.ReplaceAllString(text, "[$0]"), re.MatchString("nothing"), re.SubexpNames(), re.NumSubexp())
	}
	for _, bad := range []string{`(`, `[z-a]`, `a**`, `(?<x`, `\8`, `a{1001}`} {
		_, err := regexp.Compile(bad)
		fmt.Println(err != nil)
	}
	fmt.Println(regexp.MustCompile(`(x+x+)+y`).MatchString(strings.Repeat("x", 2000)))
	fmt.Println(regexp.QuoteMeta("a.b*c"), regexp.MustCompile(`,\s*`).Split("a, b,c,   d", -1))
}

func hashes(args []string) {
	data := bytes.Repeat([]byte("0123456789abcdefghijklmnopqrstuvwxyz"), 5000)
	for _, n := range []int{0, 1, 55, 56, 63, 64, 65, 1000, len(data)} {
		d := data[:n]
		fmt.Printf("%x %x %x %x %08x\n", md5.Sum(d), sha1.Sum(d), sha256.Sum256(d), sha512.Sum512(d), crc32.ChecksumIEEE(d))
	}
	mac := hmac.New(sha256.New, []byte("key"))
	mac.Write(data[:100])
	fmt.Println(hex.EncodeToString(mac.Sum(nil)))
}

func encodings(args []string) {
	data := bytes.Repeat([]byte("compressible text, "), 3000)
	var packed bytes.Buffer
	w, _ := gzip.NewWriterLevel(&packed, 6)
	w.Write(data)
	w.Close()
	r, err := gzip.NewReader(&packed)
	if err != nil {
		panic(err)
	}
	unpacked, err := ioutil.ReadAll(r)
	fmt.Println(bytes.Equal(data, unpacked), err, len(unpacked))
	text := base64.StdEncoding.EncodeToString(data[:50])
	back, err := base64.StdEncoding.DecodeString(text)
	fmt.Println(text, string(back), err)
	_, err = base64.StdEncoding.DecodeString("!!!")
	fmt.Println(err)
	fmt.Println(hex.Dump(data[:40]))
	var buffer bytes.Buffer
	record := struct {
		A uint8
		B int16
		C uint32
		D float64
	}{1, -2, 3, 4.5}
	fmt.Println(binary.Write(&buffer, binary.BigEndian, record), buffer.Bytes(), binary.LittleEndian.Uint32([]byte{1, 2, 3, 4}))
	var stream bytes.Buffer
	in := map[string][]formatted{"k": {{Name: "x", Count: 5, Table: map[string]float64{"t": 0.5}}}}
	fmt.Println(gob.NewEncoder(&stream).Encode(in))
	out := map[string][]formatted{}
	fmt.Println(gob.NewDecoder(&stream).Decode(&out), out["k"][0].Name, out["k"][0].Table)
	buf := make([]byte, 10)
	for _, v := range []uint64{0, 127, 128, 1 << 40, 1<<64 - 1} {
		n := binary.PutUvarint(buf, v)
		got, m := binary.Uvarint(buf[:n])
		fmt.Print(n, m, got == v, " ")
	}
	fmt.Println()
}

func reflection(args []string) {
	t := reflect.TypeOf(document{})
	for i := 0; i < t.NumField(); i++ {
		f := t.Field(i)
		fmt.Println(f.Name, f.Type, f.Tag.Get("json"), f.Anonymous)
	}
	p := &point{1, 2}
	v := reflect.ValueOf(p)
	for i := 0; i < v.NumMethod(); i++ {
		fmt.Print(v.Type().Method(i).Name, " ")
	}
	fmt.Println(v.MethodByName("String").Call(nil)[0])
	swap := reflect.MakeFunc(reflect.TypeOf(func(int, string) (string, int) { return "", 0 }), func(in []reflect.Value) []reflect.Value {
		return []reflect.Value{in[1], in[0]}
	}).Interface().(func(int, string) (string, int))
	fmt.Println(swap(1, "a"))
	many := reflect.ValueOf(func(a int8, b float32, c string, d []int, e interface{}, f float64, g uint64) string {
		return fmt.Sprint(a, b, c, d, e, f, g)
	})
	in := []reflect.Value{reflect.ValueOf(int8(1)), reflect.ValueOf(float32(2.5)), reflect.ValueOf("s"), reflect.ValueOf([]int{1}),
		reflect.ValueOf(failure{1}), reflect.ValueOf(0.25), reflect.ValueOf(uint64(9))}
	fmt.Println(many.Call(in)[0])
	s := reflect.MakeSlice(reflect.TypeOf([]string{}), 0, 2)
	s = reflect.Append(s, reflect.ValueOf("x"), reflect.ValueOf("y"))
	m := reflect.MakeMap(reflect.TypeOf(map[string]int{}))
	m.SetMapIndex(reflect.ValueOf("k"), reflect.ValueOf(3))
	fmt.Println(s, m, reflect.DeepEqual([]interface{}{1, "a", map[string]int{"x": 1}}, []interface{}{1, "a", map[string]int{"x": 1}}))
	c := reflect.MakeChan(reflect.TypeOf(make(chan int)), 1)
	c.Send(reflect.ValueOf(5))
	received, ok := c.Recv()
	fmt.Println(received, ok)
	defer func() { fmt.Println("recovered:", recover()) }()
	reflect.ValueOf(point{}).Field(0).SetInt(1)
}

func templates(args []string) {
	t := template.Must(template.New("t").Funcs(template.FuncMap{"double": func(n int) int { return 2 * n }}).Parse(
		`{{define "row"}}<{{.}}>{{end}}{{range $i, $e := .List}}{{if $i}}, {{end}}{{template "row" $e}}{{else}}none{{end}} {{.Name | printf "%q"}} {{double .Count}} {{with .Table}}{{.a}}{{end}} {{len .List}} {{eq .Count 3}}
`))
	var out bytes.Buffer
	err := t.Execute(&out, formatted{Name: "n", Count: 3, List: []interface{}{1, "x"}, Table: map[string]float64{"a": 0.5}})
	fmt.Print(out.String(), err, "\n")
	fmt.Println(t.Execute(ioutil.Discard, struct{}{}) != nil)
	table := tabwriter.NewWriter(&out, 0, 8, 2, ' ', tabwriter.AlignRight|tabwriter.Debug)
	fmt.Fprintln(table, "a\tbbb\tc")
	fmt.Fprintln(table, "aaaa\tb\tccccc")
	table.Flush()
	fmt.Print(out.String())
}
