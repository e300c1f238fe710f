package props

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"

	"assay/spec"
)

// checkScaling multiplies the activation (for the dequantiser both scales) by
// ±2^k, k chosen so that nothing leaves the normal range.
func checkScaling(h *harness, r Recipe) *Finding {
	rng := r.rng()
	c := r.Case()
	in := spec.MustLookup(r.Op)
	last := len(c.In) - 1
	k := rng.IntN(21) - 10
	factor := float32(signed(rng, math.Ldexp(1, k)))
	scaled := &spec.Case{Op: c.Op, Shape: c.Shape, In: append([][]byte(nil), c.In...)}
	b := bytes.Clone(c.In[last])
	switch in.In[last].Format {
	case spec.F32:
		x := spec.Floats(b)
		for i := range x {
			x[i] *= factor
		}
		spec.PutFloats(b, x)
	case spec.Q8K:
		for o := 0; o < len(b); o += spec.Q8KBytes {
			spec.PutF32(b[o:], spec.GetF32(b[o:], 0)*factor)
		}
	case spec.Q4K:
		k = 0 // f16 has no room in general: the sign alone
		factor = -1
		for o := 0; o < len(b); o += spec.Q4KBytes {
			b[o+1] ^= 0x80
			b[o+3] ^= 0x80
		}
	}
	scaled.In[last] = b
	base, f := h.run(c, 1)
	if f != nil {
		return f
	}
	out, f := h.run(scaled, 1)
	if f != nil {
		return f
	}
	if in.Out == spec.Q8K {
		return scaledQ8K(base, out, factor, r.Op)
	}
	for i := range len(base) / 4 {
		want := spec.GetF32(base, i) * factor
		if got := spec.GetF32(out, i); got != want {
			return &Finding{Element: fmt.Sprint(i), Got: showBits(spec.F32Bits(out, i)), Detail: fmt.Sprintf("operand times %g: want exactly %g", factor, want)}
		}
	}
	return nil
}

// scaledQ8K: the scale takes the factor. A negative one goes to d with ggml's
// rule, whose d has the sign of the largest element, and to the quants with
// aprender's, whose d is positive.
func scaledQ8K(base, out []byte, factor float32, op spec.Op) *Finding {
	want := bytes.Clone(base)
	for o := 0; o < len(want); o += spec.Q8KBytes {
		d := factor
		if op == spec.OpQuantizeQ8KAprender && factor < 0 {
			d = -factor
			for i := o + spec.Q8KOffQuants; i < o+spec.Q8KOffBsums; i++ {
				want[i] = -want[i]
			}
		}
		old := spec.GetF32(want[o:], 0)
		spec.PutF32(want[o:], old*d)
		if old == 0 {
			spec.PutF32(want[o:], 0) // a zero block's scale is +0
		}
	}
	spec.FixBsums(want)
	return sameOutput(op, want, out, fmt.Sprintf("operand times %g", factor))
}

// checkClass puts each special value into each kind of field in turn: once as
// it is, once with the block that it meets all zero, and once with the rest of
// its own block zero. A kernel that skips what is multiplied by zero differs.
func checkClass(h *harness, r Recipe) *Finding {
	r.Shape.Cols = max(r.Shape.Cols, 1)
	rng := r.rng()
	base := r.Case()
	in := spec.MustLookup(r.Op)
	for k, o := range in.In {
		format := o.Format
		fields := 1
		if format == spec.Q4K {
			fields = 2 // d and dmin
		}
		perRow := r.Shape.Cols / format.BlockLen()
		for field := range fields {
			for _, v := range specialF32 {
				for variant, circumstance := range []string{"", ", against zeros", ", with zeros"} {
					c := &spec.Case{Op: base.Op, Shape: base.Shape, In: make([][]byte, len(base.In))}
					for i := range c.In {
						c.In[i] = bytes.Clone(base.In[i])
					}
					block := rng.IntN(len(c.In[k]) / format.BlockBytes())
					at := c.In[k][block*format.BlockBytes():][:format.BlockBytes()]
					switch {
					case variant == 1 && len(c.In) > 1:
						zeroColumn(c.In[1-k], in.In[1-k].Format, format, r.Shape.Cols, block%perRow)
					case variant == 2:
						clear(at[min(4, len(at)):]) // all but the scales
					}
					putSpecial(at, format, field, v)
					if _, f := h.judged(c); f != nil {
						f.note("operand %d holds the special value %s%s", k, showBits(math.Float32bits(v)), circumstance)
						return f
					}
				}
			}
		}
	}
	return nil
}

// putSpecial stores v in a scale of a block, or in an element.
func putSpecial(at []byte, f spec.Format, field int, v float32) {
	if f != spec.Q4K {
		spec.PutF32(at, v)
		return
	}
	bits := half(float64(v))
	if v != v {
		bits = 0x7c01 // a signalling NaN
	}
	binary.LittleEndian.PutUint16(at[2*field:], bits)
}

// zeroColumn clears the blocks of b, in every row, that meet block number block
// of a row of the other operand.
func zeroColumn(b []byte, f, other spec.Format, cols, block int) {
	row := f.Bytes(cols)
	lo := block * other.BlockLen() / f.BlockLen() * f.BlockBytes()
	n := max(1, other.BlockLen()/f.BlockLen()) * f.BlockBytes()
	for start := 0; start < len(b); start += row {
		clear(b[start+lo : start+lo+n])
	}
}
