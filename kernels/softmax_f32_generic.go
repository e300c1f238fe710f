package kernels

import (
	"math"

	"assay/spec"
)

// softmaxF32Generic: t = scale·x + mask fused, m = max t, e = e^(t − m), S = Σ e
// over 64 lanes, y = e·(1/S). NaN or +Inf among t: all NaN; all t −Inf: all +0.
func softmaxF32Generic(dst, x, mask []float32, scale float32) {
	checkSoftmaxF32(dst, x, mask)
	top := float32(math.Inf(-1))
	for i, v := range x {
		t := float32(scale * v)
		if mask != nil {
			t = fma32(scale, v, mask[i])
		}
		dst[i] = t
		if !(t <= top) { // NaN stays
			top = t
		}
		if top != top {
			break
		}
	}
	if softmaxSpecial(dst, top) {
		return
	}
	var lanes [spec.DotLanes]float32
	for i, t := range dst {
		dst[i] = expF32(t - top)
		lanes[i%len(lanes)] += dst[i]
	}
	inv := 1 / foldLanes(lanes[:])
	for i := range dst {
		dst[i] *= inv
	}
}
