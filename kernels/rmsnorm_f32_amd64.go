//go:build !purego

package kernels

import "unsafe"

// sumSquaresElems… return the sum of squares of rmsNormF32Generic for n ≥ 1
// elements; scaleElems… and scaleGainElems… compute its second loop without and
// with gain.
//
//go:noescape
func sumSquaresElemsAVX2(x *float32, n int) float64

//go:noescape
func sumSquaresElemsAVX512(x *float32, n int) float64

//go:noescape
func scaleElemsAVX2(dst, x *float32, n int, r float64)

//go:noescape
func scaleElemsAVX512(dst, x *float32, n int, r float64)

//go:noescape
func scaleElemsAVX512Wide(dst, x *float32, n int, r float64)

//go:noescape
func scaleGainElemsAVX2(dst, x, gain *float32, n int, r float64)

//go:noescape
func scaleGainElemsAVX512(dst, x, gain *float32, n int, r float64)

//go:noescape
func scaleGainElemsAVX512Wide(dst, x, gain *float32, n int, r float64)

func rmsNormF32AVX2(dst, x, gain []float32, eps float32) {
	n := rmsNormF32Race(dst, x, gain)
	if n == 0 {
		return
	}
	d, p := unsafe.SliceData(dst), unsafe.SliceData(x)
	r := rmsNormFactor(sumSquaresElemsAVX2(p, n), n, eps)
	if gain == nil {
		scaleElemsAVX2(d, p, n, r)
	} else {
		scaleGainElemsAVX2(d, p, unsafe.SliceData(gain), n, r)
	}
}

func rmsNormF32AVX512(dst, x, gain []float32, eps float32) {
	n := rmsNormF32Race(dst, x, gain)
	if n == 0 {
		return
	}
	d, p := unsafe.SliceData(dst), unsafe.SliceData(x)
	r := rmsNormFactor(sumSquaresElemsAVX512(p, n), n, eps)
	if gain == nil {
		scaleElemsAVX512(d, p, n, r)
	} else {
		scaleGainElemsAVX512(d, p, unsafe.SliceData(gain), n, r)
	}
}

func rmsNormF32AVX512Wide(dst, x, gain []float32, eps float32) {
	n := rmsNormF32Race(dst, x, gain)
	if n == 0 {
		return
	}
	d, p := unsafe.SliceData(dst), unsafe.SliceData(x)
	r := rmsNormFactor(sumSquaresElemsAVX512(p, n), n, eps)
	if gain == nil {
		scaleElemsAVX512Wide(d, p, n, r)
	} else {
		scaleGainElemsAVX512Wide(d, p, unsafe.SliceData(gain), n, r)
	}
}

func rmsNormF32Race(dst, x, gain []float32) int {
	checkRMSNormF32(dst, x, gain)
	raceRead(unsafe.Pointer(unsafe.SliceData(x)), 4*len(x))
	raceRead(unsafe.Pointer(unsafe.SliceData(gain)), 4*len(gain))
	raceWrite(unsafe.Pointer(unsafe.SliceData(dst)), 4*len(dst))
	return len(x)
}
