package kernels

import (
	"encoding/binary"
	"fmt"
	"math"

	"assay/spec"
)

func quantizeQ8_0Generic(dst []byte, src []float32) { quantizeQ8(spec.Q8_0, dst, src) }
func quantizeQ8_1Generic(dst []byte, src []float32) { quantizeQ8(spec.Q8_1, dst, src) }

func quantizeQ8(f spec.Format, dst []byte, src []float32) {
	if len(src)%spec.Block != 0 || len(dst) != f.Bytes(len(src)) {
		panic(fmt.Sprintf("kernels: quantize_%s: %d values into %d bytes", f.ID(), len(src), len(dst)))
	}
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
