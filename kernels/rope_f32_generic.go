package kernels

import "assay/spec"

// ropeF32Generic makes of a pair x0, x1, with the cosine c and the sine s,
//
//	y0 = fma(x0, c, −f32(x1·s))
//	y1 = fma(x0, s, f32(x1·c))
func ropeF32Generic(dst, x, factors []float32, p spec.RopeParams) {
	ropeHeads(dst, x, factors, p, ropeRotateGeneric)
}

func ropeRotateGeneric(dst, x, table []float32, p spec.RopeParams) {
	second, step := 1, 2
	if p.Halves {
		second, step = p.Width/2, 1
	}
	for h := 0; h < len(x); h += p.HeadDim {
		for i := range p.Width / 2 {
			a := i * step
			b := a + second
			x0, x1, c, s := x[h+a], x[h+b], table[a], table[b]
			dst[h+a] = fma32(x0, c, -float32(x1*s))
			dst[h+b] = fma32(x0, s, float32(x1*c))
		}
	}
}
