package kernels

import (
	"encoding/binary"
	"math"

	"assay/spec"
)

func quantizeQ8KGGMLGeneric(dst []byte, src []float32) {
	for b := range checkBlocks(spec.OpQuantizeQ8KGGML, len(src), len(dst), spec.Q8K) {
		x := src[b*spec.SuperBlock:][:spec.SuperBlock]
		var amax, first float32 // largest magnitude, and the first value that has it
		for _, v := range x {
			if a := abs32(v); a > amax {
				amax, first = a, v
			}
		}
		var d, iscale float32
		if amax > 0 {
			iscale = -127 / first
			d = 1 / iscale
		}
		var q [spec.SuperBlock]int8
		for i, v := range x {
			p := iscale * v
			if abs32(p) <= math.MaxFloat32 { // false for NaN and Inf
				q[i] = int8(min(127, math.RoundToEven(float64(p))))
			}
		}
		putQ8K(dst[b*spec.Q8KBytes:], d, &q)
	}
}

func quantizeQ8KAprenderGeneric(dst []byte, src []float32) {
	for b := range checkBlocks(spec.OpQuantizeQ8KAprender, len(src), len(dst), spec.Q8K) {
		x := src[b*spec.SuperBlock:][:spec.SuperBlock]
		var amax float32
		for _, v := range x {
			if a := abs32(v); a > amax {
				amax = a
			}
		}
		s := float32(1) / 127
		if amax > 1e-10 {
			s = amax / 127
		}
		inv := 1 / s
		var q [spec.SuperBlock]int8
		for i, v := range x {
			p := v * inv
			if abs32(p) <= math.MaxFloat32 {
				q[i] = int8(max(-128, min(127, math.Round(float64(p)))))
			}
		}
		putQ8K(dst[b*spec.Q8KBytes:], s, &q)
	}
}

// putQ8K stores one Q8_K block and the sums of its quants.
func putQ8K(blk []byte, d float32, q *[spec.SuperBlock]int8) {
	spec.PutF32(blk[spec.Q8KOffD:], d)
	for k := range spec.Q8KBsums {
		var sum int16
		for i, v := range q[16*k : 16*k+16] {
			blk[spec.Q8KOffQuants+16*k+i] = byte(v)
			sum += int16(v)
		}
		binary.LittleEndian.PutUint16(blk[spec.Q8KOffBsums+2*k:], uint16(sum))
	}
}

func abs32(x float32) float32 {
	return math.Float32frombits(math.Float32bits(x) &^ (1 << 31))
}
