package main

import (
	"fmt"
	"math"
	"sort"
	"strings"
)

func init() {
	programs["maps"] = maps
	programs["closures"] = closures
	programs["types"] = types
	programs["slices"] = slices
	programs["control"] = control
}

func maps(args []string) {
	m := map[string]int{"one": 1, "two": 2}
	m["three"]++
	m["three"] += 2
	delete(m, "one")
	delete(m, "absent")
	v, ok := m["one"]
	fmt.Println(len(m), m["two"], m["three"], v, ok)

	big := make(map[int]int)
	for i := 0; i < 100000; i++ {
		big[i*7919%100003] = i
	}
	sum := 0
	for k, v := range big {
		sum += k ^ v
		if k%3 == 0 {
			delete(big, k)
		}
	}
	fmt.Println(sum, len(big), big[7919], big[15838])
	keys := make([]int, 0, len(big))
	for k := range big {
		keys = append(keys, k)
	}
	sort.Ints(keys)
	fmt.Println(keys[:5], keys[len(keys)-5:])

	type key struct {
		a string
		b [2]int8
		c interface{}
	}
	byKey := map[key]string{}
	byKey[key{"x", [2]int8{1, 2}, 3}] = "first"
	byKey[key{"x", [2]int8{1, 2}, "3"}] = "second"
	fmt.Println(byKey[key{"x", [2]int8{1, 2}, 3}], byKey[key{"x", [2]int8{1, 2}, "3"}], len(byKey))

	floats := map[float64]int{}
	floats[math.NaN()] = 1
	floats[math.NaN()] = 2
	floats[0] = 3
	floats[math.Copysign(0, -1)] = 4
	fmt.Println(len(floats), floats[0], floats[math.NaN()])

	set := map[interface{}]bool{1: true, int8(1): true, "1": true, 1.0: true, nil: true, [1]int{1}: true}
	fmt.Println(len(set), set[1], set[uint(1)], set[nil], set[[1]int{1}])
	var none map[string]bool
	fmt.Println(none["x"], len(none))
	for i := 0; i < 3; i++ {
		nested := map[string]map[string]int{"a": {"b": i}}
		nested["a"]["c"]++
		fmt.Println(len(nested["a"]), nested["a"]["b"])
	}
}

func closures(args []string) {
	counter := func() func() int {
		n := 0
		return func() int { n++; return n }
	}
	a, b := counter(), counter()
	fmt.Println(a(), a(), b(), a())

	var functions []func() int
	for i := 0; i < 3; i++ {
		i := i
		functions = append(functions, func() int { i *= 10; return i })
	}
	for _, f := range functions {
		fmt.Print(f(), f(), " ")
	}
	fmt.Println()

	var fib func(int) int
	fib = func(n int) int {
		if n < 2 {
			return n
		}
		return fib(n-1) + fib(n-2)
	}
	fmt.Println(fib(20))

	compose := func(fs ...func(int) int) func(int) int {
		return func(x int) int {
			for _, f := range fs {
				x = f(x)
			}
			return x
		}
	}
	fmt.Println(compose(func(x int) int { return x + 1 }, func(x int) int { return x * x }, fib)(3))
	p := point{3, 4}
	method := p.norm
	p.x = 100
	fmt.Println(method(), point.norm(p), (*point).scale(&p, 2), p)
	fmt.Println(strings.Map(func(r rune) rune { return r + 1 }, "HAL"))
}

func (p point) norm() int             { return p.x*p.x + p.y*p.y }
func (p *point) scale(by int) *point  { p.x *= by; p.y *= by; return p }
func (p *point) String() string       { return fmt.Sprintf("<%d,%d>", p.x, p.y) }
func (p point) Format2(s string) bool { return s == "x" }

type shape interface {
	area() float64
	name() string
}
type square struct{ side float64 }
type circle struct{ radius float64 }
type named2 struct {
	shape
	title string
}

func (s square) area() float64  { return s.side * s.side }
func (s square) name() string   { return "square" }
func (c *circle) area() float64 { return math.Pi * c.radius * c.radius }
func (c *circle) name() string  { return "circle" }
func (n named2) name() string   { return n.title + " " + n.shape.name() }

func types(args []string) {
	shapes := []shape{square{2}, &circle{1.5}, named2{square{3}, "big"}, named2{&circle{2}, "round"}}
	for _, s := range shapes {
		fmt.Printf("%s %.3f %T\n", s.name(), s.area(), s)
	}
	values := []interface{}{nil, 1, int8(-1), uint64(1 << 63), 1.5, float32(0.1), 2i, "s", 'r', true, []byte("b"),
		[2]bool{true}, point{1, 2}, &point{3, 4}, map[string]int{"a": 1}, failure{5}, struct{}{}, kind("k")}
	for _, v := range values {
		switch v := v.(type) {
		case nil:
			fmt.Print("nil ")
		case int, int8:
			fmt.Printf("int %v ", v)
		case error:
			fmt.Print("error ", v.Error(), " ")
		case fmt.Stringer:
			fmt.Print("stringer ", v, " ")
		case []byte:
			fmt.Print("bytes ", len(v), " ")
		default:
			fmt.Printf("%T=%v ", v, v)
		}
	}
	fmt.Println()
	var s shape
	_, isSquare := s.(square)
	s = square{1}
	sq, isSquareNow := s.(square)
	fmt.Println(isSquare, isSquareNow, sq.side, s == shape(square{1}), s != shape(square{2}))
	fmt.Println(point{1, 2} == point{1, 2}, [3]int{1, 2, 3} == [3]int{1, 2, 4}, interface{}(1) == interface{}(int64(1)))
	anonymous := struct {
		point
		extra int
	}{point{5, 6}, 7}
	fmt.Printf("%+v %v %d\n", anonymous, anonymous.x, anonymous.norm())
	type recursive map[string]recursive
	fmt.Println(recursive{"a": {"b": nil}})
}

func slices(args []string) {
	s := []int{0, 1, 2, 3, 4, 5, 6, 7}
	part := s[2:4:5]
	fmt.Println(part, len(part), cap(part))
	part = append(part, 100)
	fmt.Println(s[4])
	part = append(part, 200)
	part[0] = -1
	fmt.Println(s, part)
	fmt.Println(copy(s[1:], s), s, copy(s, []int{9}), s)
	bytes := append([]byte("hello "), "wörld"...)
	fmt.Println(string(bytes), len(bytes), string(bytes[7:9]), []rune("wörld"), string([]rune{0x65e5, 0x672c}))
	for i, r := range "a\xffé\u65e5\xe6\x97" {
		fmt.Print(i, ":", r, " ")
	}
	fmt.Println()
	matrix := make([][]float64, 3)
	for i := range matrix {
		matrix[i] = make([]float64, 4)
		for j := range matrix[i] {
			matrix[i][j] = float64(i*10+j) / 4
		}
	}
	fmt.Println(matrix)
	array := [...]string{2: "c", 0: "a"}
	copied := array
	copied[1] = "b"
	fmt.Println(array, copied, len(array), array == copied)
	grown := []struct{ a, b int16 }{}
	capacities := []int{}
	for i := 0; i < 2000; i++ {
		grown = append(grown, struct{ a, b int16 }{int16(i), int16(-i)})
		if len(capacities) == 0 || capacities[len(capacities)-1] != cap(grown) {
			capacities = append(capacities, cap(grown))
		}
	}
	fmt.Println(capacities, grown[1999])
	var nothing []int
	fmt.Println(nothing == nil, len(nothing), append(nothing, nothing...) == nil)
	big := make([]byte, 300)
	for i := range big {
		big[i] = byte(i)
	}
	copy(big[5:], big)
	copy(big, big[9:])
	fmt.Println(big[:20], big[280:])
}

func control(args []string) {
	total := 0
outer:
	for i := 0; i < 10; i++ {
		for j := 0; j < 10; j++ {
			switch {
			case j == 7:
				continue outer
			case i == 8:
				break outer
			case i == j:
				total += 100
				fallthrough
			case i > j:
				total++
			default:
				total += 2
			}
		}
	}
	fmt.Println(total)
	i := 0
again:
	if i < 5 {
		i++
		goto again
	}
	fmt.Println(i)
	for _, n := range []int{-3, 0, 1, 5, 17, 42, 100, 9999, 123456789} {
		// Dense, so that it becomes a jump table where the compiler makes them.
		var word string
		switch n {
		case 0:
			word = "zero"
		case 1:
			word = "one"
		case 2, 3, 4:
			word = "few"
		case 5:
			word = "five"
		case 6:
			word = "six"
		case 7, 8, 9, 10, 11, 12, 13, 14, 15, 16:
			word = "many"
		case 17:
			word = "seventeen"
		case 42:
			word = "answer"
		case 123456789:
			word = "long"
		default:
			word = "other"
		}
		var same string
		switch word {
		case "zero", "one", "few", "five", "six", "many", "seventeen":
			same = "small"
		case "answer":
			same = "the one"
		case "other", "long":
			same = "big"
		}
		fmt.Print(n, " ", word, " ", same, "; ")
	}
	fmt.Println()
	x, y := 1, 2
	x, y = y, x+y
	s := []int{0, 1, 2}
	k := 0
	k, s[k] = 2, 9
	fmt.Println(x, y, k, s)
	fmt.Println(multiple(3, "a", "b"))
	fmt.Println(func(xs ...int) int { return len(xs) }(s...), true && !false || x > y)
}

func multiple(n int, words ...string) (int, string, error) {
	if len(words) > n {
		return 0, "", failure{1}
	}
	return n * len(words), strings.Join(words, "+"), nil
}
