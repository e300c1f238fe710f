package derive

import (
	"math/big"
	"math/rand/v2"

	"assay/spec"
)

// class derives when a sum of finite terms must be finite, and when infinite.
func class() Derivation {
	lanes := func(rng *rand.Rand) *run { return runDotLanes(drawVectors(rng, true)) }
	anyOrder := func(rng *rand.Rand) *run { return runDotAny(drawVectors(rng, true), drawPlan(rng)) }
	rowLanes := func(rng *rand.Rand) *run { v, _ := drawRow(rng, true); return runMatvecLanes(v) }
	rowAny := func(rng *rand.Rand) *run { return runMatvecAny(drawRow(rng, true)) }
	quantLanes := func(rng *rand.Rand) *run {
		v, _ := drawQuantRow(rng, true)
		return runQuantLanes(spec.OpDotQ4KQ8K, v)
	}
	quantAny := func(rng *rand.Rand) *run { v, p := drawQuantRow(rng, true); return runQuantAny(spec.OpDotQ4KQ8K, v, p) }
	all := func(rng *rand.Rand) *run {
		return []func(*rand.Rand) *run{lanes, anyOrder, rowLanes, rowAny, quantLanes, quantAny}[rng.IntN(6)](rng)
	}
	return derivation("", 0,
		"Finite terms: if Peak + Bound < (2−2^−24)·2^127, nothing overflows and the result is finite; if the terms have one sign, Factors < (2−2^−24)·2^127 and |y| − Bound ≥ (2−2^−24)·2^127, it is infinite; if all terms are zero, so is the result",
		step("dot_f32, either tree: |z| ≤ Gauge + Bound for every z that is rounded, up to and including the first overflow. (Here and below, a z made from the weights or the integers alone is left aside: |z| ≤ 2^26.)",
			"Until the first overflow the rounding model holds, so a partial sum before its last rounding is Σ_part t_i(1+θ_i) + underflows with |θ_i| ≤ γ_h, h = spec.Depth: at most Gauge + γ_h·Gauge + (1+γ_h)·Eta·2^−150.",
			peakSides(lanes, anyOrder)),
		step("matvec_q4k_f32, lanes: |z| ≤ Gauge + Bound.",
			"Weights do not overflow, by step 1 of its derivation; then as step 1.", peakSides(rowLanes)),
		step("matvec_q4k_f32, any: |z| ≤ max(Gauge, Factors) + Bound, Factors = (1+γ_h)·Σ|x|·(max(1,|d|)·max(1,sc)·max(1,q) + max(1,|dmin|)·max(1,m)).",
			"A sum from which a factor is still missing is not a partial sum of the terms, and may be larger than Gauge by whatever the factor is smaller than 1. "+
				"With any factors missing it is at most Σ|x|·(…) exactly, and 1+γ_{h−1} times that before its last rounding; its underflows are less than u·2^26. For h ≤ 2^23, 1+γ_h ≤ 2.", peakSides(rowAny)),
		step("dot_q4k_q8k, lanes: |z| ≤ max(Gauge, Factors) + Bound, Factors = max_b max(|d·dx|, |dmin·dx|).",
			"D and M are rounded before they meet an integer, which may be zero.", peakSides(quantLanes)),
		step("dot_q4k_q8k, any: |z| ≤ max(Gauge, Factors) + Bound, Factors = (1+γ_h)·max_b max(1,|d|,|dmin|)·max(1,|dx|)·max(1, Σ max(1,sc)·q·|x| + Σ max(1,m)·|x|).",
			"As step 3: within a super-block d, dx or sc may still be missing. Sums over super-blocks have all factors.", peakSides(quantAny)),
		step("If nothing overflows, |y| − Bound ≤ (2−2^−23)·2^127, the largest finite f32.",
			"|y| ≤ |ŷ| + Bound, and ŷ is a finite f32.",
			func(rng *rand.Rand) []side {
				r := all(rng)
				if r.over {
					return nil
				}
				return []side{le("|y| − Bound", sub(abs(r.exact), r.bound()), "(2−2^−23)·2^127", largest)}
			}),
		step("What spec.Terms.Class says holds. Finite: |z| < (2−2^−24)·2^127 for every z that is rounded. Infinite: (2−2^−24)·2^127 ≤ |z| for one of them. Zero: |ŷ| ≤ 0.",
			"Steps 1 to 5 for finite, for spec takes Peak = max(Gauge, Factors). Step 6 for infinite: terms of one sign have partial sums of that sign, and an infinite partial sum stays, unless a missing factor is zero: so Factors must not reach the threshold. "+
				"Gauge = 0 makes Bound = 0, for Eta counts none but terms that are not zero.",
			func(rng *rand.Rand) []side {
				r := all(rng)
				if coin(rng, 8) {
					r = zeroRun(rng)
				}
				if coin(rng, 4) {
					r = largeRun(rng)
				}
				m := spec.Measure{Gauge: bigFloat(r.gauge), Eta: bigFloat(r.weight), Factors: bigUp(r.factors), Peak: bigUp(larger(r.gauge, r.factors))}
				t := spec.Terms{Pos: r.pos, Neg: r.neg}
				switch t.Class(bigFloat(r.exact), m, bigFloat(r.bound())) {
				case spec.ClassZero:
					return []side{le("|ŷ| of class zero", abs(r.got.v), "0", zero)}
				case spec.ClassFinite:
					out := []side{le("largest rounded, of class finite", r.peak, "(2−2^−24)·2^127", overflow)}
					if r.over {
						out = append(out, le("overflows", one, "0", zero))
					}
					return out
				case spec.ClassPosInf, spec.ClassNegInf:
					return []side{le("(2−2^−24)·2^127", overflow, "largest rounded, of class infinite", r.peak)}
				}
				return nil
			}),
	)
}

// peakSides compares the largest number that was rounded with Peak + Bound.
// Numbers made from the weights or the integers alone may be larger, but are
// at most 2^26.
func peakSides(draw ...func(*rand.Rand) *run) func(*rand.Rand) []side {
	return func(rng *rand.Rand) []side {
		r := draw[rng.IntN(len(draw))](rng)
		return []side{le("largest rounded", r.peak, "max(Peak + Bound, 2^26)", larger(r.top(), pow2(26)))}
	}
}

// zeroRun adds zeros.
func zeroRun(rng *rand.Rand) *run {
	switch rng.IntN(3) {
	case 0:
		v := drawVectors(rng, false)
		clear(v.a)
		return runDotLanes(v)
	case 1:
		v, _ := drawRow(rng, false)
		for _, w := range v.w {
			w.d, w.dmin = 0, 0
		}
		return runMatvecLanes(v)
	}
	v, _ := drawQuantRow(rng, false)
	for _, x := range v.x {
		x.d = 0
	}
	return runQuantLanes(spec.OpDotQ4KQ8K, v)
}

// largeRun adds terms of one sign up to about the threshold.
func largeRun(rng *rand.Rand) *run {
	v := vectors{make([]float32, 8), make([]float32, 8)}
	for i := range v.a {
		v.a[i], v.b[i] = pair(rng, between(rng, 122, 126))
		v.a[i], v.b[i] = abs32(v.a[i]), abs32(v.b[i])
	}
	if coin(rng, 2) {
		return runDotAny(v, drawPlan(rng))
	}
	return runDotLanes(v)
}

// bigUp converts a rational that need not be dyadic, rounding up.
func bigUp(x *big.Rat) *big.Float {
	return new(big.Float).SetPrec(256).SetMode(big.ToPositiveInf).SetRat(x)
}
