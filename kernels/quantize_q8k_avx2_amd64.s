//go:build !purego

#include "textflag.h"

DATA abs<>+0(SB)/4, $0x7fffffff
GLOBL abs<>(SB), RODATA|NOPTR, $4

DATA one<>+0(SB)/4, $0x3f800000
GLOBL one<>(SB), RODATA|NOPTR, $4

DATA most<>+0(SB)/4, $0x42fe0000 // 127
GLOBL most<>(SB), RODATA|NOPTR, $4

DATA negMost<>+0(SB)/4, $0xc2fe0000 // −127
GLOBL negMost<>(SB), RODATA|NOPTR, $4

DATA tiny<>+0(SB)/4, $0x2edbe6ff // f32(1e-10)
GLOBL tiny<>(SB), RODATA|NOPTR, $4

DATA oneWord<>+0(SB)/4, $0x00010001
GLOBL oneWord<>(SB), RODATA|NOPTR, $4

DATA bias<>+0(SB)/4, $0x80808080
GLOBL bias<>(SB), RODATA|NOPTR, $4

DATA biasSum<>+0(SB)/4, $0x08000800 // 16·128
GLOBL biasSum<>(SB), RODATA|NOPTR, $4

// inOrder undoes the interleaving of 128-bit halves by two packs.
DATA inOrder<>+0(SB)/8, $0x0000000400000000
DATA inOrder<>+8(SB)/8, $0x0000000500000001
DATA inOrder<>+16(SB)/8, $0x0000000600000002
DATA inOrder<>+24(SB)/8, $0x0000000700000003
GLOBL inOrder<>(SB), RODATA|NOPTR, $32

DATA minus1<>+0(SB)/8, $0xffffffffffffffff
DATA minus1<>+8(SB)/8, $0xffffffffffffffff
DATA minus1<>+16(SB)/8, $0xffffffffffffffff
DATA minus1<>+24(SB)/8, $0xffffffffffffffff
GLOBL minus1<>(SB), RODATA|NOPTR, $32

#define DST DI
#define SRC SI
#define BLOCKS CX
#define OFF DX
#define BITS AX

#define ABS Y15   // in the search for the largest magnitude
#define SCALE Y15 // what the elements are multiplied with thereafter
#define BIAS Y14  // bytes 0x80
#define ORDER Y13
#define ZERO Y12

// BYTES stores the 32 quants of A, bytes interleaved by two packs, as number g
// of the block, and leaves in A the sums of 8 of them each, plus 8·128. The
// conversion to integers makes 0x80000000 of a NaN or infinite product, and the
// packs saturate that to −128, which no number becomes: |x| ≤ amax, hence
// |q| ≤ 127. Such a quant is to be 0.
#define BYTES(g, A) \
	VPERMD   A, ORDER, A; \
	VPCMPEQB A, BIAS, Y4; \
	VPANDN   A, Y4, A; \
	VMOVDQU  A, (4+32*g)(DST); \
	VPXOR    BIAS, A, A; \
	VPSADBW  ZERO, A, A

// QUARTERS makes dwords of A, B, C, D, the sums of the first and of the last 16
// quants in the lower and the upper half; Y4 holds words 1.
#define QUARTERS(A, B, C, D) \
	VPACKUSDW B, A, A; \
	VPACKUSDW D, C, C; \
	VPACKUSDW C, A, A; \
	VPMADDWD  Y4, A, A

// BSUMS stores the 16 sums of 16 quants, from the sums that BYTES left in Y0 to
// Y3, Y8 to Y11, in the order of the quants.
#define BSUMS \
	VPBROADCASTD oneWord<>(SB), Y4; \
	VPBROADCASTD biasSum<>(SB), Y5; \
	QUARTERS(Y0, Y1, Y2, Y3); \
	QUARTERS(Y8, Y9, Y10, Y11); \
	VPACKUSDW    Y8, Y0, Y0; \
	VPSUBW       Y5, Y0, Y0; \
	VEXTRACTI128 $1, Y0, X1; \
	VPUNPCKLWD   X1, X0, X2; \
	VPUNPCKHWD   X1, X0, X3; \
	VMOVDQU      X2, 260(DST); \
	VMOVDQU      X3, 276(DST)

// NEAREST makes quants of elements 32g to 32g+31, rounding ties to even.
#define NEAREST(g, A) \
	VMULPS     (128*g)(SRC), SCALE, A; \
	VMULPS     (128*g+32)(SRC), SCALE, Y5; \
	VMULPS     (128*g+64)(SRC), SCALE, Y6; \
	VMULPS     (128*g+96)(SRC), SCALE, Y7; \
	VCVTPS2DQ  A, A; \
	VCVTPS2DQ  Y5, Y5; \
	VCVTPS2DQ  Y6, Y6; \
	VCVTPS2DQ  Y7, Y7; \
	VPACKSSDW  Y5, A, A; \
	VPACKSSDW  Y7, Y6, Y6; \
	VPACKSSWB  Y6, A, A; \
	BYTES(g, A)

// AWAY is NEAREST with ties away from zero. SCALE is doubled, which doubles the
// products exactly unless they are subnormal; with t = trunc(2p), |p| rounds to
// (|t|+1)/2, truncated, so p to (t+1)>>1 for t ≥ 0 and to t>>1 for t < 0.
#define AWAY(g, A) \
	VMULPS     (128*g)(SRC), SCALE, A; \
	VMULPS     (128*g+32)(SRC), SCALE, Y5; \
	VMULPS     (128*g+64)(SRC), SCALE, Y6; \
	VMULPS     (128*g+96)(SRC), SCALE, Y7; \
	VCVTTPS2DQ A, A; \
	VCVTTPS2DQ Y5, Y5; \
	VCVTTPS2DQ Y6, Y6; \
	VCVTTPS2DQ Y7, Y7; \
	VPACKSSDW  Y5, A, A; \
	VPACKSSDW  Y7, Y6, Y6; \
	VPCMPGTW   minus1<>(SB), A, Y5; \
	VPCMPGTW   minus1<>(SB), Y6, Y7; \
	VPSUBW     Y5, A, A; \
	VPSUBW     Y7, Y6, Y6; \
	VPSRAW     $1, A, A; \
	VPSRAW     $1, Y6, Y6; \
	VPACKSSWB  Y6, A, A; \
	BYTES(g, A)

// EXTREMES updates the largest and the smallest value so far. MAXPS and MINPS
// return their second operand, Go's first, if either is NaN: a NaN is passed
// over.
#define EXTREMES(o, T, MAX, MIN) \
	VMOVUPS (o)(SRC)(OFF*1), T; \
	VMAXPS  MAX, T, MAX; \
	VMINPS  MIN, T, MIN

// LARGEST updates the largest magnitude so far, passing over NaN.
#define LARGEST(o, T, MAX) \
	VANDPS (o)(SRC)(OFF*1), ABS, T; \
	VMAXPS MAX, T, MAX

// FOLD leaves the largest (VMAXPS) or the smallest (VMINPS) of Y in lane 0 of X.
#define FOLD(OP, OPSS, Y, X, T) \
	VEXTRACTF128 $1, Y, T; \
	OP           T, X, X; \
	VMOVHLPS     X, X, T; \
	OP           T, X, X; \
	VMOVSHDUP    X, T; \
	OPSS         T, X, X

// func quantizeQ8KGGMLBlocksAVX2(dst *byte, src *float32, blocks int)
//
//	for each super-block:
//		amax = max|x[i]|, NaN passed over; first = first x[i] of that magnitude
//		iscale, d = −127/first, 1/iscale; 0, 0 if amax = 0
//		q[i] = rint(iscale·x[i]), ties to even; 0 if the product is NaN or infinite
//		bsums[k] = Σ q[16k..16k+15]
TEXT ·quantizeQ8KGGMLBlocksAVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DST
	MOVQ src+8(FP), SRC
	MOVQ blocks+16(FP), BLOCKS

	VPBROADCASTD bias<>(SB), BIAS
	VMOVDQU      inOrder<>(SB), ORDER
	VPXOR        ZERO, ZERO, ZERO

block:
	// The largest and the smallest value, or 0.
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3
	VXORPS Y4, Y4, Y4
	VXORPS Y5, Y5, Y5
	VXORPS Y6, Y6, Y6
	VXORPS Y7, Y7, Y7
	XORL   OFF, OFF

extremes:
	EXTREMES(0, Y8, Y0, Y4)
	EXTREMES(32, Y9, Y1, Y5)
	EXTREMES(64, Y10, Y2, Y6)
	EXTREMES(96, Y11, Y3, Y7)
	EXTREMES(128, Y8, Y0, Y4)
	EXTREMES(160, Y9, Y1, Y5)
	EXTREMES(192, Y10, Y2, Y6)
	EXTREMES(224, Y11, Y3, Y7)
	ADDQ $256, OFF
	CMPQ OFF, $1024
	JNE  extremes

	VMAXPS Y1, Y0, Y0
	VMAXPS Y3, Y2, Y2
	VMAXPS Y2, Y0, Y0
	VMINPS Y5, Y4, Y4
	VMINPS Y7, Y6, Y6
	VMINPS Y6, Y4, Y4
	FOLD(VMAXPS, VMAXSS, Y0, X0, X1)
	FOLD(VMINPS, VMINSS, Y4, X4, X5)

	// first, in X0, is the one of larger magnitude. If both have the same, the
	// order of the elements decides; the search ends, for Y1 is the magnitude of
	// two of them.
	VPBROADCASTD abs<>(SB), ABS
	VANDPS       ABS, Y4, Y1
	VUCOMISS     X1, X0
	JHI          scale
	VMOVAPS      X4, X0
	JCS          scale

	VXORPS       X2, X2, X2
	VUCOMISS     X2, X1
	JEQ          zero
	VBROADCASTSS X1, Y1
	MOVQ         $-32, OFF

search:
	ADDQ      $32, OFF
	VANDPS    (SRC)(OFF*1), ABS, Y2
	VCMPPS    $0, Y1, Y2, Y2
	VMOVMSKPS Y2, BITS
	TESTL     BITS, BITS
	JEQ       search
	BSFL      BITS, BITS
	ADDQ      SRC, OFF
	VMOVSS    (OFF)(BITS*4), X0

scale:
	// iscale and d, by divisions that round once.
	VMOVSS       negMost<>(SB), X1
	VDIVSS       X0, X1, X1
	VMOVSS       one<>(SB), X2
	VDIVSS       X1, X2, X2
	VBROADCASTSS X1, SCALE
	VMOVSS       X2, (DST)

	NEAREST(0, Y0)
	NEAREST(1, Y1)
	NEAREST(2, Y2)
	NEAREST(3, Y3)
	NEAREST(4, Y8)
	NEAREST(5, Y9)
	NEAREST(6, Y10)
	NEAREST(7, Y11)
	BSUMS

next:
	ADDQ $1024, SRC
	ADDQ $292, DST
	DECQ BLOCKS
	JNZ  block

	VZEROUPPER
	RET

zero:
	VMOVDQU ZERO, (DST)
	VMOVDQU ZERO, 32(DST)
	VMOVDQU ZERO, 64(DST)
	VMOVDQU ZERO, 96(DST)
	VMOVDQU ZERO, 128(DST)
	VMOVDQU ZERO, 160(DST)
	VMOVDQU ZERO, 192(DST)
	VMOVDQU ZERO, 224(DST)
	VMOVDQU ZERO, 256(DST)
	VMOVDQU ZERO, 260(DST)
	JMP     next

// func quantizeQ8KAprenderBlocksAVX2(dst *byte, src *float32, blocks int)
//
//	for each super-block:
//		amax = max|x[i]|, NaN passed over
//		d = amax/127, or 1/127 if amax ≤ 1e-10
//		q[i] = round(x[i]·(1/d)), ties away from zero; 0 if the product is NaN
//		bsums[k] = Σ q[16k..16k+15]
//
// An infinite product does not occur: 1/d is finite, and 0 if amax is infinite.
TEXT ·quantizeQ8KAprenderBlocksAVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DST
	MOVQ src+8(FP), SRC
	MOVQ blocks+16(FP), BLOCKS

	VPBROADCASTD bias<>(SB), BIAS
	VMOVDQU      inOrder<>(SB), ORDER
	VPXOR        ZERO, ZERO, ZERO

block:
	// amax.
	VPBROADCASTD abs<>(SB), ABS
	VXORPS       Y0, Y0, Y0
	VXORPS       Y1, Y1, Y1
	VXORPS       Y2, Y2, Y2
	VXORPS       Y3, Y3, Y3
	XORL         OFF, OFF

largest:
	LARGEST(0, Y8, Y0)
	LARGEST(32, Y9, Y1)
	LARGEST(64, Y10, Y2)
	LARGEST(96, Y11, Y3)
	LARGEST(128, Y8, Y0)
	LARGEST(160, Y9, Y1)
	LARGEST(192, Y10, Y2)
	LARGEST(224, Y11, Y3)
	ADDQ $256, OFF
	CMPQ OFF, $1024
	JNE  largest

	VMAXPS Y1, Y0, Y0
	VMAXPS Y3, Y2, Y2
	VMAXPS Y2, Y0, Y0
	FOLD(VMAXPS, VMAXSS, Y0, X0, X1)

	// d and 1/d, by divisions that round once; 1/d is then doubled for AWAY.
	VMOVSS       one<>(SB), X1
	VUCOMISS     tiny<>(SB), X0
	JHI          scale
	VMOVAPS      X1, X0

scale:
	VDIVSS       most<>(SB), X0, X0
	VDIVSS       X0, X1, X1
	VADDSS       X1, X1, X1
	VBROADCASTSS X1, SCALE
	VMOVSS       X0, (DST)

	AWAY(0, Y0)
	AWAY(1, Y1)
	AWAY(2, Y2)
	AWAY(3, Y3)
	AWAY(4, Y8)
	AWAY(5, Y9)
	AWAY(6, Y10)
	AWAY(7, Y11)
	BSUMS

	ADDQ $1024, SRC
	ADDQ $292, DST
	DECQ BLOCKS
	JNZ  block

	VZEROUPPER
	RET
