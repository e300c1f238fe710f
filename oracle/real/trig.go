package real

import (
	"math/big"
	"math/bits"
)

// wildExp: from |x| ≥ 2^wildExp on, sine and cosine are only said to lie
// between −1 and 1. All binary64 are below.
const wildExp = 1 << 12

// Sincos returns enclosures of sin x and cos x. It panics if x is infinite.
//
// x = q·π/2 + r with r between about −π/4 and π/4 (any integer q would be
// right), π taken to as many bits as x has before the point, and more until r is
// narrow: x is rational, π is not, so that ends. Then sin r = Σ ±r^(2n+1)/(2n+1)!
// and cos r = Σ ±r^(2n)/(2n)!; what follows is at most twice the first term left
// out once r² ≤ half its next denominator (series.partial). From |x| ≥ 2^4096 on
// both are [−1, 1].
func Sincos(x *big.Float, prec uint) (sin, cos Interval) {
	return quarter(x, prec, 0), quarter(x, prec, 1)
}

// Sin returns an enclosure of sin x; see Sincos.
func Sin(x *big.Float, prec uint) Interval { return quarter(x, prec, 0) }

// Cos returns an enclosure of cos x; see Sincos.
func Cos(x *big.Float, prec uint) Interval { return quarter(x, prec, 1) }

// quarter returns sin(x + turns·π/2).
func quarter(x *big.Float, prec uint, turns int) Interval {
	if x.IsInf() {
		panic(infinite)
	}
	if x.MantExp(nil) > wildExp {
		return Interval{big.NewFloat(-1), unit}
	}
	wp := prec + 16
	q, r := reduce(x, wp)
	neg := false
	if r.Hi.Sign() < 0 {
		r, neg = r.Neg(), true
	}
	z := r.Mul(r, wp)
	var v Interval
	if q = (q + turns) & 3; q&1 == 0 {
		v = series{first: r, z: z, alternating: true, d: oddFactorial}.enclose(wp)
	} else {
		v = series{first: Int(1), z: z, alternating: true, d: evenFactorial}.enclose(wp)
		neg = false
	}
	if neg != (q >= 2) {
		v = v.Neg()
	}
	return v
}

// reduce returns q mod 4 and r = x − q·π/2, of relative width 2^-prec.
func reduce(x *big.Float, prec uint) (int, Interval) {
	e := x.MantExp(nil)
	if e <= 0 { // |x| < 1
		return 0, Point(x)
	}
	at := uint(e) + 64
	ratio := new(big.Float).SetPrec(at).Quo(x, Pi(at).Lo)
	ratio.SetMantExp(ratio, 1).Add(ratio, big.NewFloat(0.5))
	q, _ := ratio.Int(nil)
	if ratio.Sign() < 0 { // Int truncates
		q.Sub(q, big.NewInt(1))
	}
	n := Point(new(big.Float).SetPrec(at).SetInt(q))
	for wp := prec + uint(e) + 16; ; wp += 64 {
		r := Point(x).Sub(Pi(wp).Scale(-1).Mul(n, wp), wp)
		if !r.straddles() && r.Within(prec) {
			return int(new(big.Int).And(q, big.NewInt(3)).Int64()), r
		}
	}
}

// SinI returns an enclosure of sin x for all x of a: that at the midpoint, and
// as much to both sides as x may be off, for |sin x − sin y| ≤ |x − y|.
func SinI(a Interval, prec uint) Interval { return lipschitz(Sin, a, prec) }

// CosI returns an enclosure of cos x for all x of a; see SinI.
func CosI(a Interval, prec uint) Interval { return lipschitz(Cos, a, prec) }

func lipschitz(f func(*big.Float, uint) Interval, a Interval, prec uint) Interval {
	if a.IsPoint() {
		return f(a.Lo, prec)
	}
	mid := new(big.Float).SetPrec(max(a.Lo.Prec(), a.Hi.Prec())).Add(a.Lo, a.Hi)
	mid.SetMantExp(mid, -1)
	r := difference(up(64), a.Hi, mid)
	if l := difference(up(64), mid, a.Lo); l.Cmp(r) > 0 {
		r = l
	}
	return f(mid, prec).Widen(r, prec+16).Clip(big.NewFloat(-1), unit)
}

// turned is Sincos by another way, without π: y = |x|/2^m ≤ 1/16, t = tan(y/2)
// by Lambert's continued fraction, e^(iy) = (1 + it)²/(1 + t²), squared m times.
// Boxes around complex numbers grow in squaring, so the precision does, until
// the results are narrow.
func turned(x *big.Float, prec uint) (sin, cos Interval) {
	if x.Sign() == 0 {
		return Int(0), Int(1)
	}
	m := max(0, x.MantExp(nil)+4)
	for wp := prec + 2*uint(m) + 32; ; wp += wp / 2 {
		t := tangent(Point(new(big.Float).Abs(x)).Scale(-m-1), wp)
		tt := t.Mul(t, wp)
		h := tt.Add(Int(1), wp)
		s, c := t.Scale(1).Quo(h, wp), Int(1).Sub(tt, wp).Quo(h, wp)
		for range m {
			s, c = s.Mul(c, wp).Scale(1), c.Mul(c, wp).Sub(s.Mul(s, wp), wp)
		}
		if s.Within(prec) && c.Within(prec) {
			if x.Sign() < 0 {
				s = s.Neg()
			}
			return s, c
		}
	}
}

func sinTurned(x *big.Float, prec uint) Interval { s, _ := turned(x, prec); return s }
func cosTurned(x *big.Float, prec uint) Interval { _, c := turned(x, prec); return c }

// tangent returns tan y = y/(1 − T(1)), T(n) = y²/(2n+1 − T(n+1)), 0 < y ≤ 1
// (J. Lambert, 1761; W. Jones, W. Thron, "Continued Fractions", 1980, 6.1.3).
// T(n) = y·J(n+½, y)/J(n−½, y) by the recurrence of the Bessel functions, and
// from J(ν, y)·Γ(ν+1)/(y/2)^ν between 1 − y²/(4ν+4) and 1 (an alternating series
// of falling terms) it lies between 0 and (y²/(2n+1))/(1 − y²/(4n+2)) < 1. A step
// divides what the start leaves open by at least (2n)²/y².
func tangent(y Interval, prec uint) Interval {
	z := y.Mul(y, prec)
	t := Interval{zero, unit}
	for n := steps(z, prec); n >= 1; n-- {
		t = z.Quo(Int(2*n+1).Sub(t, prec), prec)
	}
	return y.Quo(Int(1).Sub(t, prec), prec)
}

// steps returns n so that Π (2i)²/z, i ≤ n, exceeds 2^prec.
func steps(z Interval, prec uint) int64 {
	left, n := int(prec), int64(0)
	for left > 0 {
		n++
		left -= 2*bits.Len64(uint64(n)) - z.Hi.MantExp(nil)
	}
	return n
}
