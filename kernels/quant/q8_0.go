package quant

import (
	"encoding/binary"
	"math"

	"github.com/x448/float16"

	"assay/spec"
)

// Q8_0 writes src as Q8_0 blocks: d = amax/127, stored as f16; the quants are
// x·(1/d), with the d that is not rounded yet, to nearest with ties away from
// zero. Source: ggml's quantize_row_q8_0_ref. Where 1/d is infinite the quants
// are 0; where d rounds to an infinite f16 it is 65504 from the start.
//
// len(src) is a multiple of 32, len(dst) 34 bytes for each 32.
func Q8_0(dst []byte, src []float32) {
	const size = spec.Q8_0Bytes
	for b := range checkBlocks(spec.Q8_0, dst, src) {
		var x [spec.Block]float32
		var amax float32
		for i, v := range src[b*spec.Block:][:spec.Block] {
			x[i] = finite(v)
			amax = max(amax, float32(math.Abs(float64(x[i]))))
		}
		h, inv := smallScale(amax / 127)
		blk := dst[b*size:][:size]
		binary.LittleEndian.PutUint16(blk, h)
		for i, v := range x {
			q := math.Round(float64(v * inv))
			blk[2+i] = byte(int8(max(-127, min(127, q))))
		}
	}
}

// smallScale returns d as f16 and the factor for the quants.
func smallScale(d float32) (bits uint16, inv float32) {
	h := float16.Fromfloat32(d)
	if h.IsInf(0) {
		d = float32(math.Copysign(maxF16, float64(d)))
		h = float16.Fromfloat32(d)
	}
	if inv = 1 / d; inv-inv != 0 { // d is 0 or about to be
		inv = 0
	}
	return h.Bits(), inv
}
