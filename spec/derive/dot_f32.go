package derive

import (
	"math/big"
	"math/rand/v2"

	"assay/spec"
)

const fmaClaim = "|fl(a·b + c) − (a·b + c)| ≤ u·|a·b + c| + 2^−150, and the last term is needed only where a·b ≠ 0."

func fmaSides(rng *rand.Rand) []side {
	a, b := pair(rng, between(rng, -290, 120))
	c := float32(0)
	if coin(rng, 2) {
		p := exponent(a) + exponent(b)
		c = scaled(rng, min(127, max(-149, p+between(rng, -26, 26))))
	}
	if coin(rng, 4) {
		a, b = exactPair(rng, 1+2*rng.IntN(100), -150) // a tie among subnormals
	}
	if coin(rng, 8) {
		a = 0
	}
	x := add(mul(rat(a), rat(b)), rat(c))
	rhs := mul(unit, abs(x))
	if a != 0 {
		rhs = add(rhs, tiny)
	}
	return []side{le("|fl(a·b+c) − (a·b+c)|", distance(round(x), x), "u·|a·b+c| + 2^−150", rhs)}
}

// dotF32Lanes derives the bound of the declared tree.
func dotF32Lanes() Derivation {
	draw := calm(func(rng *rand.Rand) *run { return runDotLanes(drawVectors(rng, false)) })
	return derivation(spec.OpDotF32, spec.TreeLanes,
		"|ŷ − Σ a_i·b_i| ≤ spec.Bound(⌈n/64⌉ + 6, Gauge = Σ|a_i·b_i|, Eta = number of a_i·b_i ≠ 0 ≤ n)",
		step("One fused step: "+fmaClaim, "Steps 1 and 2 of the rounding model; step 3 where a·b = 0.", fmaSides),
		step("Padding adds nothing: with n elements the longest lane is a chain of ⌈n/64⌉ fused steps from +0, and |fl(0·0 + c) − c| = 0.",
			"c is an f32, hence fl(c) = c. Lane 0 is the longest; it has the elements 0, 64, ….",
			func(rng *rand.Rand) []side {
				n := between(rng, 1, 1000)
				var longest int64
				for i := 0; i < n; i += spec.DotLanes {
					longest++
				}
				c := rat(scaled(rng, between(rng, -149, 127)))
				return []side{
					le("steps of lane 0", integer(longest), "⌈n/64⌉", integer(int64((n+63)/64))),
					le("|fl(0·0+c) − c|", distance(round(c), c), "0", zero),
				}
			}),
		step("p_l = the chain of lane l with k steps: |p_l − Σ_lane a_i·b_i| ≤ γ_k·Σ_lane|a_i·b_i| + (1+γ_k)·k·2^−150.",
			"Step 6 of the rounding model, with step 1 for each of the k roundings (Higham 2002, section 3.1).",
			func(rng *rand.Rand) []side {
				v := drawVectors(rng, false)
				m, c := newMachine(), num{v: zero}
				exact, gauge := new(big.Rat), new(big.Rat)
				for i := range v.a {
					c = m.fma(f32(v.a[i]), f32(v.b[i]), c)
					t := mul(rat(v.a[i]), rat(v.b[i]))
					exact.Add(exact, t)
					gauge.Add(gauge, abs(t))
				}
				if m.over {
					return nil
				}
				k := len(v.a)
				rhs := add(mul(gamma(k), gauge), mul(mul(add(one, gamma(k)), integer(int64(k))), tiny))
				return []side{le("|p_l − Σ_lane|", distance(c.v, exact), "γ_k·Σ_lane|a·b| + (1+γ_k)·k·2^−150", rhs)}
			}),
		step("The lanes are added in 6 levels, each |fl(p+q) − (p+q)| ≤ u·|p+q|: so no term passes through more than ⌈n/64⌉ + 6 = spec.Depth roundings, and the sums never underflow.",
			"64 = 2^6; step 3 of the rounding model; step 2.",
			depthSides(draw)),
		step("The underflows count for at most Eta = number of a_i·b_i ≠ 0 ≤ n.",
			"Steps 1 and 4: one fused step for each such product can underflow, and nothing is multiplied afterwards.",
			weightSides("n", draw)),
		bounded("|ŷ − Σ a_i·b_i| ≤ spec.Bound(spec.Depth(dot_f32, lanes, n), Gauge = Σ|a_i·b_i|, Eta), for that Eta and any larger one.",
			"Step 6 of the rounding model with steps 4 and 5.", draw),
	)
}

// dotF32Any derives the bound of any order of summation.
func dotF32Any() Derivation {
	draw := calm(func(rng *rand.Rand) *run { return runDotAny(drawVectors(rng, false), drawPlan(rng)) })
	return derivation(spec.OpDotF32, spec.TreeAny,
		"|ŷ − Σ a_i·b_i| ≤ spec.Bound(max(n, 1), Gauge = Σ|a_i·b_i|, Eta = number of a_i·b_i ≠ 0 ≤ n), for any binary tree and any choice of fused products",
		step("One fused or unfused product: "+fmaClaim, "Steps 1 and 2 of the rounding model; c = 0 where the product is not fused.", fmaSides),
		step("A term passes through at most n = spec.Depth roundings.",
			"A binary tree over n leaves has n − 1 sums, and the product is one rounding more, or none where it is fused. Adding to +0 is exact.",
			depthSides(draw)),
		step("The underflows count for at most Eta = number of a_i·b_i ≠ 0 ≤ n.",
			"Step 1: each product is rounded once, by itself or in a fused sum. Other sums never underflow, by step 3 of the rounding model.",
			weightSides("n", draw)),
		bounded("|ŷ − Σ a_i·b_i| ≤ spec.Bound(spec.Depth(dot_f32, any, n), Gauge = Σ|a_i·b_i|, Eta), for that Eta and any larger one.",
			"Step 6 of the rounding model with steps 2 and 3.", draw),
	)
}

func newDotRun(t spec.Tree, v vectors) *run {
	r := newRun(spec.OpDotF32, t, len(v.a))
	for i := range v.a {
		if v.a[i] != 0 && v.b[i] != 0 {
			r.term(mul(rat(v.a[i]), rat(v.b[i])))
			r.weight.Add(r.weight, one)
		}
	}
	return r
}

// runDotLanes evaluates spec.SumTree: a leaf is an exact product, a node one
// rounding of the sum of its kids.
func runDotLanes(v vectors) *run {
	r := newDotRun(spec.TreeLanes, v)
	var eval func(n *spec.Node) num
	eval = func(n *spec.Node) num {
		if len(n.Kids) == 0 {
			return exactly(mul(rat(v.a[n.Leaf]), rat(v.b[n.Leaf])))
		}
		sum, terms := num{v: zero}, 0
		for _, k := range n.Kids {
			x := eval(k)
			sum.h, sum.eta = max(sum.h, x.h), sum.eta+x.eta
			if x.v.Sign() == 0 {
				continue
			}
			if terms++; terms == 1 && len(k.Kids) > 0 {
				sum.v = x.v
				continue
			}
			sum.v, terms = add(sum.v, x.v), 2
		}
		if terms < 2 { // a number that was rounded before, or zero
			return num{sum.v, sum.h + 1, sum.eta}
		}
		return r.round(sum.v, sum.h, sum.eta)
	}
	r.got = eval(spec.SumTree(spec.OpDotF32, len(v.a)))
	return r
}

func runDotAny(v vectors, p *plan) *run {
	r := newDotRun(spec.TreeAny, v)
	var terms []product
	for i := range v.a {
		if v.a[i] != 0 && v.b[i] != 0 { // a product of zero changes no sum
			b := f32(v.b[i])
			terms = append(terms, product{f32(v.a[i]), &b})
		}
	}
	r.got = p.sum(r.machine, terms)
	return r
}
