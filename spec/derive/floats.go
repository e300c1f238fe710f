package derive

import (
	"math"
	"math/big"
	"math/rand/v2"

	"assay/spec"
)

// The float ops. Where a function is not rational its value is drawn instead:
// what the derivations are about is how errors of parts become those of the
// whole.

func floatDerivations() []Derivation {
	var out []Derivation
	for op, n := range map[spec.Op]int64{spec.OpExpF32: spec.ExpUlps, spec.OpSiluF32: spec.SiluUlps, spec.OpGeluF32: spec.GeluUlps} {
		for _, t := range []spec.Tree{spec.TreeLanes, spec.TreeAny} {
			out = append(out, ulps(op, t, n))
		}
	}
	for _, t := range []spec.Tree{spec.TreeLanes, spec.TreeAny} {
		out = append(out, swiglu(t), softmax(t), rmsnorm(t), rope(t), attention(t))
	}
	return out
}

// ulps: what a bound in ulp means.
func ulps(op spec.Op, t spec.Tree, n int64) Derivation {
	return derivation(op, t, "|y − v| ≤ n·spec.Ulp(v), a contract: it can be met, and by a factor of 2n",
		step("|fl(v) − v| ≤ spec.Ulp(v)/2: the nearest f32 is within half an ulp, subnormal results included.",
			"Ulp is the spacing of f32 at v, 2^−149 at least.",
			func(rng *rand.Rand) []side {
				v := real(rng, between(rng, -149, 126))
				ulp := fromFloat(spec.Ulp(new(big.Float).SetPrec(200).SetRat(v)))
				return []side{
					le("|fl(v) − v|", distance(round(v), v), "Ulp/2", mul(ulp, half)),
					ample("Ulp/2", mul(ulp, half), "n·Ulp", mul(ulp, integer(n))),
				}
			}))
}

func swiglu(t spec.Tree) Derivation {
	return derivation(spec.OpSwigluF32, t, "|y − silu·up| ≤ spec.SwigluBound(silu, δ, up)",
		step("s = silu + δ·θ, |θ| ≤ 1: |fl(s·up) − silu·up| ≤ spec.SwigluBound(silu, δ, up) = |up|·δ + u·|up|·(|silu| + δ) + 2^−150.",
			"Step 1 of the rounding model for the product; the rest is |s − silu|·|up|.",
			func(rng *rand.Rand) []side {
				v := real(rng, between(rng, -120, 60))
				up := rat(scaled(rng, between(rng, -20, 60)))
				delta := mul(fromFloat(spec.Ulp(new(big.Float).SetPrec(200).SetRat(v))), integer(spec.SiluUlps))
				s := round(add(v, mul(delta, big.NewRat(int64(between(rng, -1000, 1000)), 1000))))
				if distance(s, v).Cmp(delta) > 0 {
					return nil // rounded out of reach
				}
				x := mul(s, up)
				if abs(x).Cmp(overflow) >= 0 {
					return nil
				}
				silu64, _ := v.Float64()
				up64, _ := up.Float64()
				delta64, _ := delta.Float64()
				b := new(big.Rat).SetFloat64(spec.SwigluBound(silu64, delta64, up64))
				return []side{le("|y − silu·up|", distance(round(x), mul(v, up)), "spec.SwigluBound", b)}
			}))
}

// softmax: the quotient of perturbed exponentials.
func softmax(t spec.Tree) Derivation {
	return derivation(spec.OpSoftmaxF32, t, "|y_i − p_i| ≤ spec.SoftmaxBounds(t)_i",
		step("E_i·(1+a_i)/(Σ E_j·(1+a_j)·(1+g)) differs from E_i/Σ E_j by at most p_i·(A_i + Ā + γ)/((1 − Ā)(1 − γ)), |a_i| ≤ A_i, |g| ≤ γ, Ā = Σ p_j·A_j.",
			"Numerator at most (1+A_i), denominator at least (1−Ā)(1−γ) times what they are without errors; (1+A)/((1−Ā)(1−γ)) − 1 ≤ (A+Ā+γ)/((1−Ā)(1−γ)).",
			func(rng *rand.Rand) []side {
				n := between(rng, 1, 6)
				var e, a, big1 []*big.Rat
				sum, moved, mean := new(big.Rat), new(big.Rat), new(big.Rat)
				worst := coin(rng, 2)
				for i := range n {
					E := rat(abs32(scaled(rng, between(rng, -12, 0))))
					A := big.NewRat(int64(between(rng, 1, 1000)), 1<<22)
					f := big.NewRat(int64(between(rng, -1000, 1000)), 1000)
					if worst {
						if f = integer(-1); i == 0 {
							f = one
						}
					}
					e, big1 = append(e, E), append(big1, A)
					a = append(a, mul(A, f))
					sum.Add(sum, E)
					moved.Add(moved, mul(E, add(one, a[i])))
				}
				g := big.NewRat(1, 1<<18)
				moved.Mul(moved, sub(one, g))
				for i := range e {
					mean.Add(mean, mul(quo(e[i], sum), big1[i]))
				}
				p := quo(e[0], sum)
				y := quo(mul(e[0], add(one, a[0])), moved)
				limit := quo(mul(p, add(add(big1[0], mean), g)), mul(sub(one, mean), sub(one, g)))
				return []side{le("|y − p|", distance(y, p), "p·(A + Ā + γ)/((1−Ā)(1−γ))", limit)}
			}),
		step("t_i = fl(scale·x_i), e_i within k ulp of e^(t_i − max t), sum in one order, y_i = fl(e_i·fl(1/S)): |y_i − p_i| ≤ spec.SoftmaxBounds(t)_i + 2^−40.",
			"The whole kernel, simulated; exponentials are known here to 2^−50, which the 2^−40 covers.",
			func(rng *rand.Rand) []side {
				n := between(rng, 1, 6)
				scale := rat(scaled(rng, between(rng, -3, 3)))
				x := make([]*big.Rat, n)
				for i := range x {
					x[i] = rat(scaled(rng, between(rng, -3, 3)))
				}
				if coin(rng, 3) {
					x[n-1] = x[0]
				}
				k := int64(spec.ExpUlps)
				if t == spec.TreeAny {
					k = spec.AnyExpUlps
				}
				args := make([]*big.Rat, n)
				for i := range x {
					args[i] = mul(scale, x[i])
				}
				p, arg64, p64 := exactSoftmax(args)
				y := roundedSoftmax(rng, rounds(args), k)
				bounds := spec.SoftmaxBounds(t, arg64, p64)
				var out []side
				for i := range y {
					out = append(out, le("|y − p|", distance(y[i], p[i]), "spec.SoftmaxBounds", add(float(bounds[i]), pow2(-40))))
				}
				return out
			}))
}

// exactSoftmax returns the softmax of t, but for exponentials in binary64, and both
// as float64.
func exactSoftmax(t []*big.Rat) (p []*big.Rat, t64, p64 []float64) {
	top := t[0]
	for _, v := range t {
		top = larger(top, v)
	}
	sum := new(big.Rat)
	for _, v := range t {
		p = append(p, exponential(sub(v, top)))
		sum.Add(sum, p[len(p)-1])
	}
	for i := range p {
		p[i] = quo(p[i], sum)
		a, _ := t[i].Float64()
		b, _ := p[i].Float64()
		t64, p64 = append(t64, a), append(p64, b)
	}
	return p, t64, p64
}

// exponential returns e^x for x ≤ 0, with a relative error of some 2^−50.
func exponential(x *big.Rat) *big.Rat {
	hi, _ := x.Float64()
	lo, _ := sub(x, float(hi)).Float64()
	return mul(float(math.Exp(hi)), add(one, float(lo)))
}

func rounds(x []*big.Rat) []*big.Rat {
	out := make([]*big.Rat, len(x))
	for i, v := range x {
		out[i] = round(v)
	}
	return out
}

// roundedSoftmax simulates a kernel whose exponential is off by up to k ulp.
func roundedSoftmax(rng *rand.Rand, t []*big.Rat, k int64) []*big.Rat {
	top := t[0]
	for _, v := range t {
		top = larger(top, v)
	}
	sum, e := new(big.Rat), make([]*big.Rat, len(t))
	for i, v := range t {
		exact := exponential(round(sub(v, top)))
		ulp := fromFloat(spec.Ulp(new(big.Float).SetPrec(200).SetRat(exact)))
		off := big.NewRat(int64(between(rng, -1000, 1000)), 1000)
		if e[i] = round(add(exact, mul(mul(integer(k), ulp), off))); distance(e[i], exact).Cmp(mul(integer(k), ulp)) > 0 {
			e[i] = round(exact) // rounded out of reach
		}
		sum = round(add(sum, e[i]))
	}
	inverse := round(quo(one, sum))
	for i := range e {
		e[i] = round(mul(e[i], inverse))
	}
	return e
}

// attention: a softmax of rounded dots, and a sum weighted with it.
func attention(t spec.Tree) Derivation {
	return derivation(spec.OpAttentionF32, t, "|y − Σ p·v| ≤ spec.AttentionBound(p, spec.AttentionWeightBounds)",
		step("x̂ = x + δ·θ, |θ| ≤ 1, δ the bound of a dot of n: the softmax of fl(scale·x̂) has |w_i − p_i| ≤ spec.AttentionWeightBounds + 2^−40.",
			"|fl(scale·x̂) − scale·x| ≤ |scale|·δ + u·(|scale·x| + |scale|·δ) + 2^−150 takes the place of the arguments' rounding in the bound of softmax.",
			func(rng *rand.Rand) []side {
				n, keys := between(rng, 1, 200), between(rng, 1, 6)
				scale := rat(scaled(rng, between(rng, -4, 1)))
				exact, moved := make([]*big.Rat, keys), make([]*big.Rat, keys)
				scores := make([]spec.Score, keys)
				for i := range exact {
					x := rat(scaled(rng, between(rng, -3, 5)))
					gauge := mul(abs(x), integer(int64(between(rng, 1, 40))))
					delta := mul(specGamma(spec.Depth(spec.OpDotF32, t, n)), gauge)
					exact[i] = mul(scale, x)
					moved[i] = mul(scale, add(x, mul(delta, big.NewRat(int64(between(rng, -1000, 1000)), 1000))))
					scores[i].Value, _ = exact[i].Float64()
					scores[i].Gauge, _ = gauge.Float64()
				}
				p, _, p64 := exactSoftmax(exact)
				k := int64(spec.ExpUlps)
				if t == spec.TreeAny {
					k = spec.AnyExpUlps
				}
				w := roundedSoftmax(rng, rounds(moved), k)
				scale64, _ := scale.Float64()
				bounds := spec.AttentionWeightBounds(t, n, scale64, scores, p64)
				var out []side
				for i := range w {
					out = append(out, le("|w − p|", distance(w[i], p[i]), "spec.AttentionWeightBounds", add(float(bounds[i]), pow2(-40))))
				}
				return out
			}),
		step("w = p + off·θ, |θ| ≤ 1: the chain fl(w_n·v_n + … fl(w_1·v_1)) has |y − Σ p·v| ≤ spec.AttentionBound.",
			"Σ off·|v| for the weights, and each term passes through at most n roundings.",
			func(rng *rand.Rand) []side {
				n := between(rng, 1, 12)
				y, exact := new(big.Rat), new(big.Rat)
				p64, off64, v64 := make([]float64, n), make([]float64, n), make([]float64, n)
				for i := range n {
					p := rat(abs32(scaled(rng, between(rng, -20, -1))))
					off := mul(p, big.NewRat(int64(between(rng, 0, 1000)), 1<<30))
					v := rat(scaled(rng, between(rng, -3, 8)))
					w := round(add(p, mul(off, big.NewRat(int64(between(rng, -1000, 1000)), 1000))))
					if distance(w, p).Cmp(off) > 0 {
						w = p
					}
					y = round(add(mul(w, v), y))
					exact.Add(exact, mul(p, v))
					p64[i], _ = p.Float64()
					off64[i], _ = off.Float64()
					v64[i], _ = v.Float64()
				}
				return []side{le("|y − Σ p·v|", distance(y, exact), "spec.AttentionBound", float(spec.AttentionBound(t, p64, off64, v64)))}
			}))
}

// rmsnorm: relative errors of a chain of operations.
func rmsnorm(t spec.Tree) Derivation {
	return derivation(spec.OpRMSNormF32, t, "|y − v| ≤ spec.RMSNormBound(n, v)",
		step("m̂ = m·(1+θ), |θ| ≤ t < 1/4: |1/√m̂ − 1/√m| ≤ t·1/√m, so what happens before the root counts no more than as it is.",
			"1/√(1−t) − 1 ≤ t for t ≤ 1/4 (both sides squared: 1 ≤ (1+t)²(1−t) = 1 + t − t² − t³).",
			func(rng *rand.Rand) []side {
				th := big.NewRat(int64(between(rng, 1, 250)), 1000)
				left := one
				right := mul(mul(add(one, th), add(one, th)), sub(one, th))
				return []side{le("1", left, "(1+t)²(1−t)", right)}
			}),
		step("A row of n equal elements ±x without eps: v = ±1, and the rounded result has |y − v| ≤ spec.RMSNormBound(n, 1).",
			"At most ⌈n/32⌉ + 5 additions, and eight operations more, of a relative 2^−53 each; then one rounding to f32.",
			func(rng *rand.Rand) []side {
				n := between(rng, 1, 5000)
				k := (n+31)/32 + 5 + 8
				relative := big.NewRat(int64(k), 1<<53)
				y := round(add(one, relative))
				b := new(big.Rat).SetFloat64(spec.RMSNormBound(t, n, 1))
				return []side{ample("|y − 1|", distance(y, one), "spec.RMSNormBound", b),
					ample("(⌈n/32⌉ + 13)·2^−53 + u", add(relative, unit), "spec.RMSNormBound", b)}
			}))
}

// rope: a sum of two products with rounded factors.
func rope(t spec.Tree) Derivation {
	return derivation(spec.OpRopeF32, t, "|y − (x0·a + x1·b)| ≤ spec.RopeBound",
		step("c = fl(a + δ), s = fl(b + δ'), |δ|, |δ'| ≤ (θ + 1)·2^−46: |fma(x0, c, fl(x1·s)) − (x0·a + x1·b)| ≤ spec.RopeBound.",
			"Table entries are off by u·|a| + 2δ (rounded from a + δ); the product and the sum round once each, the rest is γ_2 of their sizes.",
			func(rng *rand.Rand) []side {
				angle := 6.28 * rng.Float64()
				theta := angle + 6.283185307179586*float64(rng.IntN(1<<uint(rng.IntN(18))))
				a64, b64 := math.Cos(angle), math.Sin(angle)
				a, b := float(a64), float(b64)
				delta := (theta + 1) * 0x1p-46
				e1, e2 := float(delta*(2*rng.Float64()-1)), float(delta*(2*rng.Float64()-1))
				x0, x1 := rat(scaled(rng, between(rng, -3, 3))), rat(scaled(rng, between(rng, -3, 3)))
				c, s := round(add(a, e1)), round(add(b, e2))
				y := round(add(mul(x0, c), round(mul(x1, s))))
				exact := add(mul(x0, a), mul(x1, b))
				f0, _ := x0.Float64()
				f1, _ := x1.Float64()
				bound := new(big.Rat).SetFloat64(spec.RopeBound(f0, a64, f1, b64, theta, 1))
				return []side{le("|y − (x0·a + x1·b)|", distance(y, exact), "spec.RopeBound", bound)}
			}))
}
