//go:build !purego

#include "textflag.h"
#include "rmsnorm_f32_avx512_amd64.h"

// Zen 4 converts 8 elements a cycle by 256 bits from memory, 6 by 512 bits.

#define R Y31

// Lanes 4k to 4k+3 of the sum are in Yk, k = 0 to 7.

// STEP adds the squares of elements 4k to 4k+3 to their lanes.
#define STEP(k, T, LANES) \
	VCVTPS2PD   (16*k)(SRC), T; \
	VFMADD231PD T, T, LANES

// TAIL is STEP where elements may be missing: BITS has a bit for each that is there. One
// that is masked off reads no memory and becomes zero, whose square leaves a lane as it is.
#define TAIL(k, LANES) \
	KMOVW       BITS, K1;            \
	VCVTPS2PD.Z (16*k)(SRC), K1, Y8; \
	VFMADD231PD Y8, Y8, LANES

// func sumSquaresElemsAVX512(x *float32, n int) float64
//
//	for i := range n {
//		lane[i%32] = fma(x[i], x[i], lane[i%32])
//	}
//	return sum of lanes: l and l+16, l+8, l+4, l+2, l+1
TEXT ·sumSquaresElemsAVX512(SB), NOSPLIT, $0-24
	MOVQ x+0(FP), SRC
	MOVQ n+8(FP), LEN

	VXORPD Y0, Y0, Y0
	VXORPD Y1, Y1, Y1
	VXORPD Y2, Y2, Y2
	VXORPD Y3, Y3, Y3
	VXORPD Y4, Y4, Y4
	VXORPD Y5, Y5, Y5
	VXORPD Y6, Y6, Y6
	VXORPD Y7, Y7, Y7

	SUBQ $32, LEN
	JLT  tail

	PCALIGN $32

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
	SUBQ $32, LEN
	JGE  loop

tail:
	ADDQ $32, LEN
	JZ   sum

	MOVL  $-1, BITS
	BZHIL LEN, BITS, BITS
	TAIL(0, Y0)
	SHRL  $4, BITS
	TAIL(1, Y1)
	SHRL  $4, BITS
	TAIL(2, Y2)
	SHRL  $4, BITS
	TAIL(3, Y3)
	SHRL  $4, BITS
	TAIL(4, Y4)
	SHRL  $4, BITS
	TAIL(5, Y5)
	SHRL  $4, BITS
	TAIL(6, Y6)
	SHRL  $4, BITS
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

// func scaleElemsAVX512(dst, x *float32, n int, r float64)
//
//	for i := range n {
//		dst[i] = f32(x[i]·r)
//	}
TEXT ·scaleElemsAVX512(SB), NOSPLIT, $0-32
	MOVQ         dst+0(FP), DST
	MOVQ         x+8(FP), SRC
	MOVQ         n+16(FP), LEN
	VBROADCASTSD r+24(FP), R

	SUBQ $32, LEN
	JLT  rest

	PCALIGN $32

loop:
	VCVTPS2PD  0(SRC), Y0
	VCVTPS2PD  16(SRC), Y1
	VCVTPS2PD  32(SRC), Y2
	VCVTPS2PD  48(SRC), Y3
	VCVTPS2PD  64(SRC), Y4
	VCVTPS2PD  80(SRC), Y5
	VCVTPS2PD  96(SRC), Y6
	VCVTPS2PD  112(SRC), Y7
	VMULPD     R, Y0, Y0
	VMULPD     R, Y1, Y1
	VMULPD     R, Y2, Y2
	VMULPD     R, Y3, Y3
	VMULPD     R, Y4, Y4
	VMULPD     R, Y5, Y5
	VMULPD     R, Y6, Y6
	VMULPD     R, Y7, Y7
	VCVTPD2PSY Y0, X0
	VCVTPD2PSY Y1, X1
	VCVTPD2PSY Y2, X2
	VCVTPD2PSY Y3, X3
	VCVTPD2PSY Y4, X4
	VCVTPD2PSY Y5, X5
	VCVTPD2PSY Y6, X6
	VCVTPD2PSY Y7, X7
	VMOVUPS    X0, 0(DST)
	VMOVUPS    X1, 16(DST)
	VMOVUPS    X2, 32(DST)
	VMOVUPS    X3, 48(DST)
	VMOVUPS    X4, 64(DST)
	VMOVUPS    X5, 80(DST)
	VMOVUPS    X6, 96(DST)
	VMOVUPS    X7, 112(DST)
	ADDQ       $128, SRC
	ADDQ       $128, DST
	SUBQ       $32, LEN
	JGE        loop

	SCALEREST

// func scaleGainElemsAVX512(dst, x, gain *float32, n int, r float64)
//
//	for i := range n {
//		dst[i] = f32(x[i]·r·gain[i]), each product rounded
//	}
TEXT ·scaleGainElemsAVX512(SB), NOSPLIT, $0-40
	MOVQ         dst+0(FP), DST
	MOVQ         x+8(FP), SRC
	MOVQ         gain+16(FP), GAIN
	MOVQ         n+24(FP), LEN
	VBROADCASTSD r+32(FP), R

	SUBQ $32, LEN
	JLT  rest

	PCALIGN $32

loop:
	VCVTPS2PD  0(SRC), Y0
	VCVTPS2PD  16(SRC), Y1
	VCVTPS2PD  32(SRC), Y2
	VCVTPS2PD  48(SRC), Y3
	VCVTPS2PD  64(SRC), Y4
	VCVTPS2PD  80(SRC), Y5
	VCVTPS2PD  96(SRC), Y6
	VCVTPS2PD  112(SRC), Y7
	VCVTPS2PD  0(GAIN), Y8
	VCVTPS2PD  16(GAIN), Y9
	VCVTPS2PD  32(GAIN), Y10
	VCVTPS2PD  48(GAIN), Y11
	VCVTPS2PD  64(GAIN), Y12
	VCVTPS2PD  80(GAIN), Y13
	VCVTPS2PD  96(GAIN), Y14
	VCVTPS2PD  112(GAIN), Y15
	VMULPD     R, Y0, Y0
	VMULPD     R, Y1, Y1
	VMULPD     R, Y2, Y2
	VMULPD     R, Y3, Y3
	VMULPD     R, Y4, Y4
	VMULPD     R, Y5, Y5
	VMULPD     R, Y6, Y6
	VMULPD     R, Y7, Y7
	VMULPD     Y8, Y0, Y0
	VMULPD     Y9, Y1, Y1
	VMULPD     Y10, Y2, Y2
	VMULPD     Y11, Y3, Y3
	VMULPD     Y12, Y4, Y4
	VMULPD     Y13, Y5, Y5
	VMULPD     Y14, Y6, Y6
	VMULPD     Y15, Y7, Y7
	VCVTPD2PSY Y0, X0
	VCVTPD2PSY Y1, X1
	VCVTPD2PSY Y2, X2
	VCVTPD2PSY Y3, X3
	VCVTPD2PSY Y4, X4
	VCVTPD2PSY Y5, X5
	VCVTPD2PSY Y6, X6
	VCVTPD2PSY Y7, X7
	VMOVUPS    X0, 0(DST)
	VMOVUPS    X1, 16(DST)
	VMOVUPS    X2, 32(DST)
	VMOVUPS    X3, 48(DST)
	VMOVUPS    X4, 64(DST)
	VMOVUPS    X5, 80(DST)
	VMOVUPS    X6, 96(DST)
	VMOVUPS    X7, 112(DST)
	ADDQ       $128, SRC
	ADDQ       $128, GAIN
	ADDQ       $128, DST
	SUBQ       $32, LEN
	JGE        loop

	SCALEGAINREST
