package real

import "math/big"

// Rsqrt returns an enclosure of 1/√x: the square root is decided by exact
// squares (Interval.Sqrt), the division is rounded outward. It panics unless
// x > 0.
func Rsqrt(x *big.Float, prec uint) Interval {
	switch {
	case x.IsInf():
		panic(infinite)
	case x.Sign() <= 0:
		panic("real: reciprocal root of a number that is not positive")
	}
	wp := prec + 4
	return Int(1).Quo(Point(x).Sqrt(wp), wp)
}

// RsqrtI returns an enclosure of 1/√x for all x of a.
func RsqrtI(a Interval, prec uint) Interval {
	lo := Rsqrt(a.Hi, prec)
	if a.IsPoint() {
		return lo
	}
	return Interval{lo.Lo, Rsqrt(a.Lo, prec).Hi}
}

// rsqrtInt is Rsqrt by integers: x = m·2^(2e) with m an integer, r the integer
// root of ⌊2^(2n)/m⌋, which is ⌊2^n/√m⌋, so that 1/√x lies between r·2^(−n−e) and
// (r+1)·2^(−n−e).
func rsqrtInt(x *big.Float, prec uint) Interval {
	mant := new(big.Float)
	e := x.MantExp(mant)
	bits := int(x.MinPrec())
	e -= bits
	m, _ := mant.SetMantExp(mant, bits+(e&1)).Int(nil)
	e = (e - e&1) / 2
	n := int(prec) + m.BitLen()/2 + 2
	top := new(big.Int).Lsh(big.NewInt(1), uint(2*n))
	r := new(big.Int).Sqrt(new(big.Int).Quo(top, m))
	lo := fromInt(r, -n-e)
	if new(big.Int).Mul(new(big.Int).Mul(r, r), m).Cmp(top) == 0 {
		return Point(lo)
	}
	return Interval{lo, fromInt(r.Add(r, big.NewInt(1)), -n-e)}
}

func fromInt(n *big.Int, exp int) *big.Float {
	v := new(big.Float).SetInt(n)
	return v.SetMantExp(v, exp)
}
