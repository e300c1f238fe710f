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
func dequantQ4_0BlocksAVX2(dst *float32, src *byte, blocks int)

//go:noescape
func dequantQ4_0BlocksAVX512(dst *float32, src *byte, blocks int)

//go:noescape
func dotQ4_0Q8_0RowsAVX2(dst *float32, w, x *byte, rows, blocks int)

//go:noescape
func dotQ4_0Q8_0RowsAVX512(dst *float32, w, x *byte, rows, blocks int)

//go:noescape
func dotQ4_0Q8_0RowsAVX512Wide(dst *float32, w, x *byte, rows, blocks int)

func dequantQ4_0AVX2(dst []float32, src []byte) {
	if nb := dequantRace(spec.Q4_0, dst, src); nb > 0 {
		dequantQ4_0BlocksAVX2(unsafe.SliceData(dst), unsafe.SliceData(src), nb)
	}
}

func dequantQ4_0AVX512(dst []float32, src []byte) {
	if nb := dequantRace(spec.Q4_0, dst, src); nb > 0 {
		dequantQ4_0BlocksAVX512(unsafe.SliceData(dst), unsafe.SliceData(src), nb)
	}
}

func dotQ4_0Q8_0AVX2(w, x []byte) float32 {
	var out [1]float32
	if nb := rowBlocks(spec.Q4_0, len(w), len(x), spec.Q4_0Bytes, spec.Q8_0Bytes); nb > 0 {
		blockRowsRace(out[:], w, x)
		dotQ4_0Q8_0RowsAVX2(&out[0], unsafe.SliceData(w), unsafe.SliceData(x), 1, nb)
	}
	return out[0]
}

func dotQ4_0Q8_0AVX512(w, x []byte) float32 {
	var out [1]float32
	if nb := rowBlocks(spec.Q4_0, len(w), len(x), spec.Q4_0Bytes, spec.Q8_0Bytes); nb > 0 {
		blockRowsRace(out[:], w, x)
		dotQ4_0Q8_0RowsAVX512(&out[0], unsafe.SliceData(w), unsafe.SliceData(x), 1, nb)
	}
	return out[0]
}

func dotQ4_0Q8_0AVX512Wide(w, x []byte) float32 {
	var out [1]float32
	if nb := rowBlocks(spec.Q4_0, len(w), len(x), spec.Q4_0Bytes, spec.Q8_0Bytes); nb > 0 {
		blockRowsRace(out[:], w, x)
		dotQ4_0Q8_0RowsAVX512Wide(&out[0], unsafe.SliceData(w), unsafe.SliceData(x), 1, nb)
	}
	return out[0]
}

func matvecQ4_0Q8_0AVX2(dst []float32, w, x []byte, s spec.Shape, threads int) {
	matvecQuant(spec.OpMatvec(spec.Q4_0, spec.Q8_0), dst, w, x, s, threads, func(out []float32, w, x []byte) {
		if nb := blockRowsRace(out, w, x); nb > 0 {
			dotQ4_0Q8_0RowsAVX2(unsafe.SliceData(out), unsafe.SliceData(w), unsafe.SliceData(x), len(out), nb)
		}
	})
}

func matvecQ4_0Q8_0AVX512(dst []float32, w, x []byte, s spec.Shape, threads int) {
	matvecQuant(spec.OpMatvec(spec.Q4_0, spec.Q8_0), dst, w, x, s, threads, func(out []float32, w, x []byte) {
		if nb := blockRowsRace(out, w, x); nb > 0 {
			dotQ4_0Q8_0RowsAVX512(unsafe.SliceData(out), unsafe.SliceData(w), unsafe.SliceData(x), len(out), nb)
		}
	})
}

func matvecQ4_0Q8_0AVX512Wide(dst []float32, w, x []byte, s spec.Shape, threads int) {
	matvecQuant(spec.OpMatvec(spec.Q4_0, spec.Q8_0), dst, w, x, s, threads, func(out []float32, w, x []byte) {
		if nb := blockRowsRace(out, w, x); nb > 0 {
			dotQ4_0Q8_0RowsAVX512Wide(unsafe.SliceData(out), unsafe.SliceData(w), unsafe.SliceData(x), len(out), nb)
		}
	})
}
