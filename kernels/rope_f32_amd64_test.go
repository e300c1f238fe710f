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
		for dim := 2; dim <= 134; dim += 2 {
			dim := dim
			if dim > 130 {
				dim += ropeWidth // beyond what fits in the scratch
			}
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

// TestTrigTiers: assembly has the bits of sinCos, up to the largest angles.
func TestTrigTiers(t *testing.T) {
	type trig = func(table []float32, a ropeAngles, p spec.RopeParams)
	r := rand.New(rand.NewPCG(1, 1))
	second := func(p spec.RopeParams) int { s, _ := ropeLayout(p); return s }
	for _, tier := range assemblyTiers[trig](t,
		func(table []float32, a ropeAngles, p spec.RopeParams) {
			if p.Halves {
				trigHalvesAVX2(&table[0], &table[second(p)], &a.turns[0], p.Width/2, a.pos, a.scale, a.magnitude)
			} else {
				trigPairsAVX2(&table[0], &a.turns[0], p.Width/2, a.pos, a.scale, a.magnitude)
			}
		},
		func(table []float32, a ropeAngles, p spec.RopeParams) {
			if p.Halves {
				trigHalvesAVX512(&table[0], &table[second(p)], &a.turns[0], p.Width/2, a.pos, a.scale, a.magnitude)
			} else {
				trigPairsAVX512(&table[0], &a.turns[0], p.Width/2, a.pos, a.scale, a.magnitude)
			}
		}) {
		for k := range 200 {
			p := plainRope(2+2*r.IntN(60), 1, 1e4)
			p.Halves = k%2 == 1
			angles, table, want := new(ropeScratch)[:], new(ropeTable).of(p), new(ropeTable).of(p)
			for i := range p.Width / 2 {
				angles[i] = min(1<<31, math.Ldexp(r.Float64(), r.IntN(45)-12))
				if r.IntN(3) == 0 {
					angles[i] = math.Floor(angles[i]) * (math.Pi / 4)
				}
				angles[i] = min(angles[i], 1<<31)
			}
			for _, a := range []ropeAngles{{angles, 1, 1, 1}, {angles, 1, 1, 1.7}, {angles, 0.3, 0.9, 1}} {
				trigGeneric(want, a, p)
				tier.f(table, a, p)
				s, step := ropeLayout(p)
				for i := range p.Width / 2 {
					for _, at := range []int{i * step, i*step + s} {
						if math.Float32bits(table[at]) != math.Float32bits(want[at]) {
							t.Fatalf("%s: halves %v: angle %g: %g, want %g", tier.name, p.Halves, angles[i], table[at], want[at])
						}
					}
				}
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
