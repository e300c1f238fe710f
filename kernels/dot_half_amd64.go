//go:build !purego

package kernels

import (
	"unsafe"

	"assay/spec"
)

// The stubs compute dotF16Generic and dotBF16Generic for n ≥ 1 elements.
//
//go:noescape
func dotF16ElemsAVX2(a, b *byte, n int) float32

//go:noescape
func dotF16ElemsAVX512(a, b *byte, n int) float32

//go:noescape
func dotBF16ElemsAVX2(a, b *byte, n int) float32

//go:noescape
func dotBF16ElemsAVX512(a, b *byte, n int) float32

func dotF16AVX2(a, b []byte) float32 {
	if n := dotHalfRace(spec.OpDotF16, a, b); n > 0 {
		return dotF16ElemsAVX2(unsafe.SliceData(a), unsafe.SliceData(b), n)
	}
	return 0
}

func dotF16AVX512(a, b []byte) float32 {
	if n := dotHalfRace(spec.OpDotF16, a, b); n > 0 {
		return dotF16ElemsAVX512(unsafe.SliceData(a), unsafe.SliceData(b), n)
	}
	return 0
}

func dotBF16AVX2(a, b []byte) float32 {
	if n := dotHalfRace(spec.OpDotBF16, a, b); n > 0 {
		return dotBF16ElemsAVX2(unsafe.SliceData(a), unsafe.SliceData(b), n)
	}
	return 0
}

func dotBF16AVX512(a, b []byte) float32 {
	if n := dotHalfRace(spec.OpDotBF16, a, b); n > 0 {
		return dotBF16ElemsAVX512(unsafe.SliceData(a), unsafe.SliceData(b), n)
	}
	return 0
}

func dotHalfRace(op spec.Op, a, b []byte) int {
	checkDotHalf(op, a, b)
	raceRead(unsafe.Pointer(unsafe.SliceData(a)), len(a))
	raceRead(unsafe.Pointer(unsafe.SliceData(b)), len(b))
	return len(a) / 2
}
