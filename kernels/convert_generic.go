package kernels

import (
	"encoding/binary"
	"math"

	"assay/spec"
)

func convertF16F32Generic(dst []float32, src []byte) {
	checkBlocks(spec.OpConvertF16F32, len(dst), len(src), spec.F16)
	for i := range dst {
		dst[i] = f16At(src, 2*i)
	}
}

func convertBF16F32Generic(dst []float32, src []byte) {
	checkBlocks(spec.OpConvertBF16F32, len(dst), len(src), spec.BF16)
	for i := range dst {
		dst[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(src[2*i:])) << 16)
	}
}

func convertF32F16Generic(dst []byte, src []float32) {
	checkBlocks(spec.OpConvertF32F16, len(src), len(dst), spec.F16)
	for i, v := range src {
		binary.LittleEndian.PutUint16(dst[2*i:], float16FromF32(v))
	}
}

func convertF32BF16Generic(dst []byte, src []float32) {
	checkBlocks(spec.OpConvertF32BF16, len(src), len(dst), spec.BF16)
	for i, v := range src {
		binary.LittleEndian.PutUint16(dst[2*i:], bfloat16FromF32(v))
	}
}

// float16FromF32 rounds to nearest even; NaNs become quiet and keep the upper
// bits of their payload, as VCVTPS2PH does.
func float16FromF32(x float32) uint16 {
	b := math.Float32bits(x)
	sign := uint16(b >> 16 & 0x8000)
	b &= 1<<31 - 1
	switch {
	case b > 0x7f800000:
		return sign | 0x7e00 | uint16(b>>13&0x1ff)
	case b >= 0x477ff000: // 65520
		return sign | 0x7c00
	case b < 0x38800000: // below 2^−14: in units of 2^−24, the sum rounds
		return sign | uint16(math.Float32bits(math.Float32frombits(b)+0.5)-0x3f000000)
	}
	b -= (127 - 15) << 23
	return sign | uint16((b+0xfff+b>>13&1)>>13)
}

// bfloat16FromF32 rounds to nearest even; NaNs become quiet.
func bfloat16FromF32(x float32) uint16 {
	b := math.Float32bits(x)
	if b&(1<<31-1) > 0x7f800000 {
		return uint16(b>>16) | 0x40
	}
	return uint16((b + 0x7fff + b>>16&1) >> 16)
}
