package kernels

import "assay/spec"

// ropeF32Generic makes of a pair x0, x1, with the cosine c and the sine s,
//
//	y0 = fma(x0, c, −f32(x1·s))
//	y1 = fma(x0, s, f32(x1·c))
func ropeF32Generic(dst, x, factors []float32, p spec.RopeParams) {
	checkRopeF32(dst, x, factors, p)
	if len(x) == 0 {
		return
	}
	withAngles(factors, p, func(a ropeAngles) {
		var t ropeTable
		table := t.of(p)
		trigGeneric(table, a, p)
		ropeRotateGeneric(dst, x, table, p)
	})
	copyRest(dst, x, p)
}

func ropeRotateGeneric(dst, x, table []float32, p spec.RopeParams) {
	second, step := ropeLayout(p)
	apart := 1
	if p.Halves {
		apart = p.Width / 2
	}
	for h := 0; h < len(x); h += p.HeadDim {
		for i := range p.Width / 2 {
			a := h + i*step
			b := a + apart
			x0, x1, c, s := x[a], x[b], table[i*step], table[i*step+second]
			dst[a] = fma32(x0, c, -float32(x1*s))
			dst[b] = fma32(x0, s, float32(x1*c))
		}
	}
}
