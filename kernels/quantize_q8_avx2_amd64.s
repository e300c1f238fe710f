//go:build !purego

#include "textflag.h"

DATA abs<>+0(SB)/4, $0x7fffffff
GLOBL abs<>(SB), RODATA|NOPTR, $4

DATA one<>+0(SB)/4, $0x3f800000
GLOBL one<>(SB), RODATA|NOPTR, $4

DATA most<>+0(SB)/4, $0x42fe0000 // 127
GLOBL most<>(SB), RODATA|NOPTR, $4

DATA exponent<>+0(SB)/4, $0x00800000 // 1 in the exponent of an f32
GLOBL exponent<>(SB), RODATA|NOPTR, $4

DATA bias<>+0(SB)/4, $0x80808080
GLOBL bias<>(SB), RODATA|NOPTR, $4

DATA biasSum<>+0(SB)/4, $0x00001000 // 32·128
GLOBL biasSum<>(SB), RODATA|NOPTR, $4

// inOrder undoes the interleaving of 128-bit halves by two packs.
DATA inOrder<>+0(SB)/8, $0x0000000400000000
DATA inOrder<>+8(SB)/8, $0x0000000500000001
DATA inOrder<>+16(SB)/8, $0x0000000600000002
DATA inOrder<>+24(SB)/8, $0x0000000700000003
GLOBL inOrder<>(SB), RODATA|NOPTR, $32

#define DST DI
#define SRC SI
#define BLOCKS CX
#define NOW DX // of a turn
#define N BX
#define X R8
#define AT R9
#define D AX

#define ABS Y15
#define ZERO Y14
#define ONE Y13
#define MOST Y12
#define TWICE Y11
#define ORDER Y10
#define BIAS Y9
#define BIASSUM X8

#define SETUP \
	VBROADCASTSS abs<>(SB), ABS;        \
	VXORPS       ZERO, ZERO, ZERO;      \
	VBROADCASTSS one<>(SB), ONE;        \
	VBROADCASTSS most<>(SB), MOST;      \
	VPBROADCASTD exponent<>(SB), TWICE; \
	VMOVDQU      inOrder<>(SB), ORDER

// LARGEST leaves four numbers in X0, the largest of which is the largest magnitude of
// the block at X. MAXPS returns its second operand, Go's first, if either is NaN: a
// NaN is passed over.
#define LARGEST \
	VANDPS       0(X), ABS, Y0;  \
	VANDPS       32(X), ABS, Y1; \
	VANDPS       64(X), ABS, Y2; \
	VANDPS       96(X), ABS, Y3; \
	VMAXPS       ZERO, Y0, Y0;   \
	VMAXPS       Y0, Y1, Y0;     \
	VMAXPS       Y0, Y2, Y0;     \
	VMAXPS       Y0, Y3, Y0;     \
	VEXTRACTF128 $1, Y0, X1;     \
	VMAXPS       X1, X0, X0

// SCALES makes d of eight blocks, in Y0, and 1/d, in Y1, of what LARGEST left of each at
// AT, by divisions that round once. What a block that is not there makes is not read.
#define SCALES \
	VMOVUPS     0(AT), X0;           \
	VMOVUPS     16(AT), X1;          \
	VMOVUPS     32(AT), X2;          \
	VMOVUPS     48(AT), X3;          \
	VINSERTF128 $1, 64(AT), Y0, Y0;  \
	VINSERTF128 $1, 80(AT), Y1, Y1;  \
	VINSERTF128 $1, 96(AT), Y2, Y2;  \
	VINSERTF128 $1, 112(AT), Y3, Y3; \
	VUNPCKLPS   Y1, Y0, Y4;          \
	VUNPCKHPS   Y1, Y0, Y0;          \
	VMAXPS      Y4, Y0, Y0;          \
	VUNPCKLPS   Y3, Y2, Y4;          \
	VUNPCKHPS   Y3, Y2, Y2;          \
	VMAXPS      Y4, Y2, Y2;          \
	VUNPCKLPD   Y2, Y0, Y4;          \
	VUNPCKHPD   Y2, Y0, Y0;          \
	VMAXPS      Y4, Y0, Y0;          \
	VDIVPS      MOST, Y0, Y0;        \
	VDIVPS      Y0, ONE, Y1

// AWAY leaves the quants of the block in Y2, ties away from zero; Y1 holds 1/d. One
// more in the exponent doubles a product p. A subnormal one stays below 1, and NaN and
// Inf become subnormal or zero. With t = trunc(2p), |p| rounds to (|t|+1)/2, truncated,
// so p to (t+1)>>1 for t ≥ 0 and to t>>1 for t < 0: the average, rounded up, of t and
// 0, or of t and −1.
#define AWAY \
	VMULPS     0(SRC), Y1, Y2;  \
	VMULPS     32(SRC), Y1, Y3; \
	VMULPS     64(SRC), Y1, Y4; \
	VMULPS     96(SRC), Y1, Y5; \
	VPADDD     TWICE, Y2, Y2;   \
	VPADDD     TWICE, Y3, Y3;   \
	VPADDD     TWICE, Y4, Y4;   \
	VPADDD     TWICE, Y5, Y5;   \
	VCVTTPS2DQ Y2, Y2;          \
	VCVTTPS2DQ Y3, Y3;          \
	VCVTTPS2DQ Y4, Y4;          \
	VCVTTPS2DQ Y5, Y5;          \
	VPACKSSDW  Y3, Y2, Y2;      \
	VPACKSSDW  Y5, Y4, Y4;      \
	VPSRAW     $15, Y2, Y3;     \
	VPSRAW     $15, Y4, Y5;     \
	VPAVGW     Y3, Y2, Y2;      \
	VPAVGW     Y5, Y4, Y4;      \
	VPACKSSWB  Y4, Y2, Y2;      \
	VPERMD     Y2, ORDER, Y2

// func quantizeQ8_0BlocksAVX2(dst *byte, src *float32, blocks int)
//
//	for each block:
//		d = max|x[i]|/127, NaN passed over
//		q[i] = round(x[i]·(1/d)), ties away from zero; 0 if the product is NaN or infinite
//		store f16(d), q
//
// 64 blocks at a time, for a division's result is long in coming.
TEXT ·quantizeQ8_0BlocksAVX2(SB), 0, $1408-24
	MOVQ dst+0(FP), DST
	MOVQ src+8(FP), SRC
	MOVQ blocks+16(FP), BLOCKS
	SETUP

turn:
	MOVQ    $64, NOW
	CMPQ    BLOCKS, NOW
	CMOVQLT BLOCKS, NOW

	MOVQ SRC, X
	LEAQ 0(SP), AT
	MOVQ NOW, N

largest:
	LARGEST
	VMOVUPS X0, (AT)
	ADDQ    $128, X
	ADDQ    $16, AT
	DECQ    N
	JNZ     largest

	LEAQ 0(SP), AT // N is 0

scales:
	SCALES
	VMOVUPS   Y1, 1024(SP)(N*4)
	VCVTPS2PH $0, Y0, X0
	VMOVUPS   X0, 1280(SP)(N*2)
	ADDQ      $128, AT
	ADDQ      $8, N
	CMPQ      N, NOW
	JLT       scales

	XORL N, N

quants:
	VBROADCASTSS 1024(SP)(N*4), Y1
	AWAY
	VMOVDQU      Y2, 2(DST)
	MOVWLZX      1280(SP)(N*2), D
	MOVW         D, (DST)
	ADDQ         $128, SRC
	ADDQ         $34, DST
	INCQ         N
	CMPQ         N, NOW
	JLT          quants

	SUBQ NOW, BLOCKS
	JNZ  turn
	VZEROUPPER
	RET

// func quantizeQ8_1BlocksAVX2(dst *byte, src *float32, blocks int)
//
//	for each block:
//		d = max|x[i]|/127, NaN passed over
//		q[i] = round(x[i]·(1/d)), ties away from zero; 0 if the product is NaN or infinite
//		store f16(d), f16(f32(Σ q)·d), q
//
// 64 blocks at a time, for a division's result is long in coming.
TEXT ·quantizeQ8_1BlocksAVX2(SB), 0, $1536-24
	MOVQ         dst+0(FP), DST
	MOVQ         src+8(FP), SRC
	MOVQ         blocks+16(FP), BLOCKS
	SETUP
	VPBROADCASTD bias<>(SB), BIAS
	VMOVD        biasSum<>(SB), BIASSUM

turn:
	MOVQ    $64, NOW
	CMPQ    BLOCKS, NOW
	CMOVQLT BLOCKS, NOW

	MOVQ SRC, X
	LEAQ 0(SP), AT
	MOVQ NOW, N

largest:
	LARGEST
	VMOVUPS X0, (AT)
	ADDQ    $128, X
	ADDQ    $16, AT
	DECQ    N
	JNZ     largest

	LEAQ 0(SP), AT // N is 0

scales:
	SCALES
	VMOVUPS Y1, 1024(SP)(N*4)
	VMOVUPS Y0, 1280(SP)(N*4)
	ADDQ    $128, AT
	ADDQ    $8, N
	CMPQ    N, NOW
	JLT     scales

	XORL N, N

quants:
	VBROADCASTSS 1024(SP)(N*4), Y1
	AWAY
	VMOVDQU      Y2, 4(DST)

	VPXOR        BIAS, Y2, Y2
	VPSADBW      ZERO, Y2, Y2
	VEXTRACTI128 $1, Y2, X3
	VPADDD       X3, X2, X2
	VPSHUFD      $0x4e, X2, X3
	VPADDD       X3, X2, X2
	VPSUBD       BIASSUM, X2, X2
	VCVTDQ2PS    X2, X2
	VMOVSS       1280(SP)(N*4), X0
	VMULSS       X0, X2, X2
	VUNPCKLPS    X2, X0, X0
	VCVTPS2PH    $0, X0, X0
	VMOVD        X0, (DST)
	ADDQ         $128, SRC
	ADDQ         $36, DST
	INCQ         N
	CMPQ         N, NOW
	JLT          quants

	SUBQ NOW, BLOCKS
	JNZ  turn
	VZEROUPPER
	RET
