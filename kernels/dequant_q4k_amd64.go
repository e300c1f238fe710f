//go:build !purego

package kernels

import (
	"unsafe"

	"assay/spec"
)

// The stubs compute dequantQ4KGeneric for blocks ≥ 1 super-blocks.
//
//go:noescape
func dequantQ4KBlocksAVX2(dst *float32, src *byte, blocks int)

//go:noescape
func dequantQ4KBlocksAVX512(dst *float32, src *byte, blocks int)

func dequantQ4KAVX2(dst []float32, src []byte) {
	if nb := dequantQ4KRace(dst, src); nb > 0 {
		dequantQ4KBlocksAVX2(unsafe.SliceData(dst), unsafe.SliceData(src), nb)
	}
}

func dequantQ4KAVX512(dst []float32, src []byte) {
	if nb := dequantQ4KRace(dst, src); nb > 0 {
		dequantQ4KBlocksAVX512(unsafe.SliceData(dst), unsafe.SliceData(src), nb)
	}
}

// dequantQ4KRace checks the sizes, tells the race detector what assembly will
// touch, and returns the number of super-blocks.
func dequantQ4KRace(dst []float32, src []byte) int {
	nb := checkBlocks(spec.OpDequantQ4K, len(dst), len(src), spec.Q4K)
	raceRead(unsafe.Pointer(unsafe.SliceData(src)), len(src))
	raceWrite(unsafe.Pointer(unsafe.SliceData(dst)), 4*len(dst))
	return nb
}
