package props

import (
	"bytes"
	"math/rand/v2"
	"slices"

	"assay/oracle"
	"assay/spec"
)

func checkAccuracy(h *harness, r Recipe) *Finding {
	_, f := h.judged(r.Case())
	return f
}

// checkLong takes operands whose elements, blocks' offsets and rows' offsets
// pass 2^16: a matvec long in its columns, one long in its rows. Integers so
// small that every sum is exact show what the bound of a long sum in any order
// would hide.
func checkLong(h *harness, r Recipe) *Finding {
	const blocks = 1<<16/spec.Q4KBytes + 5 // the smallest block decides
	shapes := []spec.Shape{spec.Vector(blocks * spec.SuperBlock)}
	if spec.MustLookup(r.Op).Kind == spec.KindMatvec {
		shapes = []spec.Shape{{Rows: 2, Cols: blocks * spec.SuperBlock, Batch: 2}, {Rows: blocks, Cols: spec.SuperBlock, Batch: 1}}
	}
	for _, s := range shapes {
		r.Shape = s
		if r.Op == spec.OpDotF32 {
			r.Shape.Cols += int(r.Seed % 64)
		}
		c := r.Case()
		if spec.MustLookup(r.Op).Takes(spec.Q4K) && r.Op != spec.OpDequantQ4K {
			c = smallInts(r.rng(), r.Op, r.Shape)
		}
		if _, f := h.exactly(c); f != nil {
			f.note("shape %v", r.Shape)
			return f
		}
	}
	return nil
}

// smallInts is a dot or matvec whose terms are integers of at most 4.
func smallInts(rng *rand.Rand, op spec.Op, s spec.Shape) *spec.Case {
	w := intBlocks(rng, s.Rows*s.Cols/spec.SuperBlock)
	for b := range w {
		for j := range w[b].sc {
			w[b].sc[j], w[b].m[j] = 1, byte(rng.IntN(2))
		}
		for i := range w[b].q {
			w[b].q[i] &= 3
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

// threadCounts are those that a matvec is run with: odd and even ones, and more
// than most shapes have rows.
var threadCounts = []int{2, 3, 5, 8, 17, 40}

// checkThreads judges a matvec on each number of threads, twice, for threads
// that share what they should not may be lucky once. Rows are many enough for
// every thread to have several.
func checkThreads(h *harness, r Recipe) *Finding {
	r.Shape.Rows = 1 + int(r.Seed%97)
	r.Shape.Cols = min(r.Shape.Cols, 2*spec.SuperBlock)
	c := r.Case()
	want, err := oracle.Bulk(c, h.row.Tree)
	if err != nil {
		return &Finding{Detail: err.Error()}
	}
	for range 2 {
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
