package quant

import "assay/spec"

var searchQ5K = search{top: 31, first: -0.5, step: 0.1, n: 16}

// Q5K writes src as Q5_K super-blocks: as Q4K, but with q in 0…31 and 16 scales
// from range/30.5 to range/32. Source: the search and the weights of ggml's
// quantize_row_q5_K_ref.
//
// len(src) is a multiple of 256, len(dst) 176 bytes for each 256.
func Q5K(dst []byte, src []float32) {
	const size, offHigh, offLow = spec.Q5KBytes, 16, 48
	var a affine
	for b := range checkBlocks(spec.Q5K, dst, src) {
		a.quantize(src[b*spec.SuperBlock:], &searchQ5K)
		blk := dst[b*size:][:size]
		a.putHeader(blk)
		a.putNibbles(blk[offLow:])
		for l := range groupLen {
			var high byte // bit g is bit 4 of group g's quant
			for g := range groups {
				high |= a.q[g*groupLen+l] >> 4 << g
			}
			blk[offHigh+l] = high
		}
	}
}
