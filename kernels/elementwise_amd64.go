//go:build !purego

package kernels

import (
	"unsafe"

	"assay/spec"
)

// The stubs compute the reference loops for n ≥ 1 elements; dst may be an
// operand.
//
//go:noescape
func expF32ElemsAVX2(dst, src *float32, n int)

//go:noescape
func expF32ElemsAVX512(dst, src *float32, n int)

//go:noescape
func siluF32ElemsAVX2(dst, src *float32, n int)

//go:noescape
func siluF32ElemsAVX512(dst, src *float32, n int)

//go:noescape
func swigluF32ElemsAVX2(dst, gate, up *float32, n int)

//go:noescape
func swigluF32ElemsAVX512(dst, gate, up *float32, n int)

//go:noescape
func geluF32ElemsAVX2(dst, src *float32, n int)

//go:noescape
func geluF32ElemsAVX512(dst, src *float32, n int)

func expF32AVX2(dst, src []float32) {
	if n := unaryRace(spec.OpExpF32, dst, src); n > 0 {
		expF32ElemsAVX2(unsafe.SliceData(dst), unsafe.SliceData(src), n)
	}
}

func siluF32AVX2(dst, src []float32) {
	if n := unaryRace(spec.OpSiluF32, dst, src); n > 0 {
		siluF32ElemsAVX2(unsafe.SliceData(dst), unsafe.SliceData(src), n)
	}
}

func swigluF32AVX2(dst, gate, up []float32) {
	if n := unaryRace(spec.OpSwigluF32, dst, gate, up); n > 0 {
		swigluF32ElemsAVX2(unsafe.SliceData(dst), unsafe.SliceData(gate), unsafe.SliceData(up), n)
	}
}

func geluF32AVX2(dst, src []float32) {
	if n := unaryRace(spec.OpGeluF32, dst, src); n > 0 {
		geluF32ElemsAVX2(unsafe.SliceData(dst), unsafe.SliceData(src), n)
	}
}

func expF32AVX512(dst, src []float32) {
	if n := unaryRace(spec.OpExpF32, dst, src); n > 0 {
		expF32ElemsAVX512(unsafe.SliceData(dst), unsafe.SliceData(src), n)
	}
}

func siluF32AVX512(dst, src []float32) {
	if n := unaryRace(spec.OpSiluF32, dst, src); n > 0 {
		siluF32ElemsAVX512(unsafe.SliceData(dst), unsafe.SliceData(src), n)
	}
}

func swigluF32AVX512(dst, gate, up []float32) {
	if n := unaryRace(spec.OpSwigluF32, dst, gate, up); n > 0 {
		swigluF32ElemsAVX512(unsafe.SliceData(dst), unsafe.SliceData(gate), unsafe.SliceData(up), n)
	}
}

func geluF32AVX512(dst, src []float32) {
	if n := unaryRace(spec.OpGeluF32, dst, src); n > 0 {
		geluF32ElemsAVX512(unsafe.SliceData(dst), unsafe.SliceData(src), n)
	}
}

// unaryRace checks the sizes, tells the race detector what assembly will touch,
// and returns the number of elements.
func unaryRace(op spec.Op, dst []float32, src ...[]float32) int {
	checkUnary(op, dst, src...)
	for _, s := range src {
		raceRead(unsafe.Pointer(unsafe.SliceData(s)), 4*len(s))
	}
	raceWrite(unsafe.Pointer(unsafe.SliceData(dst)), 4*len(dst))
	return len(dst)
}
