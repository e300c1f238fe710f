package mutants

import (
	"math"
	"unsafe"

	"github.com/x448/float16"
)

// fma returns a·b + c, rounded once.
//
// The product is exact in float64. Rounding the sum there and then to f32 goes
// wrong only where the first rounding lands on a midpoint of two f32; there
// the error of the first, which is known exactly, decides.
func fma(a, b, c float32) float32 {
	p, z := float64(a)*float64(b), float64(c)
	s := p + z
	r := float32(s)
	d := s - float64(r)
	if d == 0 || float64(float32(s+d)) != s+d {
		return r // s+d is the f32 on the other side, if s is a midpoint
	}
	t := s - p
	e := (p - (s - t)) + (z - t) // s + e = p + z
	switch {
	case e > 0:
		s = math.Nextafter(s, math.Inf(1))
	case e < 0:
		s = math.Nextafter(s, math.Inf(-1))
	}
	return float32(s)
}

// half returns the value of a binary16 pattern.
func half(h uint16) float32 {
	e, f := int(h>>10&31), float64(h&1023)
	v := math.Ldexp(1024+f, e-25)
	switch {
	case e == 0:
		v = math.Ldexp(f, -24)
	case e == 31 && f == 0:
		v = math.Inf(1)
	case e == 31:
		v = math.NaN()
	}
	if h>>15 != 0 {
		v = -v
	}
	return float32(v)
}

// viaHalf rounds x to binary16.
func viaHalf(x float32) float32 { return float16.Fromfloat32(x).Float32() }

// bfloat returns the value of a bfloat16 pattern.
func bfloat(h uint16) float32 { return math.Float32frombits(uint32(h) << 16) }

// flushed returns x, or 0 if it is subnormal.
func flushed(x float32) float32 {
	if math.Abs(float64(x)) < 0x1p-126 {
		return 0
	}
	return x
}

// sat16 saturates to int16.
func sat16(x int32) int32 { return max(math.MinInt16, min(math.MaxInt16, x)) }

// wrap16 and wrap8 keep the low bits.
func wrap16(x int32) int32 { return int32(int16(x)) }
func wrap8(x int32) int32  { return int32(int8(x)) }

// saturated returns x as an integer within ±2^30, and 0 for NaN.
func saturated(x float32) int32 {
	if x != x {
		return 0
	}
	return int32(max(-1<<30, min(1<<30, x)))
}

// peek reads s[i] with no regard to the bounds of s, as assembly would.
//
//go:noinline
//go:norace
//go:nocheckptr
func peek[T byte | float32](s []T, i int) T {
	return *(*T)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(s)), i*int(unsafe.Sizeof(s[0]))))
}

// poke writes s[i] with no regard to the bounds of s.
//
//go:noinline
//go:norace
//go:nocheckptr
func poke[T byte | float32](s []T, i int, v T) {
	*(*T)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(s)), i*int(unsafe.Sizeof(s[0])))) = v
}

// misaligned tells whether s begins at an address that is not a multiple of n.
func misaligned(s []float32, n uintptr) bool {
	return uintptr(unsafe.Pointer(unsafe.SliceData(s)))%n != 0
}
