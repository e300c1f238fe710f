//go:build !purego

package kernels

import (
	"unsafe"

	"assay/spec"
)

// softmaxArgs… compute the first loop of softmaxF32Generic for n ≥ 1 elements,
// without its early end, and return NaN if an argument is; softmaxExp… the
// second, with lanes of spec.DotLanes elements; scaleF32… the third. mask may be
// nil.
//
//go:noescape
func softmaxArgsAVX2(dst, x, mask *float32, n int, scale float32) float32

//go:noescape
func softmaxArgsAVX512(dst, x, mask *float32, n int, scale float32) float32

//go:noescape
func softmaxExpAVX2(dst *float32, n int, top float32, lanes *float32)

//go:noescape
func softmaxExpAVX512(dst *float32, n int, top float32, lanes *float32)

//go:noescape
func scaleF32AVX2(dst *float32, n int, by float32)

//go:noescape
func scaleF32AVX512(dst *float32, n int, by float32)

func softmaxF32AVX2(dst, x, mask []float32, scale float32) {
	n := softmaxF32Race(dst, x, mask)
	if n == 0 {
		return
	}
	d := unsafe.SliceData(dst)
	top := softmaxArgsAVX2(d, unsafe.SliceData(x), unsafe.SliceData(mask), n, scale)
	if softmaxSpecial(dst, top) {
		return
	}
	var lanes [spec.DotLanes]float32
	softmaxExpAVX2(d, n, top, &lanes[0])
	scaleF32AVX2(d, n, 1/foldLanes(lanes[:]))
}

func softmaxF32AVX512(dst, x, mask []float32, scale float32) {
	n := softmaxF32Race(dst, x, mask)
	if n == 0 {
		return
	}
	d := unsafe.SliceData(dst)
	top := softmaxArgsAVX512(d, unsafe.SliceData(x), unsafe.SliceData(mask), n, scale)
	if softmaxSpecial(dst, top) {
		return
	}
	var lanes [spec.DotLanes]float32
	softmaxExpAVX512(d, n, top, &lanes[0])
	scaleF32AVX512(d, n, 1/foldLanes(lanes[:]))
}

func softmaxF32Race(dst, x, mask []float32) int {
	checkSoftmaxF32(dst, x, mask)
	raceRead(unsafe.Pointer(unsafe.SliceData(x)), 4*len(x))
	raceRead(unsafe.Pointer(unsafe.SliceData(mask)), 4*len(mask))
	raceWrite(unsafe.Pointer(unsafe.SliceData(dst)), 4*len(dst))
	return len(x)
}
