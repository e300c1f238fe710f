//go:build !purego

package kernels

import (
	"unsafe"

	"assay/spec"
)

// The stubs compute ropeRotateGeneric for heads ≥ 1 heads of headDim elements:
// ropePairs… for pairs (2i, 2i+1), ropeHalves… for pairs (i, i+width/2). The
// latter's half is width/2.
//
//go:noescape
func ropePairsAVX2(dst, x, table *float32, heads, headDim, width int)

//go:noescape
func ropePairsAVX512(dst, x, table *float32, heads, headDim, width int)

//go:noescape
func ropeHalvesAVX2(dst, x, table *float32, heads, headDim, half int)

//go:noescape
func ropeHalvesAVX512(dst, x, table *float32, heads, headDim, half int)

func ropeF32AVX2(dst, x, factors []float32, p spec.RopeParams) {
	ropeHeads(dst, x, factors, p, ropeRotateAVX2)
}

func ropeF32AVX512(dst, x, factors []float32, p spec.RopeParams) {
	ropeHeads(dst, x, factors, p, ropeRotateAVX512)
}

func ropeRotateAVX2(dst, x, table []float32, p spec.RopeParams) {
	ropeRace(dst, x)
	d, s, t := unsafe.SliceData(dst), unsafe.SliceData(x), unsafe.SliceData(table)
	if p.Halves {
		ropeHalvesAVX2(d, s, t, len(x)/p.HeadDim, p.HeadDim, p.Width/2)
	} else {
		ropePairsAVX2(d, s, t, len(x)/p.HeadDim, p.HeadDim, p.Width)
	}
}

func ropeRotateAVX512(dst, x, table []float32, p spec.RopeParams) {
	ropeRace(dst, x)
	d, s, t := unsafe.SliceData(dst), unsafe.SliceData(x), unsafe.SliceData(table)
	if p.Halves {
		ropeHalvesAVX512(d, s, t, len(x)/p.HeadDim, p.HeadDim, p.Width/2)
	} else {
		ropePairsAVX512(d, s, t, len(x)/p.HeadDim, p.HeadDim, p.Width)
	}
}

func ropeRace(dst, x []float32) {
	raceRead(unsafe.Pointer(unsafe.SliceData(x)), 4*len(x))
	raceWrite(unsafe.Pointer(unsafe.SliceData(dst)), 4*len(dst))
}
