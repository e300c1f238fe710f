package quant

import (
	"encoding/binary"
	"math"

	"assay/spec"
)

const (
	groupsQ6K   = 16
	groupLenQ6K = 16
)

// Q6K writes src as Q6_K super-blocks: d·sc·q with q in −32…31. Every group of
// 16 is fitted by least squares over 19 scales, v/−31.1 to v/−32.9 with v the
// first element of largest magnitude, with the weights x²; d is the largest scale
// over −128, the others are rounded to eight bits of it, and the quants taken
// anew. Source: the search and the weights of ggml's quantize_row_q6_K_ref.
//
// len(src) is a multiple of 256, len(dst) 210 bytes for each 256.
func Q6K(dst []byte, src []float32) {
	const size, offHigh, offScales, offD = spec.Q6KBytes, 128, 192, 208
	var x [spec.SuperBlock]float64
	for b := range checkBlocks(spec.Q6K, dst, src) {
		load(&x, src[b*spec.SuperBlock:])
		var s [groupsQ6K]float64
		var largest float64
		for g := range s {
			s[g] = fitQ6K((*[groupLenQ6K]float64)(x[g*groupLenQ6K:]))
			if math.Abs(s[g]) > math.Abs(largest) {
				largest = s[g]
			}
		}
		h, d := f16Scale(math.Abs(largest), 128)
		if largest > 0 { // its scale is −128
			h, d = h|1<<15, -d
		}
		blk := dst[b*size:][:size]
		binary.LittleEndian.PutUint16(blk[offD:], h)
		var q [spec.SuperBlock]byte
		for g, v := range s {
			var sc, inv float64
			if v != 0 {
				if sc = nearest(v/d, -128, 127); sc == 0 {
					sc = math.Copysign(1, v/d) // can be no worse than 0
				}
				inv = 1 / (d * sc)
			}
			blk[offScales+g] = byte(int8(sc))
			for i, v := range x[g*groupLenQ6K:][:groupLenQ6K] {
				q[g*groupLenQ6K+i] = byte(int8(nearest(float64(v*inv), -32, 31)) + 32)
			}
		}
		for i := range 64 {
			half, lane := i/32, i%32
			q := q[128*half+lane:]
			blk[64*half+lane] = q[0]&15 | q[64]<<4
			blk[64*half+lane+32] = q[32]&15 | q[96]<<4
			blk[offHigh+i] = q[0]>>4 | q[32]>>4<<2 | q[64]>>4<<4 | q[96]>>4<<6
		}
	}
}

// fitQ6K returns the scale s, of either sign, that approximates x by s·q. Each
// scale of the search gives quants, and those give s = Σwxq/Σwqq; the s with the
// least Σ w·(s·q − x)² = Σ w·x² − s·Σwxq wins, the first of equals.
func fitQ6K(x *[groupLenQ6K]float64) (s float64) {
	var amax, first float64
	for _, v := range x {
		if a := math.Abs(v); a > amax {
			amax, first = a, v
		}
	}
	if amax == 0 {
		return 0
	}
	best := math.Inf(-1)
	for k := range 19 {
		inv := (-31.1 - float64(0.1*float64(k))) / first
		var swqq, swxq float64
		for _, v := range x {
			q := float64(v*inv) + toInt - toInt
			if q > 31 {
				q = 31
			}
			if q < -32 {
				q = -32
			}
			wq := float64(float64(v*v) * q)
			swqq += float64(wq * q)
			swxq += float64(wq * v)
		}
		if gain := swxq / swqq * swxq; gain > best {
			best, s = gain, swxq/swqq
		}
	}
	return s
}
