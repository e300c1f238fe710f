//go:build !purego

package kernels

import (
	"unsafe"

	"assay/spec"
)

// The stubs compute quantizeQ8 for blocks ≥ 1 blocks of their format. They are those of
// both tiers: on Zen 4 vectors of 512 bits take longer, for what makes bytes of 16 dwords
// is slow.
//
//go:noescape
func quantizeQ8_0BlocksAVX2(dst *byte, src *float32, blocks int)

//go:noescape
func quantizeQ8_1BlocksAVX2(dst *byte, src *float32, blocks int)

func quantizeQ8_0AVX2(dst []byte, src []float32) {
	if nb := quantizeRace(spec.OpQuantizeQ8_0, spec.Q8_0, dst, src); nb > 0 {
		quantizeQ8_0BlocksAVX2(unsafe.SliceData(dst), unsafe.SliceData(src), nb)
	}
}

func quantizeQ8_0AVX512(dst []byte, src []float32) { quantizeQ8_0AVX2(dst, src) }

func quantizeQ8_1AVX2(dst []byte, src []float32) {
	if nb := quantizeRace(spec.OpQuantizeQ8_1, spec.Q8_1, dst, src); nb > 0 {
		quantizeQ8_1BlocksAVX2(unsafe.SliceData(dst), unsafe.SliceData(src), nb)
	}
}

func quantizeQ8_1AVX512(dst []byte, src []float32) { quantizeQ8_1AVX2(dst, src) }
