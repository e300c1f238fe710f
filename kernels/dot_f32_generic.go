package kernels

import "assay/spec"

func dotF32Generic(a, b []float32) float32 {
	checkDotF32(a, b)
	var acc f32Lanes
	acc.add(a, b)
	return acc.sum()
}

// f32Lanes are the running sums of the f32 dot's declared tree.
type f32Lanes [spec.DotLanes]float32

// add adds the products of a and b; a last step of fewer than 64 elements is
// padded with zeros on both sides.
func (acc *f32Lanes) add(a, b []float32) {
	for len(a) >= len(acc) {
		acc.step((*f32Lanes)(a), (*f32Lanes)(b))
		a, b = a[len(acc):], b[len(acc):]
	}
	if len(a) > 0 {
		var pa, pb f32Lanes
		copy(pa[:], a)
		copy(pb[:], b)
		acc.step(&pa, &pb)
	}
}

func (acc *f32Lanes) step(a, b *f32Lanes) {
	for l := range acc {
		acc[l] = fma32(a[l], b[l], acc[l])
	}
}

func (acc *f32Lanes) sum() float32 { return foldLanes(acc[:]) }
