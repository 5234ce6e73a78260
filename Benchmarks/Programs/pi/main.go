// Prints n digits of pi, by Machin's formula on big integers, and checks them with Gibbons's spigot for the first
// few hundred: multiplication, division and conversion of long numbers.
package main

import (
	"fmt"
	"math/big"
	"os"
	"strconv"
)

// The arctangent of 1/x, times unit.
func arctan(x int64, unit *big.Int) *big.Int {
	sum := new(big.Int)
	term := new(big.Int).Div(unit, big.NewInt(x))
	square := big.NewInt(x * x)
	quotient := new(big.Int)
	for k := int64(1); term.Sign() != 0; k += 2 {
		quotient.Div(term, big.NewInt(k))
		if k%4 == 1 {
			sum.Add(sum, quotient)
		} else {
			sum.Sub(sum, quotient)
		}
		term.Div(term, square)
	}
	return sum
}

func machin(digits int) string {
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits+10)), nil)
	pi := arctan(5, unit)
	pi.Mul(pi, big.NewInt(4))
	pi.Sub(pi, arctan(239, unit))
	pi.Mul(pi, big.NewInt(4))
	return pi.String()[:digits]
}

func spigot(digits int) string {
	q, r, t := big.NewInt(1), big.NewInt(0), big.NewInt(1)
	k, m, x := big.NewInt(1), big.NewInt(3), big.NewInt(3)
	a, b := new(big.Int), new(big.Int)
	text := make([]byte, 0, digits)
	for len(text) < digits {
		a.Mul(q, big.NewInt(4))
		a.Add(a, r)
		a.Sub(a, t)
		b.Mul(m, t)
		if a.Cmp(b) < 0 {
			text = append(text, byte('0'+m.Int64()))
			a.Mul(q, big.NewInt(3))
			a.Add(a, r)
			a.Mul(a, big.NewInt(10))
			a.Div(a, t)
			b.Mul(m, big.NewInt(10))
			r.Mul(r, big.NewInt(10))
			r.Sub(r, a.Mul(b, t))
			q.Mul(q, big.NewInt(10))
			// The next digit, from the new state.
			a.Mul(q, big.NewInt(3))
			a.Add(a, r)
			m.Div(a, t)
			continue
		}
		a.Mul(q, big.NewInt(2))
		a.Add(a, r)
		b.Mul(k, big.NewInt(7))
		b.Mul(b, q)
		b.Add(b, big.NewInt(0).Mul(q, big.NewInt(2)))
		b.Add(b, new(big.Int).Mul(r, x))
		q.Mul(q, k)
		r.Mul(a, x)
		t.Mul(t, x)
		k.Add(k, big.NewInt(1))
		x.Add(x, big.NewInt(2))
		m.Div(b, t)
	}
	return string(text)
}

func main() {
	n := 1000
	if len(os.Args) > 1 {
		n, _ = strconv.Atoi(os.Args[1])
	}
	digits := machin(n)
	if few := spigot(min(n, 300)); digits[:len(few)] != few {
		fmt.Println("the two ways differ:", few)
		os.Exit(1)
	}
	fmt.Println(digits)
}
