package kernels

import "assay/spec"

func dequantQ8KGeneric(dst []float32, src []byte) {
	for b := range checkBlocks(spec.OpDequantQ8K, len(dst), len(src), spec.Q8K) {
		blk := src[b*spec.Q8KBytes:]
		d := spec.GetF32(blk[spec.Q8KOffD:], 0)
		for i := range spec.SuperBlock {
			dst[b*spec.SuperBlock+i] = d * float32(int8(blk[spec.Q8KOffQuants+i]))
		}
	}
}
