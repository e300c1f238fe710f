package kernels

import "assay/spec"

var matvecQ4KQ8K = Dispatched(spec.OpMatvecQ4KQ8K).Func.(spec.MatvecQuant)

// MatvecQ4KQ8K writes dst[b·rows+r] = w[r]·x[b] for Q4_K weights and Q8_K
// activations (Path B). Each element equals DotQ4KQ8K of its row and
// activation bit for bit, for any shape and number of threads.
func MatvecQ4KQ8K(dst []float32, w, x []byte, s spec.Shape, threads int) {
	matvecQ4KQ8K(dst, w, x, s, threads)
}

// matvecQuant runs rows, which computes len(out) consecutive rows of weights
// for one activation, over a whole matvec.
func matvecQuant(op spec.Op, dst []float32, w, x []byte, s spec.Shape, threads int, rows func(out []float32, w, x []byte)) {
	checkMatvec(op, s, len(dst), len(w), len(x))
	wb, xb := len(w)/s.Rows, len(x)/s.Batch
	matvec(dst, s, threads, func(out []float32, b, lo, hi int) {
		rows(out, w[lo*wb:hi*wb], x[b*xb:(b+1)*xb])
	})
}

// MatvecByDot is the matvec whose rows are computed by dot, one at a time.
func MatvecByDot(op spec.Op, dot spec.DotQuant) spec.MatvecQuant {
	return func(dst []float32, w, x []byte, s spec.Shape, threads int) {
		matvecQuant(op, dst, w, x, s, threads, func(out []float32, w, x []byte) {
			n := len(w) / len(out)
			for r := range out {
				out[r] = dot(w[r*n:(r+1)*n], x)
			}
		})
	}
}
