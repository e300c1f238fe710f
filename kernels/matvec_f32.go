package kernels

import "assay/spec"

func matvecF32Generic(dst, w, x []float32, s spec.Shape, threads int) {
	matvecFloat(dst, w, x, s, threads, dotF32Generic)
}

// matvecFloat runs dot over a whole matvec.
func matvecFloat(dst, w, x []float32, s spec.Shape, threads int, dot spec.DotF32) {
	checkMatvec(spec.OpMatvecF32, s, len(dst), 4*len(w), 4*len(x))
	matvec(dst, s, threads, func(out []float32, b, lo, hi int) {
		for r := lo; r < hi; r++ {
			out[r-lo] = dot(w[r*s.Cols:(r+1)*s.Cols], x[b*s.Cols:(b+1)*s.Cols])
		}
	})
}
