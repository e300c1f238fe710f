package props

import (
	"fmt"
	"math/big"

	"assay/oracle"
	"assay/spec"
)

// checkDisplacement quantises f32 activations by either rule and requires
//
//	|B − A| ≤ Σ_blocks QuantizeError(d_b)·Σ|w| + bound of B
//
// where A is the exact Path A on the unrounded activations: the exact Path B and
// the displacement.
func checkDisplacement(h *harness, r Recipe) *Finding {
	rng := r.rng()
	w := r.Case().In[0]
	weights := spec.MustLookup(r.Op).In[0].Format
	s := r.Shape
	acts := drawFrom(rng, spec.OpQuantizeQ8KGGML, map[spec.Format][]string{spec.F32: {"gauss", "outlier", "twosided"}})
	acts.Shape = spec.Vector(s.Cols * s.Batch)
	x := acts.Case()
	if rng.IntN(2) == 0 {
		x.Op = spec.OpQuantizeQ8KAprender
	}
	xq, err := oracle.Bulk(x, spec.TreeLanes)
	if err != nil {
		return &Finding{Detail: err.Error()}
	}
	cb := &spec.Case{Op: r.Op, Shape: s, In: [][]byte{w, xq.Bytes}}
	b, f := h.judged(cb)
	if f != nil || h.twin {
		return f
	}
	exactB, err := oracle.Bulk(cb, h.row.Tree)
	if err != nil {
		return &Finding{Detail: err.Error()}
	}
	for i, want := range exactB.Elements {
		row, act, quantised := split(w, s.Rows)[i%s.Rows], split(x.In[0], s.Batch)[i/s.Rows], split(xq.Bytes, s.Batch)[i/s.Rows]
		pathA := new(big.Float).SetPrec(640).Add(want.Value, oracle.Displacement(weights, row, act, quantised))
		limit := new(big.Float).Add(oracle.DriftBound(weights, row, quantised), want.Bound)
		diff := new(big.Float).SetPrec(640).Sub(big.NewFloat(float64(spec.GetF32(b, i))), pathA)
		if diff.Abs(diff).Cmp(limit) > 0 {
			ratio, _ := new(big.Float).Quo(diff, limit).Float64()
			return &Finding{Element: fmt.Sprint(i), Got: showBits(spec.F32Bits(b, i)), Ratio: ratio,
				Detail: fmt.Sprintf("Path A is %s, and may differ by %s", pathA.Text('g', 9), limit.Text('g', 4))}
		}
	}
	return nil
}
