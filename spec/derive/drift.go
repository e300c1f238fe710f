package derive

import (
	"math/big"
	"math/rand/v2"

	"assay/spec"
)

// paths is one row on Path A, exact on the unrounded activation x, and on Path
// B, simulated on the quantised one.
type paths struct {
	*run   // Path B
	blocks []*quantized
	at     [][]int // elements that blocks[b].x holds; the others are zero
	w      []*q4kBlock
}

// drift derives the bound of the difference between the two paths.
func drift() Derivation {
	return derivation("", 0,
		"A = Σ w·x exactly and B̂ a kernel's dot_q4k_q8k on the quantised x: |A − B̂| ≤ Σ_b spec.QuantizeError(d_b)·Σ_b|w| + the bound of B̂, "+
			"unless a block is made zero because its scale's inverse overflows",
		step("B = Σ w·d_b·q exactly: |(A − B) − Σ w·(x − d_b·q)| = 0, and |Σ w·(x − d_b·q)| ≤ Σ_b max_b|x − d_b·q|·Σ_b|w|.",
			"Both paths have the same weights; the bsums are the sums of the quants. The triangle inequality.",
			func(rng *rand.Rand) []side {
				p := drawPaths(rng)
				moved, limit := new(big.Rat), new(big.Rat)
				for b, blk := range p.blocks {
					worst := zero
					for k, i := range p.at[b] {
						diff := sub(rat(blk.x[k]), mul(blk.d, integer(blk.q[k])))
						moved.Add(moved, mul(units(p.w[b].weight(i)), diff))
						worst = larger(worst, abs(diff))
					}
					limit.Add(limit, mul(worst, p.w[b].magnitude()))
				}
				return []side{
					le("|(A − B) − Σ w·(x − d_b·q)|", distance(sub(p.pathA(), p.exact), moved), "0", zero),
					le("|Σ w·(x − d_b·q)|", abs(moved), "Σ_b max_b|x − d_b·q|·Σ_b|w|", limit),
				}
			}),
		step("|x − d_b·q| ≤ spec.QuantizeError(d_b) for all elements of a block, those that are zero included.",
			"The last steps of the quantisers' derivations.",
			func(rng *rand.Rand) []side {
				p := drawPaths(rng)
				var out []side
				for _, blk := range p.blocks {
					for k := range blk.x {
						out = append(out, le("|x − d·q|", blk.error(k), "spec.QuantizeError(d)", quantizeError(blk.d)))
					}
				}
				return out
			}),
		bounded("|B̂ − B| ≤ spec.Bound.", "The last steps of the derivations of dot_q4k_q8k, lanes and any.",
			func(rng *rand.Rand) *run { return drawPaths(rng).run }),
		step("|A − B̂| ≤ Σ_b spec.QuantizeError(d_b)·Σ_b|w| + spec.Bound.", "Steps 1, 2 and 3.",
			func(rng *rand.Rand) []side {
				p := drawPaths(rng)
				limit := p.bound()
				for b, blk := range p.blocks {
					limit = add(limit, mul(quantizeError(blk.d), p.w[b].magnitude()))
				}
				return []side{le("|A − B̂|", distance(p.pathA(), p.got.v), "Σ_b spec.QuantizeError(d_b)·Σ_b|w| + spec.Bound", limit)}
			}),
	)
}

// pathA returns the exact Σ w·x.
func (p *paths) pathA() *big.Rat {
	sum := new(big.Rat)
	for b, blk := range p.blocks {
		for k, i := range p.at[b] {
			sum.Add(sum, mul(units(p.w[b].weight(i)), rat(blk.x[k])))
		}
	}
	return sum
}

// magnitude returns Σ|w| over the block.
func (w *q4kBlock) magnitude() *big.Rat {
	sum := int64(0) // at most 256·2^26 in units of 2^−24
	for i := range w.q {
		k := w.weight(i)
		sum += max(k, -k)
	}
	return units(sum)
}

func drawPaths(rng *rand.Rand) *paths {
	for {
		p := &paths{}
		v := &quantRow{}
		e := between(rng, -121, 80)
		for range between(rng, 1, 2) {
			blk, ok := ggmlBlock(drawBlock(rng, e))
			if coin(rng, 2) {
				blk, ok = aprenderBlock(drawBlock(rng, max(e, -34)))
			}
			if !ok {
				break
			}
			w, at := drawQ4K(rng), rng.Perm(256)[:len(blk.x)]
			if coin(rng, 2) { // weight where x is
				w.m = [8]int64{}
				q := [256]int64{}
				for _, i := range at {
					q[i] = 1 + rng.Int64N(15)
				}
				w.q = q
			}
			d, _ := blk.d.Float32()
			x := &q8kBlock{d: d}
			for k, i := range at {
				x.q[i] = blk.q[k]
			}
			p.w, p.blocks, p.at = append(p.w, w), append(p.blocks, blk), append(p.at, at)
			v.w, v.x = append(v.w, w), append(v.x, x)
		}
		if len(v.w) == 0 {
			continue
		}
		if coin(rng, 2) {
			p.run = runQuantLanes(spec.OpDotQ4KQ8K, v)
		} else {
			p.run = runQuantAny(spec.OpDotQ4KQ8K, v, drawPlan(rng))
		}
		if p.top().Cmp(overflow) < 0 {
			return p
		}
	}
}
