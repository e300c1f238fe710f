package props

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"

	"assay/spec"
)

// checkScaling multiplies the last operand's values by a factor: ±2^k with k
// chosen so that nothing leaves the normal range, −1 where the scales have no
// room for more, 2 where they have no sign.
func checkScaling(h *harness, r Recipe) *Finding {
	rng := r.rng()
	c := r.Case()
	in := spec.MustLookup(r.Op)
	last := len(in.In) - 1
	scaled := &spec.Case{Op: c.Op, Shape: c.Shape, In: append([][]byte(nil), c.In...)}
	b := bytes.Clone(c.In[last])
	f := in.In[last].Format
	factor := float32(-1)
	switch {
	case f == spec.F32:
		if !in.Out.Float() || in.Sums() { // narrow floats have no room either
			factor = float32(signed(rng, math.Ldexp(1, rng.IntN(21)-10)))
		}
		if in.Out == spec.Q8_0 || in.Out == spec.Q8_1 {
			factor = -1
		}
		x := spec.Floats(b)
		for i := range x {
			x[i] *= factor
		}
		spec.PutFloats(b, x)
	case f.Float():
		for i := 1; i < len(b); i += 2 {
			b[i] ^= 0x80
		}
	default:
		if f == spec.Q8K {
			factor = float32(signed(rng, math.Ldexp(1, rng.IntN(21)-10)))
		}
		if k := spec.LayoutOf(f).DKind; k == spec.ScaleE8M0 || k == spec.ScaleUE4M3 {
			factor = 2
		}
		if !scaleBlocks(f, b, factor) {
			factor = 1
			copy(b, c.In[last])
		}
	}
	scaled.In[last] = b
	base, bad := h.run(c, 1)
	if bad != nil {
		return bad
	}
	out, bad := h.run(scaled, 1)
	if bad != nil {
		return bad
	}
	switch {
	case in.Out == spec.Q8K:
		return scaledQ8K(base, out, factor, r.Op)
	case in.Out == spec.Q8_0 || in.Out == spec.Q8_1:
		return negatedQ8(r.Op, in.Out, base, out)
	case in.Out != spec.F32:
		want := bytes.Clone(base)
		for i := 1; i < len(want); i += 2 {
			want[i] ^= 0x80
		}
		return sameOutput(r.Op, want, out, "operand negated")
	}
	for i := range len(base) / 4 {
		want := spec.GetF32(base, i) * factor
		if got := spec.GetF32(out, i); got != want && (got == got || want == want) { // an f16 may have overflowed
			return &Finding{Element: fmt.Sprint(i), Got: showBits(spec.F32Bits(out, i)), Detail: fmt.Sprintf("operand times %g: want exactly %g", factor, want)}
		}
	}
	return nil
}

// scaleBlocks multiplies the scales of all blocks; false if one has no room.
func scaleBlocks(f spec.Format, b []byte, factor float32) bool {
	l := spec.LayoutOf(f)
	for o := 0; o < len(b); o += f.BlockBytes() {
		blk := b[o:][:f.BlockBytes()]
		for i := range l.D.Count {
			d := l.D.Get(blk, i)
			switch l.DKind {
			case spec.ScaleF32:
				d = math.Float32bits(math.Float32frombits(d) * factor)
			case spec.ScaleE8M0:
				if d > 200 {
					return false
				}
				d++
			case spec.ScaleUE4M3:
				if d&127 < 8 || d&127 > 111 {
					return false
				}
				d += 8
			default:
				d ^= 0x8000
			}
			l.D.Put(blk, i, d)
		}
		if l.M.Count > 0 {
			l.M.Put(blk, 0, l.M.Get(blk, 0)^0x8000)
		}
	}
	return true
}

// negatedQ8: the quants change sign, and so does the stored sum.
func negatedQ8(op spec.Op, f spec.Format, base, out []byte) *Finding {
	l := spec.LayoutOf(f)
	want := bytes.Clone(base)
	for o := 0; o < len(want); o += f.BlockBytes() {
		blk := want[o:][:f.BlockBytes()]
		for i := range l.Quant.Count {
			l.Quant.Put(blk, i, -l.Quant.Get(blk, i))
		}
		if l.M.Count > 0 && l.M.Get(blk, 0) != 0 {
			l.M.Put(blk, 0, l.M.Get(blk, 0)^0x8000)
		}
	}
	return sameOutput(op, want, out, "operand negated")
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
	in := spec.MustLookup(r.Op)
	if in.Kind == spec.KindDot && floatsOnly(r.Op) {
		if f := checkInfiniteLanes(h, r.Op); f != nil {
			return f
		}
		if f := checkNegativeZeros(h, r.Op); f != nil {
			return f
		}
	}
	r.Shape.Cols = max(r.Shape.Cols, 1)
	rng := r.rng()
	base := r.Case()
	for k, o := range in.In {
		format := o.Format
		if format == spec.Params || o.Name == "factors" || len(base.In[k]) == 0 {
			continue
		}
		perRow := r.Shape.Cols / format.BlockLen()
		for _, put := range specials(format) {
			for variant, circumstance := range []string{"", ", against zeros", ", with zeros"} {
				c := &spec.Case{Op: base.Op, Shape: base.Shape, In: make([][]byte, len(base.In))}
				for i := range c.In {
					c.In[i] = bytes.Clone(base.In[i])
				}
				blocks := len(c.In[k]) / format.BlockBytes()
				block := rng.IntN(blocks)
				if rng.IntN(2) == 0 { // where loops over whole vectors have ended
					block = blocks - 1 - rng.IntN(min(blocks, 8))
				}
				at := c.In[k][block*format.BlockBytes():][:format.BlockBytes()]
				switch {
				case variant == 1 && in.Sums():
					zeroColumn(c.In[1-k], in.In[1-k].Format, format, r.Shape.Cols, block%perRow)
				case variant == 2:
					clearQuants(format, at)
				}
				what := put(at)
				if _, f := h.judged(c); f != nil {
					f.note("operand %d holds the special value %s%s", k, what, circumstance)
					return f
				}
			}
		}
	}
	return nil
}

// checkInfiniteLanes puts an infinite product into each of 64 lanes in turn, with one
// element after them: what makes up for those that are missing must not be multiplied by
// a sum.
func checkInfiniteLanes(h *harness, op spec.Op) *Finding {
	const lanes = 64
	in := spec.MustLookup(op)
	for lane := range lanes {
		x := repeat32(1, lanes+1)
		ones := floatOperand(in.In[1].Format, x)
		x[lane] = float32(math.Inf(1))
		infinite := floatOperand(in.In[0].Format, x)
		for k, operands := range [][][]byte{{infinite, ones}, {ones, infinite}} {
			if _, f := h.judged(&spec.Case{Op: op, Shape: spec.Vector(lanes + 1), In: operands}); f != nil {
				f.note("operand %d is infinite in lane %d", k, lane)
				return f
			}
		}
	}
	return nil
}

// checkNegativeZeros makes all products negative and so small that each lane underflows
// to −0. One more product, of zeros that make up for elements that are missing, changes
// its sign, and must not be where none is missing.
func checkNegativeZeros(h *harness, op spec.Op) *Finding {
	if h.row.Tree != spec.TreeLanes {
		return nil
	}
	in := spec.MustLookup(op)
	for _, n := range []int{63, 64, 65, 128} {
		a, b := repeat32(-0x1p-100, n), repeat32(0x1p-100, n)
		c := &spec.Case{Op: op, Shape: spec.Vector(n), In: [][]byte{floatOperand(in.In[0].Format, a), floatOperand(in.In[1].Format, b)}}
		out, f := h.run(c, 1)
		if f == nil {
			f = sameOutput(op, reference(c), out, "products that underflow: differs from the reference loop")
		}
		if f != nil {
			f.note("%d elements", n)
			return f
		}
	}
	return nil
}

// clearQuants makes all elements of a block zero, the scales aside.
func clearQuants(f spec.Format, blk []byte) {
	l := spec.LayoutOf(f)
	if l == nil {
		clear(blk)
		return
	}
	least := newBlock(l)
	least.clear()
	for i, q := range least.q {
		l.Quant.Put(blk, i, q)
	}
	for g := range l.Groups() {
		if l.Min.Count > 0 {
			l.Min.Put(blk, g, 0)
		}
	}
	seal(f, blk)
}

// specials returns functions that store one special value each in a block and
// tell which.
func specials(f spec.Format) []func(blk []byte) string {
	var out []func(blk []byte) string
	switch {
	case f == spec.F32:
		for _, v := range specialF32 {
			out = append(out, func(blk []byte) string {
				spec.PutF32(blk, v)
				return showBits(math.Float32bits(v))
			})
		}
		return out
	case f.Float():
		for _, h := range []uint16{0, 0x8000, 1, 0x8001, 0x7f, 0x80, 0x3ff, 0x400, 0x7bff, 0x7c00, 0xfc00, 0x7c01, 0x7e00, 0x7f7f, 0x7f80, 0xff80, 0x7f81, 0xffff} {
			out = append(out, func(blk []byte) string {
				binary.LittleEndian.PutUint16(blk, h)
				return fmt.Sprintf("%04x", h)
			})
		}
		return out
	}
	l := spec.LayoutOf(f)
	field := func(name string, at *spec.Field, values []uint32) {
		for _, v := range values {
			for i := range at.Count {
				out = append(out, func(blk []byte) string {
					at.Put(blk, i, v)
					return fmt.Sprintf("%s = %x", name, v)
				})
			}
		}
	}
	field("d", &l.D, specialScales(l.DKind))
	field("m", &l.M, specialScales(spec.ScaleF16))
	return out
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
