//go:build !purego

package kernels

import (
	"math"
	"math/rand/v2"
	"testing"
)

type normalize = func(dst, x, gain []float32, eps float32)

func normTiers(t testing.TB) []tierOf[normalize] {
	return append(assemblyTiers[normalize](t, rmsNormF32AVX2, rmsNormF32AVX512, rmsNormF32AVX512Wide), tierOf[normalize]{"generic", rmsNormF32Generic})
}

func TestRMSNormTiers(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, tier := range normTiers(t) {
		for n := range 2 * kinds * 201 {
			kind := n % kinds
			withGain := n / kinds % 2
			n := n / kinds / 2
			x := framedCopy(r, hostile(r, n, kind))
			var gain []float32
			if withGain == 1 {
				gain = framedCopy(r, hostile(r, n, r.IntN(kinds)))
			}
			eps := []float32{0, 1e-5, 1e-6, 1e-45, 3e38}[r.IntN(5)]
			want := make([]float32, n)
			rmsNormF32Generic(want, x, gain, eps)
			got, intact := framed(r, n)
			tier.f(got, x, gain, eps)
			wantSame(t, got, want, "%s: %d elements of kind %d, gain %d", tier.name, n, kind, withGain)
			if !intact() {
				t.Fatalf("%s: %d elements: written outside", tier.name, n)
			}
			tier.f(x, x, gain, eps)
			wantSame(t, x, want, "%s: %d elements in place", tier.name, n)
		}
	}
}

// TestRMSNormScale: with x times 2^k and eps times 4^k nothing changes.
func TestRMSNormScale(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	for _, tier := range normTiers(t) {
		for range 50 {
			n := 1 + r.IntN(200)
			x, gain := hostile(r, n, 3), hostile(r, n, 3)
			want, got, y := make([]float32, n), make([]float32, n), make([]float32, n)
			const eps = 0x1.4f8b58p-17
			tier.f(want, x, gain, eps)
			for k := -40; k <= 60; k++ {
				for i, v := range x {
					y[i] = float32(math.Ldexp(float64(v), k))
				}
				tier.f(got, y, gain, float32(math.Ldexp(eps, 2*k)))
				wantSame(t, got, want, "%s: %d elements times 2^%d", tier.name, n, k)
			}
		}
	}
}

// TestRMSNormClasses: the extremes neither overflow nor underflow; Inf and NaN
// follow the rule.
func TestRMSNormClasses(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, tier := range normTiers(t) {
		for _, c := range []struct {
			x, want []float32
			eps     float32
		}{
			{[]float32{math.MaxFloat32, -math.MaxFloat32}, []float32{1, -1}, 0},
			{[]float32{0x1p-149, -0x1p-149}, []float32{1, -1}, 0},
			{[]float32{inf, 1, -1}, []float32{nan, 0, float32(math.Copysign(0, -1))}, 0},
			{[]float32{nan, 1}, []float32{nan, nan}, 1},
			{[]float32{0, 0}, []float32{nan, nan}, 0}, // 0·∞
			{[]float32{0, 0}, []float32{0, 0}, 1e-6},
		} {
			got := make([]float32, len(c.x))
			tier.f(got, c.x, nil, c.eps)
			wantSame(t, got, c.want, "%s: of %v", tier.name, c.x)
		}
	}
}

func BenchmarkRMSNorm(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	x, gain, dst := hostile(r, 4096, 3), hostile(r, 4096, 3), make([]float32, 4096)
	for _, tier := range normTiers(b) {
		b.Run(tier.name, func(b *testing.B) {
			for b.Loop() {
				tier.f(dst, x, gain, 1e-6)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/4096, "ns/elem")
		})
	}
}
