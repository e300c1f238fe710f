//go:build !purego

package kernels

import (
	"unsafe"

	"assay/spec"
)

// The stubs compute the reference loops of convert_generic.go for n ≥ 1
// elements.
//
//go:noescape
func convertF16F32ElemsAVX2(dst *float32, src *byte, n int)

//go:noescape
func convertF16F32ElemsAVX512(dst *float32, src *byte, n int)

//go:noescape
func convertBF16F32ElemsAVX2(dst *float32, src *byte, n int)

//go:noescape
func convertBF16F32ElemsAVX512(dst *float32, src *byte, n int)

//go:noescape
func convertF32F16ElemsAVX2(dst *byte, src *float32, n int)

//go:noescape
func convertF32F16ElemsAVX512(dst *byte, src *float32, n int)

//go:noescape
func convertF32BF16ElemsAVX2(dst *byte, src *float32, n int)

//go:noescape
func convertF32BF16ElemsAVX512(dst *byte, src *float32, n int)

func convertF16F32AVX2(dst []float32, src []byte) {
	if n := widenRace(spec.OpConvertF16F32, spec.F16, dst, src); n > 0 {
		convertF16F32ElemsAVX2(unsafe.SliceData(dst), unsafe.SliceData(src), n)
	}
}

func convertF16F32AVX512(dst []float32, src []byte) {
	if n := widenRace(spec.OpConvertF16F32, spec.F16, dst, src); n > 0 {
		convertF16F32ElemsAVX512(unsafe.SliceData(dst), unsafe.SliceData(src), n)
	}
}

func convertBF16F32AVX2(dst []float32, src []byte) {
	if n := widenRace(spec.OpConvertBF16F32, spec.BF16, dst, src); n > 0 {
		convertBF16F32ElemsAVX2(unsafe.SliceData(dst), unsafe.SliceData(src), n)
	}
}

func convertBF16F32AVX512(dst []float32, src []byte) {
	if n := widenRace(spec.OpConvertBF16F32, spec.BF16, dst, src); n > 0 {
		convertBF16F32ElemsAVX512(unsafe.SliceData(dst), unsafe.SliceData(src), n)
	}
}

func convertF32F16AVX2(dst []byte, src []float32) {
	if n := narrowRace(spec.OpConvertF32F16, spec.F16, dst, src); n > 0 {
		convertF32F16ElemsAVX2(unsafe.SliceData(dst), unsafe.SliceData(src), n)
	}
}

func convertF32F16AVX512(dst []byte, src []float32) {
	if n := narrowRace(spec.OpConvertF32F16, spec.F16, dst, src); n > 0 {
		convertF32F16ElemsAVX512(unsafe.SliceData(dst), unsafe.SliceData(src), n)
	}
}

func convertF32BF16AVX2(dst []byte, src []float32) {
	if n := narrowRace(spec.OpConvertF32BF16, spec.BF16, dst, src); n > 0 {
		convertF32BF16ElemsAVX2(unsafe.SliceData(dst), unsafe.SliceData(src), n)
	}
}

func convertF32BF16AVX512(dst []byte, src []float32) {
	if n := narrowRace(spec.OpConvertF32BF16, spec.BF16, dst, src); n > 0 {
		convertF32BF16ElemsAVX512(unsafe.SliceData(dst), unsafe.SliceData(src), n)
	}
}

// widenRace and narrowRace check the sizes, tell the race detector what assembly
// will touch, and return the number of elements.
func widenRace(op spec.Op, f spec.Format, dst []float32, src []byte) int {
	n := checkBlocks(op, len(dst), len(src), f)
	raceRead(unsafe.Pointer(unsafe.SliceData(src)), len(src))
	raceWrite(unsafe.Pointer(unsafe.SliceData(dst)), 4*len(dst))
	return n
}

func narrowRace(op spec.Op, f spec.Format, dst []byte, src []float32) int {
	n := checkBlocks(op, len(src), len(dst), f)
	raceRead(unsafe.Pointer(unsafe.SliceData(src)), 4*len(src))
	raceWrite(unsafe.Pointer(unsafe.SliceData(dst)), len(dst))
	return n
}
