//go:build !purego

package kernels

import "assay/spec"

func matvecF32AVX2(dst, w, x []float32, s spec.Shape, threads int) {
	matvecFloat(dst, w, x, s, threads, dotF32AVX2)
}

func matvecF32AVX512(dst, w, x []float32, s spec.Shape, threads int) {
	matvecFloat(dst, w, x, s, threads, dotF32AVX512)
}
