//go:build !purego

#include "textflag.h"

#define DST DI
#define SRC SI
#define BLOCKS CX

// func dequantQ8_0BlocksAVX2(dst *float32, src *byte, blocks int)
//
//	for each block, for i in 0..31:
//		dst[i] = d·c[i]
TEXT ·dequantQ8_0BlocksAVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DST
	MOVQ src+8(FP), SRC
	MOVQ blocks+16(FP), BLOCKS

block:
	VPBROADCASTW (SRC), X4
	VPMOVSXBD    2(SRC), Y0
	VPMOVSXBD    10(SRC), Y1
	VPMOVSXBD    18(SRC), Y2
	VPMOVSXBD    26(SRC), Y3
	VCVTPH2PS    X4, Y4
	VCVTDQ2PS    Y0, Y0
	VCVTDQ2PS    Y1, Y1
	VCVTDQ2PS    Y2, Y2
	VCVTDQ2PS    Y3, Y3
	VMULPS       Y4, Y0, Y0
	VMULPS       Y4, Y1, Y1
	VMULPS       Y4, Y2, Y2
	VMULPS       Y4, Y3, Y3
	VMOVUPS      Y0, (DST)
	VMOVUPS      Y1, 32(DST)
	VMOVUPS      Y2, 64(DST)
	VMOVUPS      Y3, 96(DST)

	ADDQ $34, SRC
	ADDQ $128, DST
	DECQ BLOCKS
	JNZ  block

	VZEROUPPER
	RET
