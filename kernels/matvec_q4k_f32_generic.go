package kernels

import "assay/spec"

func matvecQ4KF32Generic(dst []float32, w []byte, x []float32, s spec.Shape, threads int) {
	matvecF32(dst, w, x, s, threads, func(out []float32, w []byte, x []float32) {
		n := len(w) / len(out)
		for r := range out {
			var acc f32Lanes
			var buf [spec.SuperBlock]float32
			for b := range n / spec.Q4KBytes {
				dequantQ4KBlock(buf[:], w[r*n+b*spec.Q4KBytes:])
				acc.add(buf[:], x[b*spec.SuperBlock:][:spec.SuperBlock])
			}
			out[r] = acc.sum()
		}
	})
}
