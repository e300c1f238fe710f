//go:build !purego

package kernels

import (
	"unsafe"

	"assay/spec"
)

// dequantRace checks the sizes, tells the race detector what assembly will
// touch, and returns the number of blocks.
func dequantRace(f spec.Format, dst []float32, src []byte) int {
	nb := checkBlocks(spec.OpDequant(f), len(dst), len(src), f)
	raceRead(unsafe.Pointer(unsafe.SliceData(src)), len(src))
	raceWrite(unsafe.Pointer(unsafe.SliceData(dst)), 4*len(dst))
	return nb
}

// blockRowsRace is quantRowsRace for an activation of Q8_0: it returns the
// number of blocks of a row.
func blockRowsRace(out []float32, w, x []byte) int {
	quantRowsRace(out, w, x)
	return len(x) / spec.Q8_0Bytes
}
