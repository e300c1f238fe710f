package derive

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"

	"assay/spec"
)

// The other formats. Their dots have the trees of dot_q4k_q8k, or a simpler one
// whose scales are exact, so that only what differs is derived here: the sizes of
// the integers, the depth, and which scales round.

// dequants, dots and so on make the derivations of the ops that spec has.
func formatDerivations() []Derivation {
	var out []Derivation
	for _, in := range spec.Ops() {
		l := spec.LayoutOf(in.In[0].Format)
		switch {
		case in.Op == spec.OpDequantQ4K, in.Op == spec.OpDotQ4KQ8K, in.Op == spec.OpMatvecQ4KQ8K, in.Op == spec.OpMatvecQ4KF32:
		case in.Kind == spec.KindMap && in.Out == spec.F32 && l != nil:
			out = append(out, dequantBlock(in.Op, l))
		case in.Sums() && l != nil && in.In[1].Format == spec.Q8K:
			out = append(out, dotSuper(in.Op, l, spec.TreeLanes), dotSuper(in.Op, l, spec.TreeAny))
		case in.Sums() && l != nil:
			out = append(out, dotBlock(in.Op, l, spec.TreeLanes), dotBlock(in.Op, l, spec.TreeAny))
		case in.Op == spec.OpDotF16 || in.Op == spec.OpDotBF16 || in.Op == spec.OpMatvecF32:
			out = append(out, dotFloats(in.Op, spec.TreeLanes), dotFloats(in.Op, spec.TreeAny))
		}
	}
	return append(out, widen(spec.OpConvertF16F32), widen(spec.OpConvertBF16F32),
		narrow(spec.OpConvertF32F16, 11, -14), narrow(spec.OpConvertF32BF16, 8, -126),
		quantizeQ8(spec.OpQuantizeQ8_0), quantizeQ8(spec.OpQuantizeQ8_1))
}

// intBlock is a block of integers: scales, mins and codes.
type intBlock struct {
	s, m []int64
	c    []int64
}

func drawIntBlock(rng *rand.Rand, l *spec.Layout) *intBlock {
	lo, hi := l.ScaleRange()
	b := &intBlock{}
	mode := rng.IntN(3)
	for range l.Groups() {
		s, m := int64(between(rng, lo, hi)), int64(0)
		if mode == 0 { // the largest
			if s = int64(hi); -lo > hi {
				s = int64(lo)
			}
		}
		if l.Min.Count > 0 {
			top := 1<<l.Min.Width - 1
			if m = int64(rng.IntN(top + 1)); mode == 0 {
				m = int64(top)
			}
		}
		b.s, b.m = append(b.s, s), append(b.m, m)
	}
	top := largestCode(l)
	for range l.Quant.Count {
		c := int64(l.Codes[rng.IntN(len(l.Codes))])
		if mode == 0 {
			c = top
		}
		b.c = append(b.c, c)
	}
	return b
}

// largestCode returns the code of the largest magnitude.
func largestCode(l *spec.Layout) int64 {
	best := 0
	for _, c := range l.Codes {
		if max(c, -c) > max(best, -best) {
			best = c
		}
	}
	return int64(best)
}

func largestScale(l *spec.Layout) int64 {
	lo, hi := l.ScaleRange()
	return int64(max(hi, -lo))
}

// drawScale returns a scale of the kind, and the number of its significant bits.
func drawScale(rng *rand.Rand, l *spec.Layout) (d *big.Rat, significant int) {
	switch l.DKind {
	case spec.ScaleF32:
		return rat(scaled(rng, between(rng, -149, 110))), 24
	case spec.ScaleE8M0:
		return pow2(between(rng, -127, 120)), 1
	case spec.ScaleUE4M3:
		return integer(int64(rng.IntN(16))), 4
	}
	return units(drawF16(rng)), 11
}

// bitsOf returns the length of |k|.
func bitsOf(k int64) int {
	n := 0
	for k = max(k, -k); k > 0; k /= 2 {
		n++
	}
	return n
}

// dequantBlock derives that a dequantiser rounds at most once.
func dequantBlock(op spec.Op, l *spec.Layout) Derivation {
	_, significant := drawScale(rand.New(rand.NewPCG(1, 1)), l)
	code, sc := bitsOf(largestCode(l)), bitsOf(largestScale(l)-1)
	partial := significant + sc
	if l.Scale.Count == 0 {
		partial = significant
	}
	return derivation(op, spec.TreeAny,
		"y = fl(value), bit for bit: one rounding, |y − w| ≤ u·|w| above the smallest normal number",
		step(fmt.Sprintf("d·s has at most %d significant bits, |k| ≤ 2^%d ≤ 2^24: |fl(d·s) − d·s| = 0.", partial, partial),
			"The scale is an integer of so many bits times a power of two, and so is s.",
			func(rng *rand.Rand) []side {
				d, _ := drawScale(rng, l)
				k := integer(largestScale(l))
				x := mul(d, k)
				if abs(x).Cmp(overflow) >= 0 {
					return nil
				}
				return []side{
					ample("|fl(d·s) − d·s|", distance(round(x), x), "0", zero),
					ample("significant bits", integer(int64(partial)), "24", integer(24)),
				}
			}),
		step(fmt.Sprintf("c has at most %d bits, so the product rounds at most once, and with a min the difference alone: |y − w| ≤ u·|w| + 2^−150. spec.Ops marks the op as exact.", code),
			"Steps 1 and 2 of the rounding model. Where a min is taken away d·s·c has at most 11 + 6 + 5 = 22 bits and is exact, as is dmin·m of 17.",
			func(rng *rand.Rand) []side {
				b := drawIntBlock(rng, l)
				d, _ := drawScale(rng, l)
				i := rng.IntN(len(b.c))
				g := i / l.GroupLen
				f := newMachine()
				y := f.mul(f.mul(exactly(d), whole(b.s[g])), exactly(mul(integer(b.c[i]), float(l.Unit))))
				w := mul(mul(d, integer(b.s[g]*b.c[i])), float(l.Unit))
				switch l.MKind {
				case spec.MinScaled:
					m := units(drawF16(rng))
					y = f.sub(y, f.mul(exactly(m), whole(b.m[g])))
					w = sub(w, mul(m, integer(b.m[g])))
				case spec.MinAdded:
					m := units(drawF16(rng))
					y, w = f.add(y, exactly(m)), add(w, m)
				}
				if f.over || abs(w).Cmp(overflow) >= 0 {
					return nil
				}
				out := []side{
					ample("|y − fl(w)|", distance(y.v, round(w)), "0", zero),
					ample("|y − w|", distance(y.v, w), "u·|w| + 2^−150", add(mul(unit, abs(w)), tiny)),
				}
				if !spec.MustLookup(op).Exact {
					out = append(out, le("ops not exact", one, "0", zero))
				}
				return out
			}),
	)
}

// dotSuper derives the bound of a dot with Q8_K by that of dot_q4k_q8k.
func dotSuper(op spec.Op, l *spec.Layout, t spec.Tree) Derivation {
	limit := 32 * largestScale(l) * max(largestCode(l), -largestCode(l)) * 128
	if l.Format == spec.Q6K { // quants of 0 … 63, less 32 times the sums of two groups
		limit = 32*128*63*128 + 32*128*32*128
	}
	mins := int64(0)
	if l.Min.Count > 0 {
		mins = 32 * (1<<l.Min.Width - 1) * 128
	}
	depth := func(nb int) int {
		h := nb + 4
		if t == spec.TreeAny {
			h = 32*nb + 6
		} else if l.MKind == spec.MinScaled {
			h++
		}
		if l.Format == spec.Q6K {
			h++
		}
		return h
	}
	return derivation(op, t,
		"the bound of dot_q4k_q8k with the same tree, Gauge and Eta over this format's integers, and spec.Depth as below",
		step(fmt.Sprintf("|J_l| ≤ %d and |N_l| ≤ %d: they are exact in int32, and in f32 below 2^24; above, fl(J_l) is one rounding more.", limit, mins),
			"A lane has 32 products of |s|, |c| and |x| ≤ 128, and 32 elements share its mins.",
			func(rng *rand.Rand) []side {
				b := drawIntBlock(rng, l)
				x := drawQ8K(rng, 0)
				if coin(rng, 4) {
					for i := range x.q {
						x.q[i] = -128
					}
				}
				lane := rng.IntN(8)
				j, n := superLane(l, b, x, lane)
				out := []side{
					ample("|J_l|", abs(integer(j)), "its limit", integer(limit)),
					ample("|N_l|", abs(integer(n)), "its limit", integer(mins)),
					ample("its limit", integer(limit), "2^31 − 1", integer(math.MaxInt32)),
				}
				if limit <= 1<<24 {
					out = append(out, ample("|fl(J_l) − J_l|", distance(round(integer(j)), integer(j)), "0", zero))
				}
				return out
			}),
		step("roundings of a term ≤ spec.Depth: what the tree of dot_q4k_q8k gives, one less without mins, one more where J_l is converted with a rounding.",
			"Step 4 of dot_q4k_q8k, lanes, and step 3 of its any.",
			func(rng *rand.Rand) []side {
				nb := between(rng, 1, 300)
				r := runSuper(rng, op, l, t)
				return []side{
					ample("roundings of a term", integer(int64(r.got.h)), "spec.Depth", integer(int64(r.h))),
					le("derived depth", integer(int64(depth(nb))), "spec.Depth", integer(int64(spec.Depth(op, t, nb*spec.SuperBlock)))),
					le("spec.Depth", integer(int64(spec.Depth(op, t, nb*spec.SuperBlock))), "derived depth", integer(int64(depth(nb)))),
				}
			}),
		step("|ŷ − y| ≤ spec.Bound(spec.Depth, Gauge, Eta) for the simulated kernel.",
			"The derivation of dot_q4k_q8k, whose steps need no more of the integers than step 1.",
			func(rng *rand.Rand) []side {
				for {
					if r := runSuper(rng, op, l, t); r.top().Cmp(overflow) < 0 {
						return []side{ample("|ŷ − y|", distance(r.got.v, r.exact), "spec.Bound", r.bound())}
					}
				}
			}),
	)
}

// superLane returns J_l and N_l.
func superLane(l *spec.Layout, b *intBlock, x *q8kBlock, lane int) (j, n int64) {
	for i, c := range b.c {
		s := b.s[i/l.GroupLen]
		if l.Format == spec.Q6K {
			if i/32 == lane { // groups 2l and 2l+1
				j -= 32 * s * x.q[i]
			}
			c += 32
		}
		if i%32/4 == lane {
			j += s * c * x.q[i]
		}
		if i/32 == lane {
			n += b.m[i/l.GroupLen] * x.q[i]
		}
	}
	return j, n
}

// runSuper simulates the declared tree, or for TreeAny a kernel that adds all
// lanes and mins one after the other.
func runSuper(rng *rand.Rand, op spec.Op, l *spec.Layout, t spec.Tree) *run {
	nb := between(rng, 1, 3)
	r := newRun(op, t, 256*nb)
	var p, n [spec.QuantDotLanes]num
	for k := range p {
		p[k].v, n[k].v = zero, zero
	}
	chain := num{v: zero}
	e := between(rng, -150, 60)
	for range nb {
		b, x := drawIntBlock(rng, l), drawQ8K(rng, e+between(rng, -3, 3))
		d, dmin, dx := units(drawF16(rng)), units(drawF16(rng)), rat(x.d)
		if l.Min.Count == 0 {
			dmin = zero
		}
		D, M := r.mul(exactly(d), exactly(dx)), r.mul(exactly(dmin), exactly(dx))
		dd, dm := mul(d, dx), mul(dmin, dx)
		var dots, mins int64
		for k := range p {
			j, m := superLane(l, b, x, k)
			if t == spec.TreeAny {
				chain = r.fma(D, r.round(integer(j), 0, 0), chain)
				chain = r.fma(M, r.round(integer(-m), 0, 0), chain)
			} else {
				J := exactly(integer(j))
				if l.Format == spec.Q6K {
					J = r.round(integer(j), 0, 0)
				}
				p[k] = r.fma(D, J, p[k])
				n[k] = r.fma(M, exactly(integer(m)), n[k])
			}
			r.term(mul(dd, integer(j)))
			r.term(neg(mul(dm, integer(m))))
			dots, mins = dots+max(j, -j), mins+max(m, -m)
		}
		r.weigh(dd, dots)
		r.weigh(dm, mins)
		r.factor(dd)
		r.factor(dm)
	}
	r.got = chain
	if t == spec.TreeLanes {
		for k := range p {
			if l.MKind == spec.MinScaled {
				p[k] = r.sub(p[k], n[k])
			}
		}
		r.got = r.fold(p[:])
	}
	return r
}

// dotBlock derives the bound of a dot with Q8_0 or Q8_1.
func dotBlock(op spec.Op, l *spec.Layout, t spec.Tree) Derivation {
	limit := 4 * max(largestCode(l), -largestCode(l)) * 128
	depth := func(nb int) int {
		if t == spec.TreeAny {
			return 16*nb + 6
		}
		h := (nb+3)/4 + 5
		if l.MKind == spec.MinAdded {
			h++
		}
		return h
	}
	return derivation(op, t,
		"|ŷ − y| ≤ spec.Bound(spec.Depth, Gauge = Σ_b (Σ_l |d·dx·I_l| + |m·s|), Eta = Σ_b Σ_l [d·dx≠0]·|I_l|)",
		step(fmt.Sprintf("|I_l| ≤ 4·max|c|·128 = %d < 2^24: exact in int32 and in f32.", limit),
			"Four products of a code and |x| ≤ 128.",
			func(rng *rand.Rand) []side {
				b := drawIntBlock(rng, l)
				at := 4 * rng.IntN(len(b.c)/4)
				sum := int64(0)
				for k := range 4 {
					sum += b.c[at+k] * -128
				}
				return []side{
					le("|I_l|", abs(integer(sum)), "its limit", integer(limit)),
					ample("its limit", integer(limit), "2^24", integer(1<<24)),
				}
			}),
		step("D = d·dx: |fl(D) − D| ≤ 2^−150, and 0 but for MXFP4, whose scale may be as small as 2^−128.",
			"Two f16 have 11 bits each and are multiples of 2^−24; E8M0 has 1 bit, UE4M3 4 and is a multiple of 2^−10.",
			func(rng *rand.Rand) []side {
				d, _ := drawScale(rng, l)
				x := mul(mul(d, float(l.Unit)), units(drawF16(rng)))
				if abs(x).Cmp(overflow) >= 0 {
					return nil
				}
				limit := zero
				if l.DKind == spec.ScaleE8M0 {
					limit = tiny
				}
				return []side{ample("|fl(D) − D|", distance(round(x), x), "2^−150 or 0", limit)}
			}),
		step("roundings of a term ≤ spec.Depth: a chain over every fourth block, the sum with m's lane, five levels of adding 32 lanes; or, in any order, 16 terms a block.",
			"Step 3 of the rounding model: D·I + p has no rounding but that of the sum.",
			func(rng *rand.Rand) []side {
				nb := between(rng, 1, 300) * l.Format.BlockLen() / spec.Block
				r := runBlock(rng, op, l, t)
				return []side{
					ample("roundings of a term", integer(int64(r.got.h)), "spec.Depth", integer(int64(r.h))),
					le("derived depth", integer(int64(depth(nb))), "spec.Depth", integer(int64(spec.Depth(op, t, nb*spec.Block)))),
					le("spec.Depth", integer(int64(spec.Depth(op, t, nb*spec.Block))), "derived depth", integer(int64(depth(nb)))),
				}
			}),
		step("|ŷ − y| ≤ spec.Bound(spec.Depth, Gauge, Eta) for the simulated kernel.",
			"Step 6 of the rounding model with steps 1 to 3.",
			func(rng *rand.Rand) []side {
				for {
					if r := runBlock(rng, op, l, t); r.top().Cmp(overflow) < 0 {
						return []side{ample("|ŷ − y|", distance(r.got.v, r.exact), "spec.Bound", r.bound())}
					}
				}
			}),
	)
}

// runBlock simulates the declared tree, or a kernel that adds everything one
// after the other.
func runBlock(rng *rand.Rand, op spec.Op, l *spec.Layout, t spec.Tree) *run {
	per := l.Format.BlockLen() / spec.Block
	nb := per * between(rng, 1, 12)
	r := newRun(op, t, spec.Block*nb)
	var p, n [spec.BlockDotLanes]num
	for k := range p {
		p[k].v, n[k].v = zero, zero
	}
	chain := num{v: zero}
	for b := range nb {
		w := drawIntBlock(rng, l)
		dx := units(drawF16(rng))
		var dots int64
		d, _ := drawScale(rng, l)
		if l.DKind == spec.ScaleE8M0 {
			d = pow2(between(rng, -20, 20) - 60*rng.IntN(2))
		}
		dd := mul(mul(d, float(l.Unit)), dx)
		for k := range 8 {
			var i int64
			for e := range 4 {
				i += w.c[b%per*spec.Block+4*k+e] * int64(between(rng, -128, 127))
			}
			at := 8*(b%4) + k
			if t == spec.TreeAny {
				chain = r.fma(exactly(dd), integerNum(i), chain)
			} else {
				p[at] = r.fma(exactly(dd), integerNum(i), p[at])
			}
			r.term(mul(dd, integer(i)))
			dots += max(i, -i)
		}
		if l.MKind == spec.MinAdded {
			m, s := units(drawF16(rng)), units(drawF16(rng))
			if t == spec.TreeAny {
				chain = r.fma(exactly(m), exactly(s), chain)
			} else {
				n[b%len(n)] = r.fma(exactly(m), exactly(s), n[b%len(n)])
			}
			r.term(mul(m, s))
		}
		r.weigh(dd, dots)
		r.factor(dd)
	}
	r.got = chain
	if t == spec.TreeLanes {
		for k := range p {
			if l.MKind == spec.MinAdded {
				p[k] = r.add(p[k], n[k])
			}
		}
		r.got = r.fold(p[:])
	}
	return r
}

func integerNum(i int64) num { return exactly(integer(i)) }

// dotFloats: the operands are f32 numbers, so that dot_f32's derivation applies.
func dotFloats(op spec.Op, t spec.Tree) Derivation {
	return derivation(op, t,
		"the bound of dot_f32 with the same tree",
		step("Every F16 and BF16 is an f32: |fl(x) − x| = 0, so that widening does not round, and the depth is dot_f32's: spec.Depth.",
			"An F16 has 11 bits and is a multiple of 2^−24; a BF16 is the upper half of an f32. The rest is the derivation of dot_f32.",
			func(rng *rand.Rand) []side {
				x, n := units(drawF16(rng)), between(rng, 1, 5000)
				got, want := spec.Depth(op, t, n), spec.Depth(spec.OpDotF32, t, n)
				return []side{
					ample("|fl(x) − x|", distance(round(x), x), "0", zero),
					le("spec.Depth", integer(int64(got)), "of dot_f32", integer(int64(want))),
					le("of dot_f32", integer(int64(want)), "spec.Depth", integer(int64(got))),
				}
			}),
	)
}

func widen(op spec.Op) Derivation {
	return derivation(op, spec.TreeAny, "y = x",
		step("|fl(x) − x| = 0 ≤ 0 for every number of the format. spec.Ops marks the op as exact.",
			"An F16 has 11 bits and is a multiple of 2^−24; a BF16 is the upper half of an f32.",
			func(rng *rand.Rand) []side {
				x := units(drawF16(rng))
				if op == spec.OpConvertBF16F32 {
					x = rat(math.Float32frombits(uint32(rng.IntN(0x7f80)) << 16))
				}
				out := []side{ample("|fl(x) − x|", distance(round(x), x), "0", zero)}
				if !spec.MustLookup(op).Exact {
					out = append(out, le("ops not exact", one, "0", zero))
				}
				return out
			}))
}

// narrow: what rounding to p bits with gradual underflow below 2^emin costs.
func narrow(op spec.Op, p, emin int) Derivation {
	return derivation(op, spec.TreeAny, "y is the nearest number of the format",
		step(fmt.Sprintf("|y − x| ≤ 2^−%d·|x| + 2^%d for x below the overflow threshold. spec.Ops marks the op as exact.", p, emin-p),
			"Half a unit in the last place of a significand of so many bits; below the smallest normal number half a subnormal.",
			func(rng *rand.Rand) []side {
				top := 15
				if p == 8 {
					top = 126
				}
				e := between(rng, emin-p-2, top)
				x := rat(scaled(rng, max(-149, min(e, top-1))))
				// In units of the last place: nearest integer.
				at := max(exponentOf(x), emin)
				unitInLast := pow2(at - p + 1)
				k := quo(x, unitInLast)
				y := mul(integer(nearest(k, false)), unitInLast)
				out := []side{le("|y − x|", distance(y, x), "2^−p·|x| + 2^(emin−p)", add(mul(pow2(-p), abs(x)), pow2(emin-p)))}
				if !spec.MustLookup(op).Exact {
					out = append(out, le("ops not exact", one, "0", zero))
				}
				return out
			}))
}

// exponentOf returns e of 2^e ≤ |x| < 2^(e+1).
func exponentOf(x *big.Rat) int {
	f, _ := x.Float64()
	return math.Ilogb(f)
}

// quantizeQ8 derives spec.QuantizeErrorF16.
func quantizeQ8(op spec.Op) Derivation {
	draw := func(rng *rand.Rand) (x, s, d *big.Rat, q int64) {
		for {
			amax := abs32(scaled(rng, between(rng, -30, 20)))
			v := float32(float64(amax) * (2*rng.Float64() - 1))
			if coin(rng, 4) {
				v = amax
			}
			s32 := amax / 127
			p := v * float32(1/s32)
			n := int64(math.Round(float64(p)))
			sr := rat(s32)
			at := max(exponentOf(sr), -14)
			step := pow2(at - 10)
			d = mul(integer(nearest(quo(sr, step), false)), step)
			if d.Sign() == 0 || d.Cmp(integer(65504)) > 0 {
				continue
			}
			return rat(v), sr, d, n
		}
	}
	return derivation(op, spec.TreeAny, "|x − d·q| ≤ spec.QuantizeErrorF16(d)",
		step("|x − s·q| ≤ s/2 + s·2^−15.", "Steps 5 and 6 of quantize_q8k_aprender, whose scale is the same.",
			func(rng *rand.Rand) []side {
				x, s, _, q := draw(rng)
				return []side{le("|x − s·q|", distance(x, mul(s, integer(q))), "s/2 + s·2^−15", add(mul(s, half), mul(s, pow2(-15))))}
			}),
		step("|s − d| ≤ 2^−11·d + 2^−25.", "d is the f16 nearest to s.",
			func(rng *rand.Rand) []side {
				_, s, d, _ := draw(rng)
				return []side{le("|s − d|", distance(s, d), "2^−11·d + 2^−25", add(mul(d, pow2(-11)), pow2(-25)))}
			}),
		step("|x − d·q| ≤ spec.QuantizeErrorF16(d).", "|q| ≤ 127; 127·|s − d| and the 2^−11 that s may exceed d by.",
			func(rng *rand.Rand) []side {
				x, _, d, q := draw(rng)
				d64, _ := d.Float64()
				return []side{le("|x − d·q|", distance(x, mul(d, integer(q))), "spec.QuantizeErrorF16(d)", fromFloat(spec.QuantizeErrorF16(float32(d64))))}
			}),
	)
}
