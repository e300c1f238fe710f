package props

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"

	"assay/spec"
)

// Domain is all of an op's inputs, where they are few enough to be tried, cut
// into chunks of about 2^20 elements.
type Domain struct {
	Op     spec.Op
	Chunks int
	Claim  string // what the chunks are together

	make func(k int) *spec.Case
}

// Case makes chunk k of Chunks.
func (d Domain) Case(k int) *spec.Case {
	c := d.make(k)
	c.ID = fmt.Sprintf("chunk %d of %s", k, d.Op)
	return c
}

const chunkElements = 1 << 20

// Domains returns the domains of the ops of one float and of the dequantisers, in
// the order of spec.Ops.
func Domains() []Domain {
	var out []Domain
	for _, in := range spec.Ops() {
		f := in.In[0].Format
		switch {
		case in.Kind != spec.KindMap || len(in.In) > 1:
		case !f.Float():
			out = append(out, blockDomain(in.Op, spec.LayoutOf(f)))
		case in.Unit() == 1:
			out = append(out, floatDomain(in.Op, f))
		}
	}
	return out
}

// floatDomain is every pattern of a float.
func floatDomain(op spec.Op, f spec.Format) Domain {
	bits := 8 * f.BlockBytes()
	n := min(chunkElements, 1<<bits)
	return Domain{op, 1 << bits / n, fmt.Sprintf("all 2^%d arguments", bits), func(k int) *spec.Case {
		b := make([]byte, f.Bytes(n))
		for i := range n {
			v := uint32(k*n + i)
			for j := range f.BlockBytes() {
				b[i*f.BlockBytes()+j] = byte(v >> (8 * j))
			}
		}
		return &spec.Case{Op: op, Shape: spec.Vector(n), In: [][]byte{b}}
	}}
}

// blockDomain is, for every d: every scale with every quant without a minimum,
// the same with random minimums and dmin, and every minimum with that d as dmin,
// random scales, d and quants. Where a minimum is not an integer but a half of its
// own, every one is d in turn.
//
// There are 2^32 patterns of an f32 d; of them every exponent and sign with
// mantissas at and beside its ends and middle.
func blockDomain(op spec.Op, l *spec.Layout) Domain {
	ds, which := scalePatterns(l.DKind)
	minimums := l.M.Count > 0 && l.Format != spec.Q8_1 // its sum is no part of the values
	var blocks []func(rng *rand.Rand, b *block, d uint32)
	lo, hi := l.ScaleRange()
	groups := len(newBlock(l).s)
	for s := lo; s <= hi; s += groups {
		for q := 0; q < len(l.Codes); q += l.GroupLen {
			for pass := range 2 {
				if pass == 1 && !minimums {
					continue
				}
				blocks = append(blocks, func(rng *rand.Rand, b *block, d uint32) {
					b.setScales(d)
					b.m = 0
					if pass == 1 {
						b.m = uint32(rng.IntN(1 << 16))
					}
					for g := range b.s {
						b.s[g], b.n[g] = min(s+g, hi), 0
						if pass == 1 {
							b.n[g] = b.anyMin(rng)
						}
					}
					for i := range b.q {
						b.q[i] = uint32((q + i%l.GroupLen) % len(l.Codes))
					}
				})
			}
		}
	}
	if minimums {
		for n := 0; n < 1<<l.Min.Width; n += groups {
			blocks = append(blocks, func(rng *rand.Rand, b *block, d uint32) {
				b.random(rng)
				b.setScales(ds[rng.IntN(len(ds))])
				b.m = d
				for g := range b.n {
					b.n[g] = (n + g) % (1 << l.Min.Width)
				}
			})
		}
	}
	claim := fmt.Sprintf("%s × all scales × all quants", which)
	if minimums {
		claim += ", with and without minimums; every minimum"
	}
	perChunk := max(1, chunkElements/(len(blocks)*l.Format.BlockLen()))
	return Domain{op, (len(ds) + perChunk - 1) / perChunk, claim, func(k int) *spec.Case {
		mine := ds[k*perChunk : min(len(ds), (k+1)*perChunk)]
		hash := fnv.New64a()
		fmt.Fprintf(hash, "%s %d", op, k)
		rng := rand.New(rand.NewPCG(1, hash.Sum64()))
		size := l.Format.BlockBytes()
		buf := make([]byte, 0, len(mine)*len(blocks)*size)
		b := newBlock(l)
		for _, d := range mine {
			for _, set := range blocks {
				set(rng, b, d)
				buf = buf[:len(buf)+size]
				b.put(buf[len(buf)-size:])
			}
		}
		return &spec.Case{Op: op, Shape: spec.Vector(len(buf) / size * l.Format.BlockLen()), In: [][]byte{buf}}
	}}
}

func (b *block) setScales(d uint32) {
	for i := range b.d {
		b.d[i] = d
	}
}

// scalePatterns returns the patterns of a scale that are tried, and what they are.
func scalePatterns(k spec.ScaleKind) (out []uint32, which string) {
	n := uint32(1 << 16)
	switch k {
	case spec.ScaleF32:
		for e := range uint32(512) {
			for _, m := range boundaryMantissas {
				out = append(out, e<<23|m)
			}
		}
		return out, "every exponent of d"
	case spec.ScaleE8M0, spec.ScaleUE4M3:
		n = 1 << 8
	}
	for d := range n {
		out = append(out, d)
	}
	return out, fmt.Sprintf("all %d d", n)
}

// boundaryMantissas lie at and beside the ends and the middle of a binade.
var boundaryMantissas = []uint32{0, 1, 2, 0x3fffff, 0x400000, 0x400001, 0x7ffffe, 0x7fffff}

// boundaryFloats returns every exponent with boundary mantissas, of both signs.
func boundaryFloats() []float32 {
	var x []float32
	for e := range uint32(256) {
		for _, m := range boundaryMantissas {
			x = append(x, math.Float32frombits(e<<23|m), math.Float32frombits(1<<31|e<<23|m))
		}
	}
	return x
}
