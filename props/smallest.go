package props

import (
	"cmp"
	"context"
	"math/rand/v2"
	"slices"

	"assay/spec"
)

// Smallest returns the smallest case that it finds on which a row fails and another one,
// the correct kernel, does not; nil if there is none among those it tries, tries for
// each of the op's smaller shapes.
func Smallest(ctx context.Context, row, correct spec.Row, tries int, seed uint64) *spec.Case {
	return SmallestWhere(ctx, row, correct, tries, seed, func(Verdict) bool { return true })
}

// SmallestWhere is Smallest for cases whose verdict on the row is one that is wanted.
func SmallestWhere(ctx context.Context, row, correct spec.Row, tries int, seed uint64, wanted func(Verdict) bool) *spec.Case {
	rng := rand.New(rand.NewPCG(seed, 0))
	for _, s := range smallShapes(rng, row.Op) {
		for range tries {
			if ctx.Err() != nil {
				return nil
			}
			r := Draw(rng, row.Op)
			r.Shape = s
			c := r.Case()
			if failsAlways(row, c, wanted) && !CheckCase(correct, c).Failed {
				return c
			}
		}
	}
	return nil
}

// failsAlways tells whether a row fails on a case, in a way that is wanted, wherever
// its operands lie: what a kernel reads behind them is not part of the case.
func failsAlways(row spec.Row, c *spec.Case, wanted func(Verdict) bool) bool {
	for range 4 {
		moved := *c
		moved.In = nil
		for _, b := range c.In {
			moved.In = append(moved.In, slices.Clone(b))
		}
		if v := CheckCase(row, &moved); !v.Failed || !wanted(v.Verdict) {
			return false
		}
	}
	return true
}

// smallShapes returns shapes of an op, the smallest first.
func smallShapes(rng *rand.Rand, op spec.Op) []spec.Shape {
	seen := map[spec.Shape]bool{}
	add := func(s spec.Shape) {
		if s.Check(op) == nil {
			seen[s] = true
		}
	}
	in := spec.MustLookup(op)
	for range 2000 { // what the generators draw, and smaller ones of the same kind
		s := Draw(rng, op).Shape
		add(s)
		s.Cols = in.Unit() * (1 + rng.IntN(9))
		s.Rows, s.Batch = min(s.Rows, 1+rng.IntN(3)), min(s.Batch, 1+rng.IntN(2))
		add(s)
	}
	var out []spec.Shape
	for s := range seen {
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b spec.Shape) int {
		return cmp.Or(size(in, a)-size(in, b), a.Rows-b.Rows, a.Cols-b.Cols, a.Batch-b.Batch, a.Heads-b.Heads)
	})
	return out[:min(len(out), 24)]
}

// size is the number of bytes of a case's operands.
func size(in spec.Info, s spec.Shape) int {
	n := 0
	for k := range in.In {
		n += in.InBytes(k, s)
	}
	return n
}
