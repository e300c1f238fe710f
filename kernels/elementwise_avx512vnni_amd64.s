//go:build !purego

#include "textflag.h"
#include "elementwise_amd64.h"
#include "exp_avx512vnni_amd64.h"

#define DST DI
#define SRC SI
#define UP DX
#define LEN CX
#define BITS AX
#define ONES BX
#define LIVE K1
#define NEG K2
#define ROUND Z31
#define LOW Z30
#define HIGH Z29
#define SIGN Z28
#define ONE Z27

// func expF32ElemsAVX512(dst, src *float32, n int)
//
//	for i := range n {
//		dst[i] = expF32(src[i])
//	}
TEXT ·expF32ElemsAVX512(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DST
	MOVQ src+8(FP), SRC
	MOVQ n+16(FP), LEN
	MOVQ $-1, ONES
	EXPCONSTANTS

loop:
	LANES(16)
	VMOVUPS.Z (SRC), LIVE, Z0
	EXP(Z0, Z1, Z2, Z3, Z4)
	VMOVUPS   Z1, LIVE, (DST)
	ADDQ      $64, SRC
	ADDQ      $64, DST
	SUBQ      $16, LEN
	JGT       loop
	VZEROUPPER
	RET

// SILU is siluF32 of X in P. Of −|x| it takes e^−|x| = (1+p)·2^k; the numerator is x
// for positive x and −|x|·(1+p) for negative ones, whose quotient is corrected and
// scaled last. The sign of X selects.
#define SILU(X, P, K, Q, R, A, E) \
	VPMOVD2M    X, NEG;       \
	VANDNPS     X, SIGN, A;   /* |x| */         \
	VMINPS      A, HIGH, A;   \
	VORPS       SIGN, A, A;   /* −|x| */        \
	EXPPARTS(A, P, K, Q, R);  \
	VADDPS      ONE, P, E;    \
	VMOVAPS     K, Q;         \
	SCALE2(E, Q, R);          \
	VADDPS      ONE, E, R;    /* d = 1 + e */       \
	VSUBPS      ONE, R, Q;    \
	VSUBPS      Q, E, E;      /* what 1 + e lost */ \
	VFMADD213PS A, A, P;      /* −|x|·p − |x| */    \
	VMOVAPS     P, A;         \
	VBLENDMPS   P, X, NEG, P; \
	VDIVPS      R, P, P;      \
	VDIVPS      R, ONE, Q;    /* 1/d */             \
	VFNMADD231PS R, P, A;     /* rest: numerator − q·d */ \
	VFNMADD231PS E, P, A;     /* − q·lost */        \
	VFMADD213PS P, Q, A;      /* rest/d + q */      \
	SCALE2(A, K, Q);          \
	VORPS       SIGN, A, A;   \
	VBLENDMPS   A, P, NEG, P

// func siluF32ElemsAVX512(dst, src *float32, n int)
//
//	for i := range n {
//		dst[i] = siluF32(src[i])
//	}
TEXT ·siluF32ElemsAVX512(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DST
	MOVQ src+8(FP), SRC
	MOVQ n+16(FP), LEN
	MOVQ $-1, ONES
	VBROADCASTSS expRound<>(SB), ROUND
	VBROADCASTSS siluHigh<>(SB), HIGH
	VBROADCASTSS sign32<>(SB), SIGN
	VBROADCASTSS one32<>(SB), ONE

loop:
	LANES(16)
	VMOVUPS.Z (SRC), LIVE, Z0
	SILU(Z0, Z1, Z2, Z3, Z4, Z5, Z6)
	VMOVUPS   Z1, LIVE, (DST)
	ADDQ      $64, SRC
	ADDQ      $64, DST
	SUBQ      $16, LEN
	JGT       loop
	VZEROUPPER
	RET

// func swigluF32ElemsAVX512(dst, gate, up *float32, n int)
//
//	for i := range n {
//		dst[i] = f32(siluF32(gate[i])·up[i])
//	}
TEXT ·swigluF32ElemsAVX512(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DST
	MOVQ gate+8(FP), SRC
	MOVQ up+16(FP), UP
	MOVQ n+24(FP), LEN
	MOVQ $-1, ONES
	VBROADCASTSS expRound<>(SB), ROUND
	VBROADCASTSS siluHigh<>(SB), HIGH
	VBROADCASTSS sign32<>(SB), SIGN
	VBROADCASTSS one32<>(SB), ONE

loop:
	LANES(16)
	VMOVUPS.Z (SRC), LIVE, Z0
	SILU(Z0, Z1, Z2, Z3, Z4, Z5, Z6)
	VMOVUPS.Z (UP), LIVE, Z0
	VMULPS    Z0, Z1, Z1
	VMOVUPS   Z1, LIVE, (DST)
	ADDQ      $64, SRC
	ADDQ      $64, UP
	ADDQ      $64, DST
	SUBQ      $16, LEN
	JGT       loop
	VZEROUPPER
	RET

#define SIGN64 Z31
#define ROUND64 Z30
#define HIGH64 Z29
#define ONE64 Z28

// TERM makes P = P·R + c.
#define TERM(c, P, R) \
	VMULPD      R, P, P; \
	VADDPD.BCST c<>(SB), P, P

// GELU is geluF32 of the eight f32 in Y0, in Y4. The integer n is in the low bits
// of n + 1.5·2^52, and added to the exponent of e^r. The sign of x selects the
// numerator.
#define GELU \
	VCVTPS2PD    Y0, Z0;               \
	VPMOVQ2M     Z0, NEG;              \
	VANDNPD      Z0, SIGN64, Z1;       \
	VMINPD       Z1, HIGH64, Z1;       /* a */  \
	VMULPD       Z1, Z1, Z2;           \
	VMULPD.BCST  gelu3<>(SB), Z2, Z2;  \
	VADDPD.BCST  gelu1<>(SB), Z2, Z2;  \
	VMULPD       Z1, Z2, Z2;           \
	VXORPD       SIGN64, Z2, Z2;       /* −z */ \
	VMULPD.BCST  invLn2<>(SB), Z2, Z3; \
	VADDPD       ROUND64, Z3, Z3;      \
	VSUBPD       ROUND64, Z3, Z4;      \
	VMULPD.BCST  ln2Hi64<>(SB), Z4, Z5; \
	VSUBPD       Z5, Z2, Z2;           \
	VMULPD.BCST  ln2Lo64<>(SB), Z4, Z5; \
	VSUBPD       Z5, Z2, Z2;           /* r */  \
	VBROADCASTSD taylor12<>(SB), Z4;   \
	TERM(taylor11, Z4, Z2);          \
	TERM(taylor10, Z4, Z2);          \
	TERM(taylor9, Z4, Z2);          \
	TERM(taylor8, Z4, Z2);          \
	TERM(taylor7, Z4, Z2);          \
	TERM(taylor6, Z4, Z2);          \
	TERM(taylor5, Z4, Z2);          \
	TERM(taylor4, Z4, Z2);          \
	TERM(taylor3, Z4, Z2);          \
	TERM(taylor2, Z4, Z2);          \
	TERM(one64, Z4, Z2);              \
	TERM(one64, Z4, Z2);              \
	VPSLLQ       $52, Z3, Z3;          \
	VPADDQ       Z3, Z4, Z4;           /* e^−z */ \
	VADDPD       ONE64, Z4, Z5;        \
	VMULPD       Z4, Z1, Z1;           \
	VXORPD       SIGN64, Z1, Z1;       \
	VBLENDMPD    Z1, Z0, NEG, Z4;      \
	VDIVPD       Z5, Z4, Z4;           \
	VCVTPD2PS    Z4, Y4

// func geluF32ElemsAVX512(dst, src *float32, n int)
//
//	for i := range n {
//		dst[i] = geluF32(src[i])
//	}
TEXT ·geluF32ElemsAVX512(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DST
	MOVQ src+8(FP), SRC
	MOVQ n+16(FP), LEN
	MOVQ $-1, ONES
	VBROADCASTSD sign64<>(SB), SIGN64
	VBROADCASTSD round64<>(SB), ROUND64
	VBROADCASTSD geluHigh<>(SB), HIGH64
	VBROADCASTSD one64<>(SB), ONE64

loop:
	LANES(8)
	VMOVUPS.Z (SRC), LIVE, Y0
	GELU
	VMOVUPS   Y4, LIVE, (DST)
	ADDQ      $32, SRC
	ADDQ      $32, DST
	SUBQ      $8, LEN
	JGT       loop
	VZEROUPPER
	RET
