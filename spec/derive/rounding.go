package derive

import (
	"math/big"
	"math/rand/v2"
)

// rounding derives the model that all other derivations rest on.
func rounding() Derivation {
	return derivation("", 0,
		"fl(x) = x(1+δ) + η with |δ| ≤ u = 2^−24, |η| ≤ 2^−150, δη = 0, for |x| < (2−2^−24)·2^127; "+
			"a sum by a tree of depth h has an error of at most γ_h·Gauge + (1+γ_h)·Eta·2^−150",
		step("2^−126 ≤ |x| < (2−2^−24)·2^127: |fl(x) − x| ≤ u·|x|. So η = 0 and δ = (fl(x) − x)/x.",
			"Higham 2002, theorem 2.2: the gap at x is at most 2u·|x|, and fl(x) is at most half of it away.",
			func(rng *rand.Rand) []side {
				x := real(rng, between(rng, -126, 126))
				return []side{le("|fl(x) − x|", distance(round(x), x), "u·|x|", mul(unit, abs(x)))}
			}),
		step("|x| < 2^−126: |fl(x) − x| ≤ 2^−150. So δ = 0 and η = fl(x) − x.",
			"Higham 2002, section 2.4: below the normal range the gap is 2^−149 throughout.",
			func(rng *rand.Rand) []side {
				x := real(rng, between(rng, -149, -127))
				if coin(rng, 4) {
					x = mul(x, pow2(-30)) // far below the smallest subnormal
				}
				return []side{le("|fl(x) − x|", distance(round(x), x), "2^−150", tiny)}
			}),
		step("x an integer multiple of 2^−149, |x| < (2−2^−24)·2^127: |fl(x) − x| ≤ u·|x|, that is, η = 0. "+
			"Such are K·a + b and hence a + b, for a and b in f32 and an integer K.",
			"Step 1 for |x| ≥ 2^−126. Below, every multiple of 2^−149 is an f32, so fl(x) = x. f32 numbers are multiples of 2^−149 (Higham 2002, section 2.4).",
			func(rng *rand.Rand) []side {
				e := between(rng, -149, 100)
				a, b := scaled(rng, e), scaled(rng, max(-149, e-between(rng, 0, 40)))
				k := integer(rng.Int64N(1<<between(rng, 0, 24)) + 1)
				x := add(mul(k, float(float64(a))), float(float64(b)))
				return []side{le("|fl(K·a+b) − (K·a+b)|", distance(round(x), x), "u·|K·a+b|", mul(unit, abs(x)))}
			}),
		step("|δ_1|, …, |δ_h| ≤ u and hu < 1: |(1+δ_1)···(1+δ_h) − 1| ≤ γ_h = hu/(1−hu) ≤ spec.Gamma(h).",
			"Higham 2002, lemma 3.1. spec.Gamma rounds up.",
			func(rng *rand.Rand) []side {
				h := between(rng, 1, 60)
				prod := one
				mode := rng.IntN(3)
				for range h {
					d := unit
					if mode == 0 {
						d = mul(unit, big.NewRat(rng.Int64N(2001)-1000, 1000))
					}
					if mode == 1 {
						d = neg(unit)
					}
					prod = mul(prod, add(one, d))
				}
				far := between(rng, 0, 1<<23)
				return []side{
					le("|Π(1+δ_i) − 1|", distance(prod, one), "γ_h", gamma(h)),
					le("γ_h", gamma(far), "spec.Gamma(h)", specGamma(far)),
				}
			}),
		step("γ_j + γ_k + γ_j·γ_k ≤ γ_{j+k} and γ_j ≤ γ_{j+k}: factors gathered in two places may be counted together.",
			"Higham 2002, lemma 3.3.",
			func(rng *rand.Rand) []side {
				j, k := rng.IntN(1<<between(rng, 1, 22)), rng.IntN(1<<between(rng, 1, 22))
				a, b, both := gamma(j), gamma(k), gamma(j+k)
				return []side{
					le("γ_j + γ_k + γ_j·γ_k", add(add(a, b), mul(a, b)), "γ_{j+k}", both),
					le("γ_j", a, "γ_{j+k}", both),
				}
			}),
		bounded("Let ŷ come from y = Σ t_i by roundings of sums and of products with exact factors, without overflow; let no term pass through more than h of them; "+
			"let Gauge ≥ Σ|t_i| and let Eta be at least the number of roundings that can underflow, each counted as often as its result is multiplied later. "+
			"Then |ŷ − y| ≤ γ_h·Gauge + (1+γ_h)·Eta·2^−150 ≤ spec.Bound(h, Gauge, Eta).",
			"By steps 1 and 2 each rounding multiplies all that is below it by 1+δ, or adds η. Multiplied out, ŷ is Σ t_i(1+θ_i) + Σ K_jη_j(1+θ'_j), and by steps 4 and 5 all |θ| ≤ γ_h (Higham 2002, section 4.2).",
			calm(drawTreeRun)),
	)
}

// drawTreeRun adds random rationals by a random tree of nodes with up to three
// kids each, some of them multiplied by an integer afterwards.
func drawTreeRun(rng *rand.Rand) *run {
	r := newRun("dot_f32", 0, 1)
	base := between(rng, -170, 100)
	swamp := coin(rng, 3)
	// node returns a node over terms that are to be multiplied by k in all, and
	// the number of roundings above each of them.
	var node func(levels int, k int64) num
	node = func(levels int, k int64) num {
		if levels == 0 || !swamp && coin(rng, 4) {
			t := mul(real(rng, between(rng, -149, 0)), pow2(base))
			if swamp {
				t = pow2(base)
			}
			r.term(mul(integer(k), t))
			return exactly(t)
		}
		factor := int64(1)
		if !swamp && coin(rng, 4) {
			factor = int64(between(rng, 2, 60))
		}
		// The rounding after the multiplication is the one that is seen, so the
		// one before it is counted factor times.
		kid := node(levels-1, k*factor)
		sum, h, weight := kid.v, kid.h, kid.eta
		for range 1 + rng.IntN(2) {
			if swamp {
				t := mul(pow2(base-24), big.NewRat(1<<30-1, 1<<30)) // less than half an ulp of what is below
				r.term(mul(integer(k*factor), t))
				sum = add(sum, t)
				break
			}
			kid := node(levels-1, k*factor)
			sum, h, weight = add(sum, kid.v), max(h, kid.h), weight+kid.eta
		}
		n := r.round(sum, h, weight)
		r.weight.Add(r.weight, integer(k*factor))
		if factor == 1 {
			return n
		}
		r.weight.Add(r.weight, integer(k))
		return r.mul(n, exactly(integer(factor)))
	}
	levels := between(rng, 1, 4)
	if swamp {
		levels = between(rng, 1, 40)
	}
	r.got = node(levels, 1)
	r.h = r.got.h
	return r
}
