//go:build !purego

#include "textflag.h"

// How the 12 bytes of scales at dwords 1, 2, 3 of the block (a, b, c) become
// [sc0-3 sc4-7 m0-3 m4-7]: a&63, c&15|a>>6<<4, b&63, c>>4|b>>6<<4 bytewise.
DATA scales<>+0(SB)/8, $0x0000000000000000 // right shifts of a c b c
DATA scales<>+8(SB)/8, $0x0000000400000000
DATA scales<>+16(SB)/8, $0x0f0f0f0f3f3f3f3f // what is kept of them
DATA scales<>+24(SB)/8, $0x0f0f0f0f3f3f3f3f
DATA scales<>+32(SB)/8, $0x3030303000000000 // what is kept of - a - b, right by 2
DATA scales<>+40(SB)/8, $0x3030303000000000
GLOBL scales<>(SB), RODATA|NOPTR, $48

// Bytes that VPMOVZXBD makes dwords: all quants, and the spread of d and dmin.
DATA bytes<>+0(SB)/8, $0x0706050403020100
DATA bytes<>+8(SB)/8, $0x0f0e0d0c0b0a0908
DATA bytes<>+16(SB)/8, $0x0000000000000000
DATA bytes<>+24(SB)/8, $0x0101010101010101
GLOBL bytes<>(SB), RODATA|NOPTR, $32

#define DST    DI
#define SRC    SI
#define BLOCKS CX
#define SLOT   AX

#define QUANTS Z16 // 0, 1 … 15 as f32
#define HEADER Z17 // dwords of d, dmin in the order of the scales and mins
#define SHIFTS X18
#define MASKA  X19
#define MASKB  X20

// PAIR writes the 64 values of sub-blocks 2c and 2c+1. A sub-block has but 16
// different values, so they are computed once, exactly as the reference does
// (the product is exact, and so the fused operation rounds as the subtraction
// alone would), and looked up: VPERMPS takes the index from the low four bits
// of a dword and ignores the rest.
#define PAIR(c) \
	VBROADCASTSS     (32+8*c)(SLOT), Z4        \ // m1
	VFMSUB231PS.BCST (0+8*c)(SLOT), QUANTS, Z4 \ // d1·q − m1
	VBROADCASTSS     (36+8*c)(SLOT), Z5        \
	VFMSUB231PS.BCST (4+8*c)(SLOT), QUANTS, Z5 \
	VPMOVZXBD        (16+32*c)(SRC), Z6        \
	VPMOVZXBD        (32+32*c)(SRC), Z7        \
	VPERMPS          Z4, Z6, Z8                \
	VPERMPS          Z4, Z7, Z9                \
	VPSRLD           $4, Z6, Z6                \
	VPSRLD           $4, Z7, Z7                \
	VPERMPS          Z5, Z6, Z6                \
	VPERMPS          Z5, Z7, Z7                \
	VMOVUPS          Z8, (0+256*c)(DST)        \
	VMOVUPS          Z9, (64+256*c)(DST)       \
	VMOVUPS          Z6, (128+256*c)(DST)      \
	VMOVUPS          Z7, (192+256*c)(DST)

// func dequantQ4KBlocksAVX512(dst *float32, src *byte, blocks int)
//
//	for b := range blocks {
//		for j := range 8 {
//			d1, m1 := d*float32(sc[j]), dmin*float32(m[j]) // exact
//			for l := range 32 {
//				dst[256*b+32*j+l] = d1*float32(q[32*j+l]) - m1
//			}
//		}
//	}
TEXT ·dequantQ4KBlocksAVX512(SB), NOSPLIT, $128-24
	MOVQ dst+0(FP), DST
	MOVQ src+8(FP), SRC
	MOVQ blocks+16(FP), BLOCKS

	// The slot is one cache line.
	LEAQ 63(SP), SLOT
	ANDQ $~63, SLOT

	VPMOVZXBD bytes<>+0(SB), QUANTS
	VCVTDQ2PS QUANTS, QUANTS
	VPMOVZXBD bytes<>+16(SB), HEADER
	VMOVDQU32 scales<>+0(SB), SHIFTS
	VMOVDQU32 scales<>+16(SB), MASKA
	VMOVDQU32 scales<>+32(SB), MASKB

	PCALIGN $32

loop:
	VMOVDQU    (SRC), X0            // d and dmin, a, b, c
	VPSHUFD    $0xED, X0, X1        // a c b c
	VPSHUFD    $0xA5, X0, X2        // - a - b
	VPSRLVD    SHIFTS, X1, X1
	VPSRLD     $2, X2, X2
	VPANDD     MASKB, X2, X2
	VPTERNLOGD $0xEA, X2, MASKA, X1 // X1&MASKA | X2
	VPMOVZXBD  X1, Z1
	VCVTDQ2PS  Z1, Z1               // sc0 … sc7, m0 … m7
	VCVTPH2PS  X0, X0               // d, dmin, and two that nothing reads
	VPERMPS    Z0, HEADER, Z0
	VMULPS     Z0, Z1, Z1           // d1 and m1 of all sub-blocks, exact
	VMOVUPS    Z1, (SLOT)           // the loads of PAIR forward from this store

	PAIR(0)
	PAIR(1)
	PAIR(2)
	PAIR(3)

	ADDQ $144, SRC
	ADDQ $1024, DST
	DECQ BLOCKS
	JNZ  loop

	VZEROUPPER
	RET
