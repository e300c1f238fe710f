package props

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"assay/oracle"
	"assay/spec"
)

// weightLayout returns the layout of the first operand; nil for floats.
func weightLayout(op spec.Op) *spec.Layout {
	return spec.LayoutOf(spec.MustLookup(op).In[0].Format)
}

// intCase builds a dot or matvec from blocks of integer values and integer
// activations: every intermediate of any order of summation is an integer below
// 2^24, so the result must be exact.
func intCase(op spec.Op, s spec.Shape, w []*block, x []int8) *spec.Case {
	in := spec.MustLookup(op)
	c := &spec.Case{Op: op, Shape: s, In: [][]byte{make([]byte, in.InBytes(0, s)), nil}}
	for b := range w {
		w[b].put(c.In[0][b*w[b].l.Format.BlockBytes():])
	}
	c.In[1] = intActivation(in.In[1].Format, x)
	return c
}

// intActivation packs integers with scale 1.
func intActivation(f spec.Format, x []int8) []byte {
	out := make([]byte, f.Bytes(len(x)))
	if f == spec.F32 {
		for i, v := range x {
			spec.PutF32(out[4*i:], float32(v))
		}
		return out
	}
	for b := range len(x) / f.BlockLen() {
		blk := actBlock{d: 1, q: x[b*f.BlockLen():][:f.BlockLen()]}
		blk.put(spec.LayoutOf(f), out[b*f.BlockBytes():])
	}
	return out
}

// intBlocks draws the blocks of a matrix of n elements.
func intBlocks(rng *rand.Rand, l *spec.Layout, n int) []*block {
	out := make([]*block, n/l.Format.BlockLen())
	for b := range out {
		out[b] = newBlock(l)
		out[b].integers(rng)
	}
	return out
}

func intActs(rng *rand.Rand, n int) []int8 {
	x := make([]int8, n)
	for i := range x {
		x[i] = int8(rng.IntN(7) - 3)
	}
	return x
}

// exactly requires the exact value of every element.
func (h *harness) exactly(c *spec.Case) ([]byte, *Finding) {
	want, f := h.want(c)
	if f != nil {
		return nil, f
	}
	out, f := h.run(c, 1)
	if f != nil || want.Elements == nil {
		if f == nil {
			f = judgeBytes(c.Op, want.Bytes, out)
		}
		return out, f
	}
	for i, s := range want.Elements {
		v, _ := s.Value.Float32()
		if got := spec.GetF32(out, i); got != v {
			return out, &Finding{Element: fmt.Sprint(i), Got: showBits(spec.F32Bits(out, i)), Detail: fmt.Sprintf("every partial sum is an integer below 2^24: want exactly %g", v)}
		}
	}
	return out, nil
}

func checkIntegers(h *harness, r Recipe) *Finding {
	c := r.Case()
	_, f := h.exactly(c)
	in := spec.MustLookup(r.Op)
	if f != nil || in.In[0].Format != spec.F32 || in.In[1].Format != spec.F32 {
		return f
	}
	// The same sums where results are subnormal, each a multiple of 2^−145.
	for k, e := range []int{-100, -45} {
		for i := range len(c.In[k]) / 4 {
			spec.PutF32(c.In[k][4*i:], float32(math.Ldexp(float64(spec.GetF32(c.In[k], i)), e)))
		}
	}
	if _, f = h.exactly(c); f != nil {
		f.note("integers times 2^-145")
	}
	return f
}

// checkOneHot reads every position of a block back: all weights against one
// activation, then one weight against all activations.
func checkOneHot(h *harness, r Recipe) *Finding {
	rng := r.rng()
	in := spec.MustLookup(r.Op)
	s := r.Shape
	s.Rows, s.Batch = min(s.Rows, 5), min(s.Batch, 2)
	l := weightLayout(r.Op)
	switch {
	case in.Kind == spec.KindMap && l != nil:
		s.Cols = min(s.Cols, 3*l.Format.BlockLen())
		return oneHotDequant(h, r.Op, rng, s)
	case in.Kind == spec.KindMap:
		return oneHotMap(h, r.Op, rng, s)
	case l == nil:
		return oneHotFloat(h, r.Op, rng, 1+rng.IntN(300))
	}
	s.Cols = min(s.Cols, max(3*l.Format.BlockLen(), 128))
	n := l.Format.BlockLen()
	start := rng.IntN(s.Cols/n) * n
	// Weights for one activation, and weights of which one is hot.
	full := intCase(r.Op, s, intBlocks(rng, l, s.Rows*s.Cols), make([]int8, s.Cols*s.Batch))
	w := intBlocks(rng, l, s.Rows*s.Cols)
	for b := range w {
		w[b].m = 0
		w[b].clear()
	}
	cold := intCase(r.Op, s, w, intActs(rng, s.Cols*s.Batch))
	for i := start; i < start+n; i++ {
		row, batch := i%s.Rows, i%s.Batch
		x := make([]int8, s.Cols*s.Batch)
		x[batch*s.Cols+i] = int8(1 + rng.IntN(3))
		c := &spec.Case{Op: r.Op, Shape: s, In: [][]byte{full.In[0], intActivation(in.In[1].Format, x)}}
		if _, f := h.exactly(c); f != nil {
			f.note("only activation %d of vector %d is not zero", i, batch)
			return f
		}
		at := (row*s.Cols + i) / n
		hot := *w[at]
		hot.q = slices.Clone(hot.q)
		hot.q[i%n] = otherCode(rng, l, hot.q[i%n])
		c = &spec.Case{Op: r.Op, Shape: s, In: [][]byte{bytes.Clone(cold.In[0]), cold.In[1]}}
		hot.put(c.In[0][at*l.Format.BlockBytes():])
		if _, f := h.exactly(c); f != nil {
			f.note("only quant %d of row %d is not the smallest", i, row)
			return f
		}
	}
	return nil
}

// otherCode draws a code of another value.
func otherCode(rng *rand.Rand, l *spec.Layout, not uint32) uint32 {
	for {
		if q := uint32(rng.IntN(len(l.Codes))); l.Codes[q] != l.Codes[not] {
			return q
		}
	}
}

func oneHotDequant(h *harness, op spec.Op, rng *rand.Rand, s spec.Shape) *Finding {
	l := weightLayout(op)
	w := intBlocks(rng, l, s.Cols)
	b := w[rng.IntN(len(w))]
	for i := range b.q {
		b.clear()
		b.q[i] = otherCode(rng, l, b.q[i])
		if f := h.dequantized(op, w); f != nil {
			f.note("only quant %d is not the smallest", i)
			return f
		}
	}
	return nil
}

// dequantized runs the dequantiser on blocks whose values are integers, and
// compares with the values that were packed.
func (h *harness) dequantized(op spec.Op, w []*block) *Finding {
	f := w[0].l.Format
	n := f.BlockLen()
	c := &spec.Case{Op: op, Shape: spec.Vector(len(w) * n), In: [][]byte{make([]byte, len(w)*f.BlockBytes())}}
	for b := range w {
		w[b].put(c.In[0][b*f.BlockBytes():])
	}
	out, bad := h.run(c, 1)
	if bad != nil {
		return bad
	}
	for i := range c.Shape.Cols {
		if want := float32(w[i/n].value(i % n)); spec.GetF32(out, i) != want {
			return &Finding{Element: fmt.Sprint(i), Got: showBits(spec.F32Bits(out, i)), Detail: fmt.Sprintf("want exactly %g, as packed", want)}
		}
	}
	return nil
}

// oneHotMap: only one element is not zero, in turn.
func oneHotMap(h *harness, op spec.Op, rng *rand.Rand, s spec.Shape) *Finding {
	in := spec.MustLookup(op)
	n := in.Unit()
	if n == 1 {
		n = 1 + rng.IntN(200)
		s.Cols = n
	}
	start := rng.IntN(s.Cols/n) * n
	for i := start; i < start+n; i++ {
		c := &spec.Case{Op: op, Shape: s, In: [][]byte{make([]byte, in.InBytes(0, s))}}
		x := float32(signed(rng, 1+rng.Float64()))
		switch in.In[0].Format {
		case spec.F32:
			spec.PutF32(c.In[0][4*i:], x)
		default:
			c.In[0][2*i+1] = 0x3c | byte(rng.IntN(2)<<7)
			c.In[0][2*i] = byte(rng.Uint32())
		}
		if _, f := h.judged(c); f != nil {
			f.note("only element %d is not zero", i)
			return f
		}
	}
	return nil
}

func oneHotFloat(h *harness, op spec.Op, rng *rand.Rand, n int) *Finding {
	in := spec.MustLookup(op)
	for i := range n {
		a, b := make([]float32, n), make([]float32, n)
		a[i] = float32(1 + rng.IntN(7))
		for k := range b {
			b[k] = float32(k%127 + 1) // of 8 bits, for bf16
		}
		ab := [][]byte{floatOperand(in.In[0].Format, a), floatOperand(in.In[1].Format, b)}
		if rng.IntN(2) == 0 {
			ab[0], ab[1] = ab[1], ab[0]
		}
		if _, f := h.exactly(&spec.Case{Op: op, Shape: spec.Vector(n), In: ab}); f != nil {
			f.note("only product %d of %d is not zero", i, n)
			return f
		}
	}
	return nil
}

// floatOperand stores values that the format has.
func floatOperand(f spec.Format, x []float32) []byte {
	if f == spec.F32 {
		return spec.FloatBytes(x)
	}
	to := spec.OpConvertF32F16
	if f == spec.BF16 {
		to = spec.OpConvertF32BF16
	}
	want, err := oracle.Bulk(&spec.Case{Op: to, Shape: spec.Vector(len(x)), In: [][]byte{spec.FloatBytes(x)}}, spec.TreeLanes)
	if err != nil {
		panic(err)
	}
	return want.Bytes
}

// change alters one number of a block; it returns what it was, or "" if the
// format does not have it. i is an element of the group concerned.
func (b *block) change(rng *rand.Rand, field, i int) string {
	l, g := b.l, i/b.l.GroupLen
	lo, hi := l.ScaleRange()
	switch {
	case field == 0 && lo < hi:
		b.s[g] = max(lo, -20) + rng.IntN(min(hi, 20)-max(lo, -20)+1)
		return "scale"
	case field == 1 && l.Min.Count > 0:
		b.n[g] = b.anyMin(rng)
		return "min"
	case field == 1 && l.MKind == spec.MinAdded:
		b.m = uint32(half(float64(rng.IntN(7) - 3)))
		return "m"
	case field == 2:
		b.q[i] = uint32(rng.IntN(len(l.Codes)))
		return "quant"
	}
	return ""
}

// checkLocality changes one scale, one min or one quant at a time.
func checkLocality(h *harness, r Recipe) *Finding {
	rng, s := r.rng(), r.Shape
	l := weightLayout(r.Op)
	n := l.Format.BlockLen()
	w := intBlocks(rng, l, s.Rows*s.Cols)
	row, blk := rng.IntN(s.Rows), rng.IntN(s.Cols/n)
	b := w[row*s.Cols/n+blk]
	if spec.MustLookup(r.Op).Kind == spec.KindMap {
		for g := range l.Groups() {
			for field := range 3 {
				b.change(rng, field, g*l.GroupLen+rng.IntN(l.GroupLen))
			}
			if f := h.dequantized(r.Op, w); f != nil {
				f.note("after a change to group %d of block %d", g, blk)
				return f
			}
		}
		return nil
	}
	x := intActs(rng, s.Cols*s.Batch)
	base, f := h.run(intCase(r.Op, s, w, x), 1)
	if f != nil {
		return f
	}
	before := make([]int, n)
	for i := range before {
		before[i] = b.value(i)
	}
	for g := range l.Groups() {
		for field := range 3 {
			m, sc, mn, i := b.m, b.s[g], b.n[g], g*l.GroupLen+rng.IntN(l.GroupLen)
			q := b.q[i]
			name := b.change(rng, field, i)
			if name == "" {
				continue
			}
			out, f := h.run(intCase(r.Op, s, w, x), 1)
			if f != nil {
				return f
			}
			for e := range s.Rows * s.Batch {
				want := spec.GetF32(base, e)
				if e%s.Rows == row {
					xs := x[e/s.Rows*s.Cols+blk*n:]
					for k := range before {
						want += float32((b.value(k) - before[k]) * int(xs[k]))
					}
				}
				if got := spec.GetF32(out, e); got != want {
					return &Finding{Element: fmt.Sprint(e), Got: showBits(spec.F32Bits(out, e)),
						Detail: fmt.Sprintf("want exactly %g after a change of the %s of group %d, block %d, row %d", want, name, g, blk, row)}
				}
			}
			b.m, b.s[g], b.n[g], b.q[i] = m, sc, mn, q
		}
	}
	return nil
}

// checkLinearity: f(q1 + q2) = f(q1) + f(q2) without mins, where the codes can be
// added; the min term alone; blocks one by one add up to the row.
func checkLinearity(h *harness, r Recipe) *Finding {
	rng := r.rng()
	s := spec.Shape{Rows: 1, Cols: r.Shape.Cols, Batch: 1}
	l := weightLayout(r.Op)
	n := l.Format.BlockLen()
	x := intActs(rng, s.Cols)
	value := func(w []*block, x []int8) (float32, *Finding) {
		out, f := h.run(intCase(r.Op, spec.Shape{Rows: 1, Cols: len(x), Batch: 1}, w, x), 1)
		if f != nil {
			return 0, f
		}
		return spec.GetF32(out, 0), nil
	}
	both := intBlocks(rng, l, s.Cols)
	var w1, w2, mins []*block
	minTerm := 0
	for b := range both {
		least := both[b].copy()
		least.clear()
		for i := range n {
			minTerm += least.value(i) * int(x[b*n+i])
		}
		mins = append(mins, least)
		both[b].m = 0
		p, q := both[b].copy(), both[b].copy()
		if l.Linear() {
			for i, code := range both[b].q {
				c := l.Codes[code]
				part := 0
				if c != 0 {
					part = c / max(c, -c) * rng.IntN(max(c, -c)+1)
				}
				p.q[i], q.q[i] = l.Code(part), l.Code(c-part)
			}
		}
		w1, w2 = append(w1, p), append(w2, q)
	}
	var total float32
	for b := range both {
		v, f := value(both[b:b+1], x[b*n:(b+1)*n])
		if f != nil {
			return f
		}
		total += v
	}
	var got [4]float32
	for k, w := range [][]*block{both, w1, w2, mins} {
		v, f := value(w, x)
		if f != nil {
			return f
		}
		got[k] = v
	}
	switch {
	case l.Linear() && got[0] != got[1]+got[2]:
		return &Finding{Got: fmt.Sprint(got[0]), Detail: fmt.Sprintf("quants split in two give %g and %g", got[1], got[2])}
	case got[0] != total:
		return &Finding{Got: fmt.Sprint(got[0]), Detail: fmt.Sprintf("the blocks one by one add up to %g", total)}
	case got[3] != float32(minTerm):
		return &Finding{Got: fmt.Sprint(got[3]), Detail: fmt.Sprintf("all quants of the smallest magnitude: want %d", minTerm)}
	}
	return nil
}

func (b *block) copy() *block {
	c := *b
	c.d, c.s = append([]uint32(nil), b.d...), append([]int(nil), b.s...)
	c.n, c.q = append([]int(nil), b.n...), append([]uint32(nil), b.q...)
	return &c
}
