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
	switch r.Op {
	case spec.OpDotF32:
		s.Cols = max(2, s.Cols)
		c, leaf, what = probeF32(rng, s.Cols)
	case spec.OpMatvecQ4KF32:
		c, leaf, what = probeQ4KF32(rng, s)
	default:
		s.Cols = max(s.Cols, 3*spec.SuperBlock)
		c, leaf, what = probeQ4KQ8K(rng, r.Op, s)
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

func probeF32(rng *rand.Rand, n int) (*spec.Case, []float64, string) {
	leaf, what := probeTerms(rng, n)
	a, b := make([]float32, n), make([]float32, n)
	for i, v := range leaf {
		k := math.Ldexp(1, rng.IntN(41)-20)
		a[i], b[i] = float32(v*k), float32(1/k)
	}
	return &spec.Case{Op: spec.OpDotF32, Shape: spec.Vector(n), In: [][]byte{spec.FloatBytes(a), spec.FloatBytes(b)}}, leaf, what
}

func probeQ4KF32(rng *rand.Rand, s spec.Shape) (*spec.Case, []float64, string) {
	leaf, what := probeTerms(rng, s.Cols)
	x := make([]float32, s.Cols)
	w := make([]byte, spec.Q4K.Bytes(s.Cols))
	for b := range s.Cols / spec.SuperBlock {
		blk := unitBlock()
		for i := range blk.q {
			at := b*spec.SuperBlock + i
			blk.q[i] = 1 << rng.IntN(4)
			x[at] = float32(leaf[at] / float64(blk.q[i]))
		}
		blk.put(w[b*spec.Q4KBytes:])
	}
	return &spec.Case{Op: spec.OpMatvecQ4KF32, Shape: s, In: [][]byte{w, spec.FloatBytes(x)}}, leaf, what
}

// unitBlock has d = 1, all scales 1, all mins and quants 0.
func unitBlock() q4kBuilder {
	var b q4kBuilder
	b.d = half(1)
	for j := range b.sc {
		b.sc[j] = 1
	}
	return b
}

// probeQ4KQ8K puts ±M into two lanes: of one super-block, or of two. The other
// lanes of these blocks are zero, for a block has one scale; all other terms,
// of dots and mins, are small.
func probeQ4KQ8K(rng *rand.Rand, op spec.Op, s spec.Shape) (*spec.Case, []float64, string) {
	nb := s.Cols / spec.SuperBlock
	leaf := make([]float64, 2*spec.QuantDotLanes*nb)
	w, x := make([]byte, spec.Q4K.Bytes(s.Cols)), make([]byte, spec.Q8K.Bytes(s.Cols))
	bi, bj := rng.IntN(nb), rng.IntN(nb)
	li, lj := rng.IntN(spec.QuantDotLanes), rng.IntN(spec.QuantDotLanes)
	if bi == bj {
		lj = (li + 1 + rng.IntN(spec.QuantDotLanes-1)) % spec.QuantDotLanes
	}
	for b := range nb {
		wb := unitBlock()
		var xb q8kBuilder
		xb.d = 1
		put := func(l int, v int8) { // lane l's dot becomes v
			wb.q[4*l+32*rng.IntN(8)+rng.IntN(4)] = 1
			for i, q := range wb.q {
				if q != 0 && i%32/4 == l {
					xb.q[i] = v
				}
			}
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
			wb.dmin = half(1)
			for l := range spec.QuantDotLanes {
				v := int8(1 + rng.IntN(3))
				put(l, v)
				leaf[2*(spec.QuantDotLanes*b+l)] = float64(v)
			}
			for j := range wb.m {
				wb.m[j] = byte(rng.IntN(3))
				sum := 0
				for _, q := range xb.q[32*j : 32*j+32] {
					sum += int(q)
				}
				leaf[2*(spec.QuantDotLanes*b+j)+1] = -float64(int(wb.m[j]) * sum)
			}
		}
		wb.put(w[b*spec.Q4KBytes:])
		xb.put(x[b*spec.Q8KBytes:])
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
