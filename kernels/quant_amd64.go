//go:build !purego

package kernels

import (
	"fmt"
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

// rowBlocks is checkDot of w bytes of the format f, in blocks of wb, and x bytes of an activation, in as many blocks of xb.
// Inlined, which at this cost it just is, it divides by constants; checkDot divides by sizes that it looks
// up, and a dot of 4096 elements took 2 to 3 % longer.
func rowBlocks(f spec.Format, w, x, wb, xb int) int {
	if w%wb != 0 || w/wb*xb != x {
		panicRow(f, w, x)
	}
	return w / wb
}

//go:noinline
func panicRow(f spec.Format, w, x int) {
	panic(fmt.Sprintf("kernels: dot of %v: %d bytes of weights and %d of the activation", f, w, x))
}

// blockRowsRace is quantRowsRace for an activation of Q8_0: it returns the
// number of blocks of a row.
func blockRowsRace(out []float32, w, x []byte) int {
	quantRowsRace(out, w, x)
	return len(x) / spec.Q8_0Bytes
}
