package props

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"

	"assay/spec"
)

// checkTree probes the order of summation: one term is +M, one −M and the
// others are small, so the result tells which terms were added before the two
// met (the idea of FPRev, arXiv:2411.00442). The declared tree is evaluated on
// the same terms, rounding each node's exact sum, and must give the same bits.
func checkTree(h *harness, r Recipe) *Finding {
	rng := r.rng()
	s := spec.Shape{Rows: 1, Cols: r.Shape.Cols, Batch: 1}
	var c *spec.Case
	var leaf []float64
	var what string
	in := spec.MustLookup(r.Op)
	switch {
	case in.In[0].Format.Float():
		s.Cols = max(2, s.Cols)
		c, leaf, what = probeFloat(rng, r.Op, s)
	case in.In[1].Format == spec.F32:
		c, leaf, what = probeMixed(rng, r.Op, s)
	case in.In[1].Format == spec.Q8K:
		s.Cols = max(s.Cols, 3*spec.SuperBlock)
		c, leaf, what = probeSuper(rng, r.Op, s)
	default:
		s.Cols = max(s.Cols, 40*spec.Block)
		c, leaf, what = probeBlock(rng, r.Op, s)
	}
	root := spec.SumTree(r.Op, s.Cols)
	want := evalTree(root, leaf)
	out, f := h.run(c, 1)
	if f != nil {
		return f
	}
	if got := spec.GetF32(out, 0); got != want {
		return &Finding{Element: "0", Got: showBits(spec.F32Bits(out, 0)),
			Detail: fmt.Sprintf("%s: the declared tree gives %g", what, want)}
	}
	return nil
}

// bigTerm absorbs all small terms that are added to it.
const bigTerm = 0x1p60

// probeTerms returns n small terms with +M and −M at two places.
func probeTerms(rng *rand.Rand, n int) ([]float64, string) {
	t := make([]float64, n)
	for i := range t {
		t[i] = float64(1 + rng.IntN(3))
	}
	i, j := rng.IntN(n), rng.IntN(n-1)
	if j >= i {
		j++
	}
	t[i], t[j] = bigTerm, -bigTerm
	return t, fmt.Sprintf("+M at term %d, −M at %d of %d", i, j, n)
}

func probeFloat(rng *rand.Rand, op spec.Op, s spec.Shape) (*spec.Case, []float64, string) {
	f := spec.MustLookup(op).In[0].Format
	n := s.Cols
	leaf, what := probeTerms(rng, n)
	a, b := make([]float32, n), make([]float32, n)
	for i, v := range leaf {
		if f == spec.F16 && math.Abs(v) == bigTerm { // 2^60 is out of reach
			v = math.Copysign(0x1p29, v)
			leaf[i] = v
		}
		if f == spec.F16 {
			lead := 1.0
			if math.Abs(v) > 3 {
				lead = 0x1p14
			} else {
				v *= 0x1p-20
				leaf[i] = v
				lead = 0x1p-10
			}
			a[i], b[i] = float32(v/lead), float32(lead)
			continue
		}
		k := math.Ldexp(1, rng.IntN(41)-20)
		a[i], b[i] = float32(v*k), float32(1/k)
	}
	return &spec.Case{Op: op, Shape: s, In: [][]byte{floatOperand(f, a), floatOperand(f, b)}}, leaf, what
}

func probeMixed(rng *rand.Rand, op spec.Op, s spec.Shape) (*spec.Case, []float64, string) {
	leaf, what := probeTerms(rng, s.Cols)
	l := weightLayout(op)
	x := make([]float32, s.Cols)
	w := make([]byte, l.Format.Bytes(s.Cols))
	for b := range s.Cols / l.Format.BlockLen() {
		blk := newBlock(l)
		blk.unit()
		for i := range blk.q {
			at := b*len(blk.q) + i
			v := 1 << rng.IntN(4)
			blk.q[i] = l.Code(v)
			x[at] = float32(leaf[at] / float64(v))
		}
		blk.put(w[b*l.Format.BlockBytes():])
	}
	return &spec.Case{Op: op, Shape: s, In: [][]byte{w, spec.FloatBytes(x)}}, leaf, what
}

// probeSuper puts ±M into two lanes: of one super-block, or of two. The other
// lanes of these blocks are zero, for a block has one scale; all other terms,
// of dots and mins, are small. All weights are 1: the activation selects.
func probeSuper(rng *rand.Rand, op spec.Op, s spec.Shape) (*spec.Case, []float64, string) {
	l := weightLayout(op)
	nb := s.Cols / spec.SuperBlock
	leaf := make([]float64, 2*spec.QuantDotLanes*nb)
	w, x := make([]byte, l.Format.Bytes(s.Cols)), make([]byte, spec.Q8K.Bytes(s.Cols))
	bi, bj := rng.IntN(nb), rng.IntN(nb)
	li, lj := rng.IntN(spec.QuantDotLanes), rng.IntN(spec.QuantDotLanes)
	if bi == bj {
		lj = (li + 1 + rng.IntN(spec.QuantDotLanes-1)) % spec.QuantDotLanes
	}
	for b := range nb {
		wb := newBlock(l)
		wb.unit()
		for i := range wb.q {
			wb.q[i] = l.Code(1)
		}
		xb := actBlock{d: 1, q: make([]int8, spec.SuperBlock)}
		put := func(lane int, v int8) { // the lane's dot becomes v
			j := rng.IntN(8)
			if l.Format == spec.Q6K {
				j = lane // its groups' sums count in the same lane
			}
			xb.q[32*j+4*lane+rng.IntN(4)] = v
		}
		switch b {
		case bi, bj:
			xb.d = bigTerm
			if b == bi {
				put(li, 1)
				leaf[2*(spec.QuantDotLanes*b+li)] = bigTerm
			}
			if b == bj {
				put(lj, -1)
				leaf[2*(spec.QuantDotLanes*b+lj)] = -bigTerm
			}
		default:
			for lane := range spec.QuantDotLanes {
				v := int8(1 + rng.IntN(3))
				put(lane, v)
				leaf[2*(spec.QuantDotLanes*b+lane)] = float64(v)
			}
			if l.MKind != spec.MinScaled {
				break
			}
			wb.m = uint32(half(1))
			for g := range wb.n {
				wb.n[g] = rng.IntN(3)
				sum := 0
				for _, q := range xb.q[g*l.GroupLen:][:l.GroupLen] {
					sum += int(q)
				}
				leaf[2*(spec.QuantDotLanes*b+g*l.GroupLen/32)+1] -= float64(wb.n[g] * sum)
			}
		}
		wb.put(w[b*l.Format.BlockBytes():])
		xb.put(spec.LayoutOf(spec.Q8K), x[b*spec.Q8KBytes:])
	}
	what := fmt.Sprintf("+M in block %d lane %d, −M in block %d lane %d", bi, li, bj, lj)
	return &spec.Case{Op: op, Shape: s, In: [][]byte{w, x}}, leaf, what
}

// probeBlock does the same with blocks of 32. The scales are f16 or less, so that
// +M is only 2^8 to 2^30; the small terms are as small as the scales allow.
func probeBlock(rng *rand.Rand, op spec.Op, s spec.Shape) (*spec.Case, []float64, string) {
	in := spec.MustLookup(op)
	l, lx := weightLayout(op), spec.LayoutOf(in.In[1].Format)
	n := l.Format.BlockLen()
	nb := s.Cols / spec.Block
	leaf := make([]float64, 9*nb)
	w, x := make([]byte, l.Format.Bytes(s.Cols)), make([]byte, lx.Format.Bytes(s.Cols))
	bigD, smallD := 0x1p15, 0x1p-14
	if l.DKind == spec.ScaleUE4M3 {
		bigD, smallD = 0x1p7, 0x1p-6
	}
	bi, bj := rng.IntN(nb), rng.IntN(nb)
	li, lj := rng.IntN(8), rng.IntN(8)
	if bi == bj {
		lj = (li + 1 + rng.IntN(7)) % 8
	}
	same := func(a, b int) bool { return a*spec.Block/n == b*spec.Block/n } // block of weights
	for wbAt := range s.Cols / n {
		wb := newBlock(l)
		wb.unit()
		big := same(wbAt*n/spec.Block, bi) || same(wbAt*n/spec.Block, bj)
		d := smallD
		if big {
			d = bigD
		}
		wb.scale(d / l.Unit)
		code := 1
		for i := range wb.q {
			wb.q[i] = l.Code(code)
		}
		if l.MKind == spec.MinAdded {
			wb.m = uint32(half(0x1p-14))
		}
		wb.put(w[wbAt*l.Format.BlockBytes():])
		for b := wbAt * n / spec.Block; b < (wbAt+1)*n/spec.Block; b++ {
			xb := actBlock{d: 0x1p-14, q: make([]int8, spec.Block)}
			put := func(lane int, v int8) {
				xb.q[4*lane+rng.IntN(4)] = v
				leaf[9*b+lane] = d * xb.d * float64(v)
			}
			switch {
			case b == bi || b == bj:
				xb.d = 0x1p15
				if b == bi {
					put(li, 1)
				}
				if b == bj {
					put(lj, -1)
				}
			default:
				for lane := range 8 {
					put(lane, int8(1+rng.IntN(3)))
				}
			}
			if lx.MKind == spec.MinSum {
				v := float64(rng.IntN(4)) * 0x1p-14
				sum := uint32(half(v))
				xb.sum = &sum
				leaf[9*b+8] = 0x1p-14 * v
			}
			xb.put(lx, x[b*lx.Format.BlockBytes():])
		}
	}
	what := fmt.Sprintf("+M in block %d lane %d, −M in block %d lane %d", bi, li, bj, lj)
	return &spec.Case{Op: op, Shape: s, In: [][]byte{w, x}}, leaf, what
}

// evalTree rounds the exact sum of the kids at every node. The leaves must be
// such that their own roundings (of a weight, or of a product of scales) are
// exact.
func evalTree(n *spec.Node, leaf []float64) float32 {
	if len(n.Kids) == 0 {
		return float32(leaf[n.Leaf])
	}
	sum := new(big.Float).SetPrec(320)
	for _, k := range n.Kids {
		sum.Add(sum, big.NewFloat(float64(evalTree(k, leaf))))
	}
	v, _ := sum.Float32()
	return v
}
