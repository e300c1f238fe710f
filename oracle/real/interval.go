package real

import "math/big"

// Interval is the set of real numbers from Lo to Hi, both included. Its ends are
// never modified once made, so intervals may share them. An upper end may be
// +Inf; no end is ever NaN.
//
// Every operation takes the precision of its result in bits and rounds Lo down
// and Hi up: what it returns contains f(x, y) for all x and y of the operands.
type Interval struct{ Lo, Hi *big.Float }

func down(prec uint) *big.Float {
	return new(big.Float).SetMode(big.ToNegativeInf).SetPrec(prec)
}

func up(prec uint) *big.Float {
	return new(big.Float).SetMode(big.ToPositiveInf).SetPrec(prec)
}

// sum sets z, whose mode is directed, to x + y. big.Float.Add would shift the
// smaller operand all the way, gigabits in 1 + e^(10^8); one that is far below the
// last bit of z counts as zero, or as a little more than it is, whichever z rounds
// towards.
func sum(z, x, y *big.Float) *big.Float {
	switch far := int(z.Prec()) + 64; {
	case x.Sign() == 0 || y.Sign() == 0 || x.IsInf() || y.IsInf():
	case y.MantExp(nil) < x.MantExp(nil)-far:
		y = replace(z, x, y, far)
	case x.MantExp(nil) < y.MantExp(nil)-far:
		x = replace(z, y, x, far)
	}
	return z.Add(x, y)
}

// replace returns what stands for y, |y| < |x|·2^(1−far), in x + y.
func replace(z, x, y *big.Float, far int) *big.Float {
	switch outward := z.Mode() == big.ToPositiveInf; {
	case outward != (y.Sign() > 0):
		return zero
	case y.Sign() < 0:
		return new(big.Float).Neg(power(x.MantExp(nil) - far))
	}
	return power(x.MantExp(nil) - far)
}

// difference sets z to x − y. It is not big.Float.Sub, which rounds 0 − y the
// wrong way in directed modes (Go 1.26: it rounds y and then changes the sign).
func difference(z, x, y *big.Float) *big.Float {
	return sum(z, x, new(big.Float).Neg(y))
}

// power returns 2^k.
func power(k int) *big.Float { return new(big.Float).SetMantExp(big.NewFloat(1), k) }

// Point returns [x, x].
func Point(x *big.Float) Interval { return Interval{x, x} }

// Int returns [n, n].
func Int(n int64) Interval { return Point(new(big.Float).SetInt64(n)) }

// IsPoint reports whether a holds one number only.
func (a Interval) IsPoint() bool { return a.Lo.Cmp(a.Hi) == 0 }

// String returns both ends to 30 digits, or in hexadecimal where the decimal
// digits of a number as far from 1 would take hours.
func (a Interval) String() string { return "[" + text(a.Lo) + ", " + text(a.Hi) + "]" }

func text(x *big.Float) string {
	if e := x.MantExp(nil); e > 1<<14 || e < -1<<14 {
		return x.Text('p', 0)
	}
	return x.Text('g', 30)
}

// Contains reports whether x lies in a.
func (a Interval) Contains(x *big.Float) bool { return a.Lo.Cmp(x) <= 0 && x.Cmp(a.Hi) <= 0 }

// Intersects reports whether a and b have a number in common.
func (a Interval) Intersects(b Interval) bool { return a.Lo.Cmp(b.Hi) <= 0 && b.Lo.Cmp(a.Hi) <= 0 }

// Width returns Hi − Lo, rounded up to 64 bits.
func (a Interval) Width() *big.Float { return difference(up(64), a.Hi, a.Lo) }

// Within reports whether the width of a is at most 2^-bits of its smallest
// magnitude.
func (a Interval) Within(bits uint) bool {
	if a.IsPoint() {
		return true
	}
	if a.Hi.IsInf() || a.straddles() {
		return false
	}
	least := a.Lo
	if a.Hi.Sign() < 0 {
		least = a.Hi
	}
	limit := new(big.Float).SetMantExp(least, -int(bits))
	return a.Width().Cmp(limit.Abs(limit)) <= 0
}

// straddles reports whether zero lies in a.
func (a Interval) straddles() bool { return a.Lo.Sign() <= 0 && a.Hi.Sign() >= 0 }

// Neg returns −a.
func (a Interval) Neg() Interval {
	return Interval{new(big.Float).Neg(a.Hi), new(big.Float).Neg(a.Lo)}
}

// Scale returns a·2^k.
func (a Interval) Scale(k int) Interval {
	return Interval{new(big.Float).SetMantExp(a.Lo, k), new(big.Float).SetMantExp(a.Hi, k)}
}

// Add returns a + b.
func (a Interval) Add(b Interval, prec uint) Interval {
	return Interval{sum(down(prec), a.Lo, b.Lo), sum(up(prec), a.Hi, b.Hi)}
}

// Sub returns a − b.
func (a Interval) Sub(b Interval, prec uint) Interval {
	return Interval{difference(down(prec), a.Lo, b.Hi), difference(up(prec), a.Hi, b.Lo)}
}

// Widen returns a ± r for r ≥ 0.
func (a Interval) Widen(r *big.Float, prec uint) Interval {
	return Interval{difference(down(prec), a.Lo, r), sum(up(prec), a.Hi, r)}
}

// Clip returns the part of a between lo and hi. It panics if there is none.
func (a Interval) Clip(lo, hi *big.Float) Interval {
	if a.Hi.Cmp(lo) < 0 || a.Lo.Cmp(hi) > 0 {
		panic("real: nothing left of an interval")
	}
	if a.Lo.Cmp(lo) < 0 {
		a.Lo = lo
	}
	if a.Hi.Cmp(hi) > 0 {
		a.Hi = hi
	}
	return a
}

// Mul returns a·b.
func (a Interval) Mul(b Interval, prec uint) Interval {
	switch {
	case a.Lo.Sign() >= 0 && b.Lo.Sign() >= 0:
		return Interval{down(prec).Mul(a.Lo, b.Lo), up(prec).Mul(a.Hi, b.Hi)}
	case a.Hi.Sign() <= 0 && a.Lo.Sign() < 0:
		return a.Neg().Mul(b, prec).Neg()
	case b.Hi.Sign() <= 0 && b.Lo.Sign() < 0:
		return a.Mul(b.Neg(), prec).Neg()
	case b.Lo.Sign() >= 0: // a on both sides of zero
		return Interval{down(prec).Mul(a.Lo, b.Hi), up(prec).Mul(a.Hi, b.Hi)}
	case a.Lo.Sign() >= 0:
		return Interval{down(prec).Mul(a.Hi, b.Lo), up(prec).Mul(a.Hi, b.Hi)}
	}
	lo, hi := down(prec).Mul(a.Lo, b.Hi), up(prec).Mul(a.Lo, b.Lo)
	if l := down(prec).Mul(a.Hi, b.Lo); l.Cmp(lo) < 0 {
		lo = l
	}
	if h := up(prec).Mul(a.Hi, b.Hi); h.Cmp(hi) > 0 {
		hi = h
	}
	return Interval{lo, hi}
}

// Quo returns a/b. It panics if zero lies in b.
func (a Interval) Quo(b Interval, prec uint) Interval {
	if b.straddles() {
		panic("real: division by an interval that holds zero")
	}
	if b.Hi.Sign() < 0 {
		a, b = a.Neg(), b.Neg()
	}
	under, over := b.Hi, b.Lo // what the lower and the upper end are divided by
	if a.Lo.Sign() < 0 {
		under = b.Lo
	}
	if a.Hi.Sign() < 0 {
		over = b.Hi
	}
	return Interval{down(prec).Quo(a.Lo, under), up(prec).Quo(a.Hi, over)}
}

// Sqrt returns √a. It panics if a holds a negative number.
func (a Interval) Sqrt(prec uint) Interval {
	if a.Lo.Sign() < 0 {
		panic("real: square root of an interval that holds a negative number")
	}
	lo, exact := root(a.Lo, prec)
	if a.IsPoint() && exact {
		return Point(lo)
	}
	hi, exact := root(a.Hi, prec)
	if !exact {
		hi = up(prec).Add(hi, power(hi.MantExp(nil)-int(prec))) // one ulp
	}
	return Interval{lo, hi}
}

// root returns √x rounded down to prec bits, and whether that is exact.
// big.Float.Sqrt does not promise a directed rounding, so its result is a guess,
// corrected until s² ≤ x < (s + ulp)², which is decided exactly.
func root(x *big.Float, prec uint) (s *big.Float, exact bool) {
	if x.Sign() == 0 || x.IsInf() {
		return x, true
	}
	s = new(big.Float).SetPrec(prec).Sqrt(new(big.Float).SetPrec(prec + 4).Set(x))
	for square(s).Cmp(x) > 0 {
		s = below(s, prec)
	}
	for {
		next := up(prec).Add(s, power(s.MantExp(nil)-int(prec)))
		if square(next).Cmp(x) > 0 {
			return s, square(s).Cmp(x) == 0
		}
		s = next
	}
}

// below returns the number of prec bits before s > 0.
func below(s *big.Float, prec uint) *big.Float {
	return down(prec).Sub(s, power(s.MantExp(nil)-int(prec)-1))
}

// square returns s² exactly.
func square(s *big.Float) *big.Float { return new(big.Float).SetPrec(2*s.Prec()).Mul(s, s) }
