package quant

import "assay/spec"

var searchQ4K = search{top: 15, first: -1, step: 0.1, n: 21}

// Q4K writes src as Q4_K super-blocks: d·sc·q − dmin·m with q in 0…15. Every
// group of 32 is fitted by weighted least squares over 21 scales, range/14 to
// range/16, with the weights √(mean x²) + |x|; its scale and min are then rounded
// to six bits, and its quants taken anew. Source: the search and the weights of
// ggml's quantize_row_q4_K_ref.
//
// len(src) is a multiple of 256, len(dst) 144 bytes for each 256.
func Q4K(dst []byte, src []float32) {
	var a affine
	for b := range checkBlocks(spec.Q4K, dst, src) {
		a.quantize(src[b*spec.SuperBlock:], &searchQ4K)
		blk := dst[b*spec.Q4KBytes:][:spec.Q4KBytes]
		a.putHeader(blk)
		a.putNibbles(blk[spec.Q4KOffQuants:])
	}
}
