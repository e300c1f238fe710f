package derive

import (
	"math"
	"math/big"
	"math/rand/v2"

	"assay/spec"
)

// q4kRow is one row of weights and its activation. Activations are mostly
// zero, for time's sake; a product of zero changes no sum.
type q4kRow struct {
	w []*q4kBlock
	x []float32
}

// each calls f for every element whose activation is not zero.
func (v *q4kRow) each(f func(b *q4kBlock, j, i int, x float32)) {
	for k, x := range v.x {
		if x != 0 {
			f(v.w[k/256], k%256/32, k%256, x)
		}
	}
}

// matvecF32Lanes derives the bound of the declared tree.
func matvecF32Lanes() Derivation {
	draw := calm(func(rng *rand.Rand) *run { v, _ := drawRow(rng, false); return runMatvecLanes(v) })
	return derivation(spec.OpMatvecQ4KF32, spec.TreeLanes,
		"|ŷ − Σ w_i·x_i| ≤ spec.Bound(1 + ⌈n/64⌉ + 6, Gauge = Σ|w_i·x_i|, Eta = number of w_i·x_i ≠ 0 ≤ n)",
		step("w = d·sc·q − dmin·m is an integer multiple of 2^−24 and |w| ≤ 65504·(63·15 + 63) < 2^26: |fl(w) − w| ≤ u·|w|, without underflow or overflow.",
			"Every finite f16 is a multiple of 2^−24, its smallest subnormal, and at most 65504. Step 3 of the rounding model.",
			func(rng *rand.Rand) []side {
				w := drawQ4K(rng).weight(rng.IntN(256))
				x := units(w)
				return []side{
					le("|w|", abs(x), "65504·1008", integer(65504*1008)),
					le("|fl(w) − w|", distance(round(x), x), "u·|w|", mul(unit, abs(x))),
				}
			}),
		step("One fused step on the rounded weight: "+fmaClaim, "Steps 1 and 2 of the rounding model; step 3 where a·b = 0.", fmaSides),
		step("No term passes through more than 1 + ⌈n/64⌉ + 6 = spec.Depth roundings.",
			"Step 1 is one; the rest as steps 2 to 4 of dot_f32, lanes.",
			depthSides(draw)),
		step("The underflows count for at most Eta = number of w_i·x_i ≠ 0 ≤ n.",
			"Step 1: the weight's rounding never underflows. Step 2: one fused step for each such product can. fl(w) = 0 only for w = 0.",
			weightSides("n", draw)),
		bounded("|ŷ − Σ w_i·x_i| ≤ spec.Bound(spec.Depth(matvec_q4k_f32, lanes, n), Gauge = Σ|w_i·x_i|, Eta), for that Eta and any larger one.",
			"Step 6 of the rounding model with steps 3 and 4.", draw),
	)
}

// matvecF32Any derives the bound of any order of summation.
func matvecF32Any() Derivation {
	draw := calm(func(rng *rand.Rand) *run { return runMatvecAny(drawRow(rng, false)) })
	return derivation(spec.OpMatvecQ4KF32, spec.TreeAny,
		"|ŷ − Σ (d·sc·q − dmin·m)_i·x_i| ≤ spec.Bound(2n + 4, Gauge = Σ(|d·sc·q·x| + |dmin·m·x|), Eta = Σ over x ≠ 0 of ([d≠0]·sc·q + [dmin≠0]·m) ≤ 1008·n ≤ 4·945·n·max(1, |d|, |dmin|)), "+
			"for any order of the factors and sums, scales factored out of a sub-block's or super-block's sum or not",
		step("K an integer, a an f32: |fl(K·a) − K·a| ≤ u·|K·a|. So multiplying by q, sc or m never underflows.",
			"Step 3 of the rounding model.",
			func(rng *rand.Rand) []side {
				x := mul(integer(int64(rng.IntN(64))), rat(scaled(rng, between(rng, -149, 110))))
				return []side{le("|fl(K·a) − K·a|", distance(round(x), x), "u·|K·a|", mul(unit, abs(x)))}
			}),
		step("d·K, dmin·K and their sums are multiples of 2^−24: |fl(d·K) − d·K| ≤ u·|d·K|, without underflow. So of the products that lead to a term, "+
			"one alone can underflow: that of a number made from d (or dmin) and integers with one made from activations and integers.",
			"Step 1 of matvec_q4k_f32, lanes, and step 1.",
			func(rng *rand.Rand) []side {
				x := units(drawF16(rng) * (1 + rng.Int64N(1<<22)))
				return []side{le("|fl(d·K) − d·K|", distance(round(x), x), "u·|d·K|", mul(unit, abs(x)))}
			}),
		step("No term passes through more than 2n + 2 ≤ spec.Depth roundings.",
			"n elements make at most 2n terms d·sc·q·x and −dmin·m·x, so at most 2n − 1 sums lie on a path, whatever is factored out of them; and a term has at most three products.",
			depthSides(draw)),
		step("The underflows count for at most Eta = Σ over x ≠ 0 of ([d≠0]·sc·q + [dmin≠0]·m) ≤ 1008·n ≤ 4·945·n·max(1, |d|, |dmin|).",
			"Step 2: after the one product that can underflow, what is left to multiply by is a divisor of sc·q, or of m. A product that serves a whole sum underflows once for all of its terms. sc·q + m ≤ 63·15 + 63 = 1008.",
			func(rng *rand.Rand) []side {
				r := draw(rng)
				n := integer(int64(r.h-4) / 2)
				return []side{
					le("weights of the underflows", integer(r.got.eta), "Eta", r.weight),
					le("Eta", r.weight, "1008·n", mul(integer(1008), n)),
					ample("1008·n", mul(integer(1008), n), "4·945·n·max(1, |d|, |dmin|)", r.limit),
				}
			}),
		bounded("|ŷ − Σ w_i·x_i| ≤ spec.Bound(spec.Depth(matvec_q4k_f32, any, n), Gauge = Σ(|d·sc·q·x| + |dmin·m·x|), Eta), for that Eta and any larger one.",
			"Step 6 of the rounding model with steps 3 and 4. The gauge is that of the 2n terms, for a kernel that factors scales out does not see d·sc·q − dmin·m cancel.", draw),
	)
}

// runMatvecLanes rounds the weights and evaluates the declared tree on them.
func runMatvecLanes(v *q4kRow) *run {
	r := newRun(spec.OpMatvecQ4KF32, spec.TreeLanes, len(v.x))
	var lanes [spec.DotLanes]num
	for l := range lanes {
		lanes[l].v = zero
	}
	for k, x := range v.x {
		if x == 0 { // fma(w, 0, c) is c
			lanes[k%64].h = max(lanes[k%64].h, 1) + 1
			continue
		}
		w := units(v.w[k/256].weight(k % 256))
		lanes[k%64] = r.fma(num{v: round(w), h: 1}, f32(x), lanes[k%64])
		if w.Sign() != 0 {
			r.term(mul(w, rat(x)))
			r.weight.Add(r.weight, one)
		}
	}
	r.got = r.fold(lanes[:])
	return r
}

// fold adds lanes l and l+len/2 until one is left.
func (m *machine) fold(lanes []num) num {
	for half := len(lanes) / 2; half > 0; half /= 2 {
		for l := range half {
			lanes[l] = m.add(lanes[l], lanes[l+half])
		}
	}
	return lanes[0]
}

// runMatvecAny simulates a kernel that distributes the scales as the plan's
// style says: 0 weights rounded first; 1 every term by itself; 2 scales
// factored out of the sub-blocks' sums; 3 d and dmin factored out of the
// super-blocks' sums; 4 sc and m factored out of sums of d·q·x and dmin·x.
func runMatvecAny(v *q4kRow, p *plan) *run {
	r := newRun(spec.OpMatvecQ4KF32, spec.TreeAny, len(v.x))
	var terms []product
	type sums struct{ pos, neg [8][]product }
	blocks := make([]sums, len(v.w))
	reach := new(big.Rat) // largest sum while factors are missing
	weight := int64(0)
	lead := one
	for _, w := range v.w {
		lead = larger(lead, larger(abs(units(w.d)), abs(units(w.dmin))))
	}
	r.limit = mul(integer(4*945*int64(len(v.x))), lead)
	k := 0
	v.each(func(w *q4kBlock, j, i int, x float32) {
		for v.w[k] != w {
			k++
		}
		sc, m, q := w.sc[j], w.m[j], w.q[i]
		nx := f32(x)
		r.term(mul(units(w.d*sc*q), nx.v))
		r.term(mul(units(-w.dmin*m), nx.v))
		far := max(1<<24, w.d, -w.d)*max(1, sc)*max(1, q) + max(1<<24, w.dmin, -w.dmin)*max(1, m)
		reach.Add(reach, abs(mul(units(far), nx.v)))
		if w.d != 0 {
			weight += sc * q
		}
		if w.dmin != 0 {
			weight += m
		}
		b := &blocks[k]
		d, dmin := exactly(units(w.d)), exactly(units(-w.dmin))
		switch p.style {
		case 0:
			terms = append(terms, product{r.round(units(w.weight(i)), 0, 0), &nx})
		case 1:
			terms = append(terms, p.product(r.machine, d, whole(sc), whole(q), nx), p.product(r.machine, dmin, whole(m), nx))
		case 2, 3:
			b.pos[j] = append(b.pos[j], p.product(r.machine, whole(q), nx))
			b.neg[j] = append(b.neg[j], product{a: nx})
		case 4:
			b.pos[j] = append(b.pos[j], p.product(r.machine, d, whole(q), nx))
			b.neg[j] = append(b.neg[j], p.product(r.machine, dmin, nx))
		}
	})
	for k, w := range v.w {
		var pos, neg []product
		for j := range w.sc {
			b, d, dmin := &blocks[k], exactly(units(w.d)), exactly(units(-w.dmin))
			if len(b.pos[j]) == 0 {
				continue
			}
			s, t := p.sum(r.machine, b.pos[j]), p.sum(r.machine, b.neg[j])
			sc, m := whole(w.sc[j]), whole(w.m[j])
			switch p.style {
			case 2:
				terms = append(terms, p.product(r.machine, d, sc, s), p.product(r.machine, dmin, m, t))
			default:
				pos, neg = append(pos, p.product(r.machine, sc, s)), append(neg, p.product(r.machine, m, t))
			}
		}
		if len(pos) == 0 {
			continue
		}
		if p.style == 4 {
			terms = append(append(terms, pos...), neg...)
			continue
		}
		d, dmin := exactly(units(w.d)), exactly(units(-w.dmin))
		terms = append(terms, p.product(r.machine, d, p.sum(r.machine, pos)), p.product(r.machine, dmin, p.sum(r.machine, neg)))
	}
	r.got = p.sum(r.machine, terms)
	r.weight = integer(weight)
	r.factor(mul(add(one, gamma(r.h)), reach))
	return r
}

// drawRow draws a row, its activation, and the plan of a kernel for TreeAny
// that the data may be meant for.
func drawRow(rng *rand.Rand, hot bool) (*q4kRow, *plan) {
	p := drawPlan(rng)
	v := &q4kRow{}
	for range between(rng, 1, 2) {
		v.w = append(v.w, drawQ4K(rng))
	}
	v.x = make([]float32, 256*len(v.w))
	at := rng.Perm(len(v.x))[:between(rng, 1, 16)]
	e := between(rng, -149, 115)
	if hot {
		e = between(rng, 100, 127)
	}
	switch rng.IntN(7) {
	case 0:
		for _, i := range at {
			v.x[i] = scaled(rng, between(rng, -149, max(e, -140)))
		}
	case 1, 2:
		spread := []int{0, 2, 30}[rng.IntN(3)]
		for _, i := range at {
			v.x[i] = scaled(rng, max(-149, e-between(rng, 0, spread)))
		}
	case 3: // products of about the size of an ulp of each other cancel
		for k, i := range at {
			v.x[i] = scaled(rng, e)
			if j := at[max(k-1, 0)]; k%2 == 1 && v.weightOf(i) != 0 {
				v.x[i] = float32(-float64(v.x[j]) * float64(v.weightOf(j)) / float64(v.weightOf(i)))
				if math.IsInf(float64(v.x[i]), 0) || v.x[i] != v.x[i] {
					v.x[i] = 1
				}
			}
		}
	case 4: // the declared tree's leading term swamps all others
		v.swampLanes(rng, e)
	case 5:
		if !coin(rng, 5) { // costs as much as all others
			v.swampLanes(rng, e)
			break
		}
		v.swampTerms(e)
		p.inOrder(1, 0, 0)
	case 6: // every product is halfway between multiples of the smallest subnormal
		for _, w := range v.w {
			w.d, w.dmin = 1<<23, -1<<23 // 1/2
			full := coin(rng, 2)
			for j := range w.sc {
				w.sc[j], w.m[j] = 1, 0
				if full {
					w.sc[j], w.m[j] = 63, 63
				}
			}
			for i := range w.q {
				w.q[i] = 1
				if full {
					w.q[i] = 15
				}
			}
		}
		if coin(rng, 2) {
			p.inOrder(1, 0, 0)
			p.perm = []int{0, 3, 1, 2} // d·x and dmin·m·x first
			if coin(rng, 2) {
				p.perm = []int{0, 2, 3, 1} // dmin·x first
			}
		}
		k := float32(1 + 4*rng.IntN(3))
		for _, i := range at {
			v.x[i] = k * 0x1p-149
		}
	}
	return v, p
}

func (v *q4kRow) weightOf(i int) int64 { return v.w[i/256].weight(i % 256) }

// lead sets element 0 so that w·x is just above 2^e for a weight w ≠ 0.
func (v *q4kRow) lead(w float64, e int) (product float32) {
	v.x[0] = math.Nextafter32(float32(math.Ldexp(1, e)/math.Abs(w)), math.MaxFloat32)
	return float32(w * float64(v.x[0]))
}

func (v *q4kRow) swampLanes(rng *rand.Rand, e int) {
	w := v.w[0]
	if w.weight(0) == 0 {
		return
	}
	e = min(max(e, -100), 100)
	value := func(i int) float64 { return float64(float32(float64(v.weightOf(i)) * 0x1p-24)) }
	top := v.lead(value(0), e)
	if top == 0 || math.IsInf(float64(top), 0) {
		return
	}
	for i := 1; i < len(v.x); i++ {
		if swampLane(i) && (i%64 == 0 || i < 64) && value(i) != 0 {
			v.x[i] = float32(math.Copysign(halfGap(top)*less, float64(top)) / value(i))
		}
	}
}

// swampTerms makes both terms of all elements but the first of one block half
// an ulp of what the terms of the first add up to.
func (v *q4kRow) swampTerms(e int) {
	e = min(max(e, -100), 100)
	v.w, v.x = v.w[:1], v.x[:256]
	w := v.w[0]
	w.d, w.dmin = 1<<24, -15<<24 // 1 and −15
	for j := range w.sc {
		w.sc[j], w.m[j] = 63, 63
	}
	for i := range w.q {
		w.q[i] = 15
	}
	top := 2 * v.lead(945, e)
	for i := 1; i < len(v.x); i++ {
		v.x[i] = float32(halfGap(top) * less / 945)
	}
}
