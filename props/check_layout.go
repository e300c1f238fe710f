package props

import (
	"fmt"
	"math/rand/v2"

	"assay/oracle"
	"assay/spec"
)

// intCase builds a dot or matvec from Q4_K blocks with integer scales and
// integer activations: every intermediate of any order of summation is an
// integer below 2^24, so the result must be exact.
func intCase(op spec.Op, s spec.Shape, w []q4kBuilder, x []int8) *spec.Case {
	in := spec.MustLookup(op)
	c := &spec.Case{Op: op, Shape: s, In: [][]byte{make([]byte, in.InBytes(0, s)), make([]byte, in.InBytes(1, s))}}
	for b := range w {
		w[b].put(c.In[0][b*spec.Q4KBytes:])
	}
	for i, v := range x {
		if in.In[1].Format == spec.F32 {
			spec.PutF32(c.In[1][4*i:], float32(v))
			continue
		}
		blk := c.In[1][i/spec.SuperBlock*spec.Q8KBytes:]
		blk[spec.Q8KOffQuants+i%spec.SuperBlock] = byte(v)
		if i%spec.SuperBlock == 0 {
			spec.PutF32(blk[spec.Q8KOffD:], 1)
		}
	}
	if in.In[1].Format == spec.Q8K {
		spec.FixBsums(c.In[1])
	}
	return c
}

// intBlocks draws blocks with d = 1, dmin in {−1, 0, 1} and scales that are
// all different.
func intBlocks(rng *rand.Rand, n int) []q4kBuilder {
	out := make([]q4kBuilder, n)
	for b := range out {
		out[b].random(rng)
		out[b].d, out[b].dmin = half(1), half(float64(rng.IntN(3)-1))
		sc, m := rng.Perm(63), rng.Perm(63)
		for j := range spec.Q4KSubBlocks {
			out[b].sc[j], out[b].m[j] = byte(1+sc[j]), byte(1+m[j])
		}
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
	want, err := oracle.Bulk(c, spec.TreeLanes)
	if err != nil {
		return nil, &Finding{Detail: "case is not valid: " + err.Error()}
	}
	out, f := h.run(c, 1)
	if f != nil || want.Sums == nil {
		if f == nil {
			f = judgeBytes(c.Op, want.Bytes, out)
		}
		return out, f
	}
	for i, s := range want.Sums {
		v, _ := s.Value.Float32()
		if got := spec.GetF32(out, i); got != v {
			return out, &Finding{Element: fmt.Sprint(i), Got: showBits(spec.F32Bits(out, i)), Detail: fmt.Sprintf("every partial sum is an integer below 2^24: want exactly %g", v)}
		}
	}
	return out, nil
}

func checkIntegers(h *harness, r Recipe) *Finding {
	_, f := h.exactly(r.Case())
	return f
}

// checkOneHot reads every position of a block back: all weights against one
// activation, then one weight against all activations.
func checkOneHot(h *harness, r Recipe) *Finding {
	rng := r.rng()
	in := spec.MustLookup(r.Op)
	s := r.Shape
	s.Rows, s.Batch = min(s.Rows, 5), min(s.Batch, 2)
	s.Cols = min(s.Cols, 3*spec.SuperBlock)
	switch {
	case r.Op == spec.OpDequantQ4K:
		return oneHotDequant(h, rng, s)
	case in.Out == spec.Q8K:
		return oneHotQuantize(h, r.Op, rng, s)
	case r.Op == spec.OpDotF32:
		return oneHotF32(h, rng, 1+rng.IntN(300))
	}
	start := rng.IntN(s.Cols/spec.SuperBlock) * spec.SuperBlock
	nb := s.Cols / spec.SuperBlock
	for i := start; i < start+spec.SuperBlock; i++ {
		row, batch := i%s.Rows, i%s.Batch
		x := make([]int8, s.Cols*s.Batch)
		x[batch*s.Cols+i] = int8(1 + rng.IntN(3))
		if _, f := h.exactly(intCase(r.Op, s, intBlocks(rng, s.Rows*nb), x)); f != nil {
			f.note("only activation %d of vector %d is not zero", i, batch)
			return f
		}
		w := intBlocks(rng, s.Rows*nb)
		for b := range w {
			w[b].dmin, w[b].q = 0, [spec.SuperBlock]byte{}
		}
		w[row*nb+i/spec.SuperBlock].q[i%spec.SuperBlock] = byte(1 + rng.IntN(15))
		if _, f := h.exactly(intCase(r.Op, s, w, intActs(rng, s.Cols*s.Batch))); f != nil {
			f.note("only quant %d of row %d is not zero", i, row)
			return f
		}
	}
	return nil
}

func oneHotDequant(h *harness, rng *rand.Rand, s spec.Shape) *Finding {
	w := intBlocks(rng, s.Cols/spec.SuperBlock)
	b := &w[rng.IntN(len(w))]
	for i := range b.q {
		b.q = [spec.SuperBlock]byte{}
		b.q[i] = byte(1 + rng.IntN(15))
		if f := h.dequantized(w); f != nil {
			f.note("only quant %d is not zero", i)
			return f
		}
	}
	return nil
}

// dequantized runs the dequantiser on blocks whose values are integers, and
// compares with the values that were packed.
func (h *harness) dequantized(w []q4kBuilder) *Finding {
	c := &spec.Case{Op: spec.OpDequantQ4K, Shape: spec.Vector(len(w) * spec.SuperBlock), In: [][]byte{make([]byte, len(w)*spec.Q4KBytes)}}
	for b := range w {
		w[b].put(c.In[0][b*spec.Q4KBytes:])
	}
	out, f := h.run(c, 1)
	if f != nil {
		return f
	}
	for i := range c.Shape.Cols {
		b, k := &w[i/spec.SuperBlock], i%spec.SuperBlock
		if want := float32(b.value(k)); spec.GetF32(out, i) != want {
			return &Finding{Element: fmt.Sprint(i), Got: showBits(spec.F32Bits(out, i)), Detail: fmt.Sprintf("want exactly %g, as packed", want)}
		}
	}
	return nil
}

// value returns element i of a block with integer scales.
func (b *q4kBuilder) value(i int) int {
	j := i / spec.Q4KSubBlockLen
	return int(f16Int(b.d))*int(b.sc[j])*int(b.q[i]) - f16Int(b.dmin)*int(b.m[j])
}

// f16Int returns the value of an f16 pattern among −1, 0 and 1.
func f16Int(h uint16) int {
	switch h {
	case half(1):
		return 1
	case half(-1):
		return -1
	}
	return 0
}

func oneHotQuantize(h *harness, op spec.Op, rng *rand.Rand, s spec.Shape) *Finding {
	start := rng.IntN(s.Cols/spec.SuperBlock) * spec.SuperBlock
	for i := start; i < start+spec.SuperBlock; i++ {
		x := make([]float32, s.Cols)
		x[i] = float32(signed(rng, 1+rng.Float64()))
		c := &spec.Case{Op: op, Shape: s, In: [][]byte{spec.FloatBytes(x)}}
		if _, f := h.judged(c); f != nil {
			f.note("only element %d is not zero", i)
			return f
		}
	}
	return nil
}

func oneHotF32(h *harness, rng *rand.Rand, n int) *Finding {
	for i := range n {
		a, b := make([]float32, n), make([]float32, n)
		a[i] = float32(1 + rng.IntN(7))
		for k := range b {
			b[k] = float32(k + 1)
		}
		ab := [][]byte{spec.FloatBytes(a), spec.FloatBytes(b)}
		if rng.IntN(2) == 0 {
			ab[0], ab[1] = ab[1], ab[0]
		}
		if _, f := h.exactly(&spec.Case{Op: spec.OpDotF32, Shape: spec.Vector(n), In: ab}); f != nil {
			f.note("only product %d of %d is not zero", i, n)
			return f
		}
	}
	return nil
}

// checkLocality changes one scale, one min or one quant at a time.
func checkLocality(h *harness, r Recipe) *Finding {
	rng, s := r.rng(), r.Shape
	nb := s.Cols / spec.SuperBlock
	w := intBlocks(rng, s.Rows*nb)
	row, blk := rng.IntN(s.Rows), rng.IntN(nb)
	b := &w[row*nb+blk]
	if r.Op == spec.OpDequantQ4K {
		for j := range spec.Q4KSubBlocks {
			b.sc[j], b.m[j], b.q[32*j+rng.IntN(32)] = byte(rng.IntN(64)), byte(rng.IntN(64)), byte(rng.IntN(16))
			if f := h.dequantized(w); f != nil {
				f.note("after a change to sub-block %d of block %d", j, blk)
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
	for j := range spec.Q4KSubBlocks {
		for field, name := range []string{"scale", "min", "quant"} {
			saved := *b
			i := 32*j + rng.IntN(32)
			switch field {
			case 0:
				b.sc[j] = byte(rng.IntN(64))
			case 1:
				b.m[j] = byte(rng.IntN(64))
			case 2:
				b.q[i] = byte(rng.IntN(16))
			}
			out, f := h.run(intCase(r.Op, s, w, x), 1)
			if f != nil {
				return f
			}
			for e := range s.Rows * s.Batch {
				want := spec.GetF32(base, e)
				if e%s.Rows == row {
					xs := x[e/s.Rows*s.Cols+blk*spec.SuperBlock:]
					for l := 32 * j; l < 32*j+32; l++ {
						want += float32((b.value(l) - saved.value(l)) * int(xs[l]))
					}
				}
				if got := spec.GetF32(out, e); got != want {
					return &Finding{Element: fmt.Sprint(e), Got: showBits(spec.F32Bits(out, e)),
						Detail: fmt.Sprintf("want exactly %g after a change of the %s of sub-block %d, block %d, row %d", want, name, j, blk, row)}
				}
			}
			*b = saved
		}
	}
	return nil
}

// checkLinearity: f(q1 + q2) = f(q1) + f(q2) without mins; the min term alone;
// blocks one by one add up to the row.
func checkLinearity(h *harness, r Recipe) *Finding {
	rng := r.rng()
	s := spec.Shape{Rows: 1, Cols: r.Shape.Cols, Batch: 1}
	nb := s.Cols / spec.SuperBlock
	x := intActs(rng, s.Cols)
	value := func(w []q4kBuilder, x []int8) (float32, *Finding) {
		out, f := h.run(intCase(r.Op, spec.Shape{Rows: 1, Cols: len(x), Batch: 1}, w, x), 1)
		if f != nil {
			return 0, f
		}
		return spec.GetF32(out, 0), nil
	}
	both := intBlocks(rng, nb)
	w1, w2, mins := make([]q4kBuilder, nb), make([]q4kBuilder, nb), make([]q4kBuilder, nb)
	minTerm := 0
	for b := range both {
		mins[b] = both[b]
		mins[b].q = [spec.SuperBlock]byte{}
		for i := range spec.SuperBlock {
			minTerm += mins[b].value(i) * int(x[b*spec.SuperBlock+i])
		}
		both[b].dmin = 0
		w1[b], w2[b] = both[b], both[b]
		for i, q := range both[b].q {
			w1[b].q[i] = byte(rng.IntN(int(q) + 1))
			w2[b].q[i] = q - w1[b].q[i]
		}
	}
	var total float32
	for b := range both {
		v, f := value(both[b:b+1], x[b*spec.SuperBlock:(b+1)*spec.SuperBlock])
		if f != nil {
			return f
		}
		total += v
	}
	var got [4]float32
	for k, w := range [][]q4kBuilder{both, w1, w2, mins} {
		v, f := value(w, x)
		if f != nil {
			return f
		}
		got[k] = v
	}
	switch {
	case got[0] != got[1]+got[2]:
		return &Finding{Got: fmt.Sprint(got[0]), Detail: fmt.Sprintf("quants split in two give %g and %g", got[1], got[2])}
	case got[0] != total:
		return &Finding{Got: fmt.Sprint(got[0]), Detail: fmt.Sprintf("the blocks one by one add up to %g", total)}
	case got[3] != float32(minTerm):
		return &Finding{Got: fmt.Sprint(got[3]), Detail: fmt.Sprintf("all quants zero: want the min term %d", minTerm)}
	}
	return nil
}
