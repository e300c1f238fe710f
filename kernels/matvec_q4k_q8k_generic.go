package kernels

import "assay/spec"

func matvecQ4KQ8KGeneric(dst []float32, w, x []byte, s spec.Shape, threads int) {
	matvecQuant(dst, w, x, s, threads, func(out []float32, w, x []byte) {
		n := len(w) / len(out)
		for r := range out {
			out[r] = dotQ4KQ8KGeneric(w[r*n:(r+1)*n], x)
		}
	})
}
