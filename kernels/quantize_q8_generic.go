package kernels

import (
	"encoding/binary"
	"math"

	"assay/spec"
)

func quantizeQ8_0Generic(dst []byte, src []float32) {
	quantizeQ8(spec.OpQuantizeQ8_0, spec.Q8_0, dst, src)
}
func quantizeQ8_1Generic(dst []byte, src []float32) {
	quantizeQ8(spec.OpQuantizeQ8_1, spec.Q8_1, dst, src)
}

func quantizeQ8(op spec.Op, f spec.Format, dst []byte, src []float32) {
	checkBlocks(op, len(src), len(dst), f)
	for ; len(src) > 0; src, dst = src[spec.Block:], dst[f.BlockBytes():] {
		x := src[:spec.Block]
		var amax float32
		for _, v := range x {
			if a := abs32(v); a > amax {
				amax = a
			}
		}
		d := amax / 127
		inv := 1 / d
		qs := dst[f.BlockBytes()-spec.Block:][:spec.Block]
		var sum int32
		for i, v := range x {
			p := v * inv
			var q int8
			if abs32(p) <= math.MaxFloat32 { // false for NaN and Inf
				q = int8(math.Round(float64(p)))
			}
			qs[i] = byte(q)
			sum += int32(q)
		}
		binary.LittleEndian.PutUint16(dst, float16FromF32(d))
		if f == spec.Q8_1 {
			binary.LittleEndian.PutUint16(dst[2:], float16FromF32(float32(sum)*d))
		}
	}
}
