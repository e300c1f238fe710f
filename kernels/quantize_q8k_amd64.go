//go:build !purego

package kernels

import (
	"unsafe"

	"assay/spec"
)

// The stubs compute quantizeQ8KGGMLGeneric and quantizeQ8KAprenderGeneric for
// blocks ≥ 1 super-blocks.
//
//go:noescape
func quantizeQ8KGGMLBlocksAVX2(dst *byte, src *float32, blocks int)

//go:noescape
func quantizeQ8KGGMLBlocksAVX512(dst *byte, src *float32, blocks int)

//go:noescape
func quantizeQ8KAprenderBlocksAVX2(dst *byte, src *float32, blocks int)

//go:noescape
func quantizeQ8KAprenderBlocksAVX512(dst *byte, src *float32, blocks int)

func quantizeQ8KGGMLAVX2(dst []byte, src []float32) {
	if nb := quantizeRace(spec.OpQuantizeQ8KGGML, spec.Q8K, dst, src); nb > 0 {
		quantizeQ8KGGMLBlocksAVX2(unsafe.SliceData(dst), unsafe.SliceData(src), nb)
	}
}

func quantizeQ8KGGMLAVX512(dst []byte, src []float32) {
	if nb := quantizeRace(spec.OpQuantizeQ8KGGML, spec.Q8K, dst, src); nb > 0 {
		quantizeQ8KGGMLBlocksAVX512(unsafe.SliceData(dst), unsafe.SliceData(src), nb)
	}
}

func quantizeQ8KAprenderAVX2(dst []byte, src []float32) {
	if nb := quantizeRace(spec.OpQuantizeQ8KAprender, spec.Q8K, dst, src); nb > 0 {
		quantizeQ8KAprenderBlocksAVX2(unsafe.SliceData(dst), unsafe.SliceData(src), nb)
	}
}

func quantizeQ8KAprenderAVX512(dst []byte, src []float32) {
	if nb := quantizeRace(spec.OpQuantizeQ8KAprender, spec.Q8K, dst, src); nb > 0 {
		quantizeQ8KAprenderBlocksAVX512(unsafe.SliceData(dst), unsafe.SliceData(src), nb)
	}
}

func quantizeRace(op spec.Op, f spec.Format, dst []byte, src []float32) int {
	nb := checkBlocks(op, len(src), len(dst), f)
	raceRead(unsafe.Pointer(unsafe.SliceData(src)), 4*len(src))
	raceWrite(unsafe.Pointer(unsafe.SliceData(dst)), len(dst))
	return nb
}
