package kernels

import (
	"fmt"
	"math"

	"assay/spec"
)

// rmsNormLanes is the number of lanes of the sum of squares.
const rmsNormLanes = 32

// rmsNormFactor returns r = 1/√(s/n + eps) for the sum s of n squares.
//
// No square of an f32 overflows binary64 and none but that of zero is zero. An
// infinite element makes r zero, hence itself NaN and the others zeros.
func rmsNormFactor(s float64, n int, eps float32) float64 {
	return 1 / math.Sqrt(s/float64(n)+float64(eps))
}

func checkRMSNormF32(dst, x, gain []float32) {
	if len(dst) != len(x) || gain != nil && len(gain) != len(x) {
		panic(fmt.Sprintf("kernels: %s: lengths %d, %d and %d", spec.OpRMSNormF32, len(dst), len(x), len(gain)))
	}
}
