package kernels

import (
	"fmt"

	"assay/spec"
)

var dotF32 = Dispatched(spec.OpDotF32).Func.(spec.DotF32)

// DotF32 returns Σ a[i]·b[i], summed as spec.TreeLanes; +0 for empty vectors.
func DotF32(a, b []float32) float32 { return dotF32(a, b) }

func checkDotF32(a, b []float32) {
	if len(a) != len(b) {
		panic(fmt.Sprintf("kernels: %s: lengths %d and %d", spec.OpDotF32, len(a), len(b)))
	}
}
