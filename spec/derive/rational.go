package derive

import (
	"math/big"

	"assay/spec"
)

// Constants of f32 arithmetic. They are stated here once more, not taken from
// package spec, for that package is what is being checked.
var (
	zero     = new(big.Rat)
	one      = integer(1)
	half     = big.NewRat(1, 2)
	unit     = pow2(-24)                                  // u, the unit roundoff
	tiny     = pow2(-150)                                 // half the smallest subnormal
	normal   = pow2(-126)                                 // smallest normal number
	largest  = mul(sub(integer(2), pow2(-23)), pow2(127)) // largest finite number
	overflow = mul(sub(integer(2), pow2(-24)), pow2(127)) // smallest number that rounds to infinity
)

func integer(k int64) *big.Rat { return new(big.Rat).SetInt64(k) }

func float(x float64) *big.Rat { return new(big.Rat).SetFloat64(x) }

// rat returns the value of a finite f32.
func rat(x float32) *big.Rat { return float(float64(x)) }

func pow2(e int) *big.Rat {
	n := new(big.Int).Lsh(big.NewInt(1), uint(max(e, -e)))
	if e < 0 {
		return new(big.Rat).SetFrac(big.NewInt(1), n)
	}
	return new(big.Rat).SetInt(n)
}

func add(x, y *big.Rat) *big.Rat { return new(big.Rat).Add(x, y) }
func sub(x, y *big.Rat) *big.Rat { return new(big.Rat).Sub(x, y) }
func mul(x, y *big.Rat) *big.Rat { return new(big.Rat).Mul(x, y) }
func quo(x, y *big.Rat) *big.Rat { return new(big.Rat).Quo(x, y) }
func neg(x *big.Rat) *big.Rat    { return new(big.Rat).Neg(x) }
func abs(x *big.Rat) *big.Rat    { return new(big.Rat).Abs(x) }

// distance returns |x − y|.
func distance(x, y *big.Rat) *big.Rat { d := sub(x, y); return d.Abs(d) }

func larger(x, y *big.Rat) *big.Rat {
	if x.Cmp(y) < 0 {
		return y
	}
	return x
}

// gamma returns γ_h = hu/(1 − hu).
func gamma(h int) *big.Rat {
	hu := mul(integer(int64(h)), unit)
	return quo(hu, sub(one, hu))
}

// fl rounds x to f32, to nearest, ties to even, subnormals included. ok is
// false if x rounds to infinity.
func fl(x *big.Rat) (y *big.Rat, ok bool) {
	f, _ := x.Float32()
	y = new(big.Rat).SetFloat64(float64(f))
	return y, y != nil
}

// round is fl for an x known not to overflow.
func round(x *big.Rat) *big.Rat {
	y, ok := fl(x)
	if !ok {
		panic("derive: overflow where none can be")
	}
	return y
}

// bigFloat converts a dyadic rational without error.
func bigFloat(x *big.Rat) *big.Float {
	f := new(big.Float).SetRat(x)
	if f.Acc() != big.Exact {
		panic("derive: not a dyadic rational")
	}
	return f
}

func fromFloat(x *big.Float) *big.Rat {
	r, acc := x.Rat(nil)
	if acc != big.Exact {
		panic("derive: infinite bound")
	}
	return r
}

// bound returns spec.Bound as a rational.
func bound(h int, gauge, weight *big.Rat) *big.Rat {
	return fromFloat(spec.Bound(h, spec.Measure{Gauge: bigFloat(gauge), Eta: bigFloat(weight)}))
}

func specGamma(h int) *big.Rat { return fromFloat(spec.Gamma(h)) }
