package props

import (
	"bytes"
	"slices"

	"assay/spec"
)

func checkAccuracy(h *harness, r Recipe) *Finding {
	_, f := h.judged(r.Case())
	return f
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

// checkSplits computes a matvec with other numbers of threads, one element at
// a time, and with its rows in reverse.
func checkSplits(h *harness, r Recipe) *Finding {
	c := r.Case()
	whole, f := h.run(c, 1)
	if f != nil {
		return f
	}
	for _, threads := range []int{2, 3, 5, 8, 17, 40} {
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
