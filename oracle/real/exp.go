package real

import (
	"math"
	"math/big"
)

// hugeExp: from |x| ≥ 2^hugeExp on, e^x is not computed but bounded by a power
// of two: the exponent of a big.Float has 32 bits.
const hugeExp = 28

// beyond encloses e^x for |x| ≥ 2^hugeExp: e > 2, hence e^|x| > 2^(2^hugeExp).
func beyond(x *big.Float) Interval {
	if x.Sign() < 0 {
		return Interval{zero, power(-1 << hugeExp)}
	}
	return Interval{power(1 << hugeExp), new(big.Float).SetInf(false)}
}

// Exp returns an enclosure of e^x.
//
// x = k·ln 2 + r with 0 < r < 0.7 (any integer k with r > 0 would be right; 2^-16
// is more than binary64 errs by in the quotient), e^r = (e^y)^(2^j) with y = r/2^j,
// and e^y = Σ y^n/n!; from y ≤ (n+1)/2 on, what follows n−1 is at most 2·y^n/n!
// (series.partial). Squaring doubles the relative width, which j of the guard
// bits pay for. From |x| ≥ 2^28 on the enclosure is [0, 2^-2^28] or
// [2^2^28, +Inf].
func Exp(x *big.Float, prec uint) Interval {
	e := x.MantExp(nil)
	switch {
	case x.IsInf():
		panic(infinite)
	case x.Sign() == 0:
		return Point(unit)
	case e > hugeExp:
		return beyond(x)
	}
	j := int(math.Sqrt(float64(prec))*0.8) + 1
	wp := prec + uint(j) + 16
	xf, _ := x.Float64()
	k := int(math.Floor(xf/math.Ln2 - 0x1p-16))
	r := Point(x)
	if k != 0 {
		abs := wp + hugeExp + 4 // k·ln 2 to an absolute error below 2^-wp
		r = r.Sub(Ln2(abs).Mul(Int(int64(k)), abs), abs)
	}
	return squares(series{first: Int(1), z: r.Scale(-j), d: factorial}.enclose(wp), j, wp).Scale(k)
}

// squares returns a^(2^j).
func squares(a Interval, j int, prec uint) Interval {
	for range j {
		a = a.Mul(a, prec)
	}
	return a
}

// ExpI returns an enclosure of e^x for all x of a.
func ExpI(a Interval, prec uint) Interval { return increasing(Exp, a, prec) }

// increasing encloses a function that never decreases.
func increasing(f func(*big.Float, uint) Interval, a Interval, prec uint) Interval {
	lo := f(a.Lo, prec)
	if a.IsPoint() {
		return lo
	}
	return Interval{lo.Lo, f(a.Hi, prec).Hi}
}

// expSinh is Exp by another way: y = |x|/2^m ≤ 1/16, without ln 2,
// e^y = sinh y + √(1 + sinh² y), m squarings, and 1/e^|x| for x < 0.
func expSinh(x *big.Float, prec uint) Interval {
	e := x.MantExp(nil)
	switch {
	case x.IsInf():
		panic(infinite)
	case x.Sign() == 0:
		return Point(unit)
	case e > hugeExp:
		return beyond(x)
	}
	m := max(0, e+4)
	wp := prec + uint(m) + 16
	s := sinh(Point(new(big.Float).Abs(x)).Scale(-m), wp)
	p := squares(s.Add(hypotenuse(s, wp), wp), m, wp)
	if x.Sign() < 0 {
		return Int(1).Quo(p, wp)
	}
	return p
}

// hypotenuse returns √(1 + a²).
func hypotenuse(a Interval, prec uint) Interval {
	return a.Mul(a, prec).Add(Int(1), prec).Sqrt(prec)
}
