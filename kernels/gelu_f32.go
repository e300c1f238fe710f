package kernels

import (
	"math"

	"assay/spec"
)

// Constants of the tanh form: 2·√(2/π) and 0.044715 times that.
const (
	gelu1 = 0x1.9884533d43651p+0
	gelu3 = 0x1.2444f2a4d8b4bp-4
)

// geluF32 is x·σ(z), z = gelu1·x + gelu3·x³, which equals x/2·(1 + tanh(z/2)),
// computed in binary64 and rounded once. With e = e^−|z| it is x/(1+e) or x·e/(1+e).
// It is within 4 ulp, subnormal results included, and of all 2^32 arguments none has
// an error of more than 0.50001 ulp (corpus/worst).
func geluF32(x float32) float32 {
	if x != x {
		return x
	}
	a := min(math.Abs(float64(x)), 16) // e^−z is below 2^−450 there
	z := float64(a * (gelu1 + float64(gelu3*float64(a*a))))
	e := exp64(-z)
	if !math.Signbit(float64(x)) {
		return float32(float64(x) / (1 + e))
	}
	return float32(float64(-a*e) / (1 + e))
}

// exp64 returns e^x for −320 ≤ x ≤ 0 with a relative error below 2^−44: reduction
// by k·ln 2 in two parts, Taylor's polynomial of degree 12 for |r| ≤ 0.35 (less
// than 2^−51 is left out).
func exp64(x float64) float64 {
	const (
		invLn2 = 0x1.71547652b82fep+0
		hi     = 0x1.62e42feep-1
		lo     = 0x1.a39ef35793c76p-33
		shift  = 0x1.8p52
	)
	n := float64(x*invLn2) + shift - shift
	r := float64(x-float64(n*hi)) - float64(n*lo)
	p := expTaylor[0]
	for _, c := range expTaylor[1:] {
		p = float64(r*p) + c
	}
	return float64(p * math.Float64frombits(uint64(int64(n)+1023)<<52))
}

func geluF32Generic(dst, src []float32) {
	checkUnary(spec.OpGeluF32, dst, src)
	for i, x := range src {
		dst[i] = geluF32(x)
	}
}
