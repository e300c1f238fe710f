package oracle

import (
	"encoding/binary"
	"math"
	"math/big"

	"assay/spec"
)

// exactPrec is enough for every sum here to be exact: f32 products lie between
// 2^−298 and 2^256, products of a Q4_K weight, or of two scales and an integer,
// well inside, and a sum of fewer than 2^40 terms adds 40 bits.
const exactPrec = 640

func exact() *big.Float { return new(big.Float).SetPrec(exactPrec) }

func mustExact(x *big.Float) *big.Float {
	if x.Acc() != big.Exact {
		panic("oracle: inexact operation")
	}
	return x
}

func exactAdd(x, y *big.Float) *big.Float { return mustExact(exact().Add(x, y)) }
func exactMul(x, y *big.Float) *big.Float { return mustExact(exact().Mul(x, y)) }
func exactInt(i int64) *big.Float         { return exact().SetInt64(i) }
func exactFloat(x float64) *big.Float     { return exact().SetFloat64(x) }
func abs(x *big.Float) *big.Float         { return exact().Abs(x) }

func newSum() sumState {
	return sumState{value: exact(), gauge: exact(), eta: exact(), factors: exact()}
}

// add adds a finite term to the value and its magnitude to the gauge.
func (s *sumState) add(term *big.Float) {
	s.value = exactAdd(s.value, term)
	s.gauge = exactAdd(s.gauge, abs(term))
	s.terms.Pos = s.terms.Pos || term.Sign() > 0
	s.terms.Neg = s.terms.Neg || term.Sign() < 0
}

// special takes the terms that are not finite; it reports whether t was one.
func (s *sumState) special(t float64) bool {
	switch {
	case t != t:
		s.terms.NaN = true
	case math.IsInf(t, 1):
		s.terms.PosInf = true
	case math.IsInf(t, -1):
		s.terms.NegInf = true
	default:
		return false
	}
	return true
}

// scale notes a scale, or product of scales, that is not finite; it reports
// whether x was one.
func (s *sumState) scale(x float64) bool {
	s.terms.NaN = s.terms.NaN || x != x
	s.terms.InfScale = s.terms.InfScale || math.IsInf(x, 0)
	return x != x || math.IsInf(x, 0)
}

func (s *sumState) factor(x *big.Float) {
	if a := abs(x); a.Cmp(s.factors) > 0 {
		s.factors = a
	}
}

func finite(x float64) bool { return x-x == 0 }

func dotF32(a, b []byte, _ spec.Tree) sumState {
	s := newSum()
	n := len(a) / 4
	for i := range n {
		x, y := float64(spec.GetF32(a, i)), float64(spec.GetF32(b, i))
		if !finite(x) || !finite(y) {
			s.special(x * y)
			continue
		}
		s.add(exactMul(exactFloat(x), exactFloat(y)))
		if x != 0 && y != 0 {
			s.eta = exactAdd(s.eta, exactInt(1))
		}
	}
	return s
}

func dotQ4KF32(w, x []byte, t spec.Tree) sumState {
	s := newSum()
	for b := range len(w) / spec.Q4KBytes {
		blk := decodeQ4K(w[b*spec.Q4KBytes:])
		bad := s.scale(blk.d)
		bad = s.scale(blk.dmin) || bad
		if bad {
			continue
		}
		for i, q := range blk.q {
			j := i / spec.Q4KSubBlockLen
			xi := float64(spec.GetF32(x, b*spec.SuperBlock+i))
			pos := exactMul(exactFloat(blk.d), exactInt(blk.sc[j]*q))
			neg := exactMul(exactFloat(blk.dmin), exactInt(-blk.m[j]))
			weight := exactAdd(pos, neg)
			switch {
			case !finite(xi) && t == spec.TreeLanes:
				s.special(float64(weight.Sign()) * xi)
			case !finite(xi):
				s.scale(xi) // the scales may be factored out of Inf − Inf
			case t == spec.TreeLanes:
				s.add(exactMul(weight, exactFloat(xi)))
				if weight.Sign() != 0 && xi != 0 {
					s.eta = exactAdd(s.eta, exactInt(1))
				}
			default:
				s.add(exactMul(pos, exactFloat(xi)))
				s.add(exactMul(neg, exactFloat(xi)))
				if xi != 0 {
					s.eta = exactAdd(s.eta, exactInt(weigh(blk.d, blk.sc[j]*q)+weigh(blk.dmin, blk.m[j])))
				}
				// Scales in any order, and sums of the rest: relative errors of up
				// to 1 + γ_h ≤ 2.
				of := 2 * (math.Max(1, math.Abs(blk.d))*float64(max(1, blk.sc[j])*max(1, q)) + math.Max(1, math.Abs(blk.dmin))*float64(max(1, blk.m[j])))
				s.factors = exactAdd(s.factors, abs(exactMul(exactFloat(of), exactFloat(xi))))
			}
		}
	}
	return s
}

// weigh returns the integer that multiplies an underflow error of a product
// with the scale: none if the scale is zero.
func weigh(scale float64, n int64) int64 {
	if scale == 0 {
		return 0
	}
	return n
}

func dotQ4KQ8K(w, x []byte, t spec.Tree) sumState {
	s := newSum()
	for b := range len(w) / spec.Q4KBytes {
		wb, xb := decodeQ4K(w[b*spec.Q4KBytes:]), x[b*spec.Q8KBytes:]
		dx := float64(spec.GetF32(xb[spec.Q8KOffD:], 0))
		// The products of two f32 are exact in float64, and NaN or Inf as IEEE has it.
		bad := s.scale(wb.d * dx)
		bad = s.scale(wb.dmin*dx) || bad
		if bad {
			continue
		}
		dd, dm := exactMul(exactFloat(wb.d), exactFloat(dx)), exactMul(exactFloat(wb.dmin), exactFloat(dx))
		s.factor(dd)
		s.factor(dm)
		var dots, mins [spec.QuantDotLanes]int64
		var absDots, absMins int64 // element by element
		for i, q := range wb.q {
			j, l := i/spec.Q4KSubBlockLen, i%spec.Q4KSubBlockLen
			xq := int64(int8(xb[spec.Q8KOffQuants+i]))
			dots[l/4] += wb.sc[j] * q * xq
			absDots += wb.sc[j] * q * max(xq, -xq)
			absMins += wb.m[j] * max(xq, -xq)
		}
		for k := range spec.Q8KBsums {
			sum := int64(int16(binary.LittleEndian.Uint16(xb[spec.Q8KOffBsums+2*k:])))
			mins[k/2] += wb.m[k/2] * sum
		}
		if t == spec.TreeLanes {
			for l := range dots {
				s.add(exactMul(dd, exactInt(dots[l])))
				s.add(exactMul(dm, exactInt(-mins[l])))
				s.eta = exactAdd(s.eta, exactInt(weigh(wb.d*dx, max(dots[l], -dots[l]))+weigh(wb.dmin*dx, max(mins[l], -mins[l]))))
			}
			continue
		}
		var dot, min int64
		for l := range dots {
			dot, min = dot+dots[l], min+mins[l]
		}
		s.value = exactAdd(s.value, exactAdd(exactMul(dd, exactInt(dot)), exactMul(dm, exactInt(-min))))
		s.gauge = exactAdd(s.gauge, exactAdd(abs(exactMul(dd, exactInt(absDots))), abs(exactMul(dm, exactInt(absMins)))))
		s.terms.Pos, s.terms.Neg = true, true // the float terms are the kernel's choice
		s.eta = exactAdd(s.eta, exactInt(weigh(wb.d*dx, absDots)+weigh(wb.dmin*dx, absMins)))
		s.factor(anyFactors(wb.d, wb.dmin, dx, wb.sc[:], wb.m[:], wb.q[:], xb[spec.Q8KOffQuants:][:spec.SuperBlock]))
	}
	return s
}

// anyFactors bounds what a kernel of TreeAny may form of a super-block's scales
// and integers, in any order: twice the product of all of them that exceed 1.
func anyFactors(d, dmin, dx float64, sc, m, q []int64, xq []byte) *big.Float {
	var n int64
	for i := range q {
		j, a := i/spec.Q4KSubBlockLen, int64(int8(xq[i]))
		a = max(a, -a)
		n += max(1, sc[j])*q[i]*a + max(1, m[j])*a
	}
	scales := exactMul(exactFloat(2*max(1, math.Abs(d), math.Abs(dmin))), exactFloat(max(1, math.Abs(dx))))
	return exactMul(scales, exactInt(max(1, n)))
}
