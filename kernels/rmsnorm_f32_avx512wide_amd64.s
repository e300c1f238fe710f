//go:build !purego

#include "textflag.h"
#include "rmsnorm_f32_avx512_amd64.h"

// Zen 5 converts 1.4 vectors a cycle, of 256 bits or of 512.

#define R Z31

// func scaleElemsAVX512Wide(dst, x *float32, n int, r float64)
//
//	for i := range n {
//		dst[i] = f32(x[i]·r)
//	}
TEXT ·scaleElemsAVX512Wide(SB), NOSPLIT, $0-32
	MOVQ         dst+0(FP), DST
	MOVQ         x+8(FP), SRC
	MOVQ         n+16(FP), LEN
	VBROADCASTSD r+24(FP), R

	SUBQ $32, LEN
	JLT  rest

	PCALIGN $32

loop:
	VCVTPS2PD  0(SRC), Z0
	VCVTPS2PD  32(SRC), Z1
	VCVTPS2PD  64(SRC), Z2
	VCVTPS2PD  96(SRC), Z3
	VMULPD     R, Z0, Z0
	VMULPD     R, Z1, Z1
	VMULPD     R, Z2, Z2
	VMULPD     R, Z3, Z3
	VCVTPD2PS  Z0, Y0
	VCVTPD2PS  Z1, Y1
	VCVTPD2PS  Z2, Y2
	VCVTPD2PS  Z3, Y3
	VMOVUPS    Y0, 0(DST)
	VMOVUPS    Y1, 32(DST)
	VMOVUPS    Y2, 64(DST)
	VMOVUPS    Y3, 96(DST)
	ADDQ       $128, SRC
	ADDQ       $128, DST
	SUBQ       $32, LEN
	JGE        loop

	SCALEREST

// func scaleGainElemsAVX512Wide(dst, x, gain *float32, n int, r float64)
//
//	for i := range n {
//		dst[i] = f32(x[i]·r·gain[i]), each product rounded
//	}
TEXT ·scaleGainElemsAVX512Wide(SB), NOSPLIT, $0-40
	MOVQ         dst+0(FP), DST
	MOVQ         x+8(FP), SRC
	MOVQ         gain+16(FP), GAIN
	MOVQ         n+24(FP), LEN
	VBROADCASTSD r+32(FP), R

	SUBQ $32, LEN
	JLT  rest

	PCALIGN $32

loop:
	VCVTPS2PD  0(SRC), Z0
	VCVTPS2PD  32(SRC), Z1
	VCVTPS2PD  64(SRC), Z2
	VCVTPS2PD  96(SRC), Z3
	VCVTPS2PD  0(GAIN), Z4
	VCVTPS2PD  32(GAIN), Z5
	VCVTPS2PD  64(GAIN), Z6
	VCVTPS2PD  96(GAIN), Z7
	VMULPD     R, Z0, Z0
	VMULPD     R, Z1, Z1
	VMULPD     R, Z2, Z2
	VMULPD     R, Z3, Z3
	VMULPD     Z4, Z0, Z0
	VMULPD     Z5, Z1, Z1
	VMULPD     Z6, Z2, Z2
	VMULPD     Z7, Z3, Z3
	VCVTPD2PS  Z0, Y0
	VCVTPD2PS  Z1, Y1
	VCVTPD2PS  Z2, Y2
	VCVTPD2PS  Z3, Y3
	VMOVUPS    Y0, 0(DST)
	VMOVUPS    Y1, 32(DST)
	VMOVUPS    Y2, 64(DST)
	VMOVUPS    Y3, 96(DST)
	ADDQ       $128, SRC
	ADDQ       $128, GAIN
	ADDQ       $128, DST
	SUBQ       $32, LEN
	JGE        loop

	SCALEGAINREST
