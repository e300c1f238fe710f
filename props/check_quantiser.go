package props

import (
	"fmt"
	"math"
	"math/big"

	"github.com/x448/float16"

	"assay/spec"
)

// Quants returns scale and quants of a block of Q8_0, Q8_1 or Q8_K.
func Quants(f spec.Format, blk []byte) (d float32, q []byte) {
	l := spec.LayoutOf(f)
	if l.DKind == spec.ScaleF32 {
		return spec.GetF32(blk, 0), blk[spec.Q8KOffQuants:][:spec.SuperBlock]
	}
	d = float16.Frombits(uint16(l.D.Get(blk, 0))).Float32()
	return d, blk[f.BlockBytes()-f.BlockLen():][:f.BlockLen()]
}

// checkQuantiser checks what must hold of the blocks without reference to how
// they were made.
func checkQuantiser(h *harness, r Recipe) *Finding {
	c := r.Case()
	out, f := h.run(c, 1)
	if f != nil {
		return f
	}
	format := spec.MustLookup(r.Op).Out
	if format == spec.Q8K {
		if b := spec.BadBsum(out); b >= 0 {
			return &Finding{Element: fmt.Sprintf("block %d", b), Detail: "bsums are not the sums of the quants"}
		}
	}
	n, size := format.BlockLen(), format.BlockBytes()
	x := spec.Floats(c.In[0])
	back := make([]float32, len(x)) // d·q
	for b := range len(x) / n {
		xs := x[b*n:][:n]
		d, q := Quants(format, out[b*size:][:size])
		if f := quantizedBlock(format, d, q, xs); f != nil {
			f.Element = fmt.Sprintf("block %d %s", b, f.Element)
			return f
		}
		for i := range xs {
			back[b*n+i] = d * float32(int8(q[i]))
		}
	}
	return h.idempotent(c.Op, out, back)
}

// quantizedBlock checks |x − d·q| and the zero block; non-finite elements and
// scales are the class property's business.
func quantizedBlock(format spec.Format, d float32, q []byte, x []float32) *Finding {
	all := true
	for _, v := range x {
		all = all && v == 0
	}
	if all {
		for i := range q {
			if q[i] != 0 {
				return &Finding{Element: fmt.Sprintf("quant %d", i), Got: fmt.Sprint(int8(q[i])), Detail: "of a zero block"}
			}
		}
		return nil
	}
	if d == 0 || math.IsInf(float64(d), 0) || d != d {
		return nil
	}
	bound := spec.QuantizeError(d)
	if format != spec.Q8K {
		bound = spec.QuantizeErrorF16(d)
	}
	for i, v := range x {
		if v-v != 0 {
			continue
		}
		dq := new(big.Float).SetPrec(320).Mul(big.NewFloat(float64(d)), big.NewFloat(float64(int8(q[i]))))
		err := new(big.Float).SetPrec(320).Sub(big.NewFloat(float64(v)), dq)
		if err.Abs(err).Cmp(bound) > 0 {
			ratio, _ := new(big.Float).Quo(err, bound).Float64()
			return &Finding{Element: fmt.Sprintf("quant %d", i), Got: fmt.Sprint(int8(q[i])), Ratio: ratio,
				Detail: fmt.Sprintf("|x − d·q| = %s > %s for x = %g, d = %g", err.Text('g', 6), bound.Text('g', 6), v, d)}
		}
	}
	return nil
}

// idempotent quantises d·q again. Blocks whose scale is subnormal, or that
// aprender's rule takes for zero, are left out: their d has too few bits. With
// ggml's rule all quants may change sign together with d: where +127·d and
// −127·d both occur, the first one decides, and it need not be the one that was
// the larger before rounding.
func (h *harness) idempotent(op spec.Op, out []byte, back []float32) *Finding {
	c := &spec.Case{Op: op, Shape: spec.Vector(len(back)), In: [][]byte{spec.FloatBytes(back)}}
	again, f := h.run(c, 1)
	if f != nil {
		return f
	}
	format := spec.MustLookup(op).Out
	size := format.BlockBytes()
	for b := range len(back) / format.BlockLen() {
		d1, q1 := Quants(format, out[b*size:][:size])
		d2, q2 := Quants(format, again[b*size:][:size])
		if d := math.Abs(float64(d1)); !(d > 1e-11 && d < 1e36) {
			continue
		}
		flip := op == spec.OpQuantizeQ8KGGML && math.Signbit(float64(d1)) != math.Signbit(float64(d2))
		for i := range q1 {
			q := int8(q2[i])
			if flip {
				q = -q
			}
			if int8(q1[i]) != q {
				return &Finding{Element: fmt.Sprintf("block %d quant %d", b, i),
					Got: fmt.Sprint(q), Detail: fmt.Sprintf("d·q quantised again: want %d", int8(q1[i]))}
			}
		}
	}
	return nil
}

// checkExtreme puts the largest element at each position in turn, then into a lane of
// NaNs, then a tie of either sign and parity at each position and what lies next to
// ties, and makes the largest element of every magnitude.
func checkExtreme(h *harness, r Recipe) *Finding {
	rng := r.rng()
	n := spec.MustLookup(r.Op).Out.BlockLen()
	for i := range n {
		x := make([]float32, n)
		for k := range x {
			x[k] = float32(rng.Float64() - 0.5)
		}
		x[i] = float32(signed(rng, 1))
		if rng.IntN(2) == 0 { // the same magnitude elsewhere: the first one decides
			x[rng.IntN(len(x))] = float32(signed(rng, 1))
		}
		if _, f := h.judged(&spec.Case{Op: r.Op, Shape: spec.Vector(len(x)), In: [][]byte{spec.FloatBytes(x)}}); f != nil {
			f.note("largest element at %d", i)
			return f
		}
		for k := i % 8; k < n; k += 8 {
			if k != i {
				x[k] = float32(math.NaN())
			}
		}
		if _, f := h.judged(&spec.Case{Op: r.Op, Shape: spec.Vector(len(x)), In: [][]byte{spec.FloatBytes(x)}}); f != nil {
			f.note("largest element at %d, NaN in the rest of a vector's lane", i)
			return f
		}
		ties, near := make([]float32, n), make([]float32, n)
		for k := range ties {
			ties[k] = float32(rng.IntN(253)-126) + 0.5
		}
		ties[i] = float32(signed(rng, 127))
		if _, f := h.judged(&spec.Case{Op: r.Op, Shape: spec.Vector(len(ties)), In: [][]byte{spec.FloatBytes(ties)}}); f != nil {
			f.note("ties, with 127 at %d", i)
			return f
		}
		for k, v := range ties {
			near[k] = math.Nextafter32(v, v+float32(signed(rng, 1)))
		}
		near[(i+1)%n] = math.Nextafter32(float32(signed(rng, 0.5)), 0) // which half added makes 1
		near[i] = ties[i]
		if _, f := h.judged(&spec.Case{Op: r.Op, Shape: spec.Vector(len(near)), In: [][]byte{spec.FloatBytes(near)}}); f != nil {
			f.note("next to ties, with 127 at %d", i)
			return f
		}
	}
	// A block for every exponent of the largest element.
	var x []float32
	for e := -149; e < 128; e++ {
		most := math.Ldexp(1+rng.Float64(), e)
		if e == 127 {
			most = math.MaxFloat32
		}
		block := make([]float32, n)
		for k := range block {
			block[k] = float32(most * (2*rng.Float64() - 1))
		}
		block[rng.IntN(n)] = float32(most)
		x = append(x, block...)
	}
	if _, f := h.judged(&spec.Case{Op: r.Op, Shape: spec.Vector(len(x)), In: [][]byte{spec.FloatBytes(x)}}); f != nil {
		f.note("a block for every exponent of the largest element, from -149")
		return f
	}
	return nil
}
