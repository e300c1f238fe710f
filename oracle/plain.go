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

func dotFloat(p pair, a, b []byte, _ spec.Tree) sumState {
	a, b = widen(p.w, a), widen(p.x, b)
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

// dotMixed is Path A.
func dotMixed(p pair, w, x []byte, t spec.Tree) sumState {
	s := newSum()
	for b := range len(w) / p.w.BlockBytes() {
		blk := decode(p.w, w[b*p.w.BlockBytes():])
		bad := s.scale(blk.d[0])
		bad = s.scale(blk.dmin) || bad
		if bad {
			continue
		}
		d := blk.d[0]
		for i, q := range blk.c {
			j := i / blk.groupLen
			xi := float64(spec.GetF32(x, b*len(blk.c)+i))
			pos := exactMul(exactFloat(d), exactInt(blk.s[j]*q))
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
					s.eta = exactAdd(s.eta, exactInt(weigh(d, blk.s[j]*q)+weigh(blk.dmin, blk.m[j])))
				}
				// Scales in any order, and sums of the rest: relative errors of up
				// to 1 + γ_h ≤ 2.
				of := 2 * (math.Max(1, math.Abs(d))*float64(max(1, blk.s[j])*max(1, q)) + math.Max(1, math.Abs(blk.dmin))*float64(max(1, blk.m[j])))
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

// dotSuper is a dot with Q8_K.
func dotSuper(p pair, w, x []byte, t spec.Tree) sumState {
	s := newSum()
	for b := range len(w) / p.w.BlockBytes() {
		wb, xb := decode(p.w, w[b*p.w.BlockBytes():]), x[b*spec.Q8KBytes:]
		dx := float64(spec.GetF32(xb[spec.Q8KOffD:], 0))
		// The products of two f32 are exact in float64, and NaN or Inf as IEEE has it.
		d, dmin := wb.d[0]*dx, wb.dmin*dx
		bad := s.scale(d)
		if wb.scaledMin {
			bad = s.scale(dmin) || bad
		} else {
			dmin = 0
		}
		if bad {
			continue
		}
		dd, dm := exactFloat(d), exactFloat(dmin)
		s.factor(dd)
		s.factor(dm)
		var dots, mins [spec.QuantDotLanes]int64
		for i, c := range wb.c {
			xq := int64(int8(xb[spec.Q8KOffQuants+i]))
			if p.w == spec.Q6K {
				c += 32 // see below
			}
			dots[i%32/4] += wb.s[i/wb.groupLen] * c * xq
		}
		for k := range spec.Q8KBsums {
			sum := int64(int16(binary.LittleEndian.Uint16(xb[spec.Q8KOffBsums+2*k:])))
			g := 16 * k / wb.groupLen
			mins[k/2] += wb.m[g] * sum
			if p.w == spec.Q6K {
				dots[k/2] -= 32 * wb.s[g] * sum
			}
		}
		if t == spec.TreeLanes {
			for l := range dots {
				s.add(exactMul(dd, exactInt(dots[l])))
				s.add(exactMul(dm, exactInt(-mins[l])))
				s.eta = exactAdd(s.eta, exactInt(weigh(d, max(dots[l], -dots[l]))+weigh(dmin, max(mins[l], -mins[l]))))
			}
			continue
		}
		var dot, min, absDots, absMins int64
		for l := range dots {
			dot, min = dot+dots[l], min+mins[l]
		}
		for i := range wb.c { // element by element
			g, a := i/wb.groupLen, magnitudeOf(xb[spec.Q8KOffQuants+i])
			absDots += max(wb.s[g], -wb.s[g]) * anyCode(p.w, wb.c[i]) * a
			absMins += wb.m[g] * a
		}
		s.value = exactAdd(s.value, exactAdd(exactMul(dd, exactInt(dot)), exactMul(dm, exactInt(-min))))
		s.gauge = exactAdd(s.gauge, exactAdd(abs(exactMul(dd, exactInt(absDots))), abs(exactMul(dm, exactInt(absMins)))))
		s.terms.Pos, s.terms.Neg = true, true // the float terms are the kernel's choice
		s.eta = exactAdd(s.eta, exactInt(weigh(d, absDots)+weigh(dmin, absMins)))
		s.factor(anyFactors(p.w, wb, dx, xb[spec.Q8KOffQuants:]))
	}
	return s
}

// dotBlock is a dot with Q8_0 or Q8_1.
func dotBlock(p pair, w, x []byte, t spec.Tree) sumState {
	s := newSum()
	per := p.w.BlockLen() / spec.Block // activation blocks for each block of weights
	for b := range len(x) / p.x.BlockBytes() {
		wb, xb := decode(p.w, w[b/per*p.w.BlockBytes():]), decode(p.x, x[b*p.x.BlockBytes():])
		first := b % per * spec.Block
		for l := range 8 {
			at := first + 4*l
			d := wb.d[at/wb.groupLen] * wb.unit * xb.d[0]
			if s.scale(d) {
				continue
			}
			dd := exactFloat(d)
			s.factor(dd)
			dot, absDot, of := int64(0), int64(0), int64(0)
			for k := range 4 {
				c, a := wb.c[at+k], max(xb.c[4*l+k], -xb.c[4*l+k])
				dot += c * xb.c[4*l+k]
				absDot += anyCode(p.w, c) * a
				of += max(1, anyCode(p.w, c)) * a
			}
			if t == spec.TreeLanes {
				s.add(exactMul(dd, exactInt(dot)))
				s.eta = exactAdd(s.eta, exactInt(weigh(d, max(dot, -dot))))
				continue
			}
			s.value = exactAdd(s.value, exactMul(dd, exactInt(dot)))
			s.gauge = exactAdd(s.gauge, abs(exactMul(dd, exactInt(absDot))))
			s.terms.Pos, s.terms.Neg = true, true
			s.eta = exactAdd(s.eta, exactInt(weigh(d, absDot)))
			s.factor(exactMul(exactFloat(16*max(1, math.Abs(wb.d[at/wb.groupLen]))*max(1, math.Abs(xb.d[0]))), exactInt(max(1, of))))
		}
		if addsMin(p.w) {
			if m := wb.add * xb.add; !s.special(m) {
				s.add(exactFloat(m))
			}
		}
	}
	return s
}

func magnitudeOf(q byte) int64 { v := int64(int8(q)); return max(v, -v) }

// anyCode bounds what a kernel of TreeAny may multiply with the activation for
// the code c: formats that store c with an offset allow it to be subtracted
// afterwards.
func anyCode(f spec.Format, c int64) int64 {
	offset := int64(0)
	switch f {
	case spec.Q3K:
		offset = 4
	case spec.Q4_0:
		offset = 8
	case spec.Q5_0:
		offset = 16
	case spec.Q6K:
		offset = 32
	}
	return max(c+offset, -c-offset) + offset
}

// anyFactors bounds what a kernel of TreeAny may form of a super-block's scales
// and integers, in any order: twice the product of all of them that exceed 1.
func anyFactors(f spec.Format, b *block, dx float64, xq []byte) *big.Float {
	var n int64
	for i, c := range b.c {
		g, a := i/b.groupLen, magnitudeOf(xq[i])
		n += max(1, b.s[g], -b.s[g])*anyCode(f, c)*a + max(1, b.m[g])*a
	}
	scales := exactMul(exactFloat(2*max(1, math.Abs(b.d[0]), math.Abs(b.dmin))), exactFloat(max(1, math.Abs(dx))))
	return exactMul(scales, exactInt(max(1, n)))
}
