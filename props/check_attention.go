package props

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"

	"assay/spec"
)

func init() {
	draw := func(start func(rng *rand.Rand, s spec.Shape) int, scale func(rng *rand.Rand, s spec.Shape) float64) fillFunc {
		return func(rng *rand.Rand, s spec.Shape, b []byte) {
			copy(b, spec.AttentionParams{Start: start(rng, s), Scale: float32(scale(rng, s))}.Bytes())
		}
	}
	last := func(_ *rand.Rand, s spec.Shape) int { return max(0, s.Batch-s.Rows) }
	any := func(rng *rand.Rand, s spec.Shape) int { return rng.IntN(s.Batch + 2) }
	root := func(_ *rand.Rand, s spec.Shape) float64 { return 1 / math.Sqrt(float64(s.Cols)) }
	paramStrategies[spec.OpAttentionF32] = []strategy{
		{"last", draw(last, root)}, // the queries are the last positions
		{"anywhere", draw(any, root)},
		{"first", draw(func(*rand.Rand, spec.Shape) int { return 0 }, root)},
		{"all", draw(func(_ *rand.Rand, s spec.Shape) int { return s.Batch + s.Rows }, root)},
		{"scaled", draw(any, func(rng *rand.Rand, _ spec.Shape) float64 { return signed(rng, math.Exp(2*rng.NormFloat64())) })},
		{"unscaled", draw(any, func(*rand.Rand, spec.Shape) float64 { return 0 })},
	}
}

// checkAttention checks what the definition implies: keys that are not visible
// have no influence, whatever they hold, and each of many visible ones has; a
// query that sees one key gets its value; all values alike give that value; a key
// and value head serves the query heads of its group, in order; queries do not
// depend on each other. A row that declares the op's tree is held to the last two
// bit for bit.
func checkAttention(h *harness, r Recipe) *Finding {
	rng := r.rng()
	s := spec.Shape{Rows: 1 + rng.IntN(4), Cols: 1 + rng.IntN(40), Batch: 1 + rng.IntN(20), KVHeads: 1 + rng.IntN(3)}
	s.Heads = s.KVHeads * (1 + rng.IntN(3))
	p := spec.AttentionParams{Start: rng.IntN(s.Batch + 1), Scale: float32(1 / math.Sqrt(float64(s.Cols)))}
	seen := min(s.Batch, p.Start+s.Rows)
	draw := func(n int) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(rng.NormFloat64())
		}
		return x
	}
	row := s.KVHeads * s.Cols // of k and v
	q, k, v := draw(s.Rows*s.Heads*s.Cols), draw(s.Batch*row), draw(s.Batch*row)
	run := func(s spec.Shape, q, k, v []float32, p spec.AttentionParams) ([]byte, *Finding) {
		return h.run(&spec.Case{Op: r.Op, Shape: s, In: [][]byte{spec.FloatBytes(q), spec.FloatBytes(k), spec.FloatBytes(v), p.Bytes()}}, 1+rng.IntN(3))
	}
	base, f := h.judged(&spec.Case{Op: r.Op, Shape: s, In: [][]byte{spec.FloatBytes(q), spec.FloatBytes(k), spec.FloatBytes(v), p.Bytes()}})
	if f != nil {
		return f
	}
	same := func(got []byte, f *Finding, what string) *Finding {
		if f != nil {
			return f
		}
		return sameOutput(r.Op, base, got, what)
	}

	// Many keys, whole blocks of them and one more or fewer.
	many := spec.Shape{Rows: 1, Cols: 1 + rng.IntN(8), Batch: 16*(1+rng.IntN(24)) + rng.IntN(3) - 1, Heads: 1, KVHeads: 1}
	c := &spec.Case{Op: r.Op, Shape: many, In: [][]byte{
		spec.FloatBytes(draw(many.Cols)), spec.FloatBytes(draw(many.Batch * many.Cols)), spec.FloatBytes(draw(many.Batch * many.Cols)),
		spec.AttentionParams{Start: many.Batch, Scale: p.Scale}.Bytes(),
	}}
	if _, f := h.judged(c); f != nil {
		f.note("shape %v", many)
		return f
	}

	// Every score is −Inf: there is nothing to attend to.
	none, plus := repeat32(float32(math.Inf(-1)), len(k)), make([]float32, len(q))
	for i := range plus {
		plus[i] = 1 + rng.Float32()
	}
	if _, f := h.judged(&spec.Case{Op: r.Op, Shape: s, In: [][]byte{spec.FloatBytes(plus), spec.FloatBytes(none), spec.FloatBytes(v), p.Bytes()}}); f != nil {
		f.note("every score is −Inf")
		return f
	}

	garbage := func(x []float32) []float32 {
		x = append([]float32(nil), x...)
		for i := seen * row; i < len(x); i++ {
			x[i] = specialF32[rng.IntN(len(specialF32))]
		}
		return x
	}
	got, f := run(s, q, garbage(k), garbage(v), p)
	if f := same(got, f, "other values in keys that no query sees"); f != nil {
		return f
	}
	if s.Rows > 1 { // and those that the first query does not see
		first := min(s.Batch, p.Start+1)
		gk, gv := append([]float32(nil), k...), append([]float32(nil), v...)
		for i := first * row; i < len(gk); i++ {
			gk[i], gv[i] = float32(math.NaN()), float32(math.Inf(1))
		}
		got, f := run(s, q, gk, gv, p)
		n := 4 * s.Heads * s.Cols
		if f == nil {
			f = sameOutput(r.Op, base[:n], got[:n], "other values in keys that come after a query")
		}
		if f != nil {
			return f
		}
	}

	// One key, and values that are all alike: a weight of 1, but for the bound.
	one := s
	one.Batch = 1
	got, f = run(one, q, k[:row], v[:row], p)
	if f != nil {
		return f
	}
	alike := bytes.Repeat(spec.FloatBytes(v[:row]), s.Batch)
	all, f := run(s, q, k, spec.Floats(alike), p)
	if f != nil {
		return f
	}
	for i := range len(base) / 4 {
		want := float64(v[i/s.Cols%s.Heads/(s.Heads/s.KVHeads)*s.Cols+i%s.Cols])
		y := spec.GetF32(got, i)
		if math.Abs(float64(y)-want) > 8*0x1p-24*math.Abs(want) || h.row.Tree == spec.TreeLanes && float64(y) != want {
			return &Finding{Element: fmt.Sprint(i), Got: fmt.Sprint(y), Detail: fmt.Sprintf("only one key, of value %g", want)}
		}
		y = spec.GetF32(all, i)
		if limit := (16 + 8*float64(s.Batch)) * 0x1p-24 * math.Abs(want); math.Abs(float64(y)-want) > limit {
			return &Finding{Element: fmt.Sprint(i), Got: fmt.Sprint(y), Detail: fmt.Sprintf("all values are %g", want)}
		}
	}
	if h.row.Tree != spec.TreeLanes {
		return nil
	}

	// Every query head with a key and value head of its own.
	wide := s
	wide.KVHeads = s.Heads
	spread := func(x []float32) []float32 {
		var out []float32
		for t := range s.Batch {
			for head := range s.Heads {
				at := t*row + head/(s.Heads/s.KVHeads)*s.Cols
				out = append(out, x[at:at+s.Cols]...)
			}
		}
		return out
	}
	got, f = run(wide, q, spread(k), spread(v), p)
	if f := same(got, f, "key and value heads repeated for every query head"); f != nil {
		return f
	}
	for i := range s.Rows {
		single, at := s, s.Heads*s.Cols
		single.Rows = 1
		got, f := run(single, q[i*at:(i+1)*at], k, v, spec.AttentionParams{Start: p.Start + i, Scale: p.Scale})
		if f == nil {
			f = sameOutput(r.Op, base[4*i*at:4*(i+1)*at], got, fmt.Sprintf("query %d alone", i))
		}
		if f != nil {
			return f
		}
	}
	return nil
}
