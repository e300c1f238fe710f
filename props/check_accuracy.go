package props

import (
	"bytes"
	"math/rand/v2"
	"slices"

	"assay/spec"
)

func checkAccuracy(h *harness, r Recipe) *Finding {
	_, f := h.judged(r.Case())
	return f
}

// checkLong takes operands whose elements, blocks' offsets and rows' offsets
// pass 2^16: a matvec long in its columns, one long in its rows. Integers so
// small that every sum is exact show what the bound of a long sum in any order
// would hide. A mistake of a byte a block in how far to look ahead reads on behind
// operands of so many blocks.
func checkLong(h *harness, r Recipe) *Finding {
	in := spec.MustLookup(r.Op)
	block, elements := in.Unit(), 1<<16
	for _, o := range append([]spec.Operand{{Format: in.Out}}, in.In...) {
		elements = max(elements, 1<<16/o.Format.BlockBytes()*o.Format.BlockLen()) // beyond 2^16 bytes
	}
	blocks := elements/block + 5
	shapes := []spec.Shape{spec.Vector(blocks * block)}
	if in.Kind == spec.KindMatvec {
		// Rows beyond 2^16 bytes; and rows of a step of 64 or of a block.
		size := in.InBytes(0, spec.Shape{Rows: 1, Cols: max(block, 64), Batch: 1})
		shapes = []spec.Shape{{Rows: 2, Cols: blocks * block, Batch: 2}, {Rows: 1<<16/size + 5, Cols: max(block, 64), Batch: 1}}
	}
	for _, s := range shapes {
		r.Shape = s
		if block == 1 && in.Kind != spec.KindMatvec {
			r.Shape.Cols += int(r.Seed % 64)
		}
		c := r.Case()
		if weightLayout(r.Op) != nil && in.Sums() {
			c = smallInts(r.rng(), r.Op, r.Shape)
		}
		want, f := h.exactly(c)
		if f == nil {
			var out []byte
			if out, f = h.runAt(c, true); f == nil {
				f = sameOutput(c.Op, want, out, "differs at the end of readable memory")
			}
		}
		if f != nil {
			f.note("shape %v", r.Shape)
			return f
		}
	}
	return nil
}

// smallInts is a dot or matvec whose terms are integers, of at most 4 where the
// format has so small ones.
func smallInts(rng *rand.Rand, op spec.Op, s spec.Shape) *spec.Case {
	l := weightLayout(op)
	w := intBlocks(rng, l, s.Rows*s.Cols)
	var small []uint32
	for q, c := range l.Codes {
		if max(c, -c) <= 3 {
			small = append(small, uint32(q))
		}
	}
	if len(small) < 2 { // IQ4: 1 and −10
		small = append(small, l.Code(-10))
	}
	for _, b := range w {
		for g := range b.s {
			b.s[g], b.n[g] = 1, min(b.n[g], 1)
		}
		for i := range b.q {
			b.q[i] = small[rng.IntN(len(small))]
		}
	}
	x := intActs(rng, s.Cols*s.Batch)
	for i := range x {
		x[i] = max(-1, min(1, x[i]))
	}
	return intCase(op, s, w, x)
}

// checkTiers holds a row that declares the op's tree to the reference loop.
func checkTiers(h *harness, r Recipe) *Finding {
	c := r.Case()
	out, f := h.run(c, 1)
	if f != nil {
		return f
	}
	return sameOutput(c.Op, reference(c), out, "differs from the reference loop")
}

// checkRepeat calls twice with other cases in between. The harness poisons the
// output differently each time, so an element that is not written differs.
func checkRepeat(h *harness, r Recipe) *Finding {
	c := r.Case()
	first, f := h.run(c, 1)
	if f != nil {
		return f
	}
	other := r
	other.Seed++
	if _, f := h.run(other.Case(), 1); f != nil {
		return f
	}
	again, f := h.run(c, 1)
	if f != nil {
		return f
	}
	return sameOutput(c.Op, first, again, "differs from an earlier call on the same input")
}

// checkAlias passes the same memory as both operands.
func checkAlias(h *harness, r Recipe) *Finding {
	c := r.Case()
	c.In[1] = bytes.Clone(c.In[0])
	apart, f := h.judged(c)
	if f != nil {
		return f
	}
	one := bytes.Clone(c.In[0])
	buf := make([]byte, 4+2*margin)
	together := buf[margin : margin+4 : margin+4]
	if f := h.call(c, [][]byte{one, one}, together, buf, 1); f != nil {
		return f
	}
	return sameOutput(c.Op, apart, together, "differs when both operands are the same memory")
}

// threadCounts are those that an op is run with: odd and even ones, and more
// than most shapes have rows.
var threadCounts = []int{2, 3, 5, 8, 17, 40}

// checkThreads judges a matvec or attention on each number of threads, twice, for
// threads that share what they should not may be lucky once: a matvec for one
// activation and for several. Rows are many enough for every thread to have several.
func checkThreads(h *harness, r Recipe) *Finding {
	r.Shape.Rows = 1 + int(r.Seed%97)
	r.Shape.Cols = min(r.Shape.Cols, 2*spec.SuperBlock)
	if r.Shape.Heads > 0 { // each head of a row is by itself
		r.Shape.Rows, r.Shape.Cols = 1+int(r.Seed%23), min(r.Shape.Cols, 16)
	}
	for _, batch := range []int{1, 2 + int(r.Seed>>16%3)} {
		if spec.MustLookup(r.Op).Kind == spec.KindMatvec {
			r.Shape.Batch = batch
		}
		c := r.Case()
		want, f := h.want(c)
		if f != nil {
			return f
		}
		for _, threads := range append([]int{1, 40 + int(r.Seed>>8%7)}, threadCounts...) {
			out, f := h.run(c, threads)
			if f == nil {
				f = h.judge(c.Op, want, out)
			}
			if f != nil {
				f.note("with %d threads", threads)
				return f
			}
		}
	}
	return nil
}

// checkSplits computes a matvec with other numbers of threads, one element at
// a time, and with its rows in reverse.
func checkSplits(h *harness, r Recipe) *Finding {
	c := r.Case()
	whole, f := h.run(c, 1)
	if f != nil {
		return f
	}
	for _, threads := range threadCounts {
		out, f := h.run(c, threads)
		if f == nil {
			f = sameOutput(c.Op, whole, out, "differs when split over threads")
		}
		if f != nil {
			return f
		}
	}
	s := c.Shape
	rows, acts := split(c.In[0], s.Rows), split(c.In[1], s.Batch)
	for b, x := range acts {
		for i, w := range rows {
			one := &spec.Case{Op: c.Op, Shape: spec.Shape{Rows: 1, Cols: s.Cols, Batch: 1}, In: [][]byte{w, x}}
			out, f := h.run(one, 1)
			if f == nil {
				at := 4 * (b*s.Rows + i)
				f = sameOutput(c.Op, whole[at:at+4], out, "row alone, against the row in the whole matvec")
			}
			if f != nil {
				return f
			}
		}
	}
	slices.Reverse(rows)
	reversed := &spec.Case{Op: c.Op, Shape: s, In: [][]byte{bytes.Join(rows, nil), c.In[1]}}
	out, f := h.run(reversed, 3)
	if f != nil {
		return f
	}
	want := make([]byte, 0, len(whole))
	for _, column := range split(whole, s.Batch) {
		values := split(column, s.Rows)
		slices.Reverse(values)
		want = append(want, bytes.Join(values, nil)...)
	}
	return sameOutput(c.Op, want, out, "differs with the rows in reverse")
}

// split cuts b into n equal parts.
func split(b []byte, n int) [][]byte {
	size := len(b) / n
	out := make([][]byte, n)
	for i := range out {
		out[i] = b[i*size : (i+1)*size]
	}
	return out
}
