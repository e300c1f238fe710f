//go:build !purego

package kernels

import (
	"math"
	"math/rand/v2"
	"testing"

	"assay/spec"
)

type elementwiseOp struct {
	name    string
	generic spec.Gated
	tiers   []tierOf[spec.Gated]
	gated   bool // reads its second argument
}

// elementwiseOps returns the ops of one argument as such of two.
func elementwiseOps(t testing.TB) []elementwiseOp {
	gated := func(f spec.Unary) spec.Gated { return func(dst, x, _ []float32) { f(dst, x) } }
	return []elementwiseOp{
		{"exp", gated(expF32Generic), assemblyTiers(t, gated(expF32AVX2), gated(expF32AVX512)), false},
		{"silu", gated(siluF32Generic), assemblyTiers(t, gated(siluF32AVX2), gated(siluF32AVX512)), false},
		{"gelu", gated(geluF32Generic), assemblyTiers(t, gated(geluF32AVX2), gated(geluF32AVX512)), false},
		{"swiglu", swigluF32Generic, assemblyTiers[spec.Gated](t, swigluF32AVX2, swigluF32AVX512), true},
	}
}

func TestElementwiseTiers(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, op := range elementwiseOps(t) {
		for _, tier := range op.tiers {
			for i := range kinds * 201 {
				n, kind := i/kinds, i%kinds
				if testing.Short() && kind != n%kinds {
					continue
				}
				x, up := framedCopy(r, hostile(r, n, kind)), framedCopy(r, hostile(r, n, r.IntN(kinds)))
				want := make([]float32, n)
				op.generic(want, x, up)
				got, intact := framed(r, n)
				tier.f(got, x, up)
				wantSame(t, got, want, "%s %s: %d elements of kind %d", op.name, tier.name, n, kind)
				if !intact() {
					t.Fatalf("%s %s: %d elements: written outside", op.name, tier.name, n)
				}
				if op.gated {
					y := framedCopy(r, up)
					tier.f(y, x, y)
					wantSame(t, y, want, "%s %s: %d elements in place of up", op.name, tier.name, n)
				}
				tier.f(x, x, up)
				wantSame(t, x, want, "%s %s: %d elements in place", op.name, tier.name, n)
			}
		}
	}
}

// TestElementwiseValues: every exponent with mantissas at and beside its ends,
// and random patterns.
func TestElementwiseValues(t *testing.T) {
	var x []float32
	for e := range uint32(512) {
		for _, m := range []uint32{0, 1, 2, 0x3fffff, 0x400000, 0x400001, 0x7ffffe, 0x7fffff} {
			x = append(x, math.Float32frombits(e<<23|m))
		}
	}
	r := rand.New(rand.NewPCG(2, 2))
	n := 1 << 22
	if testing.Short() {
		n = 1 << 12
	}
	for i := range n {
		v := math.Float32frombits(r.Uint32())
		if i%2 == 0 {
			v = float32(r.NormFloat64() * 50)
		}
		x = append(x, v)
	}
	up := hostile(r, len(x), 2)
	want, got := make([]float32, len(x)), make([]float32, len(x))
	for _, op := range elementwiseOps(t) {
		op.generic(want, x, up)
		for _, tier := range op.tiers {
			tier.f(got, x, up)
			for i := range want {
				if !sameF32(got[i], want[i]) {
					t.Fatalf("%s %s: of %g (%08x): %g (%08x), want %g (%08x)", op.name, tier.name, x[i], math.Float32bits(x[i]),
						got[i], math.Float32bits(got[i]), want[i], math.Float32bits(want[i]))
				}
			}
		}
	}
}

func BenchmarkElementwise(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	const n = 4096
	x, up, dst := hostile(r, n, 3), hostile(r, n, 3), make([]float32, n)
	for _, op := range elementwiseOps(b) {
		for _, tier := range append(op.tiers, tierOf[spec.Gated]{"generic", op.generic}) {
			b.Run(op.name+"/"+tier.name, func(b *testing.B) {
				for b.Loop() {
					tier.f(dst, x, up)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/element")
			})
		}
	}
}
