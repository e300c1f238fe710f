//go:build !purego

#include "textflag.h"

DATA nibble<>+0(SB)/4, $0x0000000f
GLOBL nibble<>(SB), RODATA|NOPTR, $4

DATA eight<>+0(SB)/4, $0x00000008
GLOBL eight<>(SB), RODATA|NOPTR, $4

#define DST DI
#define SRC SI
#define BLOCKS CX

#define MASK Y15 // low nibble of each dword
#define EIGHT Y14
#define D Y13

// EIGHTS writes 8 values of each half of a block: the quants are the low and the
// high nibbles of the 8 bytes at q. The 8 is taken off the integers, for in
// d·q − 8·d a zero could have the wrong sign, and an infinite d makes a NaN.
#define EIGHTS(q, y, A, B) \
	VPMOVZXBD (q)(SRC), A; \
	VPSRLD    $4, A, B; \
	VPAND     MASK, A, A; \
	VPSUBD    EIGHT, B, B; \
	VPSUBD    EIGHT, A, A; \
	VCVTDQ2PS B, B; \
	VCVTDQ2PS A, A; \
	VMULPS    D, B, B; \
	VMULPS    D, A, A; \
	VMOVUPS   A, (y)(DST); \
	VMOVUPS   B, (y+64)(DST)

// func dequantQ4_0BlocksAVX2(dst *float32, src *byte, blocks int)
//
//	for each block, for i in 0..31:
//		dst[i] = d·(q[i] − 8)
TEXT ·dequantQ4_0BlocksAVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DST
	MOVQ src+8(FP), SRC
	MOVQ blocks+16(FP), BLOCKS

	VPBROADCASTD nibble<>(SB), MASK
	VPBROADCASTD eight<>(SB), EIGHT

block:
	VPBROADCASTW (SRC), X0
	VCVTPH2PS    X0, D
	EIGHTS(2, 0, Y0, Y1)
	EIGHTS(10, 32, Y2, Y3)

	ADDQ $18, SRC
	ADDQ $128, DST
	DECQ BLOCKS
	JNZ  block

	VZEROUPPER
	RET
