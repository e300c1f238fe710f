//go:build !purego

#include "textflag.h"

#define DST    DI
#define SRC    SI
#define BLOCKS CX

// func dequantQ8_0BlocksAVX512(dst *float32, src *byte, blocks int)
//
//	for b := range blocks {
//		for i := range 32 {
//			dst[32*b+i] = d * float32(c[i])
//		}
//	}
TEXT ·dequantQ8_0BlocksAVX512(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DST
	MOVQ src+8(FP), SRC
	MOVQ blocks+16(FP), BLOCKS

	PCALIGN $32

block:
	VPBROADCASTW (SRC), Y2
	VPMOVSXBD    2(SRC), Z0
	VPMOVSXBD    18(SRC), Z1
	VCVTPH2PS    Y2, Z2
	VCVTDQ2PS    Z0, Z0
	VCVTDQ2PS    Z1, Z1
	VMULPS       Z2, Z0, Z0
	VMULPS       Z2, Z1, Z1
	VMOVUPS      Z0, (DST)
	VMOVUPS      Z1, 64(DST)

	ADDQ $34, SRC
	ADDQ $128, DST
	DECQ BLOCKS
	JNZ  block

	VZEROUPPER
	RET
