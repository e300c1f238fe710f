//go:build !purego

#include "textflag.h"

// evenOdd puts the scales of even groups of 16 before those of odd ones.
DATA evenOdd<>+0(SB)/8, $0x0e0c0a0806040200
DATA evenOdd<>+8(SB)/8, $0x0f0d0b0907050301
GLOBL evenOdd<>(SB), RODATA|NOPTR, $16

DATA nibbles<>+0(SB)/4, $0x0f0f0f0f
GLOBL nibbles<>(SB), RODATA|NOPTR, $4

DATA highs<>+0(SB)/4, $0x30303030
GLOBL highs<>(SB), RODATA|NOPTR, $4

#define DST DI
#define W SI
#define X DX
#define ACT R8  // start of the activation
#define ROWS R9
#define BLOCKS R10
#define LEFT CX // super-blocks left in the row

#define LOW Y15  // low nibble of each byte
#define HIGH Y14 // where the two high bits of a quant go
#define POS Y13  // lanes of p
#define SUM Y12  // J of the super-block at hand
#define SC0 Y11  // scales of either half, twice each as words: groups 2q, 2q+1
#define SC1 Y10

// TIMES multiplies the 32 quants A of quarter q by the activation at x: dword l
// gets the products of bytes 4l to 4l+3, times the scale. Two products are at
// most 2·63·128 in magnitude, so that VPMADDUBSW does not saturate.
#define TIMES(x, SC, q, A) \
	VPMADDUBSW (x)(X), A, A; \
	VPSHUFD    $(0x55*q), SC, Y9; \
	VPMADDWD   Y9, A, A

// HALF adds the 128 elements of half h. Its quants are the nibbles of Y0 and Y1,
// the low ones first, and above them the bits of Y2, two by two.
#define HALF(h, SC) \
	VMOVDQU (64*h)(W), Y0; \
	VMOVDQU (64*h+32)(W), Y1; \
	VMOVDQU (128+32*h)(W), Y2; \
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
	TIMES(4+128*h, SC, 0, Y3); \
	TIMES(36+128*h, SC, 1, Y4); \
	TIMES(68+128*h, SC, 2, Y2); \
	TIMES(100+128*h, SC, 3, Y5); \
	VPADDD  Y3, Y4, Y3; \
	VPADDD  Y2, Y5, Y2; \
	VPADDD  Y3, SUM, SUM; \
	VPADDD  Y2, SUM, SUM

// func dotQ6KQ8KRowsAVX2(dst *float32, w, x *byte, rows, blocks int)
//
//	for each row r:
//		for each super-block, for l in 0..7:
//			J = Σ_g s[g]·Σ q[i]·x[i], over the i of group g with ⌊(i mod 32)/4⌋ = l
//			J −= 32·(s[2l]·bsums[2l] + s[2l+1]·bsums[2l+1])
//			p[l] = fma(d·dx, J, p[l])
//		dst[r] = sum of p[l]: l and l+4, l+2, l+1
//
// The integers are exact in any order: q is 0 to 63, so that J stays below 2^29.
TEXT ·dotQ6KQ8KRowsAVX2(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DST
	MOVQ w+8(FP), W
	MOVQ x+16(FP), ACT
	MOVQ rows+24(FP), ROWS
	MOVQ blocks+32(FP), BLOCKS

	VPBROADCASTD nibbles<>(SB), LOW
	VPBROADCASTD highs<>(SB), HIGH

row:
	MOVQ   ACT, X
	MOVQ   BLOCKS, LEFT
	VXORPS POS, POS, POS

block:
	PREFETCHT0 3072(W)
	PREFETCHT0 3136(W)
	PREFETCHT0 3200(W)
	PREFETCHT0 3264(W)

	// The part of the bsums; products of a scale and a bsum stay below 2^22.
	VPMOVSXBW 192(W), Y0
	VPMADDWD  260(X), Y0, Y0
	VPSLLD    $5, Y0, Y0
	VPXOR     SUM, SUM, SUM
	VPSUBD    Y0, SUM, SUM

	// Scales: of even groups in the lower 128 bits, of odd ones in the upper.
	VMOVDQU    192(W), X0
	VPSHUFB    evenOdd<>(SB), X0, X0
	VPMOVSXBW  X0, Y0
	VPUNPCKLWD Y0, Y0, SC0
	VPUNPCKHWD Y0, Y0, SC1

	HALF(0, SC0)
	HALF(1, SC1)

	VPBROADCASTW 208(W), X0
	VBROADCASTSS (X), Y1
	VCVTPH2PS    X0, Y0
	VMULPS       Y1, Y0, Y0
	VCVTDQ2PS    SUM, SUM
	VFMADD231PS  SUM, Y0, POS

	ADDQ $210, W
	ADDQ $292, X
	DECQ LEFT
	JNZ  block

	// Lanes l and l+4, 2, 1.
	VEXTRACTF128 $1, POS, X1
	VADDPS       X1, X13, X0
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
