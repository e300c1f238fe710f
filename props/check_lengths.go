package props

import (
	"math"
	"slices"

	"assay/spec"
)

// checkLengths runs the kernel on every length up to more than two steps of the longest
// loop, operands and output at either end of readable memory: no length is left to
// chance. A row that declares its tree has to keep to it with data whose sums round, too.
func checkLengths(h *harness, r Recipe) *Finding {
	rng := r.rng()
	for i, s := range lengthsOf(r.Op) {
		c := Recipe{Op: r.Op, Strategy: r.Strategy, Shape: s, Seed: r.Seed + uint64(i)}.Case()
		want, f := h.want(c)
		if f != nil {
			return f
		}
		for _, fromEnd := range []bool{false, true} {
			out, f := h.runAt(c, fromEnd)
			if f == nil {
				f = h.judge(c.Op, want, out)
			}
			if f != nil {
				f.note("shape %v", s)
				return f
			}
		}
		if h.row.Tree != spec.TreeLanes {
			continue
		}
		for k := range 4 {
			c := Recipe{Op: r.Op, Strategy: drawTypical(rng, r.Op).Strategy, Shape: s, Seed: r.Seed + uint64(4*i+k)}.Case()
			out, f := h.run(c, 1)
			if f == nil {
				f = sameOutput(r.Op, reference(c), out, "differs from the reference loop")
			}
			if f != nil {
				f.note("shape %v", s)
				return f
			}
		}
	}
	return nil
}

// lengthsOf returns shapes of every length: of vectors and rows, in whole blocks, and for
// the ops that have them of rows, heads and keys.
func lengthsOf(op spec.Op) []spec.Shape {
	in := spec.MustLookup(op)
	unit, n := in.Unit(), 150
	if unit > 1 {
		n = 19
	}
	var out []spec.Shape
	add := func(s spec.Shape) {
		if s.Check(op) == nil {
			out = append(out, s)
		}
	}
	for k := range n {
		switch in.Kind {
		case spec.KindAttention:
			add(spec.Shape{Rows: 1, Cols: 8, Batch: 1 + k, Heads: 1, KVHeads: 1})
			add(spec.Shape{Rows: 1, Cols: 1 + k, Batch: 3, Heads: 2, KVHeads: 1})
		case spec.KindHeads:
			add(spec.Shape{Rows: 1 + k/2%3, Cols: k, Batch: 1})
			if k < 17 { // two steps of the loop of 128
				add(spec.Shape{Rows: 2, Cols: 256 + k, Batch: 1})
			}
		case spec.KindMatvec:
			add(spec.Shape{Rows: 1, Cols: unit * k, Batch: 1})
			if k < 19 {
				add(spec.Shape{Rows: k, Cols: unit, Batch: 1 + k%2})
				add(spec.Shape{Rows: k, Cols: 4 * unit, Batch: 1}) // some kernels take four blocks of four rows
			}
		default:
			add(spec.Vector(unit * k))
		}
	}
	return out
}

// runAt runs the kernel with its operands and output at one end of readable memory,
// where there are unreadable pages, or on plain memory.
func (h *harness) runAt(c *spec.Case, fromEnd bool) ([]byte, *Finding) {
	if !canGuard {
		return h.run(c, 1)
	}
	place := func(b []byte) (*guarded, []byte, error) {
		g, err := newGuarded(len(b))
		if err != nil {
			return nil, nil, err
		}
		at := g.place(len(b), 0, fromEnd)
		copy(at, b)
		return g, at, nil
	}
	var in [][]byte
	for _, b := range c.In {
		if len(b) == 0 {
			in = append(in, b)
			continue
		}
		g, at, err := place(b)
		if err != nil {
			return nil, &Finding{Detail: err.Error()}
		}
		defer g.free()
		in = append(in, at)
	}
	g, out, err := place(make([]byte, spec.MustLookup(c.Op).OutBytes(c.Shape)))
	if err != nil {
		return nil, &Finding{Detail: err.Error()}
	}
	defer g.free()
	if f := h.call(c, in, out, g.mem, 1); f != nil {
		return nil, f
	}
	return append([]byte(nil), out...), nil
}

// checkEdges judges arguments beside which a result is rounded otherwise, all together and
// in pieces that narrower loops take: for conversions all edges and their neighbours, of
// either sign, and NaNs whose payload is narrowed away.
func checkEdges(h *harness, r Recipe) *Finding {
	var x []float32
	if r.Op == spec.OpGeluF32 {
		for _, b := range hardGelu {
			x = append(x, math.Float32frombits(b))
		}
	} else {
		for _, e := range append([]uint32{0x7f800000}, edges...) {
			for d := range uint32(5) {
				b := e + d - 2
				x = append(x, math.Float32frombits(b), math.Float32frombits(b|1<<31))
			}
		}
	}
	for _, n := range []int{len(x), 24, 7, 3} {
		for piece := range slices.Chunk(x, n) {
			c := &spec.Case{Op: r.Op, Shape: spec.Vector(len(piece)), In: [][]byte{spec.FloatBytes(piece)}}
			out, f := h.judged(c)
			if f == nil && h.row.Tree == spec.TreeLanes {
				f = sameOutput(c.Op, reference(c), out, "differs from the reference loop")
			}
			if f != nil {
				return f
			}
		}
	}
	return nil
}
