package kernels

import "math"

// rmsNormF32Generic sums the squares in binary64: lane l of 32 is a chain of
// fused multiply-adds over the elements i ≡ l mod 32, from +0; then lanes l and
// l+16, 8, 4, 2, 1 are added. Both products of an element are rounded to
// binary64, and the last one to f32.
func rmsNormF32Generic(dst, x, gain []float32, eps float32) {
	checkRMSNormF32(dst, x, gain)
	var acc [rmsNormLanes]float64
	for i, v := range x {
		l := i % len(acc)
		acc[l] = math.FMA(float64(v), float64(v), acc[l])
	}
	r := rmsNormFactor(foldLanes(acc[:]), len(x), eps)
	for i, v := range x {
		y := float64(v) * r
		if gain != nil {
			y *= float64(gain[i])
		}
		dst[i] = float32(y)
	}
}
