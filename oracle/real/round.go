package real

import (
	"errors"
	"math"
	"math/big"
)

// Precisions that Round32 and ErrorUlps32 go through: doubled from the first to
// the last (A. Ziv, "Fast evaluation of elementary mathematical functions with
// correctly rounded last bit", ACM TOMS 17, 1991).
const (
	firstPrec = 64
	lastPrec  = 8192
)

// ErrUndecided: at 8192 bits the ends of an enclosure still round differently. So
// it is if the exact value is a midpoint of two f32, or zero, and the enclosure is
// not a point.
var ErrUndecided = errors.New("real: rounding not decided at 8192 bits")

// Round32 returns the f32 nearest to the number that f encloses, ties to even,
// subnormals gradual, overflow to ±Inf. f gets growing precisions until both ends
// of its enclosure round to the same f32.
func Round32(f func(prec uint) Interval) (float32, error) {
	for prec := uint(firstPrec); prec <= lastPrec; prec *= 2 {
		a := f(prec)
		lo, hi := nearest32(a.Lo), nearest32(a.Hi)
		if math.Float32bits(lo) == math.Float32bits(hi) || lo == 0 && hi == 0 && a.IsPoint() {
			return hi, nil
		}
	}
	return 0, ErrUndecided
}

// nearest32 rounds to the nearest f32, ties to even.
func nearest32(x *big.Float) float32 {
	v, _ := x.Float32()
	return v
}

// overflow32 is the least magnitude that rounds to infinity, 2^128 − 2^103.
var overflow32 = new(big.Float).SetPrec(64).Sub(power(128), power(103))

// ErrorUlps32 returns an upper bound of |got − v|/ulp(v), v being the number that f
// encloses and ulp(v) the spacing of f32 in the binade of v: 2^(e−23) for 2^e ≤
// |v| < 2^(e+1), not less than 2^-149, with no upper limit on e.
//
// An infinite got has no error if v rounds to it (|v| ≥ 2^128 − 2^103), and
// stands for ±2^128 otherwise. The bound is +Inf if got is NaN. With enclosures as
// narrow as those of this package it exceeds the error by at most 2^-38 ulp and a
// relative 2^-50.
func ErrorUlps32(got float32, f func(prec uint) Interval) float64 {
	if got != got {
		return math.Inf(1)
	}
	for prec := uint(firstPrec); ; prec *= 2 {
		a := f(prec)
		if inf := math.IsInf(float64(got), 0); inf && overflows(a, got > 0) {
			return 0
		}
		lo, hi := ulpExp(a.Lo), ulpExp(a.Hi)
		if lo != hi && prec < lastPrec { // ends in two binades
			continue
		}
		if a.Hi.IsInf() {
			return math.Inf(1)
		}
		return roundUp(distance(got, a), min(lo, hi))
	}
}

func overflows(a Interval, positive bool) bool {
	if !positive {
		a = a.Neg()
	}
	return a.Lo.Cmp(overflow32) >= 0
}

// ulpExp returns the exponent of the f32 spacing at x.
func ulpExp(x *big.Float) int {
	if x.Sign() == 0 {
		return -149
	}
	return max(-149, x.MantExp(nil)-24)
}

// distance returns the largest |got − v| for v of a, rounded up.
func distance(got float32, a Interval) *big.Float {
	g := new(big.Float)
	if math.IsInf(float64(got), 0) {
		g.SetMantExp(big.NewFloat(math.Copysign(1, float64(got))), 128)
	} else {
		g.SetFloat64(float64(got))
	}
	d := difference(up(64), a.Hi, g)
	if e := difference(up(64), g, a.Lo); e.Cmp(d) > 0 {
		d = e
	}
	return d
}

// roundUp returns d·2^-exp as a float64 that is no less; d ≥ 0.
func roundUp(d *big.Float, exp int) float64 {
	d = new(big.Float).SetMantExp(d, -exp)
	v, acc := d.Float64()
	if acc == big.Below {
		v = math.Nextafter(v, math.Inf(1))
	}
	return v
}
