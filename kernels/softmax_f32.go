package kernels

import (
	"fmt"
	"math"

	"assay/spec"
)

func checkSoftmaxF32(dst, x, mask []float32) {
	if len(x) != len(dst) || mask != nil && len(mask) != len(dst) {
		panic(fmt.Sprintf("kernels: %s: %d elements, %d of mask, into %d", spec.OpSoftmaxF32, len(x), len(mask), len(dst)))
	}
}

// softmaxSpecial fills dst if the largest argument decides the whole row: NaN
// for NaN and +Inf, +0 for −Inf.
func softmaxSpecial(dst []float32, top float32) bool {
	if top-top == 0 {
		return false
	}
	fill := float32(math.NaN())
	if top < 0 {
		fill = 0
	}
	for i := range dst {
		dst[i] = fill
	}
	return true
}
