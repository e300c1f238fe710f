//go:build !purego

package kernels

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"assay/spec"
)

// TestQuantizeQ8Tiers: every number of blocks up to more than two turns, the reference
// loop's bytes, and nothing beside them.
func TestQuantizeQ8Tiers(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, c := range []struct {
		format                spec.Format
		generic, avx2, avx512 narrow
	}{
		{spec.Q8_0, quantizeQ8_0Generic, quantizeQ8_0AVX2, quantizeQ8_0AVX512},
		{spec.Q8_1, quantizeQ8_1Generic, quantizeQ8_1AVX2, quantizeQ8_1AVX512},
	} {
		for _, tier := range assemblyTiers(t, c.avx2, c.avx512) {
			for n := range kinds * 140 {
				kind := n % kinds
				n := n / kinds * spec.Block
				x := framedCopy(r, hostile(r, n, kind))
				got, intact := framedBytes(r, c.format.Bytes(n))
				want := make([]byte, len(got))
				c.generic(want, x)
				tier.f(got, x)
				if !bytes.Equal(got, want) || !intact() {
					t.Fatalf("%v %s: %d elements of kind %d: %x, want %x, intact %v", c.format, tier.name, n, kind, got, want, intact())
				}
			}
		}
	}
}
