//go:build !purego

package kernels

import (
	"math"
	"math/rand/v2"
	"testing"

	"assay/spec"
)

type rope = func(dst, x, factors []float32, p spec.RopeParams)

func TestRopeTiers(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, tier := range assemblyTiers[rope](t, ropeF32AVX2, ropeF32AVX512) {
		for dim := 2; dim <= 130; dim += 2 {
			for k := range 8 {
				p := plainRope(dim, r.IntN(1<<20), 1e4)
				p.Halves = k%2 == 1
				if k >= 4 {
					p.Width = 2 + 2*r.IntN(dim/2)
				}
				var factors []float32
				if k%4 >= 2 {
					factors = make([]float32, p.Width/2)
					for i := range factors {
						factors[i] = float32(math.Ldexp(1+r.Float64(), r.IntN(30)-10))
					}
				}
				x := framedCopy(r, hostile(r, dim*(1+r.IntN(3)), r.IntN(kinds)))
				want := make([]float32, len(x))
				ropeF32Generic(want, x, factors, p)
				got, intact := framed(r, len(x))
				tier.f(got, x, factors, p)
				wantSame(t, got, want, "%s: %+v", tier.name, p)
				if !intact() {
					t.Fatalf("%s: %+v: written outside", tier.name, p)
				}
				tier.f(x, x, factors, p)
				wantSame(t, x, want, "%s: %+v: in place", tier.name, p)
			}
		}
	}
}

func BenchmarkRope(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	x, dst := hostile(r, 4096, 3), make([]float32, 4096)
	for _, tier := range append(assemblyTiers[rope](b, ropeF32AVX2, ropeF32AVX512), tierOf[rope]{"generic", ropeF32Generic}) {
		for _, halves := range []bool{false, true} {
			name := tier.name + "/pairs"
			if halves {
				name = tier.name + "/halves"
			}
			b.Run(name, func(b *testing.B) {
				p := plainRope(128, 4097, 1e6)
				p.Halves = halves
				for b.Loop() {
					tier.f(dst, x, nil, p)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/4096, "ns/elem")
			})
		}
	}
}
