package drift

import (
	"math"
	"math/big"

	"assay/oracle/real"
)

// ball is the set of real numbers within r of m·2^−bits of its arith.
type ball struct {
	m *big.Int
	r float64
}

// arith is arithmetic on balls in fixed point: what it returns contains the results
// for all numbers of the operands. Every f32 is exact from 149 bits on.
type arith struct {
	bits uint
	unit float64 // 2^−bits
}

func newArith(bits uint) *arith {
	return &arith{bits, math.Ldexp(1, -int(bits))}
}

// up is at least what x would be without the rounding of at most 2^20 sums and
// products of numbers that are not negative: (1 + 2^−53)^(2^20) < 1 + 2^−30. The
// least number stands for those that underflowed.
func up(x float64) float64 { return x*(1+0x1p-30) + 0x1p-1000 }

// exact returns a float.
func (a *arith) exact(x float32) ball { return ball{a.fixed(big.NewFloat(float64(x))), 0} }

// fixed returns ⌊x·2^bits⌋ for x ≥ 0, and is within one of that for x < 0.
func (a *arith) fixed(x *big.Float) *big.Int {
	m, _ := new(big.Float).SetMantExp(x, int(a.bits)).Int(nil)
	return m
}

// enclose returns a ball around an interval.
func (a *arith) enclose(i real.Interval) ball {
	width, _ := i.Width().Float64()
	return ball{a.fixed(i.Lo), up(width + 2*a.unit)}
}

// number is the middle of a ball, exactly.
func (a *arith) number(b ball) *big.Float {
	f := new(big.Float).SetInt(b.m)
	return f.SetMantExp(f, -int(a.bits))
}

// size is at least the magnitude of the middle.
func (a *arith) size(m *big.Int) float64 {
	return up(math.Abs(a.float(m)))
}

// float is the middle rounded to nearest. It is scaled before it is rounded, for the
// integer may be beyond float64.
func (a *arith) float(m *big.Int) float64 {
	f, _ := a.number(ball{m: m}).Float64()
	return f
}

// interval returns the numbers of a ball.
func (a *arith) interval(b ball) real.Interval {
	return real.Point(a.number(b)).Widen(big.NewFloat(b.r), a.bits+64)
}

func (a *arith) add(x, y ball) ball { return ball{new(big.Int).Add(x.m, y.m), up(x.r + y.r)} }

func (a *arith) mul(x, y ball) ball {
	m := new(big.Int).Mul(x.m, y.m)
	r := a.size(x.m)*y.r + a.size(y.m)*x.r + x.r*y.r + a.unit
	return ball{m.Rsh(m, a.bits), up(r)}
}

// dot returns Σ x·y.
func (a *arith) dot(x, y []ball) ball {
	sum, t, r := new(big.Int), new(big.Int), 0.0
	for i := range x {
		sum.Add(sum, t.Mul(x[i].m, y[i].m))
		if x[i].r != 0 || y[i].r != 0 {
			r += a.size(x[i].m)*y[i].r + a.size(y[i].m)*x[i].r + x[i].r*y[i].r
		}
	}
	return ball{sum.Rsh(sum, a.bits), up(r + a.unit)}
}

// quo returns x/y for y > 0: with x = x̄ + e and y = ȳ + f, |x/y − x̄/ȳ| is at most
// (|e| + |x̄/ȳ|·|f|)/(ȳ − |f|).
func (a *arith) quo(x, y ball) (ball, bool) {
	least := a.float(y.m)*(1-0x1p-30) - y.r
	if !(least > 0) {
		return ball{}, false
	}
	m := new(big.Int).Lsh(x.m, a.bits)
	m.Quo(m, y.m)
	return ball{m, up(up(x.r+a.size(m)*y.r+a.unit*y.r)/least*(1+0x1p-30) + a.unit)}, true
}

// exp returns e^x for x of a radius up to 1: e^r − 1 ≤ r + r² there.
func (a *arith) exp(x ball) (ball, bool) {
	if !(x.r <= 1) {
		return ball{}, false
	}
	b := a.enclose(real.Exp(a.number(x), a.bits+64))
	return ball{b.m, up(b.r + (a.size(b.m)+b.r)*(x.r+x.r*x.r))}, true
}

// silu returns x/(1 + e^−x), whose slope is less than 1.1 anywhere.
func (a *arith) silu(x ball) ball {
	b := a.enclose(real.Silu(a.number(x), a.bits+64))
	return ball{b.m, up(b.r + 1.1*x.r)}
}

// rsqrt returns 1/√x.
func (a *arith) rsqrt(x ball) (ball, bool) {
	i := a.interval(x)
	if i.Lo.Sign() <= 0 {
		return ball{}, false
	}
	return a.enclose(real.RsqrtI(i, a.bits+64)), true
}
