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

// bulkDotFloat is dotFloat with the products, exact in float64, in an accumulator.
func bulkDotFloat(p pair, a, b []byte, _ spec.Tree) sumState {
	a, b = bulkWiden(p.w, a), bulkWiden(p.x, b)
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

func bulkDotMixed(form pair, w, x []byte, t spec.Tree) sumState {
	acc := accs.Get().(*Acc)
	defer accs.Put(acc)
	acc.Reset()
	var s sumState
	gauge, factors, eta := 0.0, 0.0, int64(0)
	l := spec.LayoutOf(form.w)
	var u unpacked
	for b := range len(w) / form.w.BlockBytes() {
		blk := w[b*form.w.BlockBytes():][:form.w.BlockBytes()]
		d, dmin := scaleAt(&l.D, l.DKind, blk, 0), scaleAt(&l.M, spec.ScaleF16, blk, 0)
		bad := s.scale(d)
		bad = s.scale(dmin) || bad
		if bad {
			continue
		}
		u.read(l, blk)
		posLead, negLead := 2*max(1, math.Abs(d)), 2*max(1, math.Abs(dmin))
		for j := range l.Groups() {
			sc, m := u.s[j], u.m[j]
			d1, m1 := d*float64(sc), dmin*float64(m)
			xs := x[4*(b*form.w.BlockLen()+j*l.GroupLen):]
			for k, quant := range u.c[j*l.GroupLen : (j+1)*l.GroupLen] {
				xi := float64(spec.GetF32(xs, k))
				pos := d1 * float64(quant) // exact, 21 bits
				weight := pos - m1         // exact, 51 bits
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

// unpacked is a block read by the layout's bit fields.
type unpacked struct {
	s, m [16]int64 // per group
	c    [spec.SuperBlock]int64
}

func (u *unpacked) read(l *spec.Layout, blk []byte) {
	for g := range l.Groups() {
		u.s[g] = int64(l.ScaleOf(blk, g))
		if l.Min.Count > 0 {
			u.m[g] = int64(l.Min.Get(blk, g))
		}
	}
	for i := range l.Quant.Count {
		u.c[i] = int64(l.Codes[l.Quant.Get(blk, i)])
	}
}

// scaleAt returns entry i of a scale field.
func scaleAt(f *spec.Field, kind spec.ScaleKind, blk []byte, i int) float64 {
	v := f.Get(blk, i)
	switch kind {
	case spec.ScaleF32:
		return float64(math.Float32frombits(v))
	case spec.ScaleE8M0:
		if v == 255 {
			return math.NaN()
		}
		return math.Float64frombits(uint64(v+1023-127) << 52)
	case spec.ScaleUE4M3:
		return ue4m3[v&127]
	}
	return f16Values[v]
}

// ue4m3 lists the values in units of 2^−9: 0 … 8 subnormal, then doubling steps.
var ue4m3 = func() (t [128]float64) {
	step, v := 1, 0
	for code := range t {
		t[code] = float64(v) * 0x1p-9
		if code >= 16 && code%8 == 0 {
			step *= 2
		}
		v += step
	}
	t[127] = math.NaN()
	return t
}()

// offsetOf is the number that a format's codes are stored too large by.
func offsetOf(l *spec.Layout) int64 {
	if l.Linear() && l.Quant.Width < 8 {
		return int64(-l.Codes[0])
	}
	return 0
}

func bulkDotSuper(p pair, w, x []byte, t spec.Tree) sumState {
	acc := accs.Get().(*Acc)
	defer accs.Put(acc)
	acc.Reset()
	var s sumState
	gauge, eta, factors := 0.0, int64(0), 0.0
	var lead big.Float // factors of TreeAny
	l := spec.LayoutOf(p.w)
	offset, perGroup := offsetOf(l), l.GroupLen
	var u unpacked
	nb := len(w) / p.w.BlockBytes()
	for b := range nb {
		wb, xb := w[b*p.w.BlockBytes():][:p.w.BlockBytes()], x[b*spec.Q8KBytes:][:spec.Q8KBytes]
		dx := float64(spec.GetF32(xb[spec.Q8KOffD:], 0))
		d, dmin := scaleAt(&l.D, l.DKind, wb, 0), 0.0
		dd, dm := d*dx, 0.0 // exact, 35 bits
		bad := s.scale(dd)
		if l.MKind == spec.MinScaled {
			dmin = scaleAt(&l.M, spec.ScaleF16, wb, 0)
			dm = dmin * dx
			bad = s.scale(dm) || bad
		}
		if bad {
			continue
		}
		u.read(l, wb)
		var dots [spec.QuantDotLanes]int64
		anyDot, anyMin, anyLead := int64(0), int64(0), int64(0) // element by element
		for g := range l.Groups() {
			sc, m := u.s[g], u.m[g]
			as, leadS, leadM := max(sc, -sc), max(1, sc, -sc), max(1, m)
			for i := g * perGroup; i < (g+1)*perGroup; i += 4 {
				lane := int64(0)
				for k, xq := range xb[spec.Q8KOffQuants+i:][:4] {
					v, c := int64(int8(xq)), u.c[i+k]
					lane += c * v
					if t == spec.TreeAny {
						a := max(v, -v)
						ca := max(c+offset, -c-offset) + offset
						anyDot += as * ca * a
						anyMin += m * a
						anyLead += leadS*ca*a + leadM*a
					}
				}
				dots[i/4%8] += sc * lane
			}
		}
		dot, min, absDot, absMin := int64(0), int64(0), int64(0), int64(0)
		for j := range spec.QuantDotLanes {
			bsums := binary.LittleEndian.Uint32(xb[spec.Q8KOffBsums+4*j:])
			lo, hi := int64(int16(bsums)), int64(int16(bsums>>16))
			g0, g1 := 32*j/perGroup, (32*j+16)/perGroup
			mins := u.m[g0]*lo + u.m[g1]*hi
			min += mins
			absMin += max(mins, -mins)
			s.sign(-dm * float64(mins))
			if p.w == spec.Q6K {
				// Quants of 0 … 63: what they add goes to the element's lane, what is
				// subtracted for it to the group's.
				dots[j] -= 32 * (u.s[g0]*lo + u.s[g1]*hi)
			}
		}
		if p.w == spec.Q6K {
			for i := range spec.SuperBlock {
				dots[i/4%8] += 32 * u.s[i/16] * int64(int8(xb[spec.Q8KOffQuants+i]))
			}
		}
		for _, v := range dots {
			dot += v
			absDot += max(v, -v)
			s.sign(dd * float64(v))
		}
		// 35 bits of scales leave 13 for an integer.
		for _, part := range []int64{dot & 0xfff, dot >> 12 & 0xfff << 12, dot >> 24 << 24} {
			acc.Add(dd * float64(part))
		}
		for _, part := range []int64{min & 0xfff, min >> 12 & 0xfff << 12, min >> 24 << 24} {
			acc.Add(-dm * float64(part))
		}
		if t == spec.TreeLanes {
			gauge += math.Abs(dd)*float64(absDot) + math.Abs(dm)*float64(absMin)
			eta += weigh(dd, absDot) + weigh(dm, absMin)
		} else {
			gauge += math.Abs(dd)*float64(anyDot) + math.Abs(dm)*float64(anyMin)
			eta += weigh(dd, anyDot) + weigh(dm, anyMin)
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

func bulkDotBlock(p pair, w, x []byte, t spec.Tree) sumState {
	acc := accs.Get().(*Acc)
	defer accs.Put(acc)
	acc.Reset()
	var s sumState
	gauge, eta, factors := 0.0, int64(0), 0.0
	l, lx := spec.LayoutOf(p.w), spec.LayoutOf(p.x)
	offset := offsetOf(l)
	var u unpacked
	nb := len(w) / p.w.BlockBytes()
	for b := range nb {
		wb := w[b*p.w.BlockBytes():][:p.w.BlockBytes()]
		u.read(l, wb)
		for i := 0; i < p.w.BlockLen(); i += 4 {
			xb := x[(b*p.w.BlockLen()+i)/spec.Block*p.x.BlockBytes():][:p.x.BlockBytes()]
			qs := xb[p.x.BlockBytes()-spec.Block:]
			d := scaleAt(&l.D, l.DKind, wb, i/l.GroupLen%l.D.Count)
			dx := scaleAt(&lx.D, lx.DKind, xb, 0)
			if i%spec.Block == 0 && l.MKind == spec.MinAdded {
				m := scaleAt(&l.M, spec.ScaleF16, wb, 0) * scaleAt(&lx.M, spec.ScaleF16, xb, 0)
				if !s.special(m) {
					acc.Add(m)
					s.sign(m)
					gauge += math.Abs(m)
				}
			}
			dd := d * l.Unit * dx // exact, 22 bits
			if s.scale(dd) {
				continue
			}
			dot, anyDot, anyLead := int64(0), int64(0), int64(0)
			for k := range 4 {
				c, v := u.c[i+k], int64(int8(qs[i%spec.Block+k]))
				a, ca := max(v, -v), max(c+offset, -c-offset)+offset
				dot += c * v
				anyDot += ca * a
				anyLead += max(1, ca) * a
			}
			acc.Add(dd * float64(dot))
			factors = max(factors, math.Abs(dd))
			if t == spec.TreeLanes {
				anyDot = max(dot, -dot)
				s.sign(dd * float64(dot))
			} else {
				factors = max(factors, 16*max(1, math.Abs(d))*max(1, math.Abs(dx))*float64(max(1, anyLead)))
				s.terms.Pos, s.terms.Neg = true, true
			}
			gauge += math.Abs(dd) * float64(anyDot)
			eta += weigh(dd, anyDot)
		}
	}
	s.value = acc.Value()
	s.gauge, s.eta, s.factors = magnitude(gauge, 9*len(x)/p.x.BlockBytes()), exactInt(eta), exactFloat(factors)
	return s
}

// sign notes the sign of a finite term.
func (s *sumState) sign(term float64) {
	s.terms.Pos = s.terms.Pos || term > 0
	s.terms.Neg = s.terms.Neg || term < 0
}

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

// bulkDequant rounds the value once from float64, where it is exact.
func bulkDequant(f spec.Format, src []byte) []byte {
	l := spec.LayoutOf(f)
	out := make([]byte, 0, 4*len(src)/f.BlockBytes()*f.BlockLen())
	var u unpacked
	for ; len(src) > 0; src = src[f.BlockBytes():] {
		u.read(l, src)
		for i := range f.BlockLen() {
			g := i / l.GroupLen
			c := float64(u.c[i])
			if l.NegZero >= 0 && int(l.Quant.Get(src, i)) == l.NegZero {
				c = math.Copysign(0, -1)
			}
			y := scaleAt(&l.D, l.DKind, src, g%l.D.Count) * l.Unit * float64(u.s[g]) * c
			switch l.MKind {
			case spec.MinScaled:
				y -= scaleAt(&l.M, spec.ScaleF16, src, 0) * float64(u.m[g])
			case spec.MinAdded:
				y += scaleAt(&l.M, spec.ScaleF16, src, 0)
			}
			out = binary.LittleEndian.AppendUint32(out, math.Float32bits(float32(y)))
		}
	}
	return out
}

// bulkWiden returns the f32 values of F16 or BF16 elements.
func bulkWiden(f spec.Format, src []byte) []byte {
	if f == spec.F32 {
		return src
	}
	out := make([]byte, 0, 2*len(src))
	for i := 0; i < len(src); i += 2 {
		h := binary.LittleEndian.Uint16(src[i:])
		bits := uint32(h) << 16
		if f == spec.F16 {
			bits = math.Float32bits(float32(f16Values[h]))
		}
		out = binary.LittleEndian.AppendUint32(out, bits)
	}
	return out
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
