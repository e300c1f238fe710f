//go:build !purego

package kernels

import (
	"unsafe"

	"assay/spec"
)

// The stubs compute the rows of matvecQ4KF32Generic, rows ≥ 1 consecutive ones
// of blocks ≥ 1 super-blocks, with one activation.
//
//go:noescape
func dotQ4KF32RowsAVX2(dst *float32, w *byte, x *float32, rows, blocks int)

//go:noescape
func dotQ4KF32RowsAVX512(dst *float32, w *byte, x *float32, rows, blocks int)

func matvecQ4KF32AVX2(dst []float32, w []byte, x []float32, s spec.Shape, threads int) {
	matvecF32(dst, w, x, s, threads, func(out []float32, w []byte, x []float32) {
		if nb := floatRowsRace(out, w, x); nb > 0 {
			dotQ4KF32RowsAVX2(unsafe.SliceData(out), unsafe.SliceData(w), unsafe.SliceData(x), len(out), nb)
		}
	})
}

func matvecQ4KF32AVX512(dst []float32, w []byte, x []float32, s spec.Shape, threads int) {
	matvecF32(dst, w, x, s, threads, func(out []float32, w []byte, x []float32) {
		if nb := floatRowsRace(out, w, x); nb > 0 {
			dotQ4KF32RowsAVX512(unsafe.SliceData(out), unsafe.SliceData(w), unsafe.SliceData(x), len(out), nb)
		}
	})
}

func floatRowsRace(out []float32, w []byte, x []float32) int {
	raceRead(unsafe.Pointer(unsafe.SliceData(w)), len(w))
	raceRead(unsafe.Pointer(unsafe.SliceData(x)), 4*len(x))
	raceWrite(unsafe.Pointer(unsafe.SliceData(out)), 4*len(out))
	if len(x) == 0 {
		clear(out)
	}
	return len(x) / spec.SuperBlock
}
