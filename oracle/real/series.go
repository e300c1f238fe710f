package real

import "math/big"

// A power series with factorial-like denominators: with p(0) = first and
// p(n) = p(n−1)·z/d(n), the sum of ±p(n)/w(n).
type series struct {
	first, z    Interval            // first ≥ 0, z ≥ 0
	alternating bool                // signs + − + − …; otherwise all +
	d           func(n int64) int64 // positive and never decreasing, n = 1, 2, …
	w           func(n int64) int64 // at least 1; nil stands for 1
}

// partial returns the sum of the terms before the first n with
// p(n) ≤ first·2^(1-bits) and z/d(n+1) ≤ 1/2, and a bound of all that follow.
//
// The bound is 2·p(n): d never decreases, so from there each p is at most half
// the one before, w ≥ 1, and Σ 2^-i = 2. That holds for any signs.
func (s series) partial(bits, prec uint) (sum Interval, tail *big.Float) {
	p, t, acc, d := newScratch(prec), newScratch(prec), newScratch(prec), new(big.Float)
	p.set(s.first)
	acc.set(s.first)
	if s.w != nil {
		acc.quo(p, d.SetInt64(s.w(0)))
	}
	stop := s.first.Hi.MantExp(nil) - int(bits)
	for n := int64(1); ; n++ {
		t.mul(p, s.z)
		p, t = t, p
		if k := s.d(n); k != 1 {
			t.quo(p, d.SetInt64(k))
			p, t = t, p
		}
		if p.hi.Sign() == 0 || p.hi.MantExp(nil) < stop && s.halves(n+1) {
			return acc.interval(), new(big.Float).SetMantExp(&p.hi, 1)
		}
		term := p
		if s.w != nil {
			t.quo(p, d.SetInt64(s.w(n)))
			term = t
		}
		if s.alternating && n%2 == 1 {
			acc.sub(term)
		} else {
			acc.add(term)
		}
	}
}

// halves reports whether z/d(n) ≤ 1/2.
func (s series) halves(n int64) bool {
	return new(big.Float).SetMantExp(s.z.Hi, 1).Cmp(new(big.Float).SetInt64(s.d(n))) <= 0
}

// enclose returns an enclosure of the whole sum with prec bits, cut where
// what follows is below first·2^-prec.
func (s series) enclose(prec uint) Interval {
	sum, tail := s.partial(prec, prec)
	return sum.Widen(tail, prec)
}

// The denominators of the series used here.
func one(int64) int64             { return 1 }
func factorial(n int64) int64     { return n }
func oddFactorial(n int64) int64  { return 2 * n * (2*n + 1) } // (2n+1)!
func evenFactorial(n int64) int64 { return 2 * n * (2*n - 1) } // (2n)!
func odd(n int64) int64           { return 2*n + 1 }

// sinh returns sinh y = Σ y^(2n+1)/(2n+1)! for y ≥ 0.
func sinh(y Interval, prec uint) Interval {
	return series{first: y, z: y.Mul(y, prec), d: oddFactorial}.enclose(prec)
}

// atanh returns atanh y = Σ y^(2n+1)/(2n+1) for 0 ≤ y² ≤ 1/2, and arctan the
// same with alternating signs.
func atanh(y Interval, prec uint) Interval {
	return series{first: y, z: y.Mul(y, prec), d: one, w: odd}.enclose(prec)
}

func arctan(y Interval, prec uint) Interval {
	return series{first: y, z: y.Mul(y, prec), alternating: true, d: one, w: odd}.enclose(prec)
}
