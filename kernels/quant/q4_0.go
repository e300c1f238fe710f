package quant

import (
	"encoding/binary"
	"math"

	"assay/spec"
)

// Q4_0 writes src as Q4_0 blocks: d = v/−8, stored as f16, with v the first
// element of largest magnitude; the quants are min(15, ⌊x·(1/d) + 8.5⌋), with
// the d that is not rounded yet. Source: ggml's quantize_row_q4_0_ref. Where
// 1/d is infinite the quants are 8, which is 0; where d rounds to an infinite
// f16 it is ±65504 from the start.
//
// len(src) is a multiple of 32, len(dst) 18 bytes for each 32.
func Q4_0(dst []byte, src []float32) {
	const size = spec.Q4_0Bytes
	for b := range checkBlocks(spec.Q4_0, dst, src) {
		var x [spec.Block]float32
		var amax, first float32
		for i, v := range src[b*spec.Block:][:spec.Block] {
			x[i] = finite(v)
			if a := float32(math.Abs(float64(x[i]))); a > amax {
				amax, first = a, x[i]
			}
		}
		h, inv := smallScale(first / -8)
		blk := dst[b*size:][:size]
		binary.LittleEndian.PutUint16(blk, h)
		quant := func(v float32) byte {
			return byte(max(0, min(15, float32(v*inv)+8.5))) // truncates
		}
		for i := range 16 {
			blk[2+i] = quant(x[i]) | quant(x[i+16])<<4
		}
	}
}
