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

// spread has the bytes that VPMOVZXBD makes the spread of d and dmin.
DATA spread<>+0(SB)/8, $0x0000000000000000
DATA spread<>+8(SB)/8, $0x0101010101010101
GLOBL spread<>(SB), RODATA|NOPTR, $16

// fifths are the bits of the fifths of sub-blocks 0 … 7, in four bytes each.
DATA fifths<>+0(SB)/4, $0x01010101
DATA fifths<>+4(SB)/4, $0x02020202
DATA fifths<>+8(SB)/4, $0x04040404
DATA fifths<>+12(SB)/4, $0x08080808
DATA fifths<>+16(SB)/4, $0x10101010
DATA fifths<>+20(SB)/4, $0x20202020
DATA fifths<>+24(SB)/4, $0x40404040
DATA fifths<>+28(SB)/4, $0x80808080
GLOBL fifths<>(SB), RODATA|NOPTR, $32

#define DST    DI
#define SRC    SI
#define BLOCKS CX
#define SLOT   AX // d·sc of the sub-blocks, dmin·m and, from 64, the quants as bytes

#define NIBBLES Z16
#define HEADER  Z17 // dwords of d, dmin in the order of the scales and mins
#define SHIFTS  X18
#define MASKA   X19
#define MASKB   X20
#define SHIFTW  Z21 // right shifts of 32 low and 32 high nibbles
#define SIXTEEN Z22
#define HIGH    Z23 // bit j of each byte is the fifth of a quant of sub-block j
#define FIFTH0  Z24 // bits of 64 quants each
#define FIFTH1  Z25
#define FIFTH2  Z26
#define FIFTH3  Z27

// QUANTS decodes the quants of sub-blocks 2c and 2c+1.
#define QUANTS(c, fifth) \
	VBROADCASTI64X4 (48+32*c)(SRC), Z0   \
	VPTESTMB        HIGH, fifth, K1      \
	VPSRLVW         SHIFTW, Z0, Z0       \
	VPANDD          NIBBLES, Z0, Z0      \
	VPADDB          SIXTEEN, Z0, K1, Z0  \
	VMOVDQU32       Z0, (64+64*c)(SLOT)

// SUB writes the values of sub-block j. The product d·sc·q is exact, so that
// fusing the subtraction leaves the one rounding that there is.
#define SUB(j) \
	VPMOVZXBD        (64+32*j)(SLOT), Z0    \
	VPMOVZXBD        (64+32*j+16)(SLOT), Z1 \
	VBROADCASTSS     (4*j)(SLOT), Z2        \
	VCVTDQ2PS        Z0, Z0                 \
	VCVTDQ2PS        Z1, Z1                 \
	VFMSUB213PS.BCST (32+4*j)(SLOT), Z2, Z0 \
	VFMSUB213PS.BCST (32+4*j)(SLOT), Z2, Z1 \
	VMOVUPS          Z0, (128*j)(DST)       \
	VMOVUPS          Z1, (128*j+64)(DST)

// func dequantQ5KBlocksAVX512(dst *float32, src *byte, blocks int)
//
//	for b := range blocks {
//		for j := range 8 {
//			d1, m1 := d*float32(sc[j]), dmin*float32(m[j]) // exact
//			for l := range 32 {
//				dst[256*b+32*j+l] = d1*float32(q[32*j+l]) - m1
//			}
//		}
//	}
TEXT ·dequantQ5KBlocksAVX512(SB), NOSPLIT, $384-24
	MOVQ dst+0(FP), DST
	MOVQ src+8(FP), SRC
	MOVQ blocks+16(FP), BLOCKS

	// The slot is whole cache lines.
	LEAQ 63(SP), SLOT
	ANDQ $~63, SLOT

	MOVL           $0xFF00, DX                // the upper 8 dwords
	KMOVW          DX, K2
	MOVL           $0x0F0F0F0F, DX
	VPBROADCASTD   DX, NIBBLES
	MOVL           $0x10101010, DX
	VPBROADCASTD   DX, SIXTEEN
	MOVL           $0x00040004, DX
	VPBROADCASTD.Z DX, K2, SHIFTW
	VPBROADCASTD   fifths<>+0(SB), FIFTH0
	VPBROADCASTD   fifths<>+4(SB), K2, FIFTH0
	VPBROADCASTD   fifths<>+8(SB), FIFTH1
	VPBROADCASTD   fifths<>+12(SB), K2, FIFTH1
	VPBROADCASTD   fifths<>+16(SB), FIFTH2
	VPBROADCASTD   fifths<>+20(SB), K2, FIFTH2
	VPBROADCASTD   fifths<>+24(SB), FIFTH3
	VPBROADCASTD   fifths<>+28(SB), K2, FIFTH3
	VPMOVZXBD      spread<>(SB), HEADER
	VMOVDQU32      scales<>+0(SB), SHIFTS
	VMOVDQU32      scales<>+16(SB), MASKA
	VMOVDQU32      scales<>+32(SB), MASKB

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
	VMOVUPS    Z1, (SLOT)           // the loads of SUB forward from this store

	VBROADCASTI64X4 16(SRC), HIGH
	QUANTS(0, FIFTH0)
	QUANTS(1, FIFTH1)
	QUANTS(2, FIFTH2)
	QUANTS(3, FIFTH3)
	SUB(0)
	SUB(1)
	SUB(2)
	SUB(3)
	SUB(4)
	SUB(5)
	SUB(6)
	SUB(7)

	ADDQ $176, SRC
	ADDQ $1024, DST
	DECQ BLOCKS
	JNZ  loop

	VZEROUPPER
	RET
