//go:build !purego

#include "textflag.h"

// codes are −8 … 7.
DATA codes<>+0(SB)/8, $0xfffefdfcfbfaf9f8
DATA codes<>+8(SB)/8, $0x0706050403020100
GLOBL codes<>(SB), RODATA|NOPTR, $16

#define DST    DI
#define SRC    SI
#define BLOCKS CX

#define CODES Z16 // as f32

// func dequantQ4_0BlocksAVX512(dst *float32, src *byte, blocks int)
//
//	for b := range blocks {
//		for i := range 32 {
//			dst[32*b+i] = d * float32(q[i]-8)
//		}
//	}
//
// A block has but 16 different values, so they are computed once and looked up:
// VPERMPS takes the index from the low four bits of a dword and ignores the rest.
TEXT ·dequantQ4_0BlocksAVX512(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DST
	MOVQ src+8(FP), SRC
	MOVQ blocks+16(FP), BLOCKS

	VPMOVSXBD codes<>(SB), CODES
	VCVTDQ2PS CODES, CODES

	PCALIGN $32

block:
	VPBROADCASTW (SRC), Y0
	VPMOVZXBD    2(SRC), Z1
	VCVTPH2PS    Y0, Z0
	VMULPS       Z0, CODES, Z0
	VPSRLD       $4, Z1, Z2
	VPERMPS      Z0, Z1, Z1
	VPERMPS      Z0, Z2, Z2
	VMOVUPS      Z1, (DST)
	VMOVUPS      Z2, 64(DST)

	ADDQ $18, SRC
	ADDQ $128, DST
	DECQ BLOCKS
	JNZ  block

	VZEROUPPER
	RET
