//go:build !purego

package kernels

import (
	"unsafe"

	"assay/spec"
)

// The stubs compute dotQ4KQ8KGeneric of rows ≥ 1 consecutive rows of
// blocks ≥ 1 super-blocks with one activation.
//
//go:noescape
func dotQ4KQ8KRowsAVX2(dst *float32, w, x *byte, rows, blocks int)

//go:noescape
func dotQ4KQ8KRowsAVX512(dst *float32, w, x *byte, rows, blocks int)

//go:noescape
func dotQ4KQ8KRowsAVX512Wide(dst *float32, w, x *byte, rows, blocks int)

func dotQ4KQ8KAVX2(w, x []byte) float32 {
	var out [1]float32
	if nb := rowBlocks(spec.Q4K, len(w), len(x), spec.Q4KBytes, spec.Q8KBytes); nb > 0 {
		quantRowsRace(out[:], w, x)
		dotQ4KQ8KRowsAVX2(&out[0], unsafe.SliceData(w), unsafe.SliceData(x), 1, nb)
	}
	return out[0]
}

func dotQ4KQ8KAVX512(w, x []byte) float32 {
	var out [1]float32
	if nb := rowBlocks(spec.Q4K, len(w), len(x), spec.Q4KBytes, spec.Q8KBytes); nb > 0 {
		quantRowsRace(out[:], w, x)
		dotQ4KQ8KRowsAVX512(&out[0], unsafe.SliceData(w), unsafe.SliceData(x), 1, nb)
	}
	return out[0]
}

func dotQ4KQ8KAVX512Wide(w, x []byte) float32 {
	var out [1]float32
	if nb := rowBlocks(spec.Q4K, len(w), len(x), spec.Q4KBytes, spec.Q8KBytes); nb > 0 {
		quantRowsRace(out[:], w, x)
		dotQ4KQ8KRowsAVX512Wide(&out[0], unsafe.SliceData(w), unsafe.SliceData(x), 1, nb)
	}
	return out[0]
}

func matvecQ4KQ8KAVX2(dst []float32, w, x []byte, s spec.Shape, threads int) {
	matvecQuant(spec.OpMatvecQ4KQ8K, dst, w, x, s, threads, func(out []float32, w, x []byte) {
		if nb := quantRowsRace(out, w, x); nb > 0 {
			dotQ4KQ8KRowsAVX2(unsafe.SliceData(out), unsafe.SliceData(w), unsafe.SliceData(x), len(out), nb)
		}
	})
}

// dotQ4KQ8KColumns… compute rows ≥ 1 consecutive rows of blocks ≥ 1 super-blocks
// with four consecutive activations, whose results are ld elements apart.
//
//go:noescape
func dotQ4KQ8KColumnsAVX512(dst *float32, w, x *byte, rows, blocks, ld int)

//go:noescape
func dotQ4KQ8KColumnsAVX512Wide(dst *float32, w, x *byte, rows, blocks, ld int)

func matvecQ4KQ8KAVX512(dst []float32, w, x []byte, s spec.Shape, threads int) {
	if s.Batch >= columnStep {
		matvecQ4KQ8KColumns(dst, w, x, s, threads, dotQ4KQ8KColumnsAVX512, dotQ4KQ8KRowsAVX512)
		return
	}
	matvecQuant(spec.OpMatvecQ4KQ8K, dst, w, x, s, threads, func(out []float32, w, x []byte) {
		if nb := quantRowsRace(out, w, x); nb > 0 {
			dotQ4KQ8KRowsAVX512(unsafe.SliceData(out), unsafe.SliceData(w), unsafe.SliceData(x), len(out), nb)
		}
	})
}

func matvecQ4KQ8KAVX512Wide(dst []float32, w, x []byte, s spec.Shape, threads int) {
	if s.Batch >= columnStep {
		matvecQ4KQ8KColumns(dst, w, x, s, threads, dotQ4KQ8KColumnsAVX512Wide, dotQ4KQ8KRowsAVX512Wide)
		return
	}
	matvecQuant(spec.OpMatvecQ4KQ8K, dst, w, x, s, threads, func(out []float32, w, x []byte) {
		if nb := quantRowsRace(out, w, x); nb > 0 {
			dotQ4KQ8KRowsAVX512Wide(unsafe.SliceData(out), unsafe.SliceData(w), unsafe.SliceData(x), len(out), nb)
		}
	})
}

// matvecQ4KQ8KColumns is a matvec of at least columnStep activations, of which columns computes
// columnStep, and rows one that is left.
func matvecQ4KQ8KColumns(dst []float32, w, x []byte, s spec.Shape, threads int,
	columns func(dst *float32, w, x *byte, rows, blocks, ld int), rows func(dst *float32, w, x *byte, rows, blocks int)) {
	checkMatvec(spec.OpMatvecQ4KQ8K, s, len(dst), len(w), len(x))
	wb, xb := len(w)/s.Rows, len(x)/s.Batch
	matvecColumns(s, threads, func(b, lo, hi int) {
		nb := 0
		for c := b; c < b+columnStep; c++ {
			nb = quantRowsRace(dst[c*s.Rows+lo:c*s.Rows+hi], w[lo*wb:hi*wb], x[c*xb:(c+1)*xb])
		}
		if nb > 0 {
			columns(&dst[b*s.Rows+lo], &w[lo*wb], &x[b*xb], hi-lo, nb, s.Rows)
		}
	}, func(b, lo, hi int) {
		out := dst[b*s.Rows+lo : b*s.Rows+hi]
		if nb := quantRowsRace(out, w[lo*wb:hi*wb], x[b*xb:(b+1)*xb]); nb > 0 {
			rows(&out[0], &w[lo*wb], &x[b*xb], hi-lo, nb)
		}
	})
}

// quantRowsRace tells the race detector what assembly will touch and returns
// the number of super-blocks of a row. For empty rows it clears out.
func quantRowsRace(out []float32, w, x []byte) int {
	raceRead(unsafe.Pointer(unsafe.SliceData(w)), len(w))
	raceRead(unsafe.Pointer(unsafe.SliceData(x)), len(x))
	raceWrite(unsafe.Pointer(unsafe.SliceData(out)), 4*len(out))
	if len(x) == 0 {
		clear(out)
	}
	return len(x) / spec.Q8KBytes
}
