//go:build !purego

#include "textflag.h"

#define DST DI
#define SRC SI
#define GAIN DX
#define LEN CX
#define BITS AX
#define R Z15

// func sumSquaresElemsAVX512(x *float32, n int) float64
//
//	for i := range n {
//		lane[i%32] = fma(x[i], x[i], lane[i%32])
//	}
//	return sum of lanes: l and l+16, l+8, l+4, l+2, l+1
TEXT ·sumSquaresElemsAVX512(SB), NOSPLIT, $0-24
	MOVQ x+0(FP), SRC
	MOVQ n+8(FP), LEN

	// Lanes 8k to 8k+7 are in Zk, k = 0 to 3.
	VPXORQ Z0, Z0, Z0
	VPXORQ Z1, Z1, Z1
	VPXORQ Z2, Z2, Z2
	VPXORQ Z3, Z3, Z3

	SUBQ $32, LEN
	JLT  tail

	PCALIGN $32

loop:
	VCVTPS2PD   0(SRC), Z4
	VCVTPS2PD   32(SRC), Z5
	VCVTPS2PD   64(SRC), Z6
	VCVTPS2PD   96(SRC), Z7
	VFMADD231PD Z4, Z4, Z0
	VFMADD231PD Z5, Z5, Z1
	VFMADD231PD Z6, Z6, Z2
	VFMADD231PD Z7, Z7, Z3
	ADDQ        $128, SRC
	SUBQ        $32, LEN
	JGE         loop

tail:
	ADDQ $32, LEN
	JZ   sum

	// One mask bit for each element that is left: lanes that are masked off
	// read no memory and become zero, whose square leaves a lane as it is.
	MOVQ  $1, BITS
	SHLQ  CX, BITS
	DECQ  BITS
	KMOVB BITS, K1
	SHRQ  $8, BITS
	KMOVB BITS, K2
	SHRQ  $8, BITS
	KMOVB BITS, K3
	SHRQ  $8, BITS
	KMOVB BITS, K4

	VMOVUPS.Z   0(SRC), K1, Y4
	VMOVUPS.Z   32(SRC), K2, Y5
	VMOVUPS.Z   64(SRC), K3, Y6
	VMOVUPS.Z   96(SRC), K4, Y7
	VCVTPS2PD   Y4, Z4
	VCVTPS2PD   Y5, Z5
	VCVTPS2PD   Y6, Z6
	VCVTPS2PD   Y7, Z7
	VFMADD231PD Z4, Z4, Z0
	VFMADD231PD Z5, Z5, Z1
	VFMADD231PD Z6, Z6, Z2
	VFMADD231PD Z7, Z7, Z3

sum:
	VADDPD        Z2, Z0, Z0   // l += l+16
	VADDPD        Z3, Z1, Z1
	VADDPD        Z1, Z0, Z0   // 8
	VEXTRACTF64X4 $1, Z0, Y1
	VADDPD        Y1, Y0, Y0   // 4
	VEXTRACTF128  $1, Y0, X1
	VADDPD        X1, X0, X0   // 2
	VUNPCKHPD     X0, X0, X1
	VADDSD        X1, X0, X0   // 1
	VMOVSD        X0, ret+16(FP)
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

loop:
	VCVTPS2PD 0(SRC), Z0
	VCVTPS2PD 32(SRC), Z1
	VCVTPS2PD 64(SRC), Z2
	VCVTPS2PD 96(SRC), Z3
	VMULPD    R, Z0, Z0
	VMULPD    R, Z1, Z1
	VMULPD    R, Z2, Z2
	VMULPD    R, Z3, Z3
	VCVTPD2PS Z0, Y0
	VCVTPD2PS Z1, Y1
	VCVTPD2PS Z2, Y2
	VCVTPD2PS Z3, Y3
	VMOVUPS   Y0, 0(DST)
	VMOVUPS   Y1, 32(DST)
	VMOVUPS   Y2, 64(DST)
	VMOVUPS   Y3, 96(DST)
	ADDQ      $128, SRC
	ADDQ      $128, DST
	SUBQ      $32, LEN
	JGE       loop

rest:
	ADDQ $24, LEN // what is left, less 8
	JLT  tail

eight:
	VCVTPS2PD 0(SRC), Z0
	VMULPD    R, Z0, Z0
	VCVTPD2PS Z0, Y0
	VMOVUPS   Y0, 0(DST)
	ADDQ      $32, SRC
	ADDQ      $32, DST
	SUBQ      $8, LEN
	JGE       eight

tail:
	ADDQ $8, LEN
	JZ   done

	// Elements that are missing are not touched.
	MOVL      $1, BITS
	SHLL      CX, BITS
	DECL      BITS
	KMOVW     BITS, K1
	VMOVUPS.Z (SRC), K1, Y0
	VCVTPS2PD Y0, Z0
	VMULPD    R, Z0, Z0
	VCVTPD2PS Z0, Y0
	VMOVUPS   Y0, K1, (DST)

done:
	VZEROUPPER
	RET

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

loop:
	VCVTPS2PD 0(SRC), Z0
	VCVTPS2PD 32(SRC), Z1
	VCVTPS2PD 64(SRC), Z2
	VCVTPS2PD 96(SRC), Z3
	VCVTPS2PD 0(GAIN), Z4
	VCVTPS2PD 32(GAIN), Z5
	VCVTPS2PD 64(GAIN), Z6
	VCVTPS2PD 96(GAIN), Z7
	VMULPD    R, Z0, Z0
	VMULPD    R, Z1, Z1
	VMULPD    R, Z2, Z2
	VMULPD    R, Z3, Z3
	VMULPD    Z4, Z0, Z0
	VMULPD    Z5, Z1, Z1
	VMULPD    Z6, Z2, Z2
	VMULPD    Z7, Z3, Z3
	VCVTPD2PS Z0, Y0
	VCVTPD2PS Z1, Y1
	VCVTPD2PS Z2, Y2
	VCVTPD2PS Z3, Y3
	VMOVUPS   Y0, 0(DST)
	VMOVUPS   Y1, 32(DST)
	VMOVUPS   Y2, 64(DST)
	VMOVUPS   Y3, 96(DST)
	ADDQ      $128, SRC
	ADDQ      $128, GAIN
	ADDQ      $128, DST
	SUBQ      $32, LEN
	JGE       loop

rest:
	ADDQ $24, LEN // what is left, less 8
	JLT  tail

eight:
	VCVTPS2PD 0(SRC), Z0
	VCVTPS2PD 0(GAIN), Z4
	VMULPD    R, Z0, Z0
	VMULPD    Z4, Z0, Z0
	VCVTPD2PS Z0, Y0
	VMOVUPS   Y0, 0(DST)
	ADDQ      $32, SRC
	ADDQ      $32, GAIN
	ADDQ      $32, DST
	SUBQ      $8, LEN
	JGE       eight

tail:
	ADDQ $8, LEN
	JZ   done

	// Elements that are missing are not touched.
	MOVL      $1, BITS
	SHLL      CX, BITS
	DECL      BITS
	KMOVW     BITS, K1
	VMOVUPS.Z (SRC), K1, Y0
	VCVTPS2PD Y0, Z0
	VMULPD    R, Z0, Z0
	VMOVUPS.Z (GAIN), K1, Y4
	VCVTPS2PD Y4, Z4
	VMULPD    Z4, Z0, Z0
	VCVTPD2PS Z0, Y0
	VMOVUPS   Y0, K1, (DST)

done:
	VZEROUPPER
	RET
