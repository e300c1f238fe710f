//go:build !purego

package kernels

import (
	"unsafe"

	"assay/spec"
)

// The stubs compute weighGeneric for keys ≥ 1 weights and dim ≥ 1 elements.
//
//go:noescape
func weighRowsAVX2(dst, p, v *float32, keys, stride, dim int)

//go:noescape
func weighRowsAVX512(dst, p, v *float32, keys, stride, dim int)

func attentionF32AVX2(dst, q, k, v []float32, p spec.AttentionParams, threads int) {
	attention(dst, q, k, v, p, threads, attentionParts{dotF32AVX2, softmaxF32AVX2, weighAVX2})
}

func attentionF32AVX512(dst, q, k, v []float32, p spec.AttentionParams, threads int) {
	attention(dst, q, k, v, p, threads, attentionParts{dotF32AVX512, softmaxF32AVX512, weighAVX512})
}

func weighAVX2(dst, p, v []float32, stride int) {
	weighRace(dst, p, v, stride)
	weighRowsAVX2(unsafe.SliceData(dst), unsafe.SliceData(p), unsafe.SliceData(v), len(p), stride, len(dst))
}

func weighAVX512(dst, p, v []float32, stride int) {
	weighRace(dst, p, v, stride)
	weighRowsAVX512(unsafe.SliceData(dst), unsafe.SliceData(p), unsafe.SliceData(v), len(p), stride, len(dst))
}

func weighRace(dst, p, v []float32, stride int) {
	raceRead(unsafe.Pointer(unsafe.SliceData(p)), 4*len(p))
	for t := range p {
		raceRead(unsafe.Pointer(&v[t*stride]), 4*len(dst))
	}
	raceWrite(unsafe.Pointer(unsafe.SliceData(dst)), 4*len(dst))
}
