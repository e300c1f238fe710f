package real

import "math/big"

// Log returns an enclosure of ln x. It panics unless x > 0.
//
// x = m·2^e with m about between √½ and √2, ln x = e·ln 2 + 2·atanh z with
// z = (m−1)/(m+1), |z| < 0.18, and atanh z = Σ z^(2n+1)/(2n+1); what follows n−1
// is at most 2·|z|^(2n+1) since z² ≤ 1/2 (series.partial). Nothing cancels: near
// x = 1, e = 0 and m−1 has one rounding; elsewhere |e·ln 2| ≥ 2·|ln m|.
func Log(x *big.Float, prec uint) Interval {
	switch {
	case x.IsInf():
		panic(infinite)
	case x.Sign() <= 0:
		panic("real: logarithm of a number that is not positive")
	}
	wp := prec + 16
	mant := new(big.Float)
	e := x.MantExp(mant)
	if mant.Cmp(big.NewFloat(0.70710678)) < 0 {
		mant.SetMantExp(mant, 1)
		e--
	}
	m := Point(mant)
	z := m.Sub(Int(1), wp).Quo(m.Add(Int(1), wp), wp)
	neg := z.Hi.Sign() < 0
	if neg {
		z = z.Neg()
	}
	a := atanh(z, wp).Scale(1)
	if neg {
		a = a.Neg()
	}
	if e == 0 {
		return a // exact for x = 1: z is the point 0
	}
	return Ln2(wp).Mul(Int(int64(e)), wp).Add(a, wp)
}

// LogI returns an enclosure of ln x for all x of a.
func LogI(a Interval, prec uint) Interval { return increasing(Log, a, prec) }

// logAGM is Log by the arithmetic-geometric mean M: for 0 < k ≤ 1,
//
//	|ln(4/k) − π/(2·M(1, k))| ≤ 4k²·(8 + |ln k|)
//
// (J. and P. Borwein, "Pi and the AGM", 1987, theorem 7.2, with K'(k) =
// π/(2·M(1, k))). k = 4/(x·2^m) with m large, ln x = ln(4/k) − m·ln 2. The
// subtraction cancels, so the precision grows until the result is narrow.
func logAGM(x *big.Float, prec uint) Interval {
	if x.Cmp(unit) == 0 {
		return Int(0)
	}
	for wp := prec + 64; ; wp += wp / 2 {
		m := int(wp)/2 + 16 - x.MantExp(nil)
		k := Int(4).Quo(Point(x), wp).Scale(-m)
		a := Pi(wp).Quo(agm(k, wp).Scale(1), wp)
		// k < 2^(3−wp/2−15) and |ln k| < |log2 k| < wp/2 + 16.
		bound := up(64).Mul(square(up(64).Set(k.Hi)), new(big.Float).SetInt64(4*(8+int64(wp)/2+16)))
		a = a.Widen(bound, wp).Sub(Ln2(wp).Mul(Int(int64(m)), wp), wp)
		if a.Within(prec) {
			return a
		}
	}
}

// agm returns M(1, k) for 0 < k ≤ 1. Every geometric mean is a lower bound of
// it and every arithmetic mean an upper one.
func agm(k Interval, prec uint) Interval {
	a, g := Int(1), k
	for {
		a, g = a.Add(g, prec).Scale(-1), a.Mul(g, prec).Sqrt(prec)
		gap := up(64).Sub(a.Hi, g.Lo)
		if gap.Sign() <= 0 || gap.MantExp(nil) < g.Lo.MantExp(nil)-int(prec)+8 {
			return Interval{g.Lo, a.Hi}
		}
	}
}
