package oracle

import (
	"encoding/binary"
	"math"
	"math/big"

	"assay/spec"
)

// quantizeQ8K quantises each block of 256 values by rule, which returns the
// scale and the quants.
func quantizeQ8K(src []byte, rule func(x []float32) (float32, [spec.SuperBlock]int8)) []byte {
	var out []byte
	x := spec.Floats(src)
	for b := 0; b < len(x); b += spec.SuperBlock {
		d, q := rule(x[b : b+spec.SuperBlock])
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(d))
		for _, v := range q {
			out = append(out, byte(v))
		}
		for k := range spec.Q8KBsums {
			sum := 0
			for _, v := range q[16*k : 16*(k+1)] {
				sum += int(v)
			}
			out = binary.LittleEndian.AppendUint16(out, uint16(sum))
		}
	}
	return out
}

// largest returns the first element of largest magnitude, NaNs aside, and 0 if
// there is none.
func largest(x []float32) (v float64) {
	for i := len(x) - 1; i >= 0; i-- {
		if y := float64(x[i]); y == y && math.Abs(y) >= math.Abs(v) {
			v = y
		}
	}
	if v == 0 {
		return 0 // not −0
	}
	return v
}

// ggmlBlock rounds exact rationals where the op says f32(…).
func ggmlBlock(x []float32) (d float32, q [spec.SuperBlock]int8) {
	m := largest(x)
	switch {
	case m == 0:
		return 0, q
	case math.IsInf(m, 0):
		return float32(-m), q // iscale = ∓0, d = ∓Inf, all products 0 or NaN
	}
	iscale, _ := new(big.Rat).Quo(big.NewRat(-127, 1), rat(m)).Float32()
	if math.IsInf(float64(iscale), 0) {
		return 1 / iscale, q // ∓0
	}
	d, _ = new(big.Rat).Inv(rat(float64(iscale))).Float32()
	for i, v := range x {
		if v == v {
			p, _ := new(big.Rat).Mul(rat(float64(iscale)), rat(float64(v))).Float32()
			q[i] = int8(min(127, nearestEven(p)))
		}
	}
	return d, q
}

// aprenderBlock rounds exact rationals where the op says f32(…).
func aprenderBlock(x []float32) (d float32, q [spec.SuperBlock]int8) {
	amax := math.Abs(largest(x))
	if math.IsInf(amax, 0) {
		return float32(amax), q // 1/s = 0, all products 0 or NaN
	}
	d, _ = big.NewRat(1, 127).Float32()
	if amax > float64(float32(1e-10)) {
		d, _ = new(big.Rat).Quo(rat(amax), big.NewRat(127, 1)).Float32()
	}
	inv, _ := new(big.Rat).Inv(rat(float64(d))).Float32()
	for i, v := range x {
		if v == v {
			p, _ := new(big.Rat).Mul(rat(float64(inv)), rat(float64(v))).Float32()
			q[i] = int8(max(-128, min(127, nearestAway(p))))
		}
	}
	return d, q
}

// nearestEven returns the integer nearest to x, of two the even one.
func nearestEven(x float32) int64 {
	return nearestEvenRat(rat(float64(x)))
}

// nearestAway returns the integer nearest to x, of two the one farther from 0.
func nearestAway(x float32) int64 {
	r := rat(float64(x))
	lo := floor(r)
	half := new(big.Rat).Sub(r, big.NewRat(2*lo+1, 2))
	if half.Sign() > 0 || half.Sign() == 0 && r.Sign() > 0 {
		return lo + 1
	}
	return lo
}

func floor(r *big.Rat) int64 {
	q := new(big.Int)
	q.Div(r.Num(), r.Denom()) // Euclidean: the denominator is positive
	return q.Int64()
}

// quantizeQ8 quantises each block of 32 values to Q8_0, or to Q8_1 with its sum,
// rounding exact rationals where the op says f32(…) or f16(…).
func quantizeQ8(f spec.Format, src []byte) []byte {
	var out []byte
	x := spec.Floats(src)
	for b := 0; b < len(x); b += spec.Block {
		amax := math.Abs(largest(x[b : b+spec.Block]))
		s := float32(amax)
		if !math.IsInf(amax, 0) {
			s, _ = new(big.Rat).Quo(rat(amax), big.NewRat(127, 1)).Float32()
		}
		var q [spec.Block]byte
		sum := int64(0)
		if s > 0 && !math.IsInf(float64(s), 0) {
			inv, _ := new(big.Rat).Inv(rat(float64(s))).Float32()
			for i, v := range x[b : b+spec.Block] {
				if v == v && !math.IsInf(float64(inv), 0) {
					p, _ := new(big.Rat).Mul(rat(float64(inv)), rat(float64(v))).Float32()
					n := nearestAway(p)
					q[i] = byte(n)
					sum += n
				}
			}
		}
		out = binary.LittleEndian.AppendUint16(out, encode(spec.F16, float64(s)))
		if f == spec.Q8_1 {
			total := float32(math.NaN()) // 0·Inf
			if !math.IsInf(float64(s), 0) {
				total, _ = new(big.Rat).Mul(rat(float64(s)), big.NewRat(sum, 1)).Float32()
			}
			out = binary.LittleEndian.AppendUint16(out, encode(spec.F16, float64(total)))
		}
		out = append(out, q[:]...)
	}
	return out
}

// bulkQuantizeQ8 is quantizeQ8 in float64, see bulkGGMLBlock.
func bulkQuantizeQ8(f spec.Format, src []byte) []byte {
	x := spec.Floats(src)
	out := make([]byte, len(x)/spec.Block*f.BlockBytes())
	for b := range len(x) / spec.Block {
		blk, xs := out[b*f.BlockBytes():], x[b*spec.Block:][:spec.Block]
		amax := 0.0
		for _, v := range xs {
			if a := math.Abs(float64(v)); a > amax {
				amax = a
			}
		}
		s := float32(amax / 127)
		inv := float64(float32(1 / float64(s)))
		sum, qs := 0.0, blk[f.BlockBytes()-spec.Block:]
		for i, v := range xs {
			if p := float32(float64(v) * inv); finite(float64(p)) {
				n := math.Round(float64(p))
				qs[i] = byte(int8(n))
				sum += n
			}
		}
		binary.LittleEndian.PutUint16(blk, search(spec.F16, float64(s)))
		if f == spec.Q8_1 {
			binary.LittleEndian.PutUint16(blk[2:], search(spec.F16, float64(float32(sum*float64(s)))))
		}
	}
	return out
}
