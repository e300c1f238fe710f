//go:build !purego

#include "textflag.h"
#include "rope_trig_amd64.h"

// MUL and ADD compute A op the constant c → D.
#define MUL(c, A, D) \
	VBROADCASTSD c<>(SB), Y15; \
	VMULPD       Y15, A, D

#define ADD(c, A, D) \
	VBROADCASTSD c<>(SB), Y15; \
	VADDPD       Y15, A, D

// REDUCE subtracts K times the constant c from R.
#define REDUCE(c, K, R) \
	VBROADCASTSD c<>(SB), Y15; \
	VFNMADD231PD Y15, K, R

// HORNER makes P = P·Z + c.
#define HORNER(c, Z, P) \
	VBROADCASTSD c<>(SB), Y15; \
	VFMADD213PD  Y15, Z, P

// SINCOS makes of the angles in R their sines in S and their cosines in C, times
// MAG and rounded to f32, in the order of operations of sinCos. SX and CX are the lower
// halves of S and C.
#define SINCOS(R, K, Z, S, C, SX, CX, T) \
	MUL(twoOverPi, R, K); \
	ADD(half, K, K); \
	VROUNDPD   $3, K, K; \
	REDUCE(halfPi1, K, R); \
	REDUCE(halfPi2, K, R); \
	REDUCE(halfPi3, K, R); \
	REDUCE(halfPi4, K, R); \
	VMULPD     R, R, Z; \
	VBROADCASTSD s15<>(SB), S; \
	VBROADCASTSD c16<>(SB), C; \
	HORNER(s13, Z, S); \
	HORNER(c14, Z, C); \
	HORNER(s11, Z, S); \
	HORNER(c12, Z, C); \
	HORNER(s9, Z, S); \
	HORNER(c10, Z, C); \
	HORNER(s7, Z, S); \
	HORNER(c8, Z, C); \
	HORNER(s5, Z, S); \
	HORNER(c6, Z, C); \
	HORNER(s3, Z, S); \
	HORNER(c4, Z, C); \
	VMULPD     Z, R, T; \
	VFMADD213PD R, T, S; \
	VMULPD     Z, Z, T; \
	MUL(half, Z, Z); \
	VFNMADD213PD Z, T, C; \
	VBROADCASTSD one<>(SB), Z; \
	VSUBPD     C, Z, C; \
	ADD(magic, K, K); \
	VPSLLQ     $63, K, T; \
	VBLENDVPD  T, C, S, R; \
	VBLENDVPD  T, S, C, C; \
	VPBROADCASTQ oneBit<>(SB), Y15; \
	VPADDQ     Y15, K, T; \
	VPBROADCASTQ two<>(SB), Y15; \
	VPAND      Y15, K, K; \
	VPAND      Y15, T, T; \
	VPSLLQ     $62, K, K; \
	VPSLLQ     $62, T, T; \
	VXORPD     K, R, S; \
	VXORPD     T, C, C; \
	VMULPD     MAG, S, S; \
	VMULPD     MAG, C, C; \
	VCVTPD2PSY S, SX; \
	VCVTPD2PSY C, CX

#define TABLE DI
#define SIN DX
#define ANGLES SI
#define N CX
#define MAG Y14
#define POS Y13
#define SCALE Y12

// func trigPairsAVX2(table *float32, angles *float64, n int, pos, scale, magnitude float64)
//
//	for i := range n { // and up to 7 more
//		sin, cos := sinCos(scale * (pos * angles[i]))
//		table[2i] = f32(cos·magnitude)
//		table[2i+1] = f32(sin·magnitude)
//	}
TEXT ·trigPairsAVX2(SB), NOSPLIT, $0-48
	MOVQ         table+0(FP), TABLE
	MOVQ         angles+8(FP), ANGLES
	MOVQ         n+16(FP), N
	VBROADCASTSD pos+24(FP), POS
	VBROADCASTSD scale+32(FP), SCALE
	VBROADCASTSD magnitude+40(FP), MAG

loop:
	VMULPD     0(ANGLES), POS, Y0
	VMULPD     32(ANGLES), POS, Y6
	VMULPD     SCALE, Y0, Y0
	VMULPD     SCALE, Y6, Y6
	SINCOS(Y0, Y1, Y2, Y3, Y4, X3, X4, Y5)
	SINCOS(Y6, Y7, Y8, Y9, Y10, X9, X10, Y11)
	VUNPCKLPS  X3, X4, X5 // cos 0, sin 0, cos 1, sin 1
	VUNPCKHPS  X3, X4, X4
	VUNPCKLPS  X9, X10, X11
	VUNPCKHPS  X9, X10, X10
	VMOVUPS    X5, 0(TABLE)
	VMOVUPS    X4, 16(TABLE)
	VMOVUPS    X11, 32(TABLE)
	VMOVUPS    X10, 48(TABLE)
	ADDQ       $64, ANGLES
	ADDQ       $64, TABLE
	SUBQ       $8, N
	JGT        loop
	VZEROUPPER
	RET

// func trigHalvesAVX2(cos, sin *float32, angles *float64, n int, pos, scale, magnitude float64)
//
//	for i := range n { // and up to 7 more
//		s, c := sinCos(scale * (pos * angles[i]))
//		cos[i] = f32(c·magnitude)
//		sin[i] = f32(s·magnitude)
//	}
TEXT ·trigHalvesAVX2(SB), NOSPLIT, $0-56
	MOVQ         cos+0(FP), TABLE
	MOVQ         sin+8(FP), SIN
	MOVQ         angles+16(FP), ANGLES
	MOVQ         n+24(FP), N
	VBROADCASTSD pos+32(FP), POS
	VBROADCASTSD scale+40(FP), SCALE
	VBROADCASTSD magnitude+48(FP), MAG

loop:
	VMULPD  0(ANGLES), POS, Y0
	VMULPD  32(ANGLES), POS, Y6
	VMULPD  SCALE, Y0, Y0
	VMULPD  SCALE, Y6, Y6
	SINCOS(Y0, Y1, Y2, Y3, Y4, X3, X4, Y5)
	SINCOS(Y6, Y7, Y8, Y9, Y10, X9, X10, Y11)
	VMOVUPS X4, 0(TABLE)
	VMOVUPS X10, 16(TABLE)
	VMOVUPS X3, 0(SIN)
	VMOVUPS X9, 16(SIN)
	ADDQ    $64, ANGLES
	ADDQ    $32, TABLE
	ADDQ    $32, SIN
	SUBQ    $8, N
	JGT     loop
	VZEROUPPER
	RET
