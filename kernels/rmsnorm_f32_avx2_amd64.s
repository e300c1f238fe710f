//go:build !purego

#include "textflag.h"

DATA iota<>+0(SB)/8, $0x0000000100000000
DATA iota<>+8(SB)/8, $0x0000000300000002
GLOBL iota<>(SB), RODATA|NOPTR, $16

DATA four<>+0(SB)/4, $4
GLOBL four<>(SB), RODATA|NOPTR, $4

#define DST DI
#define SRC SI
#define GAIN DX
#define N CX
#define R Y15

// Lanes 4k to 4k+3 of the sum are in Yk, k = 0 to 7.

// STEP adds the squares of elements 4k to 4k+3 to their lanes.
#define STEP(k, T, LANES) \
	VCVTPS2PD   (16*k)(SRC), T; \
	VFMADD231PD T, T, LANES

#define IOTA X8
#define LEFT X9 // the number of elements not before 4k
#define FOUR X10
#define HAVE X11

// TAIL is STEP where elements may be missing: a missing one is not touched, and
// the square of the zero in its place leaves its lane, which is not −0, as it is.
#define TAIL(k, LANES) \
	VPCMPGTD    IOTA, LEFT, HAVE; \
	VMASKMOVPS  (16*k)(SRC), HAVE, X12; \
	VCVTPS2PD   X12, Y12; \
	VPSUBD      FOUR, LEFT, LEFT; \
	VFMADD231PD Y12, Y12, LANES

// func sumSquaresElemsAVX2(x *float32, n int) float64
//
//	for i := range n {
//		lane[i%32] = fma(x[i], x[i], lane[i%32])
//	}
//	return sum of lanes: l and l+16, l+8, l+4, l+2, l+1
TEXT ·sumSquaresElemsAVX2(SB), NOSPLIT, $0-24
	MOVQ x+0(FP), SRC
	MOVQ n+8(FP), N

	VXORPD Y0, Y0, Y0
	VXORPD Y1, Y1, Y1
	VXORPD Y2, Y2, Y2
	VXORPD Y3, Y3, Y3
	VXORPD Y4, Y4, Y4
	VXORPD Y5, Y5, Y5
	VXORPD Y6, Y6, Y6
	VXORPD Y7, Y7, Y7

	SUBQ $32, N
	JLT  tail

loop:
	STEP(0, Y8, Y0)
	STEP(1, Y9, Y1)
	STEP(2, Y10, Y2)
	STEP(3, Y11, Y3)
	STEP(4, Y12, Y4)
	STEP(5, Y13, Y5)
	STEP(6, Y14, Y6)
	STEP(7, Y15, Y7)
	ADDQ $128, SRC
	SUBQ $32, N
	JGE  loop

tail:
	ADDQ $32, N
	JZ   sum

	VMOVD        N, X9
	VPBROADCASTD X9, LEFT
	VPBROADCASTD four<>(SB), FOUR
	VMOVDQU      iota<>(SB), IOTA
	TAIL(0, Y0)
	TAIL(1, Y1)
	TAIL(2, Y2)
	TAIL(3, Y3)
	TAIL(4, Y4)
	TAIL(5, Y5)
	TAIL(6, Y6)
	TAIL(7, Y7)

sum:
	// Lanes l and l+16, 8, 4.
	VADDPD Y4, Y0, Y0
	VADDPD Y5, Y1, Y1
	VADDPD Y6, Y2, Y2
	VADDPD Y7, Y3, Y3
	VADDPD Y2, Y0, Y0
	VADDPD Y3, Y1, Y1
	VADDPD Y1, Y0, Y0

	// Then l and l+2, 1.
	VEXTRACTF128 $1, Y0, X1
	VADDPD       X1, X0, X0
	VUNPCKHPD    X0, X0, X1
	VADDSD       X1, X0, X0
	VMOVSD       X0, ret+16(FP)

	VZEROUPPER
	RET

// func scaleElemsAVX2(dst, x *float32, n int, r float64)
//
//	for i := range n {
//		dst[i] = f32(x[i]·r)
//	}
TEXT ·scaleElemsAVX2(SB), NOSPLIT, $0-32
	MOVQ         dst+0(FP), DST
	MOVQ         x+8(FP), SRC
	MOVQ         n+16(FP), N
	VBROADCASTSD r+24(FP), R

	SUBQ $16, N
	JLT  rest

loop:
	VCVTPS2PD  0(SRC), Y0
	VCVTPS2PD  16(SRC), Y1
	VCVTPS2PD  32(SRC), Y2
	VCVTPS2PD  48(SRC), Y3
	VMULPD     R, Y0, Y0
	VMULPD     R, Y1, Y1
	VMULPD     R, Y2, Y2
	VMULPD     R, Y3, Y3
	VCVTPD2PSY Y0, X0
	VCVTPD2PSY Y1, X1
	VCVTPD2PSY Y2, X2
	VCVTPD2PSY Y3, X3
	VMOVUPS    X0, 0(DST)
	VMOVUPS    X1, 16(DST)
	VMOVUPS    X2, 32(DST)
	VMOVUPS    X3, 48(DST)
	ADDQ       $64, SRC
	ADDQ       $64, DST
	SUBQ       $16, N
	JGE        loop

rest:
	ADDQ $12, N // what is left, less 4
	JLT  tail

four:
	VCVTPS2PD  (SRC), Y0
	VMULPD     R, Y0, Y0
	VCVTPD2PSY Y0, X0
	VMOVUPS    X0, (DST)
	ADDQ       $16, SRC
	ADDQ       $16, DST
	SUBQ       $4, N
	JGE        four

tail:
	ADDQ $4, N
	JZ   done

	// Elements that are missing are not touched.
	VMOVD        N, X8
	VPBROADCASTD X8, X8
	VPCMPGTD     iota<>(SB), X8, X8
	VMASKMOVPS   (SRC), X8, X0
	VCVTPS2PD    X0, Y0
	VMULPD       R, Y0, Y0
	VCVTPD2PSY   Y0, X0
	VMASKMOVPS   X0, X8, (DST)

done:
	VZEROUPPER
	RET

// func scaleGainElemsAVX2(dst, x, gain *float32, n int, r float64)
//
//	for i := range n {
//		dst[i] = f32(x[i]·r·gain[i]), each product rounded
//	}
TEXT ·scaleGainElemsAVX2(SB), NOSPLIT, $0-40
	MOVQ         dst+0(FP), DST
	MOVQ         x+8(FP), SRC
	MOVQ         gain+16(FP), GAIN
	MOVQ         n+24(FP), N
	VBROADCASTSD r+32(FP), R

	SUBQ $16, N
	JLT  rest

loop:
	VCVTPS2PD  0(SRC), Y0
	VCVTPS2PD  16(SRC), Y1
	VCVTPS2PD  32(SRC), Y2
	VCVTPS2PD  48(SRC), Y3
	VCVTPS2PD  0(GAIN), Y4
	VCVTPS2PD  16(GAIN), Y5
	VCVTPS2PD  32(GAIN), Y6
	VCVTPS2PD  48(GAIN), Y7
	VMULPD     R, Y0, Y0
	VMULPD     R, Y1, Y1
	VMULPD     R, Y2, Y2
	VMULPD     R, Y3, Y3
	VMULPD     Y4, Y0, Y0
	VMULPD     Y5, Y1, Y1
	VMULPD     Y6, Y2, Y2
	VMULPD     Y7, Y3, Y3
	VCVTPD2PSY Y0, X0
	VCVTPD2PSY Y1, X1
	VCVTPD2PSY Y2, X2
	VCVTPD2PSY Y3, X3
	VMOVUPS    X0, 0(DST)
	VMOVUPS    X1, 16(DST)
	VMOVUPS    X2, 32(DST)
	VMOVUPS    X3, 48(DST)
	ADDQ       $64, SRC
	ADDQ       $64, GAIN
	ADDQ       $64, DST
	SUBQ       $16, N
	JGE        loop

rest:
	ADDQ $12, N // what is left, less 4
	JLT  tail

four:
	VCVTPS2PD  (SRC), Y0
	VCVTPS2PD  (GAIN), Y4
	VMULPD     R, Y0, Y0
	VMULPD     Y4, Y0, Y0
	VCVTPD2PSY Y0, X0
	VMOVUPS    X0, (DST)
	ADDQ       $16, SRC
	ADDQ       $16, GAIN
	ADDQ       $16, DST
	SUBQ       $4, N
	JGE        four

tail:
	ADDQ $4, N
	JZ   done

	// Elements that are missing are not touched.
	VMOVD        N, X8
	VPBROADCASTD X8, X8
	VPCMPGTD     iota<>(SB), X8, X8
	VMASKMOVPS   (SRC), X8, X0
	VCVTPS2PD    X0, Y0
	VMULPD       R, Y0, Y0
	VMASKMOVPS   (GAIN), X8, X4
	VCVTPS2PD    X4, Y4
	VMULPD       Y4, Y0, Y0
	VCVTPD2PSY   Y0, X0
	VMASKMOVPS   X0, X8, (DST)

done:
	VZEROUPPER
	RET
