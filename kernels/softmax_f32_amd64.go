//go:build !purego

package kernels

import "unsafe"

// softmaxArgs… compute the first loop of softmaxF32Generic for n ≥ 1 elements,
// without its early end, and return NaN if an argument is; softmaxExp… the
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
	if softmaxSpecial(dst, top) {
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
