// Multiplies two matrices of n by n numbers, of 64-bit floating point and of integers: the plainest nested loops.
package main

import (
	"fmt"
	"os"
	"strconv"
)

type matrix[T int32 | float64] [][]T

func filled[T int32 | float64](n int, value func(i, j int) T) matrix[T] {
	m := make(matrix[T], n)
	for i := range m {
		m[i] = make([]T, n)
		for j := range m[i] {
			m[i][j] = value(i, j)
		}
	}
	return m
}

func multiplyFloats(a, b matrix[float64]) matrix[float64] {
	n := len(a)
	c := filled(n, func(i, j int) float64 { return 0 })
	for i := 0; i < n; i++ {
		for j := 0; j < n; j++ {
			sum := 0.0
			for k := 0; k < n; k++ {
				sum += a[i][k] * b[k][j]
			}
			c[i][j] = sum
		}
	}
	return c
}

// The inner loop goes along rows here.
func multiplyIntegers(a, b matrix[int32]) matrix[int32] {
	n := len(a)
	c := filled(n, func(i, j int) int32 { return 0 })
	for i, row := range a {
		to := c[i]
		for k, x := range row {
			for j, y := range b[k] {
				to[j] += x * y
			}
		}
	}
	return c
}

func main() {
	n := 100
	if len(os.Args) > 1 {
		n, _ = strconv.Atoi(os.Args[1])
	}
	a := filled(n, func(i, j int) float64 { return float64(i-j) / float64(n) })
	b := filled(n, func(i, j int) float64 { return float64(i+j) / float64(n) })
	c := multiplyFloats(a, b)
	trace := 0.0
	for i := range c {
		trace += c[i][i]
	}
	x := multiplyIntegers(filled(n, func(i, j int) int32 { return int32(i*31 + j) }),
		filled(n, func(i, j int) int32 { return int32(i ^ j) }))
	sum := int32(0)
	for i, row := range x {
		for j, v := range row {
			sum = sum*31 + v ^ int32(i-j)
		}
	}
	fmt.Printf("%.6f %.6f %d\n", c[n/2][n/3], trace, sum)
}
