package main

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/big"
	"math/bits"
	"math/cmplx"
	"strconv"
)

func init() {
	programs["floats"] = floats
	programs["float-format"] = floatFormat
	programs["integers"] = integers
	programs["conversions"] = conversions
	programs["math"] = mathFunctions
	programs["big"] = bigNumbers
}

var negativeZero = math.Copysign(0, -1)

var interesting = []float64{
	0, negativeZero, 1, -1, 0.1, 0.5, 1.5, 2.5, -2.5, 3.14159265358979, 100, 1e5, 123456, 999999.5, 1e6, 1e7, 1e15, 1e16, 1e17,
	1e20, 1e21, 1e22, 1e23, 1e100, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1.7976931348623157e308, 2.2250738585072014e-308,
	2.225073858507201e-308, 5e-324, 1.5e-323, 9007199254740991, 9007199254740992, 9007199254740993, 4294967295, 4294967296,
	2147483647, -2147483648, 9223372036854775807, -9223372036854775808, 18446744073709551615, 0.3, 1.0 / 3, 2.0 / 3,
	5e-45, 1.401298464324817e-45, 3.4028234663852886e38, 1.1754943508222875e-38, 0.000001, 123456789.125, 1e-323,
	math.Inf(1), math.Inf(-1), math.NaN(),
}

func floatFormat(args []string) {
	for _, f := range interesting {
		fmt.Println(f, float32(f), math.Float64bits(f), math.Float32bits(float32(f)))
		for _, format := range []byte("eEfgGb") {
			for _, precision := range []int{-1, 0, 1, 2, 6, 17, 25} {
				if format == 'b' && precision >= 0 {
					continue
				}
				fmt.Print(strconv.FormatFloat(f, format, precision, 64), " ", strconv.FormatFloat(f, format, precision, 32), " ")
			}
		}
		fmt.Println()
		fmt.Printf("%v|%g|%e|%f|%8.3f|%-12.2e|%+.1f|%010.2f|% g|%G|%#g|%6.0f|%.0e|%+v\n", f, f, f, f, f, f, f, f, f, f, f, f, f, f)
	}
	// Random bit patterns: a hash of the texts, and every text must read back as the same number.
	hash := fnv.New64a()
	state := uint64(88172645463325252)
	wrong := 0
	for i := 0; i < 20000; i++ {
		state ^= state << 13
		state ^= state >> 7
		state ^= state << 17
		f := math.Float64frombits(state)
		text := strconv.FormatFloat(f, 'g', -1, 64)
		hash.Write([]byte(text))
		if back, err := strconv.ParseFloat(text, 64); err != nil || (back != f && f == f) {
			wrong++
		}
		short := strconv.FormatFloat(float64(math.Float32frombits(uint32(state))), 'e', int(state>>60), 32)
		hash.Write([]byte(short))
	}
	fmt.Println(hash.Sum64(), wrong)
	for _, text := range []string{"1e400", "-1e400", "1e-400", "nan", "Inf", "-infinity", "0x1p-2", "1_000", "", "1.e1", ".5", "1e", "1..2",
		"179769313486231580793728971405303415079934132710037826936173778980444968292764750946649017977587207096330286416692887910946555547851940402630657488671505820681908902000708383676273854845817711531764475730270069855571366959622842914819860834936475292719074168444365510704342711559699508093042880",
		"2.2250738585072011e-308", "0.1e-1000000", "1e1000000"} {
		f, err := strconv.ParseFloat(text, 64)
		f32, err32 := strconv.ParseFloat(text, 32)
		fmt.Println(f, err, f32, err32)
	}
}

func floats(args []string) {
	for _, a := range interesting {
		for _, b := range []float64{0, negativeZero, 1, -2.5, 1e308, 5e-324, math.Inf(1), math.NaN()} {
			fmt.Print(a+b, " ", a-b, " ", a*b, " ", a/b, " ", a < b, a <= b, a == b, a != b, a > b, a >= b, " ")
			x, y := float32(a), float32(b)
			fmt.Print(x+y, " ", x-y, " ", x*y, " ", x/y, " ", x < y, x == y, " ", math.Max(a, b), math.Min(a, b), "\n")
		}
		fmt.Println(-a, math.Abs(a), math.Signbit(a), math.Sqrt(a), float32(math.Sqrt(float64(float32(a)))), math.Floor(a), math.Ceil(a),
			math.Trunc(a), math.Round(a), math.RoundToEven(a), math.Copysign(a, -1))
	}
	sum32, sum64 := float32(0), 0.0
	for i := 1; i <= 100000; i++ {
		// The conversions round: Go 1.11 and 1.12 compute in 64 bits on wasm.
		sum32 = float32(sum32 + float32(1/float32(i)))
		sum64 += 1 / float64(i)
	}
	fmt.Println(sum32, sum64)
	// Rounding of double results to single.
	fmt.Println(float32(16777217), float32(0.1)+float32(0.2), float64(float32(0.1)), float32(1e-46*sum64), float32(3e38*sum64))
	fmt.Println(complex(1, 2)*complex(3, -4), cmplx.Abs(3+4i), cmplx.Sqrt(-1), real(2i), complex(sum32, 1)/complex64(complex(0, sum32-sum32)))
}

func integers(args []string) {
	values := []int64{0, 1, -1, 2, 3, 7, -7, 10, 127, -128, 255, 32767, -32768, 65535, 1 << 31, -1 << 31, 1<<31 - 1, 1 << 32, 1<<53 + 1,
		math.MaxInt64, math.MinInt64, math.MinInt64 + 1, 0x0123456789abcdef, -0x0123456789abcdef}
	shifts := []uint{0, 1, 5, 31, 32, 33, 63, 64, 65, 127}
	for _, a := range values {
		for _, b := range values {
			fmt.Print(a+b, a-b, a*b, a&b, a|b, a^b, a&^b, a < b, uint64(a) < uint64(b), " ")
			if b != 0 {
				fmt.Print(a/b, a%b, uint64(a)/uint64(b), uint64(a)%uint64(b), " ")
			}
			x, y := int32(a), int32(b)
			fmt.Print(x+y, x-y, x*y, uint32(x) > uint32(y), " ")
			if y != 0 {
				fmt.Print(x/y, x%y, uint32(x)/uint32(y), uint32(x)%uint32(y), " ")
			}
			if c := int8(b); c != 0 {
				fmt.Print(int8(a)/c, int8(a)%c, int8(a)*c, uint8(a)/uint8(c), " ")
			}
			if c := int16(b); c != 0 {
				fmt.Print(int16(a)/c, int16(a)%c, int16(a)*c, uint16(a)%uint16(c), " ")
			}
		}
		fmt.Println()
		for _, s := range shifts {
			fmt.Print(a<<s, a>>s, uint64(a)>>s, int32(a)<<s, int32(a)>>s, uint32(a)>>s, int8(a)<<s, int8(a)>>s, uint16(a)>>s, " ")
		}
		fmt.Println()
		u := uint64(a)
		fmt.Println(bits.LeadingZeros64(u), bits.TrailingZeros64(u), bits.OnesCount64(u), bits.Reverse64(u), bits.ReverseBytes64(u),
			bits.RotateLeft64(u, 13), bits.RotateLeft64(u, -13), bits.Len64(u), bits.LeadingZeros32(uint32(u)), bits.TrailingZeros32(uint32(u)),
			bits.OnesCount32(uint32(u)), bits.RotateLeft32(uint32(u), 7), bits.Reverse16(uint16(u)), bits.Len8(uint8(u)), bits.TrailingZeros8(uint8(u)))
		fmt.Printf("%d %x %X %o %b %c %q %U %08d %+d %-20d| %20d %#x %#o\n", a, a, a, a, a, a&0xffff, a&0xffff, a&0xffff, a, a, a, a, a, a)
		fmt.Println(strconv.FormatInt(a, 2), strconv.FormatInt(a, 36), strconv.FormatUint(u, 16), strconv.Itoa(int(a)))
	}
	for _, text := range []string{"9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "0x1f", "010", "abc", "", "+5", "--5"} {
		for _, base := range []int{0, 10, 16} {
			v, err := strconv.ParseInt(text, base, 64)
			fmt.Print(v, " ", err, "; ")
		}
		v8, err := strconv.ParseInt(text, 10, 8)
		fmt.Println(v8, err)
	}
	state, hash := uint32(1), uint32(0)
	for i := 0; i < 1000000; i++ {
		state = state*1664525 + 1013904223
		hash = hash<<5 ^ hash>>27 ^ state%(uint32(i)|1) + uint32(int32(state)/int32(i%1000+1))
	}
	fmt.Println(state, hash)
}

func conversions(args []string) {
	for _, f := range []float64{0, negativeZero, 0.5, -0.5, 0.999999, 1.5, -1.5, 127.9, -128.9, 255.5, 32767.9, -32768.9, 65535.9, 2147483647.5,
		-2147483648.5, 4294967295.5, 9007199254740993, -9007199254740993, 9223372036854774784, -9223372036854775808} {
		fmt.Print(f, " ", int64(f), int(f), " ")
		if f > -2147483649 && f < 2147483648 {
			fmt.Print(int32(f), " ")
		}
		// Go before 1.26 converts fractions between -1 and 0 wrongly on wasm.
		if f >= 0 {
			fmt.Print(uint64(f), " ")
			if f < 4294967296 {
				fmt.Print(uint32(f), " ")
			}
			if f < 256 {
				fmt.Print(uint8(f), " ")
			}
		}
		fmt.Println(int64(float32(f)/2), float32(f))
	}
	for _, f := range []float64{9223372036854775808, 1e19, 18446744073709549568} {
		fmt.Println(uint64(f))
	}
	for _, u := range []uint64{0, 1, 1 << 24, 1<<24 + 1, 1 << 53, 1<<53 + 1, 1 << 63, 1<<63 + 1024, 1<<63 + 1025, 1<<64 - 1, 1<<64 - 1024, 0x8000008000000000} {
		fmt.Println(float64(u), float32(u), float64(int64(u)), float32(int64(u)), float32(uint32(u)), float64(int32(u)), uint32(u), int16(u), int8(u))
	}
	b := byte(200)
	fmt.Println(int8(b), b+100, b<<1, ^b, -b, rune(b), uint64(int8(b)), int64(int32(uint32(b)<<24)))
	fmt.Println(string(rune(0x10ffff)) == "\U0010ffff", string(rune(-1)), []byte(string(rune(0xd800))))
}

// Functions whose last bit may differ between an assembly and a Go implementation are printed with 12 digits.
func mathFunctions(args []string) {
	functions := map[string]func(float64) float64{"sin": math.Sin, "cos": math.Cos, "tan": math.Tan, "asin": math.Asin, "atan": math.Atan,
		"sinh": math.Sinh, "tanh": math.Tanh, "exp": math.Exp, "exp2": math.Exp2, "expm1": math.Expm1, "log": math.Log, "log2": math.Log2,
		"log10": math.Log10, "log1p": math.Log1p, "cbrt": math.Cbrt, "gamma": math.Gamma, "erf": math.Erf, "j0": math.J0}
	for _, name := range sortedNames(functions) {
		fmt.Print(name)
		for _, x := range []float64{-20.5, -1, -0.3, 0, 1e-9, 0.25, 1, 2.718281828, 10, 100.75, 1e6, math.Inf(1), math.Inf(-1), math.NaN()} {
			fmt.Printf(" %.12g", functions[name](x))
		}
		fmt.Println()
	}
	for _, x := range []float64{-7.5, -2, -0.0, 0.5, 3, 1e10, 5e-324, math.Inf(1)} {
		for _, y := range []float64{-2, -0.5, 0, 0.5, 3, 7.25, math.Inf(-1)} {
			fraction, exponent := math.Frexp(x)
			whole, part := math.Modf(x)
			fmt.Printf("%.12g %.12g %g %g %.12g %g %g %d %g %g %g %g\n", math.Pow(x, y), math.Atan2(x, y), math.Mod(x, y), math.Remainder(x, y),
				math.Hypot(x, y), math.Dim(x, y), fraction, exponent, whole, part, math.Ldexp(x, int(math.Max(-100, math.Min(100, y)))), math.Nextafter(x, y))
		}
	}
}

func bigNumbers(args []string) {
	factorial := big.NewInt(1)
	for i := int64(2); i <= 300; i++ {
		factorial.Mul(factorial, big.NewInt(i))
	}
	fmt.Println(factorial)
	a, b := big.NewInt(0), big.NewInt(1)
	for i := 0; i < 2000; i++ {
		a.Add(a, b)
		a, b = b, a
	}
	fmt.Println(a)
	p, _ := new(big.Int).SetString("170141183460469231731687303715884105727", 10)
	fmt.Println(p.ProbablyPrime(20), new(big.Int).Exp(big.NewInt(3), factorial, p), new(big.Int).ModInverse(a, p), new(big.Int).GCD(nil, nil, factorial, a))
	q, r := new(big.Int).QuoRem(factorial, a, new(big.Int))
	fmt.Println(q, r, new(big.Int).Sqrt(factorial).BitLen(), factorial.Cmp(a), new(big.Int).Neg(a).Text(36))
	fmt.Println(big.NewRat(3, -6).Add(big.NewRat(1, 3), big.NewRat(22, 7)), new(big.Float).SetPrec(200).Quo(big.NewFloat(1), big.NewFloat(7)))
	fmt.Printf("%x %30d %.40f\n", a, p, new(big.Float).SetPrec(150).Sqrt(big.NewFloat(2)))
}
