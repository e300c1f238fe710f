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

// scaleLow and scaleHigh make a dword of each of scales 0 to 3 and 4 to 7 that
// holds it twice, as 16-bit words; minPairs does so with the mins, all 8.
DATA scaleLow<>+0(SB)/8, $0x8001800180008000
DATA scaleLow<>+8(SB)/8, $0x8003800380028002
DATA scaleLow<>+16(SB)/8, $0x8001800180008000
DATA scaleLow<>+24(SB)/8, $0x8003800380028002
GLOBL scaleLow<>(SB), RODATA|NOPTR, $32

DATA scaleHigh<>+0(SB)/8, $0x8009800980088008
DATA scaleHigh<>+8(SB)/8, $0x800b800b800a800a
DATA scaleHigh<>+16(SB)/8, $0x8009800980088008
DATA scaleHigh<>+24(SB)/8, $0x800b800b800a800a
GLOBL scaleHigh<>(SB), RODATA|NOPTR, $32

DATA minPairs<>+0(SB)/8, $0x8005800580048004
DATA minPairs<>+8(SB)/8, $0x8007800780068006
DATA minPairs<>+16(SB)/8, $0x800d800d800c800c
DATA minPairs<>+24(SB)/8, $0x800f800f800e800e
GLOBL minPairs<>(SB), RODATA|NOPTR, $32

DATA nibbles<>+0(SB)/4, $0x0f0f0f0f
GLOBL nibbles<>(SB), RODATA|NOPTR, $4

DATA bit4<>+0(SB)/4, $0x10101010
GLOBL bit4<>(SB), RODATA|NOPTR, $4

#define DST DI
#define W SI
#define X DX
#define ACT R8  // start of the activation
#define ROWS R9
#define BLOCKS R10
#define LEFT CX // super-blocks left in the row

#define MASK Y15 // low nibble of each byte
#define POS Y14  // lanes of p and n
#define NEG Y13
#define SC03 Y12
#define SC47 Y11
#define SUM Y10  // I of the super-block at hand
#define BIT4 Y9
#define HIGH Y8  // bit j of each byte is the fifth of a quant of sub-block j

// PAIR multiplies the quants of sub-blocks 2c and 2c+1 into A and B: lane l gets
// the products of bytes 4l to 4l+3, times the scale, which is a dword of SC: s
// for the even sub-block, t for the odd one. Shifts P by m and Q by n bring their
// fifth bits to bit 4. Two products are at most 2·31·128 in magnitude, so that
// VPMADDUBSW does not saturate.
#define PAIR(c, P, m, Q, n, SC, s, t, A, B) \
	VMOVDQU    (48+32*c)(W), A; \
	P          $m, HIGH, Y2; \
	Q          $n, HIGH, Y3; \
	VPSRLW     $4, A, B; \
	VPAND      BIT4, Y2, Y2; \
	VPAND      BIT4, Y3, Y3; \
	VPAND      MASK, A, A; \
	VPAND      MASK, B, B; \
	VPOR       Y2, A, A; \
	VPOR       Y3, B, B; \
	VPMADDUBSW (4+64*c)(X), A, A; \
	VPMADDUBSW (36+64*c)(X), B, B; \
	VPSHUFD    $(0x55*s), SC, Y2; \
	VPSHUFD    $(0x55*t), SC, Y3; \
	VPMADDWD   Y2, A, A; \
	VPMADDWD   Y3, B, B

// func dotQ5KQ8KRowsAVX2(dst *float32, w, x *byte, rows, blocks int)
//
//	for each row r:
//		for each super-block, for l in 0..7:
//			I = Σ_j sc[j]·Σ q[j][4l..4l+3]·x[j][4l..4l+3]
//			N = m[l]·(bsums[2l] + bsums[2l+1])
//			p[l] = fma(d·dx, I, p[l])
//			n[l] = fma(dmin·dx, N, n[l])
//		dst[r] = sum of p[l] − n[l]: l and l+4, l+2, l+1
//
// The integers are exact in any order, and so is their conversion: they stay
// below 2^24.
TEXT ·dotQ5KQ8KRowsAVX2(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DST
	MOVQ w+8(FP), W
	MOVQ x+16(FP), ACT
	MOVQ rows+24(FP), ROWS
	MOVQ blocks+32(FP), BLOCKS

	VPBROADCASTD nibbles<>(SB), MASK
	VPBROADCASTD bit4<>(SB), BIT4

row:
	MOVQ   ACT, X
	MOVQ   BLOCKS, LEFT
	VXORPS POS, POS, POS
	VXORPS NEG, NEG, NEG

block:
	PREFETCHT0 3072(W)
	PREFETCHT0 3136(W)
	PREFETCHT0 3200(W)

	// Scales and mins: bytes [sc0-3, m0-3, sc4-7, m4-7] in both halves.
	VBROADCASTI128 4(W), Y0
	VPSLLDQ        $8, Y0, Y1
	VPSHUFD        $0xa4, Y0, Y0
	VPSRLD         $2, Y1, Y1
	VPSRLVD        unpackShift<>(SB), Y0, Y0
	VPAND          unpackHigh<>(SB), Y1, Y1
	VPAND          unpackMask<>(SB), Y0, Y0
	VPOR           Y1, Y0, Y0
	VPSHUFB        scaleLow<>(SB), Y0, SC03
	VPSHUFB        scaleHigh<>(SB), Y0, SC47
	VPSHUFB        minPairs<>(SB), Y0, Y1

	// d·dx in Y6, dmin·dx in Y7.
	VPBROADCASTD (W), X6
	VBROADCASTSS (X), Y7
	VCVTPH2PS    X6, Y6
	VMULPS       Y7, Y6, Y6
	VMOVSHDUP    Y6, Y7
	VMOVSLDUP    Y6, Y6

	// N. Adding two bsums as words could wrap; as dwords it cannot.
	VPMADDWD    260(X), Y1, Y1
	VCVTDQ2PS   Y1, Y1
	VFMADD231PS Y1, Y7, NEG

	// I.
	VMOVDQU     16(W), HIGH
	PAIR(0, VPSLLW, 4, VPSLLW, 3, SC03, 0, 1, Y0, Y1)
	VPADDD      Y0, Y1, SUM
	PAIR(1, VPSLLW, 2, VPSLLW, 1, SC03, 2, 3, Y4, Y5)
	VPADDD      Y4, Y5, Y4
	PAIR(2, VPSLLW, 0, VPSRLW, 1, SC47, 0, 1, Y0, Y1)
	VPADDD      Y4, SUM, SUM
	VPADDD      Y0, Y1, Y0
	PAIR(3, VPSRLW, 2, VPSRLW, 3, SC47, 2, 3, Y4, Y5)
	VPADDD      Y4, Y5, Y4
	VPADDD      Y0, SUM, SUM
	VPADDD      Y4, SUM, SUM
	VCVTDQ2PS   SUM, SUM
	VFMADD231PS SUM, Y6, POS

	ADDQ $176, W
	ADDQ $292, X
	DECQ LEFT
	JNZ  block

	// Lanes l and l+4, 2, 1.
	VSUBPS       NEG, POS, Y0
	VEXTRACTF128 $1, Y0, X1
	VADDPS       X1, X0, X0
	VMOVHLPS     X0, X0, X1
	VADDPS       X1, X0, X0
	VMOVSHDUP    X0, X1
	VADDSS       X1, X0, X0
	VMOVSS       X0, (DST)

	ADDQ $4, DST
	DECQ ROWS
	JNZ  row

	VZEROUPPER
	RET
