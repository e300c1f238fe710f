package kernels

import "assay/spec"

func dequantQ4KGeneric(dst []float32, src []byte) {
	for b := range checkBlocks(spec.OpDequantQ4K, len(dst), len(src), spec.Q4K) {
		dequantQ4KBlock(dst[b*spec.SuperBlock:], src[b*spec.Q4KBytes:])
	}
}

func dequantQ4KBlock(dst []float32, blk []byte) {
	d, dmin := q4kHeader(blk)
	for j := range spec.Q4KSubBlocks {
		sc, m := q4kScale(blk, j)
		qs, shift := q4kQuants(blk, j)
		d1, m1 := d*float32(sc), dmin*float32(m) // exact
		for l, q := range qs {
			dst[32*j+l] = float32(d1*float32(q>>shift&15)) - m1
		}
	}
}
