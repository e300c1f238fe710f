package props

import (
	"math"

	"assay/spec"
)

// exponential tells whether an op takes exponentials of elements.
func exponential(in spec.Info) bool {
	return in.Kind == spec.KindMap && in.Out == spec.F32 && in.In[0].Format == spec.F32 || in.Op == spec.OpSoftmaxF32
}

// thresholds are arguments near which exponentials, or those of −x, need care, and usual
// ones; and −2^−116.2, which is 87 added to itself as an integer.
var thresholds = [...]float32{0, 0.5, 1, 60, 64, 87, 87, 88, 89, 100, 104, 110, 0x1.b8p-117}

// checkRuns judges rows of two such elements, of either sign, in runs that fill
// vectors, and mostly one extreme element at any place, at times with a NaN, or with NaNs in the
// same lane, which some maxima let hide it. A kernel that has a quick way for elements none of
// which is extreme must look at every one of them before it takes it.
func checkRuns(h *harness, r Recipe) *Finding {
	const n = 128
	rng := r.rng()
	sign := rng.IntN(3) - 1
	if r.Op == spec.OpSoftmaxF32 { // relative to the largest element, 0
		sign = -1
	}
	one := func(v float32) float32 {
		if sign == 0 {
			return float32(signed(rng, float64(v)))
		}
		return v * float32(sign)
	}
	var few [2]float32
	for i := range few {
		few[i] = one(thresholds[rng.IntN(len(thresholds))])
	}
	x := make([]float32, n)
	run := 8 << rng.IntN(3)
	for i := 0; i < n; i += run {
		v := few[rng.IntN(len(few))]
		for k := i; k < i+run; k++ {
			x[k] = v
		}
	}
	at := rng.IntN(n)
	nan := math.Float32frombits([]uint32{0x7fc00000, 0x7f800001, 0xffc00000}[rng.IntN(3)])
	switch rng.IntN(8) {
	case 0, 1:
		x[rng.IntN(n)] = nan
	case 2, 3: // in the same lane of other vectors
		for k := at % 8; k < n; k += 8 {
			if rng.IntN(2) == 0 {
				x[k] = nan
			}
		}
	}
	if rng.IntN(8) > 0 {
		x[at] = one(float32(87 + 20*rng.Float64()))
	}
	in := spec.MustLookup(r.Op)
	c := &spec.Case{Op: r.Op, Shape: spec.Vector(n)}
	if r.Op == spec.OpSoftmaxF32 {
		x[rng.IntN(n)] = 0
		c.In = [][]byte{spec.FloatBytes(x), nil, spec.SoftmaxParams{Scale: 1}.Bytes()}
	} else {
		c.In = append(c.In, spec.FloatBytes(x))
		for range in.In[1:] {
			up := make([]float32, n)
			for i := range up {
				up[i] = float32(math.Copysign(1, float64(1-2*rng.IntN(2))))
			}
			c.In = append(c.In, spec.FloatBytes(up))
		}
	}
	_, f := h.judged(c)
	return f
}
