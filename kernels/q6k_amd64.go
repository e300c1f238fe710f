//go:build !purego

package kernels

import (
	"unsafe"

	"assay/spec"
)

// The stubs compute the reference loops: of blocks ≥ 1 super-blocks, and of
// rows ≥ 1 consecutive rows of blocks ≥ 1 super-blocks with one activation.
//
//go:noescape
func dequantQ6KBlocksAVX2(dst *float32, src *byte, blocks int)

//go:noescape
func dequantQ6KBlocksAVX512(dst *float32, src *byte, blocks int)

//go:noescape
func dotQ6KQ8KRowsAVX2(dst *float32, w, x *byte, rows, blocks int)

//go:noescape
func dotQ6KQ8KRowsAVX512(dst *float32, w, x *byte, rows, blocks int)

//go:noescape
func dotQ6KQ8KRowsAVX512Wide(dst *float32, w, x *byte, rows, blocks int)

func dequantQ6KAVX2(dst []float32, src []byte) {
	if nb := dequantRace(spec.Q6K, dst, src); nb > 0 {
		dequantQ6KBlocksAVX2(unsafe.SliceData(dst), unsafe.SliceData(src), nb)
	}
}

func dequantQ6KAVX512(dst []float32, src []byte) {
	if nb := dequantRace(spec.Q6K, dst, src); nb > 0 {
		dequantQ6KBlocksAVX512(unsafe.SliceData(dst), unsafe.SliceData(src), nb)
	}
}

func dotQ6KQ8KAVX2(w, x []byte) float32 {
	var out [1]float32
	if nb := rowBlocks(spec.Q6K, len(w), len(x), spec.Q6KBytes, spec.Q8KBytes); nb > 0 {
		quantRowsRace(out[:], w, x)
		dotQ6KQ8KRowsAVX2(&out[0], unsafe.SliceData(w), unsafe.SliceData(x), 1, nb)
	}
	return out[0]
}

func dotQ6KQ8KAVX512(w, x []byte) float32 {
	var out [1]float32
	if nb := rowBlocks(spec.Q6K, len(w), len(x), spec.Q6KBytes, spec.Q8KBytes); nb > 0 {
		quantRowsRace(out[:], w, x)
		dotQ6KQ8KRowsAVX512(&out[0], unsafe.SliceData(w), unsafe.SliceData(x), 1, nb)
	}
	return out[0]
}

func dotQ6KQ8KAVX512Wide(w, x []byte) float32 {
	var out [1]float32
	if nb := rowBlocks(spec.Q6K, len(w), len(x), spec.Q6KBytes, spec.Q8KBytes); nb > 0 {
		quantRowsRace(out[:], w, x)
		dotQ6KQ8KRowsAVX512Wide(&out[0], unsafe.SliceData(w), unsafe.SliceData(x), 1, nb)
	}
	return out[0]
}

func matvecQ6KQ8KAVX2(dst []float32, w, x []byte, s spec.Shape, threads int) {
	matvecQuant(spec.OpMatvec(spec.Q6K, spec.Q8K), dst, w, x, s, threads, func(out []float32, w, x []byte) {
		if nb := quantRowsRace(out, w, x); nb > 0 {
			dotQ6KQ8KRowsAVX2(unsafe.SliceData(out), unsafe.SliceData(w), unsafe.SliceData(x), len(out), nb)
		}
	})
}

func matvecQ6KQ8KAVX512(dst []float32, w, x []byte, s spec.Shape, threads int) {
	matvecQuant(spec.OpMatvec(spec.Q6K, spec.Q8K), dst, w, x, s, threads, func(out []float32, w, x []byte) {
		if nb := quantRowsRace(out, w, x); nb > 0 {
			dotQ6KQ8KRowsAVX512(unsafe.SliceData(out), unsafe.SliceData(w), unsafe.SliceData(x), len(out), nb)
		}
	})
}

func matvecQ6KQ8KAVX512Wide(dst []float32, w, x []byte, s spec.Shape, threads int) {
	matvecQuant(spec.OpMatvec(spec.Q6K, spec.Q8K), dst, w, x, s, threads, func(out []float32, w, x []byte) {
		if nb := quantRowsRace(out, w, x); nb > 0 {
			dotQ6KQ8KRowsAVX512Wide(unsafe.SliceData(out), unsafe.SliceData(w), unsafe.SliceData(x), len(out), nb)
		}
	})
}
