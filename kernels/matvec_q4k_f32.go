package kernels

import "assay/spec"

var matvecQ4KF32 = Dispatched(spec.OpMatvecQ4KF32).Func.(spec.MatvecF32)

// MatvecQ4KF32 writes dst[b·rows+r] = w[r]·x[b] for Q4_K weights and f32
// activations (Path A). Each element equals DotF32 of the dequantised row and
// the activation bit for bit, for any shape and number of threads.
func MatvecQ4KF32(dst []float32, w []byte, x []float32, s spec.Shape, threads int) {
	matvecQ4KF32(dst, w, x, s, threads)
}

// matvecF32 runs rows, which computes len(out) consecutive rows of weights for
// one activation, over a whole matvec.
func matvecF32(dst []float32, w []byte, x []float32, s spec.Shape, threads int, rows func(out []float32, w []byte, x []float32)) {
	checkMatvec(spec.OpMatvecQ4KF32, s, len(dst), len(w), 4*len(x))
	wb := spec.Q4K.Bytes(s.Cols)
	matvec(dst, s, threads, func(out []float32, b, lo, hi int) {
		rows(out, w[lo*wb:hi*wb], x[b*s.Cols:(b+1)*s.Cols])
	})
}
