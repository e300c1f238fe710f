package kernels

import (
	"math"

	"assay/spec"
)

// siluF32 is x/(1 + e^−x) within 2 ulp, subnormal results included. e^−x = s·(1 + p),
// p < 0; of s and 1 the smaller one is added to s·p first, so that the two roundings
// of the divisor are little more than one. Where e^−x may leave the range divisor and
// quotient are scaled. Of all 2^32 arguments −0.0077048587 (bbfc790a) has the largest error,
// 1.796 ulp (corpus/worst).
func siluF32(x float32) float32 {
	if x != x {
		return x
	}
	x = max(x, -110)                 // the result is −0 there
	t, p, k := expParts(-min(x, 60)) // 1 + e^−60 = 1
	one := float32(1)
	if x < -64 {
		one, k = 0x1p-64, k-64
	}
	s := math.Float32frombits(math.Float32bits(t) + uint32(k)<<23) // t·2^k
	d := max(s, one) + fma32(s, p, min(s, one))
	return float32(x/d) * one
}

func siluF32Generic(dst, src []float32) {
	checkUnary(spec.OpSiluF32, dst, src)
	for i, x := range src {
		dst[i] = siluF32(x)
	}
}

func swigluF32Generic(dst, gate, up []float32) {
	checkUnary(spec.OpSwigluF32, dst, gate, up)
	for i, x := range gate {
		dst[i] = siluF32(x) * up[i]
	}
}
