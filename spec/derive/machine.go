package derive

import (
	"math/big"
	"math/rand/v2"
	"slices"

	"assay/spec"
)

// num is an f32 number in a simulated kernel, with its history.
type num struct {
	v *big.Rat
	// h is the largest number of roundings that a term has passed through.
	h int
	// eta counts the roundings that did underflow, each weighted by what its
	// result was multiplied with since.
	eta int64
}

func exactly(v *big.Rat) num { return num{v: v} }

// whole returns a small integer.
func whole(k int64) num { return exactly(integer(k)) }

func f32(x float32) num { return exactly(rat(x)) }

// machine simulates f32 arithmetic. After an overflow its results mean
// nothing, and over is set.
type machine struct {
	over bool
	// peak is the largest magnitude that was rounded, up to and including the
	// first that overflowed.
	peak   *big.Rat
	peak32 float32 // peak rounded
}

func newMachine() *machine { return &machine{peak: new(big.Rat)} }

// round rounds x, which comes from numbers with the history h, eta.
func (m *machine) round(x *big.Rat, h int, eta int64) num {
	if m.over {
		return num{x, h + 1, eta}
	}
	f, exact := x.Float32()
	// Most numbers are neither near the peak nor subnormal: f tells it cheaply.
	if f = abs32(f); f >= m.peak32 && abs(x).Cmp(m.peak) > 0 {
		m.peak, m.peak32 = abs(x), f
	}
	if exact {
		return num{x, h + 1, eta}
	}
	y, ok := fl(x)
	if !ok {
		m.over = true
		return num{x, h + 1, eta}
	}
	if f <= 0x1p-126 && abs(x).Cmp(normal) < 0 {
		eta++
	}
	return num{y, h + 1, eta}
}

func (m *machine) add(a, b num) num {
	h, eta := max(a.h, b.h), a.eta+b.eta
	switch {
	case a.v.Sign() == 0:
		return num{b.v, h + 1, eta} // an f32 already
	case b.v.Sign() == 0:
		return num{a.v, h + 1, eta}
	}
	return m.round(add(a.v, b.v), h, eta)
}

func (m *machine) sub(a, b num) num { return m.add(a, num{neg(b.v), b.h, b.eta}) }

func (m *machine) mul(a, b num) num { return m.fma(a, b, num{v: zero}) }

// fma returns the once rounded a·b + c.
func (m *machine) fma(a, b, c num) num {
	h := max(a.h+b.h, c.h)
	if a.v.Sign() == 0 || b.v.Sign() == 0 {
		return num{c.v, h + 1, c.eta + times(a.eta, b.v) + times(b.eta, a.v)} // an f32 already
	}
	x := mul(a.v, b.v)
	if c.v.Sign() != 0 {
		x = add(x, c.v)
	}
	return m.round(x, h, times(a.eta, b.v)+times(b.eta, a.v)+c.eta)
}

// times returns eta·|x|. That x is an integer wherever eta is not zero is a
// claim of the derivations: of the factors of a term, one product alone can
// underflow, and only integers are multiplied in afterwards.
func times(eta int64, x *big.Rat) int64 {
	if eta == 0 {
		return 0
	}
	if !x.IsInt() {
		panic("derive: a product underflows that later meets a factor which is no integer")
	}
	k := x.Num().Int64()
	return eta * max(k, -k)
}

// product is a·b not yet rounded, or a alone.
type product struct {
	a num
	b *num
}

func (m *machine) value(p product) num {
	if p.b == nil {
		return p.a
	}
	return m.mul(p.a, *p.b)
}

// plan is the order in which a kernel with TreeAny works.
type plan struct {
	style   int  // how scales are distributed; each op has its own
	pos     int  // the same for integer sums
	neg     int  //
	chain   bool // sums run from left to right
	shuffle bool // sums are permuted first
	fuse    int  // products are fused into sums: 0 never, 1 always, 2 sometimes
	rng     *rand.Rand
	perm    []int // the order of factors
}

func drawPlan(rng *rand.Rand) *plan {
	return &plan{
		style: rng.IntN(5), pos: rng.IntN(4), neg: rng.IntN(3),
		chain: rng.IntN(2) == 0, shuffle: rng.IntN(2) == 0, fuse: rng.IntN(3),
		rng: rng, perm: rng.Perm(4),
	}
}

// inOrder makes p the kernel that rounds everything, from left to right.
func (p *plan) inOrder(style, pos, neg int) *plan {
	p.style, p.pos, p.neg = style, pos, neg
	p.chain, p.shuffle, p.fuse = true, false, 0
	return p
}

// product multiplies the factors in the plan's order, the last one unrounded.
func (p *plan) product(m *machine, factors ...num) product {
	var in []num
	for _, k := range p.perm {
		if k < len(factors) {
			in = append(in, factors[k])
		}
	}
	for len(in) > 2 {
		in = append([]num{m.mul(in[0], in[1])}, in[2:]...)
	}
	return product{in[0], &in[1]}
}

// sum adds the products by a random binary tree.
func (p *plan) sum(m *machine, terms []product) num {
	if len(terms) == 0 {
		return num{v: zero}
	}
	if p.shuffle {
		terms = slices.Clone(terms)
		p.rng.Shuffle(len(terms), func(i, j int) { terms[i], terms[j] = terms[j], terms[i] })
	}
	return p.tree(m, terms)
}

func (p *plan) tree(m *machine, terms []product) num {
	if len(terms) == 1 {
		return m.value(terms[0])
	}
	k := len(terms) - 1
	if !p.chain {
		k = 1 + p.rng.IntN(k)
	}
	left := p.tree(m, terms[:k])
	if last := terms[k]; k == len(terms)-1 && last.b != nil && (p.fuse == 1 || p.fuse == 2 && p.rng.IntN(2) == 0) {
		return m.fma(last.a, *last.b, left)
	}
	return m.add(left, p.tree(m, terms[k:]))
}

// run is one simulated kernel on one input.
type run struct {
	*machine
	h     int // spec.Depth
	got   num
	exact *big.Rat
	// What the derivation says that a measure must be at least.
	gauge, weight, factors *big.Rat
	limit                  *big.Rat // a simpler Eta, not below weight
	pos, neg               bool     // terms of this sign are possible
}

func newRun(op spec.Op, t spec.Tree, n int) *run {
	return &run{machine: newMachine(), h: spec.Depth(op, t, n),
		exact: new(big.Rat), gauge: new(big.Rat), weight: new(big.Rat), factors: new(big.Rat), limit: integer(int64(n))}
}

// term adds a term to the exact value and to the gauge.
func (r *run) term(x *big.Rat) {
	if x.Sign() == 0 {
		return
	}
	r.exact.Add(r.exact, x)
	r.gauge.Add(r.gauge, abs(x))
	r.pos = r.pos || x.Sign() > 0
	r.neg = r.neg || x.Sign() < 0
}

// factor notes an intermediate that is no partial sum of terms.
func (r *run) factor(x *big.Rat) { r.factors = larger(r.factors, abs(x)) }

func (r *run) bound() *big.Rat { return bound(r.h, r.gauge, r.weight) }

// sides compares the error with the bound.
func (r *run) sides() []side {
	return []side{le("|ŷ − y|", distance(r.got.v, r.exact), "spec.Bound", r.bound())}
}

// top returns Peak + Bound.
func (r *run) top() *big.Rat { return add(larger(r.gauge, r.factors), r.bound()) }

// calm draws until nothing can overflow.
func calm(draw func(rng *rand.Rand) *run) func(rng *rand.Rand) *run {
	return func(rng *rand.Rand) *run {
		for {
			if r := draw(rng); r.top().Cmp(overflow) < 0 {
				return r
			}
		}
	}
}

// depthSides compares the roundings that were counted with spec.Depth.
func depthSides(draw func(rng *rand.Rand) *run) func(rng *rand.Rand) []side {
	return func(rng *rand.Rand) []side {
		r := draw(rng)
		return []side{le("roundings on a path", integer(int64(r.got.h)), "spec.Depth", integer(int64(r.h)))}
	}
}

// weightSides compares the underflows that were counted with the derived Eta,
// and that one with a simpler limit.
func weightSides(limit string, draw func(rng *rand.Rand) *run) func(rng *rand.Rand) []side {
	return func(rng *rand.Rand) []side {
		r := draw(rng)
		return []side{
			le("weights of the underflows", integer(r.got.eta), "Eta", r.weight),
			ample("Eta", r.weight, limit, r.limit),
		}
	}
}
