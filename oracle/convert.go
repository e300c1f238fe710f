package oracle

import (
	"encoding/binary"
	"math"
	"math/big"
	"sort"

	"assay/spec"
)

// narrow rounds each f32 of src to the nearest F16 or BF16, ties to even.
func narrow(f spec.Format, src []byte) []byte {
	out := make([]byte, 0, len(src)/2)
	for _, x := range spec.Floats(src) {
		h := encode(f, float64(x))
		out = binary.LittleEndian.AppendUint16(out, h)
	}
	return out
}

// encode returns the F16 or BF16 nearest to x, of two the one with an even
// significand: x is a whole number of units in the last place of its binade, or
// is rounded to one.
func encode(f spec.Format, x float64) uint16 {
	bits, low := 10, -14 // of the fraction; exponent of the smallest normal number
	if f == spec.BF16 {
		bits, low = 7, -126
	}
	inf := uint16(0x7fff) >> bits << bits
	sign := uint16(0)
	if math.Signbit(x) {
		sign, x = 1<<15, -x
	}
	switch {
	case x != x:
		return inf | 1<<(bits-1)
	case math.IsInf(x, 1):
		return sign | inf
	case x == 0:
		return sign
	}
	_, e := math.Frexp(x)
	e = max(e-1, low)
	units := new(big.Rat).Mul(rat(x), new(big.Rat).SetFloat64(math.Ldexp(1, bits-e)))
	n := nearestEvenRat(units) // 0 … 2^(bits+1); a carry into the exponent is right as it is
	code := int64(e-low)<<bits + n
	return sign | uint16(min(code, int64(inf)))
}

// nearestEvenRat returns the integer nearest to r, of two the even one.
func nearestEvenRat(r *big.Rat) int64 {
	lo := floor(r)
	half := new(big.Rat).Sub(r, big.NewRat(2*lo+1, 2)) // r − (lo + 1/2)
	if half.Sign() > 0 || half.Sign() == 0 && lo%2 != 0 {
		return lo + 1
	}
	return lo
}

// bulkNarrow is narrow by search: the positive patterns are ordered as their
// values are.
func bulkNarrow(f spec.Format, src []byte) []byte {
	out := make([]byte, 0, len(src)/2)
	for _, x := range spec.Floats(src) {
		out = binary.LittleEndian.AppendUint16(out, search(f, float64(x)))
	}
	return out
}

func search(f spec.Format, x float64) uint16 {
	value, inf := func(h int) float64 { return f16Values[h] }, 0x7c00
	limit, quiet := 65536.0, uint16(0x7e00) // limit: what would follow the largest number
	if f == spec.BF16 {
		value, inf = func(h int) float64 { return float64(math.Float32frombits(uint32(h) << 16)) }, 0x7f80
		limit, quiet = 0x1p128, 0x7fc0
	}
	var sign uint16
	if math.Signbit(x) {
		sign, x = 1<<15, -x
	}
	if x != x {
		return quiet
	}
	hi := sort.Search(inf, func(h int) bool { return value(h) >= x }) // inf if none is
	if hi < inf && value(hi) == x {
		return sign | uint16(hi)
	}
	above := limit
	if hi < inf {
		above = value(hi)
	}
	down, up := x-value(hi-1), above-x // exact: both lie within 16 bits of x
	if up < down || up == down && hi%2 == 0 {
		return sign | uint16(hi)
	}
	return sign | uint16(hi-1)
}
