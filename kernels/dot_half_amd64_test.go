//go:build !purego

package kernels

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"assay/spec"
)

type dotBytes = func(a, b []byte) float32

var halfDots = []struct {
	op                    spec.Op
	generic, avx2, avx512 dotBytes
	narrow                narrow
}{
	{spec.OpDotF16, dotF16Generic, dotF16AVX2, dotF16AVX512, convertF32F16Generic},
	{spec.OpDotBF16, dotBF16Generic, dotBF16AVX2, dotBF16AVX512, convertF32BF16Generic},
}

func TestDotHalfTiers(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, c := range halfDots {
		for _, tier := range assemblyTiers(t, c.avx2, c.avx512) {
			for n := range 2 * 201 {
				kind := n % 3
				n /= 2
				a, _ := framedBytes(r, 2*n)
				b, _ := framedBytes(r, 2*n)
				if kind == 0 { // any bits, but few NaN, or all would be
					for i := 0; i < 2*n; i += 2 {
						binary.LittleEndian.PutUint16(a[i:], uint16(r.Uint32()))
						binary.LittleEndian.PutUint16(b[i:], uint16(r.Uint32())&0xb7ff)
					}
				} else {
					c.narrow(a, hostile(r, n, 4-kind))
					c.narrow(b, hostile(r, n, 3))
				}
				if got, want := tier.f(a, b), c.generic(a, b); !sameF32(got, want) {
					t.Fatalf("%s %s: %d elements: %g, want %g", c.op, tier.name, n, got, want)
				}
			}
		}
	}
}

// TestMatvecF32Tiers: any batch and number of threads give the rows' dots.
func TestMatvecF32Tiers(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, tier := range assemblyTiers(t, matvecF32AVX2, matvecF32AVX512) {
		for range 60 {
			s := spec.Shape{Rows: 1 + r.IntN(20), Cols: 1 + r.IntN(200), Batch: 1 + r.IntN(4)}
			w, x := hostile(r, s.Rows*s.Cols, 3), hostile(r, s.Batch*s.Cols, 1+r.IntN(3))
			want := make([]float32, s.Rows*s.Batch)
			got, intact := framed(r, len(want))
			matvecF32Generic(want, w, x, s, 1)
			tier.f(got, framedCopy(r, w), framedCopy(r, x), s, 1+r.IntN(4))
			wantSame(t, got, want, "matvec_f32 %s: %v", tier.name, s)
			if !intact() {
				t.Fatalf("matvec_f32 %s: %v: written outside", tier.name, s)
			}
		}
	}
}
