package kernels

import (
	"fmt"

	"assay/spec"
)

// copyRest copies the elements of each head that are not rotated.
func copyRest(dst, x []float32, p spec.RopeParams) {
	if p.Width == p.HeadDim || &dst[0] == &x[0] {
		return
	}
	for h := 0; h < len(x); h += p.HeadDim {
		copy(dst[h+p.Width:h+p.HeadDim], x[h+p.Width:h+p.HeadDim])
	}
}

func checkRopeF32(dst, x, factors []float32, p spec.RopeParams) {
	if err := p.Check(); err != nil {
		panic("kernels: " + err.Error())
	}
	if len(dst) != len(x) || len(x)%p.HeadDim != 0 || factors != nil && len(factors) != p.Width/2 {
		panic(fmt.Sprintf("kernels: %s: lengths %d and %d with %d factors, heads of %d elements", spec.OpRopeF32, len(dst), len(x), len(factors), p.HeadDim))
	}
}
