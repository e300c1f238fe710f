//go:build !purego

#include "textflag.h"

// A super-block's 12 bytes of scales are three words u0, u1, u2: the low six
// bits of the bytes of u0 are sc0 to sc3, those of u1 are m0 to m3; the nibbles
// of u2 are the low four bits of sc4 to sc7 and m4 to m7, whose high two are
// the top bits of u0 and u1. unpackShift and unpackMask take all but the latter
// from [u0, u1, u2, u2], unpackHigh the latter from [0, 0, u0, u1] >> 2.
DATA unpackShift<>+0(SB)/8, $0x0000000000000000
DATA unpackShift<>+8(SB)/8, $0x0000000400000000
DATA unpackShift<>+16(SB)/8, $0x0000000000000000
DATA unpackShift<>+24(SB)/8, $0x0000000400000000
GLOBL unpackShift<>(SB), RODATA|NOPTR, $32

DATA unpackMask<>+0(SB)/8, $0x3f3f3f3f3f3f3f3f
DATA unpackMask<>+8(SB)/8, $0x0f0f0f0f0f0f0f0f
DATA unpackMask<>+16(SB)/8, $0x3f3f3f3f3f3f3f3f
DATA unpackMask<>+24(SB)/8, $0x0f0f0f0f0f0f0f0f
GLOBL unpackMask<>(SB), RODATA|NOPTR, $32

DATA unpackHigh<>+0(SB)/8, $0x3030303030303030
DATA unpackHigh<>+8(SB)/8, $0x3030303030303030
DATA unpackHigh<>+16(SB)/8, $0x3030303030303030
DATA unpackHigh<>+24(SB)/8, $0x3030303030303030
GLOBL unpackHigh<>(SB), RODATA|NOPTR, $32

// scaleDwords and minDwords widen the 8 scales and the 8 mins to dwords.
DATA scaleDwords<>+0(SB)/8, $0x8080800180808000
DATA scaleDwords<>+8(SB)/8, $0x8080800380808002
DATA scaleDwords<>+16(SB)/8, $0x8080800980808008
DATA scaleDwords<>+24(SB)/8, $0x8080800b8080800a
GLOBL scaleDwords<>(SB), RODATA|NOPTR, $32

DATA minDwords<>+0(SB)/8, $0x8080800580808004
DATA minDwords<>+8(SB)/8, $0x8080800780808006
DATA minDwords<>+16(SB)/8, $0x8080800d8080800c
DATA minDwords<>+24(SB)/8, $0x8080800f8080800e
GLOBL minDwords<>(SB), RODATA|NOPTR, $32

DATA nibbles<>+0(SB)/4, $0x0f0f0f0f
GLOBL nibbles<>(SB), RODATA|NOPTR, $4

DATA bit4<>+0(SB)/4, $0x10101010
GLOBL bit4<>(SB), RODATA|NOPTR, $4

#define DST DI
#define SRC SI
#define NEXT BX
#define BLOCKS CX

#define MASK Y15 // low nibble of each byte
#define BIT4 Y14
#define HIGH Y13 // bit j of each byte is the fifth of a quant of sub-block j
#define D0 Y8    // d·sc and dmin·m of an even sub-block
#define M0 Y9
#define D1 Y10   // and of the odd one after it
#define M1 Y11

// SCALES decodes the scales of the super-block at p and leaves the factors of
// its sub-blocks in the frame: d·sc_j at 4j, dmin·m_j at 32+4j. Both products
// are exact. It is run a super-block ahead, for it takes as long as a quarter of
// the conversion itself.
#define SCALES(p) \
	VBROADCASTI128 4(p), Y2; \
	VPSLLDQ        $8, Y2, Y3; \
	VPSHUFD        $0xa4, Y2, Y2; \
	VPSRLD         $2, Y3, Y3; \
	VPSRLVD        unpackShift<>(SB), Y2, Y2; \
	VPAND          unpackHigh<>(SB), Y3, Y3; \
	VPAND          unpackMask<>(SB), Y2, Y2; \
	VPOR           Y3, Y2, Y2; \
	VPBROADCASTW   (p), X4; \
	VPSHUFB        scaleDwords<>(SB), Y2, Y3; \
	VCVTPH2PS      X4, Y4; \
	VCVTDQ2PS      Y3, Y3; \
	VMULPS         Y4, Y3, Y3; \
	VMOVUPS        Y3, 0(SP); \
	VPBROADCASTW   2(p), X4; \
	VPSHUFB        minDwords<>(SB), Y2, Y3; \
	VCVTPH2PS      X4, Y4; \
	VCVTDQ2PS      Y3, Y3; \
	VMULPS         Y4, Y3, Y3; \
	VMOVUPS        Y3, 32(SP)

// FACTORS loads those of sub-blocks 2c and 2c+1.
#define FACTORS(c) \
	VBROADCASTSS (8*c)(SP), D0; \
	VBROADCASTSS (8*c+32)(SP), M0; \
	VBROADCASTSS (8*c+4)(SP), D1; \
	VBROADCASTSS (8*c+36)(SP), M1

// EIGHTS writes values 8i to 8i+7 of each sub-block of pair c, whose quants are
// in the frame. The product d·sc·q is exact, so that fusing the subtraction
// leaves the one rounding that there is.
#define EIGHTS(c, i) \
	VPMOVZXBD   (64+64*c+8*i)(SP), Y0; \
	VPMOVZXBD   (96+64*c+8*i)(SP), Y1; \
	VCVTDQ2PS   Y0, Y0; \
	VCVTDQ2PS   Y1, Y1; \
	VFMSUB213PS M0, D0, Y0; \
	VFMSUB213PS M1, D1, Y1; \
	VMOVUPS     Y0, (256*c+32*i)(DST); \
	VMOVUPS     Y1, (256*c+32*i+128)(DST)

// QUANTS decodes the quants of sub-blocks 2c and 2c+1 to the frame. Shifts P by m
// and Q by n bring their fifth bits to bit 4.
#define QUANTS(c, P, m, Q, n) \
	VMOVDQU (48+32*c)(SRC), Y0; \
	P       $m, HIGH, Y2; \
	Q       $n, HIGH, Y3; \
	VPSRLW  $4, Y0, Y1; \
	VPAND   BIT4, Y2, Y2; \
	VPAND   BIT4, Y3, Y3; \
	VPAND   MASK, Y0, Y0; \
	VPAND   MASK, Y1, Y1; \
	VPOR    Y2, Y0, Y0; \
	VPOR    Y3, Y1, Y1; \
	VMOVDQU Y0, (64+64*c)(SP); \
	VMOVDQU Y1, (96+64*c)(SP)

// PAIR writes sub-blocks 2c and 2c+1.
#define PAIR(c) \
	EIGHTS(c, 0); \
	EIGHTS(c, 1); \
	EIGHTS(c, 2); \
	EIGHTS(c, 3)

// func dequantQ5KBlocksAVX2(dst *float32, src *byte, blocks int)
//
//	for each super-block, for j in 0..7, for l in 0..31:
//		dst[32j+l] = (d·sc[j])·q[j][l] − dmin·m[j]
TEXT ·dequantQ5KBlocksAVX2(SB), NOSPLIT, $320-24
	MOVQ dst+0(FP), DST
	MOVQ src+8(FP), SRC
	MOVQ blocks+16(FP), BLOCKS

	VPBROADCASTD nibbles<>(SB), MASK
	VPBROADCASTD bit4<>(SB), BIT4
	SCALES(SRC)

loop:
	// The super-block whose scales are decoded ahead; the last one stays on
	// itself, for there may be nothing to read behind it.
	LEAQ    176(SRC), NEXT
	CMPQ    BLOCKS, $1
	CMOVQEQ SRC, NEXT

	VMOVDQU 16(SRC), HIGH
	QUANTS(0, VPSLLW, 4, VPSLLW, 3)
	QUANTS(1, VPSLLW, 2, VPSLLW, 1)
	QUANTS(2, VPSLLW, 0, VPSRLW, 1)
	QUANTS(3, VPSRLW, 2, VPSRLW, 3)
	FACTORS(0)
	PAIR(0)
	FACTORS(1)
	PAIR(1)
	FACTORS(2)
	PAIR(2)
	FACTORS(3)
	SCALES(NEXT)
	PAIR(3)

	ADDQ $176, SRC
	ADDQ $1024, DST
	DECQ BLOCKS
	JNZ  loop

	VZEROUPPER
	RET
