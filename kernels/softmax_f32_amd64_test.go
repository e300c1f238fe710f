//go:build !purego

package kernels

import (
	"math"
	"math/rand/v2"
	"testing"

	"assay/spec"
)

func TestSoftmaxTiers(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, tier := range assemblyTiers[spec.Softmax](t, softmaxF32AVX2, softmaxF32AVX512) {
		for n := range 2 * kinds * 201 {
			kind := n % kinds
			withMask := n / kinds % 2
			n := n / kinds / 2
			if testing.Short() && kind != n%kinds {
				continue
			}
			x := framedCopy(r, hostile(r, n, kind))
			for i := range x {
				if r.IntN(3) == 0 && kind == 3 {
					x[i] *= 40 // from one end of the exponential to the other
				}
			}
			var mask []float32
			if withMask == 1 {
				mask = framedCopy(r, hostile(r, n, 3))
				for i := range mask {
					if r.IntN(4) == 0 {
						mask[i] = float32(math.Inf(-1))
					}
				}
			}
			scale := []float32{1, 0.125, -3, 0, 1e20}[r.IntN(5)]
			want := make([]float32, n)
			softmaxF32Generic(want, x, mask, scale)
			got, intact := framed(r, n)
			tier.f(got, x, mask, scale)
			wantSame(t, got, want, "%s: %d elements of kind %d, mask %d, scale %g", tier.name, n, kind, withMask, scale)
			if !intact() {
				t.Fatalf("%s: %d elements: written outside", tier.name, n)
			}
			if mask != nil {
				y := framedCopy(r, mask)
				tier.f(y, x, y, scale)
				wantSame(t, y, want, "%s: %d elements in place of the mask", tier.name, n)
			}
			tier.f(x, x, mask, scale)
			wantSame(t, x, want, "%s: %d elements in place", tier.name, n)
		}
	}
}

// TestSoftmaxSpecial: NaN and the infinities count at every place, and the NaN
// before and behind the operands never does.
func TestSoftmaxSpecial(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	r := rand.New(rand.NewPCG(3, 3))
	step := 1
	if testing.Short() {
		step = 13
	}
	for _, tier := range assemblyTiers[spec.Softmax](t, softmaxF32AVX2, softmaxF32AVX512) {
		for n := 1; n <= 40; n += step {
			x, got := constant(n+2*margin, nan)[margin:][:n], constant(n+2*margin, nan)[margin:][:n]
			zero, want := constant(n+2*margin, nan)[margin:][:n], make([]float32, n)
			clear(zero)
			for _, rest := range [][]float32{hostile(r, n, 3), constant(n, -inf), constant(n, -math.MaxFloat32)} {
				for at := range n {
					for _, v := range []float32{nan, inf, -inf, -1, math.MaxFloat32} {
						copy(x, rest)
						x[at] = v
						for _, mask := range [][]float32{nil, zero} {
							softmaxF32Generic(want, x, mask, 1)
							tier.f(got, x, mask, 1)
							wantSame(t, got, want, "%s: %d elements, %g at %d, %g elsewhere", tier.name, n, v, at, rest)
						}
					}
				}
			}
		}
	}
}

func constant(n int, v float32) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = v
	}
	return x
}

func BenchmarkSoftmax(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	const n = 4096
	x, dst := hostile(r, n, 3), make([]float32, n)
	for _, tier := range append(assemblyTiers[spec.Softmax](b, softmaxF32AVX2, softmaxF32AVX512), tierOf[spec.Softmax]{"generic", softmaxF32Generic}) {
		b.Run(tier.name, func(b *testing.B) {
			for b.Loop() {
				tier.f(dst, x, nil, 0.125)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/element")
		})
	}
}
