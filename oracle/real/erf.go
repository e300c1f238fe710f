package real

import (
	"math"
	"math/big"
)

// Erf returns an enclosure of erf x = 2/√π·∫₀ˣ e^(−t²) dt.
//
// For |x| < 3 it is 2/√π·e^(−x²)·Σ 2^n·x^(2n+1)/(2n+1)!! (DLMF 7.6.2): positive
// terms, of which what follows is at most twice the first left out once 2x² ≤
// (2n+1)/2 (series.partial), so that the width is small relative to x. Elsewhere
// it is 1 − erfc |x|, and where e^(−x²) is below 2^-(prec+3) just [1 − 2^-(prec+3),
// 1]: for t ≥ x ≥ 1, ∫ e^(−t²) dt ≤ ∫ t·e^(−t²) dt, so that erfc x ≤ e^(−x²)/√π.
func Erf(x *big.Float, prec uint) Interval {
	if x.IsInf() {
		panic(infinite)
	}
	if x.Sign() < 0 {
		return Erf(new(big.Float).Neg(x), prec).Neg()
	}
	xf, _ := x.Float64()
	switch {
	case x.Sign() == 0:
		return Point(x)
	case vanishes(xf, prec):
		return Interval{down(prec+4).Sub(unit, power(-int(prec)-3)), unit}
	case xf >= 3:
		return Int(1).Sub(Erfc(x, max(prec, 64)-erfcBits(xf)+16), prec+16)
	}
	wp := prec + 24
	xx := Point(x).Mul(Point(x), wp)
	s := series{first: Point(x), z: xx.Scale(1), d: odd}.enclose(wp)
	return s.Mul(ExpI(xx.Neg(), wp), wp).Mul(twoByRoot.get(wp), wp)
}

// ErfI returns an enclosure of erf x for all x of a.
func ErfI(a Interval, prec uint) Interval { return increasing(Erf, a, prec) }

// vanishes reports whether e^(−x²) < 2^-(prec+3), with something to spare.
func vanishes(x float64, prec uint) bool { return x*x > 0.7*float64(prec+4) }

// erfcBits returns a number of bits by which erfc x ≤ e^(−x²) is below 1 for
// x ≥ 3, at most 48: precision that 1 − erfc x need not ask for.
func erfcBits(x float64) uint { return uint(min(48, 1.4*x*x)) }

// Erfc returns an enclosure of 1 − erf x; its width is small relative to its
// value, in both tails.
//
// For x ≥ 3 it is 2/√π·e^(−x²)·ρ(0) with ρ(n−1) = 1/(2x + 2n·ρ(n)): ρ(n) is the
// quotient of the repeated integrals iⁿerfc x and iⁿ⁻¹erfc x (DLMF 7.18.7 is
// their recurrence), which are positive; so it lies between 0 and 1/(2x), and the
// recurrence is started there for n large. Elsewhere it is 1 − erf x.
func Erfc(x *big.Float, prec uint) Interval {
	if x.IsInf() {
		panic(infinite)
	}
	xf, _ := x.Float64()
	wp := prec + 24
	if xf < 3 {
		return Int(1).Sub(Erf(x, wp), wp)
	}
	xx := new(big.Float).SetPrec(2*x.Prec()).Mul(x, x)
	twice := Point(x).Scale(1)
	// A guess, checked below: an error of about e^(−2x·√(2n)) (W. Gautschi,
	// "Efficient computation of the complex error function", 1970), and what was
	// seen to be missing.
	b := float64(prec + 6)
	n := int64(math.Pow(b*math.Ln2/xf, 2)/8*1.05+b/6) + 2
	for ; ; n += n / 2 {
		s, t := newScratch(wp), newScratch(wp)
		s.set(Interval{zero, Int(1).Quo(twice, wp).Hi})
		for i := n; i >= 1; i-- {
			t.mul(s, Int(2*i))
			t.addTo(twice)
			s.under(Point(unit), t)
		}
		if rho := s.interval(); rho.Within(prec + 4) {
			return rho.Mul(Exp(xx.Neg(xx), wp), wp).Mul(twoByRoot.get(wp), wp)
		}
	}
}

// ErfcI returns an enclosure of 1 − erf x for all x of a.
func ErfcI(a Interval, prec uint) Interval {
	lo := Erfc(a.Hi, prec)
	if a.IsPoint() {
		return lo
	}
	return Interval{lo.Lo, Erfc(a.Lo, prec).Hi}
}

// erfMaclaurin is Erf by another way: 2/√π·Σ (−1)^n·x^(2n+1)/(n!·(2n+1)) (DLMF
// 7.6.1). The terms grow to about e^(x²) before they cancel, which is what the
// added precision is for.
func erfMaclaurin(x *big.Float, prec uint) Interval {
	if x.Sign() < 0 {
		return erfMaclaurin(new(big.Float).Neg(x), prec).Neg()
	}
	xf, _ := x.Float64()
	switch {
	case x.Sign() == 0:
		return Int(0)
	case vanishes(xf, prec):
		return Interval{down(prec+4).Sub(unit, power(-int(prec)-3)), unit}
	}
	wp := prec + uint(1.5*xf*xf) + 24
	xx := Point(x).Mul(Point(x), wp)
	s := series{first: Point(x), z: xx, alternating: true, d: factorial, w: odd}.enclose(wp + uint(1.5*xf*xf))
	return s.Scale(1).Quo(Pi(wp).Sqrt(wp), wp)
}

// erfcMaclaurin is Erfc by the same series, with the bits more that the
// subtraction costs.
func erfcMaclaurin(x *big.Float, prec uint) Interval {
	xf, _ := x.Float64()
	wp := prec + 24
	if xf > 0 {
		wp += uint(1.5*xf*xf + 2*math.Log2(1+xf))
	}
	return Int(1).Sub(erfMaclaurin(x, wp), wp)
}
