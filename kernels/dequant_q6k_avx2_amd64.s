//go:build !purego

#include "textflag.h"

DATA nibbles<>+0(SB)/4, $0x0f0f0f0f
GLOBL nibbles<>(SB), RODATA|NOPTR, $4

DATA highs<>+0(SB)/4, $0x30303030
GLOBL highs<>(SB), RODATA|NOPTR, $4

DATA offset<>+0(SB)/4, $0x20202020
GLOBL offset<>(SB), RODATA|NOPTR, $4

#define DST DI
#define SRC SI
#define BLOCKS CX

#define LOW Y15    // low nibble of each byte
#define HIGH Y14   // where the two high bits of a quant go
#define OFFSET Y13 // 32

// The frame holds the codes as bytes and, from 256, d·s of each group.

// HALF decodes the 128 codes of half h. Quants are the nibbles of Y0 and Y1, the
// low ones first, and above them the bits of Y2, two by two.
#define HALF(h) \
	VMOVDQU (64*h)(SRC), Y0; \
	VMOVDQU (64*h+32)(SRC), Y1; \
	VMOVDQU (128+32*h)(SRC), Y2; \
	VPSLLW  $4, Y2, Y3; \
	VPSLLW  $2, Y2, Y4; \
	VPSRLW  $2, Y2, Y5; \
	VPAND   HIGH, Y3, Y3; \
	VPAND   HIGH, Y4, Y4; \
	VPAND   HIGH, Y2, Y2; \
	VPAND   HIGH, Y5, Y5; \
	VPAND   LOW, Y0, Y6; \
	VPAND   LOW, Y1, Y7; \
	VPSRLW  $4, Y0, Y0; \
	VPSRLW  $4, Y1, Y1; \
	VPAND   LOW, Y0, Y0; \
	VPAND   LOW, Y1, Y1; \
	VPOR    Y6, Y3, Y3; \
	VPOR    Y7, Y4, Y4; \
	VPOR    Y0, Y2, Y2; \
	VPOR    Y1, Y5, Y5; \
	VPSUBB  OFFSET, Y3, Y3; \
	VPSUBB  OFFSET, Y4, Y4; \
	VPSUBB  OFFSET, Y2, Y2; \
	VPSUBB  OFFSET, Y5, Y5; \
	VMOVDQU Y3, (128*h)(SP); \
	VMOVDQU Y4, (128*h+32)(SP); \
	VMOVDQU Y2, (128*h+64)(SP); \
	VMOVDQU Y5, (128*h+96)(SP)

// GROUP writes the 16 values of group g.
#define GROUP(g) \
	VPMOVSXBD    (16*g)(SP), Y0; \
	VPMOVSXBD    (16*g+8)(SP), Y1; \
	VBROADCASTSS (256+4*g)(SP), Y2; \
	VCVTDQ2PS    Y0, Y0; \
	VCVTDQ2PS    Y1, Y1; \
	VMULPS       Y2, Y0, Y0; \
	VMULPS       Y2, Y1, Y1; \
	VMOVUPS      Y0, (64*g)(DST); \
	VMOVUPS      Y1, (64*g+32)(DST)

// func dequantQ6KBlocksAVX2(dst *float32, src *byte, blocks int)
//
//	for each super-block, for i in 0..255:
//		dst[i] = (d·s[i/16])·c[i]
//
// The first product is exact.
TEXT ·dequantQ6KBlocksAVX2(SB), NOSPLIT, $320-24
	MOVQ dst+0(FP), DST
	MOVQ src+8(FP), SRC
	MOVQ blocks+16(FP), BLOCKS

	VPBROADCASTD nibbles<>(SB), LOW
	VPBROADCASTD highs<>(SB), HIGH
	VPBROADCASTD offset<>(SB), OFFSET

block:
	VPBROADCASTW 208(SRC), X2
	VPMOVSXBD    192(SRC), Y0
	VPMOVSXBD    200(SRC), Y1
	VCVTPH2PS    X2, Y2
	VCVTDQ2PS    Y0, Y0
	VCVTDQ2PS    Y1, Y1
	VMULPS       Y2, Y0, Y0
	VMULPS       Y2, Y1, Y1
	VMOVUPS      Y0, 256(SP)
	VMOVUPS      Y1, 288(SP)

	HALF(0)
	HALF(1)
	GROUP(0)
	GROUP(1)
	GROUP(2)
	GROUP(3)
	GROUP(4)
	GROUP(5)
	GROUP(6)
	GROUP(7)
	GROUP(8)
	GROUP(9)
	GROUP(10)
	GROUP(11)
	GROUP(12)
	GROUP(13)
	GROUP(14)
	GROUP(15)

	ADDQ $210, SRC
	ADDQ $1024, DST
	DECQ BLOCKS
	JNZ  block

	VZEROUPPER
	RET
