//go:build !purego

package kernels

import (
	"math"
	"slices"
	"unsafe"
)

// softmaxArgs… compute the first loop of softmaxF32Generic for n ≥ 1 elements,
// without its early end; softmaxArgsAVX2 returns NaN if an argument is. softmaxExp… compute the
// second, and return the sum of the lanes; scaleF32… the third. mask may be nil.
//
//go:noescape
func softmaxArgsAVX2(dst, x, mask *float32, n int, scale float32) float32

//go:noescape
func softmaxArgsAVX512(dst, x, mask *float32, n int, scale float32) float32

//go:noescape
func softmaxExpAVX2(dst *float32, n int, top float32) float32

//go:noescape
func softmaxExpAVX512(dst *float32, n int, top float32) float32

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
	scaleF32AVX2(d, n, 1/softmaxExpAVX2(d, n, top))
}

func softmaxF32AVX512(dst, x, mask []float32, scale float32) {
	n := softmaxF32Race(dst, x, mask)
	if n == 0 {
		return
	}
	d := unsafe.SliceData(dst)
	top := softmaxArgsAVX512(d, unsafe.SliceData(x), unsafe.SliceData(mask), n, scale)
	if math.IsInf(float64(top), -1) && slices.ContainsFunc(dst, func(t float32) bool { return t != t }) {
		top = float32(math.NaN())
	}
	if softmaxSpecial(dst, top) { // a NaN beside finite elements makes the sum NaN
		return
	}
	scaleF32AVX512(d, n, 1/softmaxExpAVX512(d, n, top))
}

func softmaxF32Race(dst, x, mask []float32) int {
	checkSoftmaxF32(dst, x, mask)
	raceRead(unsafe.Pointer(unsafe.SliceData(x)), 4*len(x))
	raceRead(unsafe.Pointer(unsafe.SliceData(mask)), 4*len(mask))
	raceWrite(unsafe.Pointer(unsafe.SliceData(dst)), 4*len(dst))
	return len(x)
}
