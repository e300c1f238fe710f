//go:build !purego

package kernels

import "unsafe"

// The stubs compute dotF32Generic for n ≥ 1 elements.
//
//go:noescape
func dotF32ElemsAVX2(a, b *float32, n int) float32

//go:noescape
func dotF32ElemsAVX512(a, b *float32, n int) float32

func dotF32AVX2(a, b []float32) float32 {
	if dotF32Race(a, b) == 0 {
		return 0
	}
	return dotF32ElemsAVX2(unsafe.SliceData(a), unsafe.SliceData(b), len(a))
}

func dotF32AVX512(a, b []float32) float32 {
	if dotF32Race(a, b) == 0 {
		return 0
	}
	return dotF32ElemsAVX512(unsafe.SliceData(a), unsafe.SliceData(b), len(a))
}

func dotF32Race(a, b []float32) int {
	checkDotF32(a, b)
	raceRead(unsafe.Pointer(unsafe.SliceData(a)), 4*len(a))
	raceRead(unsafe.Pointer(unsafe.SliceData(b)), 4*len(b))
	return len(a)
}
