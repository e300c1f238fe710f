package oracle

import (
	"encoding/binary"
	"math"
	"math/big"
	"sync"

	"assay/spec"
)

// Bulk evaluation. What is added in float64 is either exact, and then goes
// through a super-accumulator, or a sum of magnitudes, and then is enlarged by
// more than its rounding error.

var accs = sync.Pool{New: func() any { return new(Acc) }}

// magnitude returns an upper bound, as big.Float, of the exact sum whose
// float64 evaluation is sum: n additions of terms that are not negative, each
// term with at most two roundings of its own. With v = 2^−53 the computed sum
// is at least (1 − (n+2)v) times the exact one, and 1/(1 − (n+2)v) ≤ 1 + (n+4)·2v
// for n < 2^50.
func magnitude(sum float64, n int) *big.Float {
	x := exactFloat(sum)
	slack := exactMul(x, exactFloat(float64(n+4)*0x1p-52))
	return exactAdd(x, slack)
}

// bulkDotF32 is dotF32 with the products, exact in float64, in an accumulator.
func bulkDotF32(a, b []byte, _ spec.Tree) sumState {
	acc := accs.Get().(*Acc)
	defer accs.Put(acc)
	acc.Reset()
	var s sumState
	x, y := spec.Floats(a), spec.Floats(b)
	gauge, eta := 0.0, int64(0)
	for i := range x {
		p := float64(x[i]) * float64(y[i])
		if !finite(p) {
			s.special(p)
			x[i] = 0 // takes part in the exact sum as nothing
			y[i] = 0
			continue
		}
		s.sign(p)
		if p != 0 {
			eta++
		}
		gauge += math.Abs(p)
	}
	acc.AddDot(x, y)
	s.value = acc.Value()
	s.gauge, s.eta, s.factors = magnitude(gauge, len(x)), exactInt(eta), exact()
	return s
}

func bulkDotQ4KF32(w, x []byte, t spec.Tree) sumState {
	acc := accs.Get().(*Acc)
	defer accs.Put(acc)
	acc.Reset()
	var s sumState
	gauge, factors, eta := 0.0, 0.0, int64(0)
	for b := range len(w) / spec.Q4KBytes {
		blk := w[b*spec.Q4KBytes:][:spec.Q4KBytes]
		d, dmin := f16Table(blk[0:]), f16Table(blk[2:])
		bad := s.scale(d)
		bad = s.scale(dmin) || bad
		if bad {
			continue
		}
		posLead, negLead := 2*max(1, math.Abs(d)), 2*max(1, math.Abs(dmin))
		for j := range spec.Q4KSubBlocks {
			sc, m := q4kPair(blk, j)
			d1, m1 := d*float64(sc), dmin*float64(m)
			qs := blk[spec.Q4KOffQuants+j/2*32:][:32]
			xs := x[4*(b*spec.SuperBlock+32*j):][:4*32]
			shift := 4 * uint(j%2)
			for l, pair := range qs {
				qv := pair >> shift & 15
				xi := float64(spec.GetF32(xs, l))
				pos := d1 * float64(qv) // exact, 21 bits
				weight := pos - m1      // exact, 51 bits
				if !finite(xi) {
					if t == spec.TreeLanes {
						s.special(sign(weight) * xi)
					} else {
						s.scale(xi)
					}
					continue
				}
				p, q := pos*xi, -m1*xi // exact, 45 and 41 bits
				acc.Add(p)
				acc.Add(q)
				if t == spec.TreeLanes {
					term := weight * xi
					s.sign(term)
					gauge += math.Abs(term)
					if term != 0 {
						eta++
					}
					continue
				}
				s.sign(p)
				s.sign(q)
				gauge += math.Abs(p) + math.Abs(q)
				quant := int64(qv)
				if xi != 0 {
					eta += weigh(d, sc*quant) + weigh(dmin, m)
				}
				factors += math.Abs(xi) * (posLead*float64(max(1, sc)*max(1, quant)) + negLead*float64(max(1, m)))
			}
		}
	}
	n := len(x) / 4
	s.value = acc.Value()
	s.gauge, s.eta, s.factors = magnitude(gauge, 2*n), exactInt(eta), magnitude(factors, 4*n)
	return s
}

func sign(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return 0
}

func bulkDotQ4KQ8K(w, x []byte, t spec.Tree) sumState {
	acc := accs.Get().(*Acc)
	defer accs.Put(acc)
	acc.Reset()
	var s sumState
	gauge, eta, factors := 0.0, int64(0), 0.0
	var lead big.Float // factors of TreeAny
	nb := len(w) / spec.Q4KBytes
	for b := range nb {
		wb, xb := w[b*spec.Q4KBytes:][:spec.Q4KBytes], x[b*spec.Q8KBytes:][:spec.Q8KBytes]
		dx := float64(spec.GetF32(xb[spec.Q8KOffD:], 0))
		dd, dm := f16Table(wb[0:])*dx, f16Table(wb[2:])*dx // exact, 35 bits
		bad := s.scale(dd)
		bad = s.scale(dm) || bad
		if bad {
			continue
		}
		var dots [spec.QuantDotLanes]int64
		dot, min, absDot, absMin := int64(0), int64(0), int64(0), int64(0)
		anyDot, anyMin, anyLead := int64(0), int64(0), int64(0) // element by element
		for j := range spec.Q4KSubBlocks {
			sc, m := q4kPair(wb, j)
			qs := wb[spec.Q4KOffQuants+j/2*32:][:32]
			xs := xb[spec.Q8KOffQuants+32*j:][:32]
			shift := 4 * uint(j%2)
			for l := range dots {
				lane := int64(0)
				for k := 4 * l; k < 4*l+4; k++ {
					q, xq := int64(qs[k]>>shift&15), int64(int8(xs[k]))
					lane += q * xq
					a := max(xq, -xq)
					anyDot += sc * q * a
					anyMin += m * a
					anyLead += max(1, sc)*q*a + max(1, m)*a
				}
				dots[l] += sc * lane
			}
			bsums := binary.LittleEndian.Uint32(xb[spec.Q8KOffBsums+4*j:])
			mins := m * (int64(int16(bsums)) + int64(int16(bsums>>16)))
			min += mins
			absMin += max(mins, -mins)
			s.sign(-dm * float64(mins))
		}
		for _, v := range dots {
			dot += v
			absDot += max(v, -v)
			s.sign(dd * float64(v))
		}
		// 35 + 25 bits do not fit: the low 12 bits of the integers go separately.
		for _, part := range [...]float64{
			dd * float64(dot&0xfff), dd * float64(dot&^0xfff),
			-dm * float64(min&0xfff), -dm * float64(min&^0xfff),
		} {
			acc.Add(part)
		}
		if t == spec.TreeLanes {
			gauge += math.Abs(dd)*float64(absDot) + math.Abs(dm)*float64(absMin)
			eta += weigh(dd, absDot) + weigh(dm, absMin)
		} else {
			gauge += math.Abs(dd)*float64(anyDot) + math.Abs(dm)*float64(anyMin)
			eta += weigh(dd, anyDot) + weigh(dm, anyMin)
			d, dmin := f16Table(wb[0:]), f16Table(wb[2:])
			scales := exactMul(exactFloat(2*max(1, math.Abs(d), math.Abs(dmin))), exactFloat(max(1, math.Abs(dx))))
			if of := exactMul(scales, exactInt(max(1, anyLead))); of.Cmp(&lead) > 0 {
				lead.Set(of)
			}
			s.terms.Pos, s.terms.Neg = true, true
		}
		factors = max(factors, math.Abs(dd), math.Abs(dm))
	}
	s.value = acc.Value()
	s.gauge, s.eta, s.factors = magnitude(gauge, 2*nb), exactInt(eta), exactFloat(factors)
	if lead.Cmp(s.factors) > 0 {
		s.factors = &lead
	}
	return s
}

// sign notes the sign of a finite term.
func (s *sumState) sign(term float64) {
	s.terms.Pos = s.terms.Pos || term > 0
	s.terms.Neg = s.terms.Neg || term < 0
}

// f16Table returns the value of the f16 stored at the start of b.
func f16Table(b []byte) float64 { return f16Values[binary.LittleEndian.Uint16(b)] }

// f16Values is built from the integer significand and its weight, not from the
// formula that f16 uses.
var f16Values = func() (t [1 << 16]float64) {
	for h := range t {
		exp, frac := h>>10&31, h&1023
		v := math.Inf(1)
		switch {
		case exp == 31 && frac > 0:
			v = math.NaN()
		case exp == 0:
			v = float64(frac) * 0x1p-24
		case exp < 31:
			v = float64((1024+frac)<<(exp-1)) * 0x1p-24
		}
		if h >= 1<<15 {
			v = -v
		}
		t[h] = v
	}
	return t
}()

// q4kPair returns scale and min of sub-block j, read as bit fields of the 96-bit
// little-endian number scales: low parts first, then the two high bits.
func q4kPair(blk []byte, j int) (sc, m int64) {
	s := blk[spec.Q4KOffScales:spec.Q4KOffQuants]
	field := func(bit, width int) int64 {
		return int64(s[bit/8]>>(bit%8)) & (1<<width - 1)
	}
	if j < 4 {
		return field(8*j, 6), field(32+8*j, 6)
	}
	return field(64+8*(j-4), 4) | field(8*(j-4)+6, 2)<<4, field(64+8*(j-4)+4, 4) | field(32+8*(j-4)+6, 2)<<4
}

// bulkDequantQ4K rounds the value once from float64, where it is exact.
func bulkDequantQ4K(src []byte) []byte {
	out := make([]float32, 0, len(src)/spec.Q4KBytes*spec.SuperBlock)
	for b := range len(src) / spec.Q4KBytes {
		blk := src[b*spec.Q4KBytes:][:spec.Q4KBytes]
		d, dmin := f16Table(blk[0:]), f16Table(blk[2:])
		for j := range spec.Q4KSubBlocks {
			sc, m := q4kPair(blk, j)
			d1, m1 := d*float64(sc), dmin*float64(m)
			for _, q := range blk[spec.Q4KOffQuants+j/2*32:][:32] {
				out = append(out, float32(float64(d1*float64(q>>(4*uint(j%2))&15))-m1))
			}
		}
	}
	return spec.FloatBytes(out)
}

// Quotients and products of two f32, rounded to float64 and then to f32, are
// correctly rounded (S. A. Figueroa, "When is double rounding innocuous?",
// ACM SIGNUM Newsletter 30(3), 1995: 53 ≥ 2·24+2; products are exact).

func bulkGGMLBlock(x []float32, q []byte) float32 {
	amax, first := 0.0, 0.0
	for _, v := range x {
		if a := math.Abs(float64(v)); a > amax {
			amax, first = a, float64(v)
		}
	}
	if amax == 0 {
		return 0
	}
	iscale := float64(float32(-127 / first))
	for i, v := range x {
		if p := float32(iscale * float64(v)); finite(float64(p)) {
			q[i] = byte(int8(min(127, math.RoundToEven(float64(p)))))
		}
	}
	return float32(1 / iscale)
}

func bulkAprenderBlock(x []float32, q []byte) float32 {
	amax := 0.0
	for _, v := range x {
		if a := math.Abs(float64(v)); a > amax {
			amax = a
		}
	}
	s := float32(1.0 / 127)
	if amax > float64(float32(1e-10)) {
		s = float32(amax / 127)
	}
	inv := float64(float32(1 / float64(s)))
	for i, v := range x {
		if p := float32(float64(v) * inv); finite(float64(p)) {
			q[i] = byte(int8(max(-128, min(127, math.Round(float64(p))))))
		}
	}
	return s
}

func bulkQuantizeQ8K(src []byte, rule func(x []float32, q []byte) float32) []byte {
	x := spec.Floats(src)
	out := make([]byte, len(x)/spec.SuperBlock*spec.Q8KBytes)
	for b := range len(x) / spec.SuperBlock {
		blk := out[b*spec.Q8KBytes:][:spec.Q8KBytes]
		d := rule(x[b*spec.SuperBlock:][:spec.SuperBlock], blk[spec.Q8KOffQuants:][:spec.SuperBlock])
		spec.PutF32(blk[spec.Q8KOffD:], d)
	}
	spec.FixBsums(out)
	return out
}
