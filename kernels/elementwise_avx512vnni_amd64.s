//go:build !purego

#include "textflag.h"
#include "elementwise_amd64.h"
#include "exp_avx512vnni_amd64.h"

#define DST DI
#define SRC SI
#define UP DX
#define LEN CX
#define SOME R8
#define BITS AX
#define ONES BX
#define LIVE K1
#define NEG K2
#define BELOW K2
#define ABOVE K3
#define ONE Z22
#define SHIFT Z21
#define LOW Z20
#define HIGH Z19
#define FAR Z18 // where the scaling of an argument begins, below 0
#define LIMIT Z17
#define NEGZERO Z16 // a product that may be subnormal is fused with −0, which is much faster

// func expF32ElemsAVX512(dst, src *float32, n int)
//
//	for i := range n {
//		dst[i] = expF32(src[i])
//	}
//
// 64 elements at a time, unless the magnitude of one is above 87: then, and at the end,
// SOME are left for the loop of one vector.
TEXT ·expF32ElemsAVX512(SB), NOSPLIT, $0-24
	MOVQ         dst+0(FP), DST
	MOVQ         src+8(FP), SRC
	MOVQ         n+16(FP), LEN
	EXPCONSTANTS(expSteps)
	VBROADCASTSS one32<>(SB), ONE
	VBROADCASTSS exponent64<>(SB), SHIFT
	VBROADCASTSS expLow<>(SB), LOW
	VBROADCASTSS expHigh<>(SB), HIGH
	VBROADCASTSS minus64<>(SB), FAR
	VBROADCASTSS twice87<>(SB), LIMIT
	VBROADCASTSS negZero<>(SB), NEGZERO
	SUBQ         $64, LEN
	JLT          rest

	PCALIGN $32

loop:
	VMOVUPS   (SRC), Z0
	VMOVUPS   64(SRC), Z1
	VMOVUPS   128(SRC), Z2
	VMOVUPS   192(SRC), Z3
	VPADDD    Z0, Z0, Z4     // |x|, as an integer
	VPADDD    Z1, Z1, Z5
	VPADDD    Z2, Z2, Z6
	VPADDD    Z3, Z3, Z7
	VPMAXUD   Z5, Z4, Z4
	VPMAXUD   Z7, Z6, Z6
	VPMAXUD   Z6, Z4, Z4
	VPCMPUD   $6, LIMIT, Z4, K3 // greater
	KORTESTW  K3, K3
	JNZ       general
	EXP4(TABLE)
	VMOVUPS   Z8, (DST)
	VMOVUPS   Z9, 64(DST)
	VMOVUPS   Z10, 128(DST)
	VMOVUPS   Z11, 192(DST)
	ADDQ      $256, SRC
	ADDQ      $256, DST
	SUBQ      $64, LEN
	JGE       loop

rest:
	MOVQ LEN, SOME
	MOVQ $-64, LEN
	ADDQ $64, SOME
	JNZ  one
	VZEROUPPER
	RET

general:
	MOVQ $64, SOME
	SUBQ $64, LEN

one: // in the usual order, NaN being an operand that VMAXPS and VMINPS return
	LANES(SOME)
	VMOVUPS.Z (SRC), LIVE, Z0
	VMAXPS    Z0, LOW, Z0
	VMINPS    Z0, HIGH, Z0
	VCMPPS    $1, FAR, Z0, BELOW // less
	VCMPPS.BCST $14, plus64<>(SB), Z0, ABOVE // greater
	EXPPARTS(VFNMADD231PS, TABLE, Z0, Z1, Z2, Z3)
	VPADDD    SHIFT, Z3, BELOW, Z3
	VPSUBD    SHIFT, Z3, ABOVE, Z3
	VFMADD213PS Z3, Z3, Z2
	VMOVAPS   ONE, Z0
	VPSUBD    SHIFT, ONE, BELOW, Z0 // 2^−64
	VPADDD    SHIFT, ONE, ABOVE, Z0
	VFMADD213PS NEGZERO, Z0, Z2
	VMOVUPS   Z2, LIVE, (DST)
	ADDQ      $64, SRC
	ADDQ      $64, DST
	SUBQ      $16, SOME
	JGT       one
	TESTQ     LEN, LEN
	JGE       loop
	JMP       rest

// DIVISORS4 makes of UNIT·t·2^k in Z0 to Z3 and p in Z8 to Z11 the divisors of siluF32, times
// UNIT, in Z8 to Z11.
#define DIVISORS4 \
	VPMINSD     UNIT, Z0, Z4; \
	VPMINSD     UNIT, Z1, Z5; \
	VPMINSD     UNIT, Z2, Z6; \
	VPMINSD     UNIT, Z3, Z7; \
	VFMADD213PS Z4, Z0, Z8;   \
	VFMADD213PS Z5, Z1, Z9;   \
	VFMADD213PS Z6, Z2, Z10;  \
	VFMADD213PS Z7, Z3, Z11;  \
	VPMAXSD     UNIT, Z0, Z0; \
	VPMAXSD     UNIT, Z1, Z1; \
	VPMAXSD     UNIT, Z2, Z2; \
	VPMAXSD     UNIT, Z3, Z3; \
	VADDPS      Z0, Z8, Z8;   \
	VADDPS      Z1, Z9, Z9;   \
	VADDPS      Z2, Z10, Z10; \
	VADDPS      Z3, Z11, Z11

// ARGUMENTS4 loads 64 elements at SRC to Z0 to Z3, and goes to careful if the magnitude of
// one is above 87, or one is NaN: compared as integers, for VRANGEPS and VMAXPS let a NaN hide
// what is beside it.
#define ARGUMENTS4(careful) \
	VMOVUPS  (SRC), Z0;    \
	VMOVUPS  64(SRC), Z1;  \
	VMOVUPS  128(SRC), Z2; \
	VMOVUPS  192(SRC), Z3; \
	VPADDD   Z0, Z0, Z4;   \
	VPADDD   Z1, Z1, Z5;   \
	VPADDD   Z2, Z2, Z6;   \
	VPADDD   Z3, Z3, Z7;   \
	VPMAXUD  Z5, Z4, Z4;   \
	VPMAXUD  Z7, Z6, Z6;   \
	VPMAXUD  Z6, Z4, Z4;   \
	VPCMPUD.BCST $6, twice87<>(SB), Z4, K3; /* greater */ \
	KORTESTW K3, K3;       \
	JNZ      careful

// DIVISOR makes of p in P and n + expRound in N, of one vector, the divisor of siluF32 less
// POWER or 1, which QUOTIENT adds to divide the argument off bytes from SRC on, for RESULT.
#define POWER Z20 // t·2^k
#define RATIO Z21
#define DIVISOR(N, P) \
	VPERMPS     TABLE, N, POWER;     \
	VPSLLD      $20, N, N;           \
	VPADDD      N, POWER, POWER;     \
	VPMINSD     ONE, POWER, RATIO;   \
	VFMADD213PS RATIO, POWER, P
#define QUOTIENT(off, P, RESULT) \
	VPMAXSD     ONE, POWER, POWER;   \
	VADDPS      POWER, P, P;         \
	VMOVUPS     off(SRC), RATIO;     \
	VDIVPS      P, RATIO, RATIO;     \
	RESULT(off)

// NEXT4 keeps what EXPP4 has made of 64 arguments in Z12 to Z19 until FINISH4 ends
// them: the divider works while the next are begun. BEGINFINISH4 is EXPP4 and FINISH4
// by turns. RESULT(off) stores RATIO as elements off bytes from DST on. CAREFULCONSTANTS
// overwrites Z16 to Z20, and these overwrite its constants.
#define FINISH4(RESULT) \
	DIVISOR(Z12, Z16);         \
	QUOTIENT(-256, Z16, RESULT); \
	DIVISOR(Z13, Z17);         \
	QUOTIENT(-192, Z17, RESULT); \
	DIVISOR(Z14, Z18);         \
	QUOTIENT(-128, Z18, RESULT); \
	DIVISOR(Z15, Z19);         \
	QUOTIENT(-64, Z19, RESULT)
#define BEGINFINISH4(RESULT) \
	EXPSTAGE1;                 \
	DIVISOR(Z12, Z16);         \
	EXPSTAGE2;                 \
	QUOTIENT(-256, Z16, RESULT); \
	EXPSTAGE3(VFNMSUB231PS);   \
	DIVISOR(Z13, Z17);         \
	EXPSTAGE4;                 \
	QUOTIENT(-192, Z17, RESULT); \
	EXPSTAGE5;                 \
	DIVISOR(Z14, Z18);         \
	EXPSTAGE6;                 \
	QUOTIENT(-128, Z18, RESULT); \
	EXPSTAGE7;                 \
	DIVISOR(Z15, Z19);         \
	EXPSTAGE8;                 \
	QUOTIENT(-64, Z19, RESULT)
#define NEXT4 \
	VMOVAPS Z4, Z12;  \
	VMOVAPS Z5, Z13;  \
	VMOVAPS Z6, Z14;  \
	VMOVAPS Z7, Z15;  \
	VMOVAPS Z8, Z16;  \
	VMOVAPS Z9, Z17;  \
	VMOVAPS Z10, Z18; \
	VMOVAPS Z11, Z19; \
	ADDQ    $256, SRC; \
	ADDQ    $256, DST

// LOWERED makes Y·2^−32 of the quotient Y, which is as much too large, and rounds
// it where it is subnormal. Where Y has overflowed the result is X, which none exceeds.
#define LOWERED(X, Y) \
	VFMADD213PS NEGZERO, UNIT, Y; \
	VRANGEPS    $6, X, Y, Y // the smaller magnitude

// CAREFUL4 is siluF32 of Z0 to Z3 in Z0 to Z3, by divisors times 2^−32: e^−x overflows
// below −87. VMAXPS returns its last operand, the first one here, where it is NaN.
#define CAREFUL4 \
	VMAXPS Z0, LOW, Z12;            \
	VMAXPS Z1, LOW, Z13;            \
	VMAXPS Z2, LOW, Z14;            \
	VMAXPS Z3, LOW, Z15;            \
	VMINPS Z12, HIGH, Z0;           \
	VMINPS Z13, HIGH, Z1;           \
	VMINPS Z14, HIGH, Z2;           \
	VMINPS Z15, HIGH, Z3;           \
	EXPPARTS4(VFNMSUB231PS, LOWTABLE); \
	DIVISORS4;                      \
	VDIVPS Z8, Z12, Z0;             \
	VDIVPS Z9, Z13, Z1;             \
	VDIVPS Z10, Z14, Z2;            \
	VDIVPS Z11, Z15, Z3;            \
	LOWERED(Z12, Z0);               \
	LOWERED(Z13, Z1);               \
	LOWERED(Z14, Z2);               \
	LOWERED(Z15, Z3)

// CAREFUL is siluF32 of Z0 in Z0.
#define CAREFUL \
	VMAXPS      Z0, LOW, Z12;   \
	VMINPS      Z12, HIGH, Z1;  \
	EXPPARTS(VFNMSUB231PS, LOWTABLE, Z1, Z2, Z3, Z4); \
	VPMINSD     UNIT, Z4, Z5;   \
	VFMADD213PS Z5, Z4, Z3;     \
	VPMAXSD     UNIT, Z4, Z4;   \
	VADDPS      Z4, Z3, Z3;     \
	VDIVPS      Z3, Z12, Z0;    \
	LOWERED(Z12, Z0)

#define LOWTABLE Z18
#define UNIT Z17 // 2^−32

#define SILUCONSTANTS \
	EXPCONSTANTS(negExpSteps);   \
	VBROADCASTSS one32<>(SB), ONE

// STORE4 stores what CAREFUL4 made.
#define STORE4 \
	VMOVUPS Z0, (DST);    \
	VMOVUPS Z1, 64(DST);  \
	VMOVUPS Z2, 128(DST); \
	VMOVUPS Z3, 192(DST); \
	ADDQ    $256, SRC;    \
	ADDQ    $256, DST

#define CAREFULCONSTANTS \
	VBROADCASTSS siluLow<>(SB), LOW;       \
	VBROADCASTSS siluHigh<>(SB), HIGH;     \
	VBROADCASTF32X8 loweredTable<>(SB), LOWTABLE; \
	VBROADCASTSS lowered<>(SB), UNIT;      \
	VBROADCASTSS negZero<>(SB), NEGZERO

#define SILURESULT(off) VMOVUPS RATIO, off(DST)

// func siluF32ElemsAVX512(dst, src *float32, n int)
//
//	for i := range n {
//		dst[i] = siluF32(src[i])
//	}
TEXT ·siluF32ElemsAVX512(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DST
	MOVQ src+8(FP), SRC
	MOVQ n+16(FP), LEN
	SILUCONSTANTS
	SUBQ $64, LEN
	JLT  rest

first: // none before
	ARGUMENTS4(careful)
	EXPP4(VFNMSUB231PS)
	NEXT4
	SUBQ $64, LEN
	JLT  finish

	PCALIGN $32

loop:
	ARGUMENTS4(finishCareful)
	BEGINFINISH4(SILURESULT)
	NEXT4
	SUBQ $64, LEN
	JGE  loop

finish:
	FINISH4(SILURESULT)

rest:
	ADDQ $64, LEN
	JZ   done
	CAREFULCONSTANTS

one:
	LANES(LEN)
	VMOVUPS.Z (SRC), LIVE, Z0
	CAREFUL
	VMOVUPS   Z0, LIVE, (DST)
	ADDQ      $64, SRC
	ADDQ      $64, DST
	SUBQ      $16, LEN
	JGT       one

done:
	VZEROUPPER
	RET

finishCareful:
	FINISH4(SILURESULT)

careful:
	CAREFULCONSTANTS
	CAREFUL4
	STORE4
	SUBQ    $64, LEN
	JGE     first
	JMP     rest

#define SWIGLURESULT(off) \
	VMOVUPS          off(UP), POWER;              \
	VFMADD213PS.BCST negZero<>(SB), POWER, RATIO; \
	VMOVUPS          RATIO, off(DST)

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
	SILUCONSTANTS
	SUBQ $64, LEN
	JLT  rest

first: // none before
	ARGUMENTS4(careful)
	EXPP4(VFNMSUB231PS)
	NEXT4
	ADDQ $256, UP
	SUBQ $64, LEN
	JLT  finish

	PCALIGN $32

loop:
	ARGUMENTS4(finishCareful)
	BEGINFINISH4(SWIGLURESULT)
	NEXT4
	ADDQ $256, UP
	SUBQ $64, LEN
	JGE  loop

finish:
	FINISH4(SWIGLURESULT)

rest:
	ADDQ $64, LEN
	JZ   done
	CAREFULCONSTANTS

one:
	LANES(LEN)
	VMOVUPS.Z (SRC), LIVE, Z0
	CAREFUL
	VMOVUPS.Z   (UP), LIVE, Z1
	VFMADD213PS NEGZERO, Z1, Z0
	ADDQ        $64, UP
	VMOVUPS   Z0, LIVE, (DST)
	ADDQ      $64, SRC
	ADDQ      $64, DST
	SUBQ      $16, LEN
	JGT       one

done:
	VZEROUPPER
	RET

finishCareful:
	FINISH4(SWIGLURESULT)

careful:
	CAREFULCONSTANTS
	CAREFUL4
	VFMADD132PS (UP), NEGZERO, Z0
	VFMADD132PS 64(UP), NEGZERO, Z1
	VFMADD132PS 128(UP), NEGZERO, Z2
	VFMADD132PS 192(UP), NEGZERO, Z3
	ADDQ        $256, UP
	STORE4
	SUBQ    $64, LEN
	JGE     first
	JMP     rest

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
	MOVQ      $8, BITS
	CMPQ      LEN, BITS
	CMOVQLT   LEN, BITS
	BZHIQ     BITS, ONES, BITS
	KMOVW     BITS, LIVE
	VMOVUPS.Z (SRC), LIVE, Y0
	GELU
	VMOVUPS   Y4, LIVE, (DST)
	ADDQ      $32, SRC
	ADDQ      $32, DST
	SUBQ      $8, LEN
	JGT       loop
	VZEROUPPER
	RET
