//go:build !purego

#include "textflag.h"

#define DST    DI
#define SRC    SI
#define BLOCKS CX
#define SLOT   AX // the codes as bytes and, from 256, d·s of each group

// Constants.
#define LOW    Z31 // low nibble of each byte
#define HIGH   Z30 // where the two high bits of a quant go
#define LEFTS  Z29 // left shifts of the high bits of the first 64 codes: 4 and 2
#define RIGHTS Z28 // right shifts of those of the others: 0 and 2
#define OFFSET Z27 // 32

// HALF decodes the 128 codes of half h. Quants are the nibbles of Z3, the low
// ones first, and above them the bits of Z4, two by two.
#define HALF(h) \
	VMOVDQU32       (64*h)(SRC), Z3       \
	VBROADCASTI64X4 (128+32*h)(SRC), Z4   \
	VPSLLVW         LEFTS, Z4, Z5         \
	VPSRLVW         RIGHTS, Z4, Z4        \
	VPSRLW          $4, Z3, Z6            \
	VPANDD          HIGH, Z5, Z5          \
	VPANDD          HIGH, Z4, Z4          \
	VPTERNLOGD      $0xF8, LOW, Z3, Z5    \ // Z5 | Z3&LOW
	VPTERNLOGD      $0xF8, LOW, Z6, Z4    \
	VPSUBB          OFFSET, Z5, Z5        \
	VPSUBB          OFFSET, Z4, Z4        \
	VMOVDQU32       Z5, (128*h)(SLOT)     \
	VMOVDQU32       Z4, (128*h+64)(SLOT)

// GROUP writes the 16 values of group g.
#define GROUP(g) \
	VPMOVSXBD   (16*g)(SLOT), Z0         \
	VCVTDQ2PS   Z0, Z0                   \
	VMULPS.BCST (256+4*g)(SLOT), Z0, Z0  \
	VMOVUPS     Z0, (64*g)(DST)

// func dequantQ6KBlocksAVX512(dst *float32, src *byte, blocks int)
//
//	for b := range blocks {
//		for i := range 256 {
//			dst[256*b+i] = d * float32(s[i/16]) * float32(c[i]) // d·s is exact
//		}
//	}
TEXT ·dequantQ6KBlocksAVX512(SB), NOSPLIT, $384-24
	MOVQ dst+0(FP), DST
	MOVQ src+8(FP), SRC
	MOVQ blocks+16(FP), BLOCKS

	// The slot is whole cache lines.
	LEAQ 63(SP), SLOT
	ANDQ $~63, SLOT

	MOVL           $0x0F0F0F0F, DX
	VPBROADCASTD   DX, LOW
	MOVL           $0x30303030, DX
	VPBROADCASTD   DX, HIGH
	MOVL           $0x20202020, DX
	VPBROADCASTD   DX, OFFSET
	MOVL           $0xFF00, DX     // the upper 8 dwords
	KMOVW          DX, K1
	MOVL           $0x00020002, DX
	VPBROADCASTD.Z DX, K1, RIGHTS
	VPBROADCASTD   DX, LEFTS
	KNOTW          K1, K1
	MOVL           $0x00040004, DX
	VPBROADCASTD   DX, K1, LEFTS

	PCALIGN $32

block:
	VPBROADCASTW 208(SRC), Y0
	VPMOVSXBD    192(SRC), Z1
	VCVTPH2PS    Y0, Z0
	VCVTDQ2PS    Z1, Z1
	VMULPS       Z0, Z1, Z1
	VMOVUPS      Z1, 256(SLOT)

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
