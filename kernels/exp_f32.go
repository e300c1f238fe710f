package kernels

import (
	"fmt"
	"math"

	"assay/spec"
)

// Constants of the exponential: ln 2 in two parts, the first of 16 bits, and the
// coefficients of q in e^r ≈ 1 + r + r²·q(r) for |r| ≤ ln 2/2, by interpolation in
// Chebyshev's nodes, rounded to f32; the relative error of the polynomial is
// 2^−30.2.
const (
	log2e    = 0x1.715476p+0
	expLn2Hi = 0x1.62e4p-1
	expLn2Lo = 0x1.7f7d1cp-20
	expQ0    = 0x1p-1
	expQ1    = 0x1.555556p-3
	expQ2    = 0x1.5554e8p-5
	expQ3    = 0x1.1110ep-7
	expQ4    = 0x1.6d4362p-10
	expQ5    = 0x1.a12528p-13
	round    = 0x1.8p23 // adding it rounds to an integer
)

// expParts returns p and k such that e^x ≈ (1 + p)·2^k, −0.3 < p < 0.42, for
// |x| ≤ 120.
func expParts(x float32) (p float32, k int32) {
	n := fma32(x, log2e, round) - round
	r := fma32(n, -expLn2Hi, x)
	r = fma32(n, -expLn2Lo, r)
	q := fma32(expQ5, r, expQ4)
	q = fma32(q, r, expQ3)
	q = fma32(q, r, expQ2)
	q = fma32(q, r, expQ1)
	q = fma32(q, r, expQ0)
	return fma32(float32(r*r), q, r), int32(n)
}

// scale2 returns x·2^k with one rounding, for 0.5 < |x| < 2^7 and −180 ≤ k ≤ 128.
func scale2(x float32, k int32) float32 {
	half := k >> 1
	first := math.Float32frombits(uint32(half+127) << 23)
	second := math.Float32frombits(uint32(k-half+127) << 23)
	return float32(x*first) * second
}

// expF32 is e^x within 1 ulp, subnormal results included. Of all 2^32 arguments
// 59.275005 (426d199b) has the largest error, 0.988 ulp (corpus/worst).
func expF32(x float32) float32 {
	if x != x {
		return x
	}
	p, k := expParts(min(max(x, -104), 89))
	return scale2(1+p, k)
}

func expF32Generic(dst, src []float32) {
	checkUnary(spec.OpExpF32, dst, src)
	for i, x := range src {
		dst[i] = expF32(x)
	}
}

func checkUnary(op spec.Op, dst []float32, src ...[]float32) {
	for _, s := range src {
		if len(s) != len(dst) {
			panic(fmt.Sprintf("kernels: %s: %d elements into %d", op, len(s), len(dst)))
		}
	}
}
