package quant

import (
	"fmt"
	"math"

	"github.com/x448/float16"

	"assay/spec"
)

// checkBlocks returns the number of blocks, or panics if the sizes do not fit.
func checkBlocks(f spec.Format, dst []byte, src []float32) int {
	if len(src)%f.BlockLen() != 0 || len(dst) != f.Bytes(len(src)) {
		panic(fmt.Sprintf("quant: %s: %d values into %d bytes", f.ID(), len(src), len(dst)))
	}
	return len(src) / f.BlockLen()
}

// finite is the rule for NaN and Inf.
func finite(x float32) float32 {
	if x-x == 0 {
		return x
	}
	if x != x {
		return 0
	}
	return float32(math.Copysign(math.MaxFloat32, float64(x)))
}

// load returns the elements of a super-block as the quantisers take them: in
// float64 no product or sum of theirs overflows or underflows to 0.
func load(x *[spec.SuperBlock]float64, src []float32) {
	for i, v := range src[:spec.SuperBlock] {
		x[i] = float64(finite(v))
	}
}

const maxF16 = 65504

// f16Scale returns the f16 d of least error for which levels·d is about s ≥ 0:
// s/levels rounded to nearest, or the next larger f16 where (levels + 1/2)·d
// would stay below s, which only subnormals need; at most 65504.
func f16Scale(s, levels float64) (bits uint16, d float64) {
	if s == 0 {
		return 0, 0
	}
	h := float16.Fromfloat32(float32(min(s/levels, maxF16)))
	if d = float64(h.Float32()); d < maxF16 && d*(levels+0.5) < s {
		h++
		d = float64(h.Float32())
	}
	return h.Bits(), d
}

// toInt added to a float64 below 2^51, and taken away again, rounds it to an
// integer, ties to even. Larger values stay large, so that a clamp still sees
// them.
const toInt = 0x1.8p52

// nearest returns x rounded to an integer in [lo, hi].
func nearest(x, lo, hi float64) float64 {
	return max(lo, min(hi, x+toInt-toInt))
}
