package kernels

import (
	"fmt"
	"math"

	"assay/spec"
)

// Constants of the exponential. With n the integer nearest to 8·x/ln 2,
//
//	r = x − n·expStep + (n + expRound)·expRest = x − n·ln 2/8 + expRound·expRest
//
// where expStep + |expRest| is ln 2/8: the rest of the reduction, shifted by a constant
// c = −0.0815 for nothing, since n + expRound is there. So e^x = 2^(n/8)·e^−c·e^r, with
// −0.125 < r < −0.038. expTable holds 2^(j/8)·e^−c·P(0), and 1 + exp1·r + … is P(r)/P(0),
// P the polynomial that meets e^r in Chebyshev's nodes, rounded to f32. The shift is
// one for which all of the table lies within 0.13·2^−24 of what it stands for, and that
// makes r negative, for siluF32. The relative error of table and polynomial together
// is below 2^−26.
const (
	log2e    = 0x1.715476p+0
	expRound = 0x1.58b2p+23    // adding it rounds to an integer
	expStep  = 0x1.62e42ep-4   // ln 2/8, rounded down to 24 bits
	expRest  = -0x1.efa39ep-28 // expStep − ln 2/8
	exp1     = 0x1.ffffd2p-1
	exp2     = 0x1.fff614p-2
	exp3     = 0x1.544cap-3
	exp4     = 0x1.3aa75cp-5
)

var expTable = [8]float32{
	0x1.15ba62p+0, 0x1.2edd56p+0, 0x1.4a46b4p+0, 0x1.682b32p+0,
	0x1.88c44cp+0, 0x1.ac50b2p+0, 0x1.d314cp+0, 0x1.fd5b02p+0,
}

// expParts returns t, p and k such that e^x ≈ t·(1 + p)·2^k, 1 < t < 2 and
// −0.12 < p < −0.03, for |x| ≤ 120.
func expParts(x float32) (t, p float32, k int32) {
	z := fma32(x, 8*log2e, expRound)
	n := z - expRound
	r := fma32(n, -expStep, x)
	r = fma32(z, expRest, r)
	p = fma32(exp4, r, exp3)
	p = fma32(p, r, exp2)
	p = fma32(p, r, exp1)
	return expTable[int32(n)&7], float32(p * r), int32(n) >> 3
}

// scale2 returns x·2^k with one rounding, for 0.5 < |x| < 2^7 and −180 ≤ k ≤ 128.
func scale2(x float32, k int32) float32 {
	half := k >> 1
	first := math.Float32frombits(uint32(half+127) << 23)
	second := math.Float32frombits(uint32(k-half+127) << 23)
	return float32(x*first) * second
}

// expF32 is e^x within 1 ulp, subnormal results included. Of all 2^32 arguments
// −87.374329 (c2aebfa8) has the largest error, 0.848 ulp (corpus/worst).
func expF32(x float32) float32 {
	if x != x {
		return x
	}
	t, p, k := expParts(min(max(x, -104), 89))
	return scale2(fma32(t, p, t), k)
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
