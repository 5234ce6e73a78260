// Approximates the spectral norm of an infinite matrix from its n by n corner: floating-point division in loops with
// one small function call an element.
package main

import (
	"fmt"
	"math"
	"os"
	"strconv"
)

func element(i, j int) float64 {
	return 1 / float64((i+j)*(i+j+1)/2+i+1)
}

func multiply(to, from []float64) {
	for i := range to {
		sum := 0.0
		for j, v := range from {
			sum += element(i, j) * v
		}
		to[i] = sum
	}
}

func multiplyTransposed(to, from []float64) {
	for i := range to {
		sum := 0.0
		for j, v := range from {
			sum += element(j, i) * v
		}
		to[i] = sum
	}
}

func main() {
	n := 300
	if len(os.Args) > 1 {
		n, _ = strconv.Atoi(os.Args[1])
	}
	u, v, t := make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range u {
		u[i] = 1
	}
	for i := 0; i < 10; i++ {
		multiply(t, u)
		multiplyTransposed(v, t)
		multiply(t, v)
		multiplyTransposed(u, t)
	}
	var uv, vv float64
	for i := range u {
		uv += u[i] * v[i]
		vv += v[i] * v[i]
	}
	fmt.Printf("%.9f\n", math.Sqrt(uv/vv))
}
