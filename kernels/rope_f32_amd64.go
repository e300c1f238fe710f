//go:build !purego

package kernels

import (
	"unsafe"

	"assay/spec"
)

// ropePairs… and ropeHalves… compute ropeRotateGeneric for heads ≥ 1 heads of
// headDim elements: for pairs (2i, 2i+1) and pairs (i, i+half).
//
//go:noescape
func ropePairsAVX2(dst, x, table *float32, heads, headDim, width int)

//go:noescape
func ropePairsAVX512(dst, x, table *float32, heads, headDim, width int)

//go:noescape
func ropeHalvesAVX2(dst, x, cos, sin *float32, heads, headDim, half int)

//go:noescape
func ropeHalvesAVX512(dst, x, cos, sin *float32, heads, headDim, half int)

// trigPairs… and trigHalves… compute trigGeneric for n ≥ 1 angles, in steps of
// ropePad.
//
//go:noescape
func trigPairsAVX2(table *float32, angles *float64, n int, pos, scale, magnitude float64)

//go:noescape
func trigPairsAVX512(table *float32, angles *float64, n int, pos, scale, magnitude float64)

//go:noescape
func trigHalvesAVX2(cos, sin *float32, angles *float64, n int, pos, scale, magnitude float64)

//go:noescape
func trigHalvesAVX512(cos, sin *float32, angles *float64, n int, pos, scale, magnitude float64)

func ropeF32AVX2(dst, x, factors []float32, p spec.RopeParams) {
	n := ropeRace(dst, x, factors, p)
	if n == 0 {
		return
	}
	withAngles(factors, p, func(a ropeAngles) {
		var t ropeTable
		d, in, cos, turns := unsafe.SliceData(dst), unsafe.SliceData(x), unsafe.SliceData(t.of(p)), unsafe.SliceData(a.turns)
		if p.Halves {
			second, _ := ropeLayout(p)
			sin := (*float32)(unsafe.Add(unsafe.Pointer(cos), 4*second))
			trigHalvesAVX2(cos, sin, turns, p.Width/2, a.pos, a.scale, a.magnitude)
			ropeHalvesAVX2(d, in, cos, sin, n, p.HeadDim, p.Width/2)
		} else {
			trigPairsAVX2(cos, turns, p.Width/2, a.pos, a.scale, a.magnitude)
			ropePairsAVX2(d, in, cos, n, p.HeadDim, p.Width)
		}
	})
	copyRest(dst, x, p)
}

func ropeF32AVX512(dst, x, factors []float32, p spec.RopeParams) {
	n := ropeRace(dst, x, factors, p)
	if n == 0 {
		return
	}
	withAngles(factors, p, func(a ropeAngles) {
		var t ropeTable
		d, in, cos, turns := unsafe.SliceData(dst), unsafe.SliceData(x), unsafe.SliceData(t.of(p)), unsafe.SliceData(a.turns)
		if p.Halves {
			second, _ := ropeLayout(p)
			sin := (*float32)(unsafe.Add(unsafe.Pointer(cos), 4*second))
			trigHalvesAVX512(cos, sin, turns, p.Width/2, a.pos, a.scale, a.magnitude)
			ropeHalvesAVX512(d, in, cos, sin, n, p.HeadDim, p.Width/2)
		} else {
			trigPairsAVX512(cos, turns, p.Width/2, a.pos, a.scale, a.magnitude)
			ropePairsAVX512(d, in, cos, n, p.HeadDim, p.Width)
		}
	})
	copyRest(dst, x, p)
}

// ropeRace returns the number of heads.
func ropeRace(dst, x, factors []float32, p spec.RopeParams) int {
	checkRopeF32(dst, x, factors, p)
	raceRead(unsafe.Pointer(unsafe.SliceData(x)), 4*len(x))
	raceWrite(unsafe.Pointer(unsafe.SliceData(dst)), 4*len(dst))
	return len(x) / p.HeadDim
}
