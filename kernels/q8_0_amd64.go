//go:build !purego

package kernels

import (
	"unsafe"

	"assay/spec"
)

// The stubs compute the reference loops: of blocks ≥ 1 blocks, and of rows ≥ 1
// consecutive rows of blocks ≥ 1 blocks with one activation.
//
//go:noescape
func dequantQ8_0BlocksAVX2(dst *float32, src *byte, blocks int)

//go:noescape
func dequantQ8_0BlocksAVX512(dst *float32, src *byte, blocks int)

//go:noescape
func dotQ8_0Q8_0RowsAVX2(dst *float32, w, x *byte, rows, blocks int)

//go:noescape
func dotQ8_0Q8_0RowsAVX512(dst *float32, w, x *byte, rows, blocks int)

//go:noescape
func dotQ8_0Q8_0RowsAVX512Wide(dst *float32, w, x *byte, rows, blocks int)

func dequantQ8_0AVX2(dst []float32, src []byte) {
	if nb := dequantRace(spec.Q8_0, dst, src); nb > 0 {
		dequantQ8_0BlocksAVX2(unsafe.SliceData(dst), unsafe.SliceData(src), nb)
	}
}

func dequantQ8_0AVX512(dst []float32, src []byte) {
	if nb := dequantRace(spec.Q8_0, dst, src); nb > 0 {
		dequantQ8_0BlocksAVX512(unsafe.SliceData(dst), unsafe.SliceData(src), nb)
	}
}

func dotQ8_0Q8_0AVX2(w, x []byte) float32 {
	var out [1]float32
	if nb := rowBlocks(spec.Q8_0, len(w), len(x), spec.Q8_0Bytes, spec.Q8_0Bytes); nb > 0 {
		blockRowsRace(out[:], w, x)
		dotQ8_0Q8_0RowsAVX2(&out[0], unsafe.SliceData(w), unsafe.SliceData(x), 1, nb)
	}
	return out[0]
}

func dotQ8_0Q8_0AVX512(w, x []byte) float32 {
	var out [1]float32
	if nb := rowBlocks(spec.Q8_0, len(w), len(x), spec.Q8_0Bytes, spec.Q8_0Bytes); nb > 0 {
		blockRowsRace(out[:], w, x)
		dotQ8_0Q8_0RowsAVX512(&out[0], unsafe.SliceData(w), unsafe.SliceData(x), 1, nb)
	}
	return out[0]
}

func dotQ8_0Q8_0AVX512Wide(w, x []byte) float32 {
	var out [1]float32
	if nb := rowBlocks(spec.Q8_0, len(w), len(x), spec.Q8_0Bytes, spec.Q8_0Bytes); nb > 0 {
		blockRowsRace(out[:], w, x)
		dotQ8_0Q8_0RowsAVX512Wide(&out[0], unsafe.SliceData(w), unsafe.SliceData(x), 1, nb)
	}
	return out[0]
}

func matvecQ8_0Q8_0AVX2(dst []float32, w, x []byte, s spec.Shape, threads int) {
	matvecQuant(spec.OpMatvec(spec.Q8_0, spec.Q8_0), dst, w, x, s, threads, func(out []float32, w, x []byte) {
		if nb := blockRowsRace(out, w, x); nb > 0 {
			dotQ8_0Q8_0RowsAVX2(unsafe.SliceData(out), unsafe.SliceData(w), unsafe.SliceData(x), len(out), nb)
		}
	})
}

func matvecQ8_0Q8_0AVX512(dst []float32, w, x []byte, s spec.Shape, threads int) {
	matvecQuant(spec.OpMatvec(spec.Q8_0, spec.Q8_0), dst, w, x, s, threads, func(out []float32, w, x []byte) {
		if nb := blockRowsRace(out, w, x); nb > 0 {
			dotQ8_0Q8_0RowsAVX512(unsafe.SliceData(out), unsafe.SliceData(w), unsafe.SliceData(x), len(out), nb)
		}
	})
}

func matvecQ8_0Q8_0AVX512Wide(dst []float32, w, x []byte, s spec.Shape, threads int) {
	matvecQuant(spec.OpMatvec(spec.Q8_0, spec.Q8_0), dst, w, x, s, threads, func(out []float32, w, x []byte) {
		if nb := blockRowsRace(out, w, x); nb > 0 {
			dotQ8_0Q8_0RowsAVX512Wide(unsafe.SliceData(out), unsafe.SliceData(w), unsafe.SliceData(x), len(out), nb)
		}
	})
}
