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
	}
	s.eta = exactInt(int64(n))
	return s
}

func dotQ4KF32(w, x []byte, t spec.Tree) sumState {
	s := newSum()
	n := len(x) / 4
	largest := 1.0 // of 1 and the magnitudes of all scales
	for b := range len(w) / spec.Q4KBytes {
		blk := decodeQ4K(w[b*spec.Q4KBytes:])
		bad := s.scale(blk.d)
		bad = s.scale(blk.dmin) || bad
		if bad {
			continue
		}
		largest = max(largest, math.Abs(blk.d), math.Abs(blk.dmin))
		for i, q := range blk.q {
			j := i / spec.Q4KSubBlockLen
			xi := float64(spec.GetF32(x, b*spec.SuperBlock+i))
			pos := exactMul(exactFloat(blk.d), exactInt(blk.sc[j]*q))
			neg := exactMul(exactFloat(blk.dmin), exactInt(-blk.m[j]))
			weight := exactAdd(pos, neg)
			if !finite(xi) {
				if t == spec.TreeLanes {
					s.special(float64(weight.Sign()) * xi)
				} else {
					// Scales may be factored out of Inf − Inf.
					s.scale(xi)
				}
				continue
			}
			if t == spec.TreeLanes {
				s.add(exactMul(weight, exactFloat(xi)))
			} else {
				s.add(exactMul(pos, exactFloat(xi)))
				s.add(exactMul(neg, exactFloat(xi)))
			}
		}
	}
	s.eta = exactInt(int64(n))
	if t != spec.TreeLanes {
		// Four roundings a term, each multiplied later by at most a scale and 63·15.
		s.eta = exactMul(exactInt(4*945*int64(n)), exactFloat(largest))
	}
	return s
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
				s.eta = exactAdd(s.eta, exactInt(max(dots[l], -dots[l])+max(mins[l], -mins[l])+2))
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
		// 32 terms of at most three roundings, each multiplied later by at most
		// the scales and the integer.
		lead := exactMul(exactFloat(max(1, math.Abs(wb.d), math.Abs(wb.dmin))), exactFloat(max(1, math.Abs(dx))))
		s.eta = exactAdd(s.eta, exactMul(lead, exactInt(96*max(1, absDots, absMins))))
	}
	return s
}
