package derive

import (
	"math"
	"math/big"
	"math/rand/v2"

	"assay/spec"
)

// quantRow is one row of weights and its quantised activation.
type quantRow struct {
	w []*q4kBlock
	x []*q8kBlock
}

const (
	maxLaneDot = 8 * 63 * 4 * 15 * 128  // largest |I_l|
	maxLaneMin = 63 * 32 * 128          // largest |N_l|
	maxDot     = 256 * 63 * 15 * 128    // largest Σ sc·q·|x| of a super-block
	maxMin     = spec.SuperBlock * 8064 // largest Σ m·|x|, 8064 = 63·128
)

// dotQuantLanes derives the bound of the declared tree.
func dotQuantLanes(op spec.Op) Derivation {
	draw := calm(func(rng *rand.Rand) *run { v, _ := drawQuantRow(rng, false); return runQuantLanes(op, v) })
	return derivation(op, spec.TreeLanes,
		"|ŷ − y| ≤ spec.Bound(nb + 5, Gauge = Σ_b Σ_l (|d·dx·I_l| + |dmin·dx·N_l|), Eta = Σ_b Σ_l ([d·dx≠0]·|I_l| + [dmin·dx≠0]·|N_l|) ≤ Σ_b Σ_l (|I_l| + |N_l| + 2))",
		step("|I_l| ≤ 8·63·4·15·128 = 3870720 < 2^24 and |N_l| ≤ 63·32·128 = 258048 < 2^24: both are exact in int32 and in f32.",
			"I_l sums over 8 sub-blocks sc ≤ 63 times 4 products q·x with q ≤ 15, |x| ≤ 128. bsums are the sums of 16 quants each. Integers up to 2^24 are f32.",
			func(rng *rand.Rand) []side {
				w, x := drawQ4K(rng), drawQ8K(rng, 0)
				if coin(rng, 4) {
					for i := range x.q {
						w.q[i], w.sc[i/32], w.m[i/32], x.q[i] = 15, 63, 63, -128
					}
				}
				i, n := lane(w, x, rng.IntN(8))
				I, N := integer(i), integer(n)
				return []side{
					le("|I_l|", abs(I), "3870720", integer(maxLaneDot)),
					le("|N_l|", abs(N), "258048", integer(maxLaneMin)),
					le("|fl(I_l) − I_l|", distance(round(I), I), "0", zero),
					le("|fl(N_l) − N_l|", distance(round(N), N), "0", zero),
				}
			}),
		step("D = fl(d·dx): |D − d·dx| ≤ u·|d·dx| + 2^−150, and D = 0 where d·dx = 0. The same for M = fl(dmin·dx).",
			"Steps 1 and 2 of the rounding model.", scaleSides),
		step("|fl(D·I + p) − (D·I + p)| ≤ u·|D·I + p|: the fused steps never underflow, nor do the sums.",
			"D and p are f32 and I is an integer: step 3 of the rounding model.",
			func(rng *rand.Rand) []side {
				d := rat(scaled(rng, between(rng, -149, 90)))
				p := rat(scaled(rng, between(rng, -149, 110)))
				if coin(rng, 4) {
					p = mul(d, pow2(between(rng, 0, 26)))
				}
				x := add(mul(d, integer(rng.Int64N(2*maxLaneDot+1)-maxLaneDot)), p)
				return []side{le("|fl(D·I+p) − (D·I+p)|", distance(round(x), x), "u·|D·I+p|", mul(unit, abs(x)))}
			}),
		step("No term passes through more than 1 + nb + 1 + 3 = spec.Depth roundings.",
			"One in D (step 2), at most nb in the chain over super-blocks, one in p_l − n_l, three in adding 8 = 2^3 lanes.",
			depthSides(draw)),
		step("The underflows count for at most Eta = Σ_b Σ_l ([d·dx≠0]·|I_l| + [dmin·dx≠0]·|N_l|) ≤ Σ_b Σ_l (|I_l| + |N_l| + 2).",
			"By step 3 only D and M can underflow, once a super-block each, and in lane l the error is multiplied by I_l or N_l.",
			weightSides("Σ_b Σ_l (|I_l| + |N_l| + 2)", draw)),
		bounded("|ŷ − y| ≤ spec.Bound(spec.Depth("+string(op)+", lanes, n), Gauge = Σ_b Σ_l (|d·dx·I_l| + |dmin·dx·N_l|), Eta), for that Eta and any larger one.",
			"Step 6 of the rounding model with steps 4 and 5.", draw),
	)
}

// dotQuantAny derives the bound of any order of at most 32 terms a super-block.
func dotQuantAny(op spec.Op) Derivation {
	draw := calm(func(rng *rand.Rand) *run { v, p := drawQuantRow(rng, false); return runQuantAny(op, v, p) })
	return derivation(op, spec.TreeAny,
		"|ŷ − y| ≤ spec.Bound(32·nb + 6, Gauge = Σ_b (|d·dx|·Σ sc·q·|x| + |dmin·dx|·Σ m·|x|), Eta = Σ_b ([d·dx≠0]·Σ sc·q·|x| + [dmin·dx≠0]·Σ m·|x|) ≤ Σ_b 96·max(1, |d|, |dmin|)·max(1, |dx|)·max(1, Σ sc·q·|x|, Σ m·|x|))",
		step("A part T of the integer sums has |T| ≤ Σ sc·q·|x| ≤ 256·63·15·128 < 2^25, or |T| ≤ Σ m·|x| ≤ 256·63·128: |fl(T) − T| ≤ u·|T|.",
			"As step 1 for lanes; above 2^24 the conversion rounds. Step 1 of the rounding model.",
			func(rng *rand.Rand) []side {
				T := integer(rng.Int64N(maxDot + 1))
				if coin(rng, 2) {
					T = integer(1<<24 + 1 + 2*rng.Int64N(1<<22)) // ties
				}
				return []side{
					le("|T|", T, "256·63·15·128", integer(maxDot)),
					le("|fl(T) − T|", distance(round(T), T), "u·|T|", mul(unit, T)),
				}
			}),
		step("K an integer, a and b in f32, or a = d: |fl(K·a) − K·a| ≤ u·|K·a|, without underflow; |fl(d·b) − d·b| ≤ u·|d·b| + 2^−150. "+
			"So of the products that lead to a term, one alone can underflow: that of a number made from d (or dmin) and integers with one made from dx and integers.",
			"Step 3, and steps 1 and 2, of the rounding model; d is a multiple of 2^−24.",
			func(rng *rand.Rand) []side {
				x := mul(integer(rng.Int64N(maxDot+1)), rat(scaled(rng, between(rng, -149, 100))))
				return append(scaleSides(rng), le("|fl(K·a) − K·a|", distance(round(x), x), "u·|K·a|", mul(unit, abs(x))))
			}),
		step("No term passes through more than 32·nb + 3 ≤ spec.Depth roundings.",
			"At most 32·nb terms make at most 32·nb − 1 sums on a path. A term is fl(T), or fl(s) and sc; with d and dx these are at most four roundings by step 1 and step 2.",
			depthSides(draw)),
		step("The underflows count for at most Eta = Σ_b ([d·dx≠0]·Σ sc·q·|x| + [dmin·dx≠0]·Σ m·|x|) ≤ Σ_b 96·max(1, |d|, |dmin|)·max(1, |dx|)·max(1, Σ sc·q·|x|, Σ m·|x|).",
			"Step 2: after the one product that can underflow, what is left to multiply by is a divisor of T ≠ 0, and the |T| add up to no more than the sums over elements.",
			weightSides("Σ_b 96·max(1,|d|,|dmin|)·max(1,|dx|)·max(1, Σ sc·q·|x|, Σ m·|x|)", draw)),
		bounded("|ŷ − y| ≤ spec.Bound(spec.Depth("+string(op)+", any, n), Gauge = Σ_b (|d·dx|·Σ sc·q·|x| + |dmin·dx|·Σ m·|x|), Eta), for that Eta and any larger one.",
			"Step 6 of the rounding model with steps 3 and 4. The gauge is taken over elements, for the kernel chooses how the integer sums are split.", draw),
	)
}

// scaleSides checks D = fl(d·dx).
func scaleSides(rng *rand.Rand) []side {
	d, dx := units(drawF16(rng)), rat(scaled(rng, between(rng, -149, 110)))
	if coin(rng, 3) {
		d, dx = half, rat(float32(1+2*rng.IntN(8))*0x1p-149) // a tie among subnormals
	}
	x := mul(d, dx)
	rhs := mul(unit, abs(x))
	if x.Sign() != 0 {
		rhs = add(rhs, tiny)
	}
	return []side{le("|D − d·dx|", distance(round(x), x), "u·|d·dx| + 2^−150", rhs)}
}

// runQuantLanes simulates the declared tree.
func runQuantLanes(op spec.Op, v *quantRow) *run {
	r := newRun(op, spec.TreeLanes, 256*len(v.w))
	r.limit = new(big.Rat)
	var p, n [spec.QuantDotLanes]num
	for l := range p {
		p[l].v, n[l].v = zero, zero
	}
	for b, w := range v.w {
		x := v.x[b]
		d, dmin, dx := units(w.d), units(w.dmin), rat(x.d)
		D, M := r.mul(exactly(d), exactly(dx)), r.mul(exactly(dmin), exactly(dx))
		dd, dm := mul(d, dx), mul(dmin, dx)
		r.factor(dd)
		r.factor(dm)
		var dots, mins int64
		for l := range p {
			i, k := lane(w, x, l)
			I, N := integer(i), integer(k)
			p[l] = r.fma(D, exactly(I), p[l])
			n[l] = r.fma(M, exactly(N), n[l])
			r.term(mul(dd, I))
			r.term(neg(mul(dm, N)))
			dots, mins = dots+max(i, -i), mins+max(k, -k)
		}
		r.weigh(dd, dots)
		r.weigh(dm, mins)
		r.limit.Add(r.limit, integer(dots+mins+2*spec.QuantDotLanes))
	}
	for l := range p {
		p[l] = r.sub(p[l], n[l])
	}
	r.got = r.fold(p[:])
	return r
}

// weigh adds k to Eta if s ≠ 0.
func (r *run) weigh(s *big.Rat, k int64) {
	if s.Sign() != 0 {
		r.weight.Add(r.weight, integer(k))
	}
}

// runQuantAny simulates a kernel that splits the integer sums as the plan says
// and applies the scales in its style: 0 and 1 by D = fl(d·dx) and M; 2 and 3
// each term by d and by dx in some order; 4 by dx after the super-block's sum.
func runQuantAny(op spec.Op, v *quantRow, p *plan) *run {
	r := newRun(op, spec.TreeAny, 256*len(v.w))
	r.limit = new(big.Rat)
	var terms []product
	for b, w := range v.w {
		x := v.x[b]
		nd, nm, nx := exactly(units(w.d)), exactly(units(-w.dmin)), exactly(rat(x.d))
		dd, dm := mul(nd.v, nx.v), mul(nm.v, nx.v)

		// Parts of the integer sums: in all, by the declared tree's lanes, by
		// sub-blocks with sc not yet applied, or by 16 lanes; and of the mins.
		var dots, mins [16]int64
		var absDots, absMins, reach int64
		for i, xi := range x.q {
			j, mag := i/32, max(xi, -xi)
			sc := w.sc[j]
			absDots += sc * w.q[i] * mag
			absMins += w.m[j] * mag
			reach += max(1, sc)*w.q[i]*mag + max(1, w.m[j])*mag
			switch p.pos {
			case 0:
				dots[0] += sc * w.q[i] * xi
			case 1:
				dots[i%32/4] += sc * w.q[i] * xi
			case 2:
				dots[j] += w.q[i] * xi
			case 3:
				dots[i%16] += sc * w.q[i] * xi
			}
			mins[[]int{0, j, i / 16}[p.neg]] += w.m[j] * xi
		}
		D, M := r.mul(nd, nx), r.mul(nm, nx)
		var inner []product
		put := func(scale, both num, t int64, extra ...num) {
			factors := append(extra, r.round(integer(t), 0, 0))
			switch p.style {
			case 0, 1:
				terms = append(terms, p.product(r.machine, append(factors, both)...))
			case 2, 3:
				terms = append(terms, p.product(r.machine, append(factors, scale, nx)...))
			case 4:
				inner = append(inner, p.product(r.machine, append(factors, scale)...))
			}
		}
		for k := range dots {
			if dots[k] != 0 && p.pos == 2 {
				put(nd, D, dots[k], whole(w.sc[k]))
			} else if dots[k] != 0 {
				put(nd, D, dots[k])
			}
			if mins[k] != 0 {
				put(nm, M, mins[k])
			}
		}
		if p.style == 4 && len(inner) > 0 {
			terms = append(terms, p.product(r.machine, nx, p.sum(r.machine, inner)))
		}

		dot, min := int64(0), int64(0)
		for i, xi := range x.q {
			dot += w.sc[i/32] * w.q[i] * xi
			min += w.m[i/32] * xi
		}
		r.exact.Add(r.exact, add(mul(dd, integer(dot)), mul(dm, integer(min))))
		r.gauge.Add(r.gauge, add(abs(mul(dd, integer(absDots))), abs(mul(dm, integer(absMins)))))
		r.weigh(dd, absDots)
		r.weigh(dm, absMins)
		r.pos, r.neg = true, true
		lead := mul(larger(one, larger(abs(nd.v), abs(nm.v))), larger(one, abs(nx.v)))
		r.limit.Add(r.limit, mul(lead, integer(96*max(1, absDots, absMins))))
		r.factor(mul(add(one, gamma(r.h)), mul(lead, integer(max(1, reach)))))
	}
	r.got = p.sum(r.machine, terms)
	return r
}

// drawQuantRow draws a row, its activation, and the plan of a kernel for
// TreeAny that the data may be meant for.
func drawQuantRow(rng *rand.Rand, hot bool) (*quantRow, *plan) {
	p := drawPlan(rng)
	v := &quantRow{}
	e := between(rng, -170, 85)
	if hot {
		e = between(rng, 85, 127)
	}
	spread := []int{0, 4, 60}[rng.IntN(3)]
	for range between(rng, 1, 2) {
		w := drawQ4K(rng)
		v.w = append(v.w, w)
		v.x = append(v.x, drawQ8K(rng, e-between(rng, 0, spread)))
	}
	switch rng.IntN(5) {
	case 0: // the mins cancel the dots, as far as integers allow
		for b, w := range v.w {
			w.dmin = w.d
			dot, mins := int64(0), int64(0)
			for l := range 8 {
				i, n := lane(w, v.x[b], l)
				dot, mins = dot+i, mins+n
			}
			if mins != 0 && dot != 0 && dot/mins < 0 {
				w.dmin = -w.d
			}
		}
	case 1:
		v.swampLanes(rng, e)
	case 2:
		v.swampTerms(rng, e)
		p.inOrder(0, 3, 2)
	case 3: // D and M are ties among subnormals, all errors of one sign
		for b, w := range v.w {
			w.d, w.dmin = 1<<23, -1<<23
			v.x[b].d = float32(1+4*rng.IntN(3)) * 0x1p-149
			for i := range v.x[b].q {
				v.x[b].q[i] = max(1, v.x[b].q[i])
			}
		}
	}
	return v, p
}

// clear makes all terms of the block zero.
func (w *q4kBlock) clear() { *w = q4kBlock{d: 1 << 24, dmin: 1 << 24} }

// blocks replaces the row by n blocks of zero.
func (v *quantRow) blocks(n int) {
	*v = quantRow{}
	for range n {
		w := &q4kBlock{}
		w.clear()
		v.w, v.x = append(v.w, w), append(v.x, &q8kBlock{})
	}
}

// swampLanes makes one leading term and one of half its ulp at every rounding
// that it passes in the declared tree.
func (v *quantRow) swampLanes(rng *rand.Rand, e int) {
	d := v.w[0].d
	v.blocks(between(rng, 2, 12))
	e = min(max(e, -90), 100)
	last := 224 // elements of sub-block 7, whose min is 0
	v.w[0].d = max(1, d, -d)
	v.w[0].sc[7], v.w[0].q[last], v.x[0].q[last] = int64(between(rng, 1, 63)), int64(between(rng, 1, 15)), int64(between(rng, 1, 127))
	v.x[0].d = abs32(scaled(rng, e))
	i, _ := lane(v.w[0], v.x[0], 0)
	D, _ := mul(units(v.w[0].d), rat(v.x[0].d)).Float32()
	top := float32(float64(D) * float64(i))
	if math.IsInf(float64(top), 0) {
		return
	}
	for b := 1; b < len(v.w); b++ {
		w, x := v.w[b], v.x[b]
		x.d = float32(halfGap(top) * less)
		w.sc[7], w.q[last], x.q[last] = 1, 1, 1
		if b == 1 {
			for _, l := range []int{1, 2, 4} {
				w.q[last+4*l], x.q[last+4*l] = 1, 1
			}
			w.m[0], x.q[0] = 1, -1
		}
	}
}

// swampTerms is the same for 16 terms of each kind a super-block, added one
// after the other.
func (v *quantRow) swampTerms(rng *rand.Rand, e int) {
	v.blocks(between(rng, 2, 6))
	e = min(max(e, -90), 90)
	v.w[0].sc[0], v.w[0].q[0], v.x[0].q[0] = 1, 1, 1
	v.x[0].d = math.Nextafter32(float32(math.Ldexp(1, e)), math.MaxFloat32)
	for b := 1; b < len(v.w); b++ {
		w, x := v.w[b], v.x[b]
		w.dmin = -1 << 24
		for j := range w.sc {
			w.sc[j], w.m[j] = 1, 1
		}
		for i := range w.q {
			w.q[i], x.q[i] = 1, 1
		}
		x.d = float32(halfGap(v.x[0].d) * less / 16)
	}
}
