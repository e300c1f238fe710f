package real

import "math/big"

// Sigmoid returns an enclosure of 1/(1 + e^-x). The remainder is that of Exp:
// sums and quotients of positive numbers keep relative widths, in both tails.
func Sigmoid(x *big.Float, prec uint) Interval {
	if x.Sign() == 0 {
		return Point(big.NewFloat(0.5))
	}
	wp := prec + 8
	return Int(1).Quo(Exp(new(big.Float).Neg(x), wp).Add(Int(1), wp), wp)
}

// SigmoidI returns an enclosure of 1/(1 + e^-x) for all x of a.
func SigmoidI(a Interval, prec uint) Interval { return increasing(Sigmoid, a, prec) }

// sigmoidHalf is Sigmoid by another way: u/(u + 1/u) with u = e^(x/2).
func sigmoidHalf(x *big.Float, prec uint) Interval {
	wp := prec + 8
	half := new(big.Float).SetMantExp(x, -1)
	u := expSinh(half, wp)
	if u.Lo.Sign() == 0 { // e^x ≤ u² bounds it from above
		return Interval{zero, up(64).Mul(u.Hi, u.Hi)}
	}
	if u.Hi.IsInf() { // and 1 − e^-x from below
		return nearOne(x, prec)
	}
	return u.Quo(u.Add(Int(1).Quo(u, wp), wp), wp)
}

// nearOne returns [1 − 2^-(prec+8), 1], for x ≥ prec + 8 in functions that lie
// between 1 − e^-x and 1.
func nearOne(x *big.Float, prec uint) Interval {
	if x.Cmp(new(big.Float).SetInt64(int64(prec)+8)) < 0 {
		panic("real: not near one")
	}
	return Interval{down(prec+8).Sub(unit, power(-int(prec)-8)), unit}
}

// Tanh returns an enclosure of tanh x.
//
// For |x| < ½ it is s/√(1 + s²) with s = sinh x = Σ x^(2n+1)/(2n+1)!, where what
// follows is at most twice the first term left out (series.partial), so that the
// width is small relative to x; elsewhere 1 − 2/(e^(2|x|) + 1), which is at least
// 0.46.
func Tanh(x *big.Float, prec uint) Interval {
	if x.IsInf() {
		panic(infinite)
	}
	if x.Sign() < 0 {
		return Tanh(new(big.Float).Neg(x), prec).Neg()
	}
	wp := prec + 16
	if x.MantExp(nil) < 0 { // |x| < ½
		if x.Sign() == 0 {
			return Point(x)
		}
		s := sinh(Point(x), wp)
		return s.Quo(hypotenuse(s, wp), wp)
	}
	e := Exp(new(big.Float).SetMantExp(x, 1), wp)
	return Int(1).Sub(Int(2).Quo(e.Add(Int(1), wp), wp), wp)
}

// TanhI returns an enclosure of tanh x for all x of a.
func TanhI(a Interval, prec uint) Interval { return increasing(Tanh, a, prec) }

// tanhFraction is Tanh by another way: Lambert's continued fraction for
// y = |x|/2^m < 1, and m times tanh 2y = 2t/(1 + t²).
//
// tanh y = y/(1 + T(1)), T(n) = y²/(2n+1 + T(n+1)): the tails T(n) =
// y·I(n+½, y)/I(n−½, y) are positive, hence at most y²/(2n+1) (recurrence of the
// modified Bessel functions; Jones and Thron, 6.1.3). A step divides what the
// start leaves open by at least (2n+1)²/y².
func tanhFraction(x *big.Float, prec uint) Interval {
	switch {
	case x.Sign() == 0:
		return Int(0)
	case x.Sign() < 0:
		return tanhFraction(new(big.Float).Neg(x), prec).Neg()
	case x.Cmp(new(big.Float).SetInt64(int64(prec)+8)) >= 0:
		return nearOne(x, prec) // tanh x = 1 − 2/(e^2x + 1)
	}
	m := max(0, x.MantExp(nil))
	wp := prec + 3*uint(m) + 16
	y := Point(x).Scale(-m)
	z := y.Mul(y, wp)
	t := Interval{zero, unit}
	for n := steps(z, wp); n >= 1; n-- {
		t = z.Quo(Int(2*n+1).Add(t, wp), wp)
	}
	t = y.Quo(Int(1).Add(t, wp), wp)
	for range m {
		t = t.Scale(1).Quo(t.Mul(t, wp).Add(Int(1), wp), wp)
	}
	return t
}
