package kernels

import "assay/spec"

var dotQ4KQ8K = Dispatched(spec.OpDotQ4KQ8K).Func.(spec.DotQuant)

// DotQ4KQ8K returns the dot of a row of Q4_K weights and a Q8_K activation:
// 144 and 292 bytes for each 256 elements, summed as spec.TreeLanes.
func DotQ4KQ8K(w, x []byte) float32 { return dotQ4KQ8K(w, x) }
