package kernels

import (
	"fmt"

	"assay/spec"
)

// ropeHeads rotates the heads of x with the table of p: rotate computes the
// first p.Width elements of each head, the others are copied.
func ropeHeads(dst, x, factors []float32, p spec.RopeParams, rotate func(dst, x, table []float32, p spec.RopeParams)) {
	checkRopeF32(dst, x, factors, p)
	if len(x) == 0 {
		return
	}
	var buf [256]float32
	table := buf[:]
	if p.Width > len(buf) {
		table = make([]float32, p.Width)
	}
	table = table[:p.Width]
	ropeTable(table, factors, p)
	rotate(dst, x, table, p)
	if p.Width < p.HeadDim && &dst[0] != &x[0] {
		for h := 0; h < len(x); h += p.HeadDim {
			copy(dst[h+p.Width:h+p.HeadDim], x[h+p.Width:h+p.HeadDim])
		}
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
