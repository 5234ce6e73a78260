// Works on arrays of bytes, 32-bit integers and floating-point numbers, n rounds of them, with vectors of 128 bits
// (argument "simd"; built with GOEXPERIMENT=simd) or without (argument "scalar"): the output is the same.
package main

import (
	"fmt"
	"os"
	"simd/archsimd"
	"strconv"
)

const size = 4096

// kernels are the loops: each in the two ways.
type kernels struct {
	// brighten adds to bytes, up to 255.
	brighten func(to, from []uint8, by uint8)
	// lerp sets to[i] = from[i] + (other[i] - from[i]) * t.
	lerp func(to, from, other []float32, t float32)
	// dot multiplies, and adds in four sums.
	dot func(a, b []float32) [4]float32
	// hash goes over numbers in four steps at once.
	hash func(a []int32, h [4]int32) [4]int32
}

var scalar = kernels{
	brighten: func(to, from []uint8, by uint8) {
		for i, x := range from {
			sum := int(x) + int(by)
			if sum > 255 {
				sum = 255
			}
			to[i] = uint8(sum)
		}
	},
	lerp: func(to, from, other []float32, t float32) {
		for i, x := range from {
			to[i] = x + float32((other[i]-x)*t)
		}
	},
	dot: func(a, b []float32) (sums [4]float32) {
		for i := 0; i+4 <= len(a); i += 4 {
			sums[0] += float32(a[i] * b[i])
			sums[1] += float32(a[i+1] * b[i+1])
			sums[2] += float32(a[i+2] * b[i+2])
			sums[3] += float32(a[i+3] * b[i+3])
		}
		return sums
	},
	hash: func(a []int32, h [4]int32) [4]int32 {
		for i := 0; i+4 <= len(a); i += 4 {
			h[0] = (h[0]*31 + a[i]) ^ h[0]<<5
			h[1] = (h[1]*31 + a[i+1]) ^ h[1]<<5
			h[2] = (h[2]*31 + a[i+2]) ^ h[2]<<5
			h[3] = (h[3]*31 + a[i+3]) ^ h[3]<<5
		}
		return h
	},
}

var simd = kernels{
	brighten: func(to, from []uint8, by uint8) {
		all := archsimd.BroadcastUint8x16(by)
		for i := 0; i+16 <= len(from); i += 16 {
			archsimd.LoadUint8x16(from[i:]).AddSaturated(all).Store(to[i:])
		}
	},
	lerp: func(to, from, other []float32, t float32) {
		all := archsimd.BroadcastFloat32x4(t)
		for i := 0; i+4 <= len(from); i += 4 {
			x := archsimd.LoadFloat32x4(from[i:])
			x.Add(archsimd.LoadFloat32x4(other[i:]).Sub(x).Mul(all)).Store(to[i:])
		}
	},
	dot: func(a, b []float32) (sums [4]float32) {
		sum := archsimd.BroadcastFloat32x4(0)
		for i := 0; i+4 <= len(a); i += 4 {
			sum = sum.Add(archsimd.LoadFloat32x4(a[i:]).Mul(archsimd.LoadFloat32x4(b[i:])))
		}
		sum.StoreArray(&sums)
		return sums
	},
	hash: func(a []int32, h [4]int32) [4]int32 {
		state := archsimd.LoadInt32x4Array(&h)
		factor := archsimd.BroadcastInt32x4(31)
		for i := 0; i+4 <= len(a); i += 4 {
			state = state.Mul(factor).Add(archsimd.LoadInt32x4(a[i:])).Xor(state.ShiftAllLeft(5))
		}
		state.StoreArray(&h)
		return h
	},
}

func main() {
	way, n := "simd", 10
	if len(os.Args) > 2 {
		way = os.Args[1]
		n, _ = strconv.Atoi(os.Args[2])
	}
	k := simd
	if way == "scalar" {
		k = scalar
	}
	bytes := make([]uint8, size)
	numbers := make([]int32, size)
	a, b, c := make([]float32, size), make([]float32, size), make([]float32, size)
	for i := range bytes {
		bytes[i] = uint8(i * 7)
		numbers[i] = int32(i * 2654435761)
		a[i] = float32(i%97) / 97
		b[i] = float32(i%89) / 89
	}
	h := [4]int32{1, 2, 3, 4}
	total := 0
	var sums [4]float32
	for round := 0; round < n; round++ {
		k.brighten(bytes, bytes, uint8(round%3))
		k.lerp(c, a, b, float32(round%10)/10)
		dots := k.dot(c, b)
		for i, x := range dots {
			sums[i] += x
		}
		h = k.hash(numbers, h)
		total += int(bytes[round%size]) + int(h[round%4]&0xFF)
	}
	fmt.Println(total, h, sums)
}
