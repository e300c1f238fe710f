package real

import "math/big"

// Silu returns an enclosure of x/(1 + e^-x); the remainder is that of Exp.
func Silu(x *big.Float, prec uint) Interval {
	return Sigmoid(x, prec+2).Mul(Point(x), prec+2)
}

// Gelu returns an enclosure of the tanh form of GELU with exact constants,
// x·σ(2·√(2/π)·(x + 0.044715·x³)), which equals x·(1 + tanh(√(2/π)·(x +
// 0.044715·x³)))/2 (D. Hendrycks, K. Gimpel, arXiv:1606.08415).
//
// The argument of σ is an interval [u, u + r]. Over it σ stays within a factor
// between e^-r and e^r of σ(u), since (ln σ)' = 1 − σ lies between 0 and 1, hence
// within 1 ± 2r for r ≤ ½. r is below 2^-prec up to where e^x is not computed any
// more, and from there σ takes both ends. The remainder is that of Exp.
func Gelu(x *big.Float, prec uint) Interval {
	wp := prec + 4
	u := geluArgument(x, wp+hugeExp+8).Scale(1)
	r := u.Width()
	if r.Cmp(power(-int(wp))) > 0 {
		return SigmoidI(u, wp).Mul(Point(x), wp)
	}
	spread := Int(1).Widen(r.SetMantExp(r, 1), wp)
	return Sigmoid(u.Lo, wp).Mul(spread, wp).Mul(Point(x), wp)
}

// geluArgument returns √(2/π)·(x + 0.044715·x³).
func geluArgument(x *big.Float, prec uint) Interval {
	p := Point(x)
	cube := Int(44715).Quo(Int(1000000), prec).Mul(p.Mul(p, prec), prec)
	root := Int(2).Quo(Pi(prec), prec).Sqrt(prec)
	return cube.Add(Int(1), prec).Mul(p, prec).Mul(root, prec)
}

// siluHalf is Silu by the second sigmoid.
func siluHalf(x *big.Float, prec uint) Interval {
	return sigmoidHalf(x, prec+2).Mul(Point(x), prec+2)
}

// geluTanh is Gelu as x·(1 + tanh u)/2, where 1 + tanh u loses 2·|u|·log2 e bits
// for u < 0. The ends of u go through tanhFraction.
func geluTanh(x *big.Float, prec uint) Interval {
	u := geluArgument(x, prec+64)
	lost, _ := u.Lo.Float64()
	wp := prec + 16
	if lost < 0 {
		wp += uint(-3 * lost)
		u = geluArgument(x, wp+64)
	}
	t := increasing(tanhFraction, u, wp)
	return t.Add(Int(1), wp).Mul(Point(x), wp).Scale(-1)
}
