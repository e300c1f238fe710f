package derive

import (
	"math"
	"math/big"
	"math/rand/v2"

	"assay/spec"
)

// quantized is one simulated block: x with its extreme element, the scale d and
// its inverse, the rounded products p and the quants.
type quantized struct {
	x       []float32
	extreme *big.Rat
	d, inv  *big.Rat
	p       []*big.Rat
	q       []int64
}

// at picks an element.
func (b *quantized) at(rng *rand.Rand) (x, p *big.Rat, q int64) {
	i := rng.IntN(len(b.x))
	return rat(b.x[i]), b.p[i], b.q[i]
}

// error returns |x_i − d·q_i|.
func (b *quantized) error(i int) *big.Rat {
	return distance(rat(b.x[i]), mul(b.d, integer(b.q[i])))
}

// ggmlBlock simulates ggml's quantiser. ok is false where the inverse scale
// overflows or all elements are zero: d is 0 then.
func ggmlBlock(x []float32) (b *quantized, ok bool) {
	b = &quantized{x: x, extreme: zero}
	for _, v := range x {
		if r := rat(v); abs(r).Cmp(abs(b.extreme)) > 0 {
			b.extreme = r
		}
	}
	if b.extreme.Sign() == 0 {
		return b, false
	}
	if b.inv, ok = fl(quo(integer(-127), b.extreme)); !ok {
		return b, false
	}
	b.d = round(quo(one, b.inv))
	for _, v := range x {
		p := round(mul(b.inv, rat(v)))
		b.p = append(b.p, p)
		b.q = append(b.q, nearest(p, false))
	}
	return b, true
}

// aprenderBlock simulates aprender's quantiser. ok is false for a block that
// it makes zero.
func aprenderBlock(x []float32) (b *quantized, ok bool) {
	b = &quantized{x: x, extreme: zero}
	for _, v := range x {
		b.extreme = larger(b.extreme, abs(rat(v)))
	}
	b.d = round(quo(one, integer(127)))
	ok = b.extreme.Cmp(threshold) > 0
	if ok {
		b.d = round(quo(b.extreme, integer(127)))
	}
	b.inv = round(quo(one, b.d))
	for _, v := range x {
		p := round(mul(rat(v), b.inv))
		b.p = append(b.p, p)
		b.q = append(b.q, nearest(p, true))
	}
	return b, ok
}

// threshold is the largest magnitude of a block that aprender makes zero.
var threshold = rat(1e-10)

// nearest returns the integer nearest to x; of two the one farther from zero,
// or the even one.
func nearest(x *big.Rat, away bool) int64 {
	ax := abs(x)
	k := new(big.Int).Quo(ax.Num(), ax.Denom()).Int64()
	if c := sub(ax, integer(k)).Cmp(half); c > 0 || c == 0 && (away || k%2 == 1) {
		k++
	}
	return k * int64(x.Sign())
}

// drawBlock draws a block whose largest magnitude is about 2^e. The rule does
// not depend on how many elements a block has; it is short for time's sake.
func drawBlock(rng *rand.Rand, e int) []float32 {
	x := make([]float32, between(rng, 1, 8))
	m := scaled(rng, e)
	for i := range x {
		switch rng.IntN(6) {
		case 0:
			x[i] = scaled(rng, between(rng, -149, e))
		case 1:
			x[i] = float32(sign(rng)) * m
		default: // near a tie
			k := float64(between(rng, 0, 126))
			x[i] = float32(float64(m) * (k + 0.5) / 127 * float64(sign(rng)))
			for range rng.IntN(3) {
				x[i] = math.Nextafter32(x[i], float32(sign(rng))*math.MaxFloat32)
			}
		}
	}
	x[rng.IntN(len(x))] = m
	return x
}

// drawGGML draws a block with finite d ≠ 0.
func drawGGML(rng *rand.Rand) *quantized {
	for {
		e := between(rng, -121, 127)
		if coin(rng, 4) {
			e = -121 // d is subnormal
		}
		if b, ok := ggmlBlock(drawBlock(rng, e)); ok {
			return b
		}
	}
}

// drawAprender draws a block that is not made zero.
func drawAprender(rng *rand.Rand) *quantized {
	for {
		if b, ok := aprenderBlock(drawBlock(rng, between(rng, -34, 127))); ok {
			return b
		}
	}
}

// drawZeroed draws a block that aprender makes zero.
func drawZeroed(rng *rand.Rand) *quantized {
	for {
		e := -34 // of the threshold
		if coin(rng, 2) {
			e = between(rng, -149, -35)
		}
		if b, ok := aprenderBlock(drawBlock(rng, e)); !ok {
			return b
		}
	}
}

// errorSides compares |x − d·q| with spec.QuantizeError.
func errorSides(draw func(*rand.Rand) *quantized) func(*rand.Rand) []side {
	return func(rng *rand.Rand) []side {
		b := draw(rng)
		var out []side
		for i := range b.x {
			out = append(out, le("|x − d·q|", b.error(i), "spec.QuantizeError(d)", quantizeError(b.d)))
		}
		return out
	}
}

func quantizeError(d *big.Rat) *big.Rat {
	f, exact := d.Float32()
	if !exact {
		panic("derive: scale is no f32")
	}
	return fromFloat(spec.QuantizeError(f))
}

// Constants of the quantisers' derivations.
var (
	onePlus  = add(one, unit)
	oneMinus = sub(one, unit)
	twoU     = sub(mul(onePlus, onePlus), one) // 2u + u²
)

func quantizeGGML() Derivation {
	return derivation(spec.OpQuantizeQ8KGGML, spec.TreeAny,
		"|x − d·q| ≤ |d|/2 + |d|·2^−16 + 2^−143 ≤ spec.QuantizeError(d), and |q| ≤ 127, for finite x and finite d ≠ 0",
		step("iscale = fl(−127/max), finite: |iscale + 127/max| ≤ u·127/|max|.",
			"|max| < 2^128, so 127/|max| > 2^−122 is normal: step 1 of the rounding model.",
			func(rng *rand.Rand) []side {
				b := drawGGML(rng)
				x := quo(integer(-127), b.extreme)
				return []side{le("|iscale + 127/max|", distance(b.inv, x), "u·127/|max|", mul(unit, abs(x)))}
			}),
		step("|iscale·x| ≤ 127(1+u), so |p| ≤ 127(1+u)² < 127.5 for p = fl(iscale·x), and |p − iscale·x| ≤ u·|iscale·x| + 2^−150.",
			"|x| ≤ |max| and step 1; steps 1 and 2 of the rounding model.",
			func(rng *rand.Rand) []side {
				b := drawGGML(rng)
				x, p, _ := b.at(rng)
				y := mul(b.inv, x)
				limit := mul(integer(127), mul(onePlus, onePlus))
				return []side{
					le("|iscale·x|", abs(y), "127(1+u)", mul(integer(127), onePlus)),
					le("|p|", abs(p), "127(1+u)²", limit),
					le("127(1+u)²", limit, "127.5 − 2^−10", sub(big.NewRat(255, 2), pow2(-10))),
					le("|p − iscale·x|", distance(p, y), "u·|iscale·x| + 2^−150", add(mul(unit, abs(y)), tiny)),
				}
			}),
		step("q = the integer nearest to p: |p − q| ≤ 1/2 and |q| ≤ 127. So min(127, …) never acts.",
			"Step 2.", quantSides(drawGGML)),
		step("d = fl(1/iscale): |d·iscale − 1| ≤ u + |iscale|·2^−150.",
			"Steps 1 and 2 of the rounding model; 1/|iscale| > 2^−128 may be subnormal.",
			func(rng *rand.Rand) []side {
				b := drawGGML(rng)
				rhs := unit
				if quo(one, abs(b.inv)).Cmp(normal) < 0 {
					rhs = mul(abs(b.inv), tiny)
				}
				return []side{le("|d·iscale − 1|", distance(mul(b.d, b.inv), one), "u, or |iscale|·2^−150", rhs)}
			}),
		step("|x| ≤ |max| ≤ 127·(|d| + 2^−150)·(1+u)/(1−u).",
			"Step 1: |max| ≤ 127(1+u)/|iscale|. Step 4: 1/|iscale| ≤ (|d| + 2^−150)/(1−u).",
			func(rng *rand.Rand) []side {
				b := drawGGML(rng)
				return []side{le("|max|", abs(b.extreme), "127·(|d| + 2^−150)·(1+u)/(1−u)",
					quo(mul(mul(integer(127), add(abs(b.d), tiny)), onePlus), oneMinus))}
			}),
		step("|x − d·p| ≤ (2u+u²)·|x| + 127(1+u)²·2^−150 + |d|·2^−150 ≤ |d|·2^−16 + 2^−143.",
			"x − d·p = x·(1 − (1+δ)(1+δ')) − x·iscale·η·(1+δ') − d·η' by steps 2 and 4, with |x·iscale| ≤ 127(1+u). Then step 5: (2u+u²)·127(1+u)/(1−u) + 2^−150 ≤ 256u = 2^−16, and 127(1+u)² + 255u ≤ 128.",
			func(rng *rand.Rand) []side {
				b := drawGGML(rng)
				x, p, _ := b.at(rng)
				mid := add(mul(twoU, abs(x)), mul(tiny, add(mul(integer(127), mul(onePlus, onePlus)), abs(b.d))))
				return []side{
					le("|x − d·p|", distance(x, mul(b.d, p)), "(2u+u²)·|x| + 127(1+u)²·2^−150 + |d|·2^−150", mid),
					le("(2u+u²)·|x| + 127(1+u)²·2^−150 + |d|·2^−150", mid, "|d|·2^−16 + 2^−143", add(mul(abs(b.d), pow2(-16)), pow2(-143))),
				}
			}),
		step("|x − d·q| ≤ |d|/2 + |d|·2^−16 + 2^−143.", "Steps 3 and 6.", sharpSides(drawGGML, pow2(-143))),
		step("|x − d·q| ≤ spec.QuantizeError(d) = |d|·(1/2 + 2^−15) + 2^−142.", "Step 7.", errorSides(drawGGML)),
	)
}

func quantizeAprender() Derivation {
	return derivation(spec.OpQuantizeQ8KAprender, spec.TreeAny,
		"|x − d·q| ≤ d/2 + d·2^−16 ≤ spec.QuantizeError(d), and |q| ≤ 127, for finite x",
		step("amax > f32(1e-10): d = fl(amax/127) has |d − amax/127| ≤ u·amax/127.",
			"amax/127 > 2^−41 is normal: step 1 of the rounding model.",
			func(rng *rand.Rand) []side {
				b := drawAprender(rng)
				x := quo(b.extreme, integer(127))
				return []side{le("|d − amax/127|", distance(b.d, x), "u·amax/127", mul(unit, x))}
			}),
		step("inv = fl(1/d): |d·inv − 1| ≤ u.",
			"2^−41 < d < 2^122, so 1/d is normal: step 1 of the rounding model.",
			func(rng *rand.Rand) []side {
				b := drawAprender(rng)
				return []side{le("|d·inv − 1|", distance(mul(b.d, b.inv), one), "u", unit)}
			}),
		step("|x| ≤ amax ≤ 127·d/(1−u), so |inv·x| ≤ 127(1+u)/(1−u).",
			"Steps 1 and 2.",
			func(rng *rand.Rand) []side {
				b := drawAprender(rng)
				x, _, _ := b.at(rng)
				return []side{
					le("amax", b.extreme, "127·d/(1−u)", quo(mul(integer(127), b.d), oneMinus)),
					le("|inv·x|", abs(mul(b.inv, x)), "127(1+u)/(1−u)", quo(mul(integer(127), onePlus), oneMinus)),
				}
			}),
		step("p = fl(x·inv): |p − x·inv| ≤ u·|x·inv| + 2^−150 and |p| ≤ 127(1+u)²/(1−u) < 127.5.",
			"Steps 1 and 2 of the rounding model; step 3.",
			func(rng *rand.Rand) []side {
				b := drawAprender(rng)
				x, p, _ := b.at(rng)
				y := mul(b.inv, x)
				limit := quo(mul(integer(127), mul(onePlus, onePlus)), oneMinus)
				return []side{
					le("|p − x·inv|", distance(p, y), "u·|x·inv| + 2^−150", add(mul(unit, abs(y)), tiny)),
					le("|p|", abs(p), "127(1+u)²/(1−u)", limit),
					le("127(1+u)²/(1−u)", limit, "127.5 − 2^−10", sub(big.NewRat(255, 2), pow2(-10))),
				}
			}),
		step("q = the integer nearest to p: |p − q| ≤ 1/2 and |q| ≤ 127. So the clamp to −128…127 never acts.",
			"Step 4.", quantSides(drawAprender)),
		step("|x − d·p| ≤ (2u+u²)·|x| + d·2^−150 ≤ d·2^−16.",
			"x − d·p = x·(1 − (1+δ)(1+δ')) − d·η' by steps 2 and 4. Then step 3: (2u+u²)·127/(1−u) + 2^−150 ≤ 256u = 2^−16.",
			func(rng *rand.Rand) []side {
				b := drawAprender(rng)
				x, p, _ := b.at(rng)
				mid := add(mul(twoU, abs(x)), mul(tiny, b.d))
				return []side{
					le("|x − d·p|", distance(x, mul(b.d, p)), "(2u+u²)·|x| + d·2^−150", mid),
					le("(2u+u²)·|x| + d·2^−150", mid, "d·2^−16", mul(b.d, pow2(-16))),
				}
			}),
		step("|x − d·q| ≤ d/2 + d·2^−16.", "Steps 5 and 6.", sharpSides(drawAprender, zero)),
		step("amax ≤ f32(1e-10): d = fl(1/127), all q are 0, and |x − d·q| = |x| ≤ f32(1e-10) ≤ d/2. Here the error may be as large as x.",
			"|p| ≤ 1e-10·127(1+u)³ < 1/2.",
			func(rng *rand.Rand) []side {
				b := drawZeroed(rng)
				x, p, q := b.at(rng)
				return []side{
					le("|p|", abs(p), "127.01·f32(1e-10)", mul(big.NewRat(12701, 100), threshold)),
					le("|q|", abs(integer(q)), "0", zero),
					le("|x|", abs(x), "f32(1e-10)", threshold),
					ample("f32(1e-10)", threshold, "d/2", mul(b.d, half)),
				}
			}),
		step("|x − d·q| ≤ spec.QuantizeError(d) = |d|·(1/2 + 2^−15) + 2^−142, in blocks made zero too.", "Steps 7 and 8.",
			errorSides(func(rng *rand.Rand) *quantized {
				if coin(rng, 8) {
					return drawZeroed(rng)
				}
				return drawAprender(rng)
			})),
	)
}

// quantSides checks |p − q| ≤ 1/2 and the range of q.
func quantSides(draw func(*rand.Rand) *quantized) func(*rand.Rand) []side {
	return func(rng *rand.Rand) []side {
		_, p, q := draw(rng).at(rng)
		return []side{
			le("|p − q|", distance(p, integer(q)), "1/2", half),
			le("|q|", abs(integer(q)), "127", integer(127)),
		}
	}
}

// sharpSides checks |x − d·q| ≤ |d|/2 + |d|·2^−16 + rest.
func sharpSides(draw func(*rand.Rand) *quantized, rest *big.Rat) func(*rand.Rand) []side {
	return func(rng *rand.Rand) []side {
		b := draw(rng)
		var out []side
		for i := range b.x {
			out = append(out, le("|x − d·q|", b.error(i), "|d|/2 + |d|·2^−16 + rest",
				add(mul(abs(b.d), add(half, pow2(-16))), rest)))
		}
		return out
	}
}
