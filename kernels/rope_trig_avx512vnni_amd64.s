//go:build !purego

#include "textflag.h"
#include "rope_trig_amd64.h"

// REDUCE subtracts K times the constant c from R.
#define REDUCE(c, K, R) VFNMADD231PD.BCST c<>(SB), K, R

// HORNER makes P = P·Z + c.
#define HORNER(c, Z, P) VFMADD213PD.BCST c<>(SB), Z, P

// SINCOS makes of the angles in Z0 their sines in Y3 and their cosines in Y4,
// times MAG and rounded to f32, in the order of operations of sinCos.
#define SINCOS \
	VMULPD.BCST twoOverPi<>(SB), Z0, Z1; \
	VADDPD.BCST half<>(SB), Z1, Z1; \
	VRNDSCALEPD $3, Z1, Z1; \
	REDUCE(halfPi1, Z1, Z0); \
	REDUCE(halfPi2, Z1, Z0); \
	REDUCE(halfPi3, Z1, Z0); \
	REDUCE(halfPi4, Z1, Z0); \
	VMULPD       Z0, Z0, Z2; \
	VBROADCASTSD s15<>(SB), Z3; \
	VBROADCASTSD c16<>(SB), Z4; \
	HORNER(s13, Z2, Z3); \
	HORNER(c14, Z2, Z4); \
	HORNER(s11, Z2, Z3); \
	HORNER(c12, Z2, Z4); \
	HORNER(s9, Z2, Z3); \
	HORNER(c10, Z2, Z4); \
	HORNER(s7, Z2, Z3); \
	HORNER(c8, Z2, Z4); \
	HORNER(s5, Z2, Z3); \
	HORNER(c6, Z2, Z4); \
	HORNER(s3, Z2, Z3); \
	HORNER(c4, Z2, Z4); \
	VMULPD       Z2, Z0, Z5; \
	VFMADD213PD  Z0, Z5, Z3; \
	VMULPD       Z2, Z2, Z5; \
	VMULPD.BCST  half<>(SB), Z2, Z2; \
	VFNMADD213PD Z2, Z5, Z4; \
	VSUBPD       Z4, ONE, Z4; \
	VADDPD.BCST magic<>(SB), Z1, Z1; \
	VPTESTMQ    BIT, Z1, K1; \
	VBLENDMPD   Z4, Z3, K1, Z0; \
	VBLENDMPD   Z3, Z4, K1, Z4; \
	VPADDQ      BIT, Z1, Z5; \
	VPANDQ      TWO, Z1, Z1; \
	VPANDQ      TWO, Z5, Z5; \
	VPSLLQ      $62, Z1, Z1; \
	VPSLLQ      $62, Z5, Z5; \
	VPXORQ      Z1, Z0, Z3; \
	VPXORQ      Z5, Z4, Z4; \
	VMULPD      MAG, Z3, Z3; \
	VMULPD      MAG, Z4, Z4; \
	VCVTPD2PS   Z3, Y3; \
	VCVTPD2PS   Z4, Y4

#define TABLE DI
#define SIN DX
#define ANGLES SI
#define N CX
#define MAG Z14
#define POS Z15
#define SCALE Z16
#define ONE Z13
#define TWO Z12 // integers
#define BIT Z11

#define CONSTANTS \
	VBROADCASTSD one<>(SB), ONE; \
	VPBROADCASTQ two<>(SB), TWO; \
	VPBROADCASTQ oneBit<>(SB), BIT

// func trigPairsAVX512(table *float32, angles *float64, n int, pos, scale, magnitude float64)
//
//	for i := range n { // and up to 7 more
//		sin, cos := sinCos(scale * (pos * angles[i]))
//		table[2i] = f32(cos·magnitude)
//		table[2i+1] = f32(sin·magnitude)
//	}
TEXT ·trigPairsAVX512(SB), NOSPLIT, $0-48
	MOVQ         table+0(FP), TABLE
	MOVQ         angles+8(FP), ANGLES
	MOVQ         n+16(FP), N
	VBROADCASTSD pos+24(FP), POS
	VBROADCASTSD scale+32(FP), SCALE
	VBROADCASTSD magnitude+40(FP), MAG
	CONSTANTS

loop:
	VMULPD       (ANGLES), POS, Z0
	VMULPD       SCALE, Z0, Z0
	SINCOS
	VUNPCKLPS    Y3, Y4, Y5      // pairs 0, 1 and 4, 5
	VUNPCKHPS    Y3, Y4, Y4      // 2, 3 and 6, 7
	VMOVUPS      X5, 0(TABLE)
	VMOVUPS      X4, 16(TABLE)
	VEXTRACTF128 $1, Y5, 32(TABLE)
	VEXTRACTF128 $1, Y4, 48(TABLE)
	ADDQ         $64, ANGLES
	ADDQ         $64, TABLE
	SUBQ         $8, N
	JGT          loop
	VZEROUPPER
	RET

// func trigHalvesAVX512(cos, sin *float32, angles *float64, n int, pos, scale, magnitude float64)
//
//	for i := range n { // and up to 7 more
//		s, c := sinCos(scale * (pos * angles[i]))
//		cos[i] = f32(c·magnitude)
//		sin[i] = f32(s·magnitude)
//	}
TEXT ·trigHalvesAVX512(SB), NOSPLIT, $0-56
	MOVQ         cos+0(FP), TABLE
	MOVQ         sin+8(FP), SIN
	MOVQ         angles+16(FP), ANGLES
	MOVQ         n+24(FP), N
	VBROADCASTSD pos+32(FP), POS
	VBROADCASTSD scale+40(FP), SCALE
	VBROADCASTSD magnitude+48(FP), MAG
	CONSTANTS

loop:
	VMULPD  (ANGLES), POS, Z0
	VMULPD  SCALE, Z0, Z0
	SINCOS
	VMOVUPS Y4, (TABLE)
	VMOVUPS Y3, (SIN)
	ADDQ    $64, ANGLES
	ADDQ    $32, TABLE
	ADDQ    $32, SIN
	SUBQ    $8, N
	JGT     loop
	VZEROUPPER
	RET
