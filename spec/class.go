package spec

import (
	"math"
	"math/big"
	"strings"
)

// Class is a set of kinds of f32 value. An output element's required class is
// judged before any arithmetic.
type Class uint8

const (
	ClassNaN Class = 1 << iota
	ClassPosInf
	ClassNegInf
	ClassPosZero
	ClassNegZero
	ClassNonzero // finite and not zero

	ClassZero        = ClassPosZero | ClassNegZero
	ClassFinite      = ClassZero | ClassNonzero
	ClassInf         = ClassPosInf | ClassNegInf
	ClassNonFinite   = ClassNaN | ClassInf
	ClassUnspecified = ClassNonFinite | ClassFinite
)

// ClassOf returns the class of the f32 with these bits.
func ClassOf(bits uint32) Class {
	x := float64(math.Float32frombits(bits))
	switch {
	case x != x:
		return ClassNaN
	case math.IsInf(x, 1):
		return ClassPosInf
	case math.IsInf(x, -1):
		return ClassNegInf
	case x != 0:
		return ClassNonzero
	case bits == 0:
		return ClassPosZero
	default:
		return ClassNegZero
	}
}

func (c Class) String() string {
	switch c {
	case ClassUnspecified:
		return "unspecified"
	case ClassFinite:
		return "finite"
	case ClassNonFinite:
		return "non-finite"
	}
	var s []string
	for k, name := range []string{"NaN", "+Inf", "-Inf", "+0", "-0", "nonzero"} {
		if c&(1<<k) != 0 {
			s = append(s, name)
		}
	}
	return strings.Join(s, "|")
}

// Terms gathers what the class of a sum of products depends on, apart from
// magnitudes.
type Terms struct {
	NaN    bool // some term is NaN whatever the order: a NaN factor, or 0·Inf
	PosInf bool
	NegInf bool
	// InfScale tells that a scale which multiplies many terms is infinite, so
	// that the kernel's own factoring decides between NaN and infinity.
	InfScale bool
	Pos, Neg bool // there are finite terms of this sign
}

// Finite tells whether all terms are finite.
func (t Terms) Finite() bool { return !t.NaN && !t.PosInf && !t.NegInf && !t.InfScale }

// overflowAt is the smallest magnitude that rounds to infinity: (2 − 2^−24)·2^127.
var overflowAt = func() *big.Float {
	x := new(big.Float).SetInt64(1<<25 - 1)
	return x.SetMantExp(x, 127-24)
}()

// OverflowAt returns (2 − 2^−24)·2^127, the smallest magnitude that rounds to
// an infinite f32.
func OverflowAt() *big.Float { return new(big.Float).Copy(overflowAt) }

// Class returns the class required of a sum with these terms, value, measure
// and bound (see sumRule for the rules in words). value is ignored unless all
// terms are finite.
func (t Terms) Class(value *big.Float, m Measure, bound *big.Float) Class {
	sum := func(x, y *big.Float) *big.Float {
		return new(big.Float).SetPrec(boundPrec).SetMode(big.ToPositiveInf).Add(x, y)
	}
	calm := sum(m.Peak, bound).Cmp(overflowAt) < 0 // no intermediate can overflow
	switch {
	case t.NaN || t.PosInf && t.NegInf && !t.InfScale:
		return ClassNaN
	case t.InfScale:
		return ClassNonFinite
	case t.PosInf && calm:
		return ClassPosInf
	case t.NegInf && calm:
		return ClassNegInf
	case t.PosInf || t.NegInf:
		return ClassNonFinite
	case calm && m.Gauge.Sign() == 0 && bound.Sign() == 0:
		return ClassZero
	case calm:
		return ClassFinite
	}
	// Something may overflow. If the terms have one sign and their sum is out
	// of range even when every rounding went towards zero, it must.
	least := new(big.Float).SetPrec(boundPrec).SetMode(big.ToZero).Sub(new(big.Float).Abs(value), bound)
	if least.Cmp(overflowAt) >= 0 && m.Factors.Cmp(overflowAt) < 0 {
		switch {
		case t.Pos && !t.Neg:
			return ClassPosInf
		case t.Neg && !t.Pos:
			return ClassNegInf
		}
	}
	return ClassUnspecified
}
