//go:build !purego

#include "textflag.h"
#include "elementwise_amd64.h"
#include "exp_avx2_amd64.h"

#define DST DI
#define SRC SI
#define UP DX
#define LEN CX
#define SOME R8
#define BITS AX
#define NEGZERO Y14 // a product that may be subnormal is fused with −0, which is much faster
#define ONE Y13
#define MASK Y11
#define SMALLER Y12

// func expF32ElemsAVX2(dst, src *float32, n int)
//
//	for i := range n {
//		dst[i] = expF32(src[i])
//	}
//
// 32 elements at a time, unless the magnitude of one is above 87: then, and at the end,
// SOME are left for the loop of one vector.
TEXT ·expF32ElemsAVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DST
	MOVQ src+8(FP), SRC
	MOVQ n+16(FP), LEN
	VMOVUPS expRound<>(SB), ROUND
	VMOVUPS negZero<>(SB), NEGZERO
	VMOVUPS one32<>(SB), ONE
	SUBQ $32, LEN
	JLT  rest

	PCALIGN $32

loop:
	VMOVUPS   (SRC), Y0
	VMOVUPS   32(SRC), Y1
	VMOVUPS   64(SRC), Y2
	VMOVUPS   96(SRC), Y3
	VPADDD    Y0, Y0, Y4 // |x|, as an integer
	VPADDD    Y1, Y1, Y5
	VPADDD    Y2, Y2, Y6
	VPADDD    Y3, Y3, Y7
	VPMAXUD   Y5, Y4, Y4
	VPMAXUD   Y7, Y6, Y6
	VPMAXUD   Y6, Y4, Y4
	VPMAXUD   twice87<>(SB), Y4, Y4
	VPCMPEQD  twice87<>(SB), Y4, Y4
	VMOVMSKPS Y4, BITS
	CMPL      BITS, $0xff
	JNE       general
	EXP4
	VMOVUPS   Y8, (DST)
	VMOVUPS   Y9, 32(DST)
	VMOVUPS   Y10, 64(DST)
	VMOVUPS   Y11, 96(DST)
	ADDQ      $128, SRC
	ADDQ      $128, DST
	SUBQ      $32, LEN
	JGE       loop

rest:
	MOVQ LEN, SOME
	MOVQ $-32, LEN
	ADDQ $32, SOME
	JNZ  one
	VZEROUPPER
	RET

general:
	MOVQ $32, SOME
	SUBQ $32, LEN

one:
	CMPQ    SOME, $8
	JLT     tail
	VMOVUPS (SRC), Y0

value: // VMAXPS and VMINPS return their last operand, here Y0, where it is NaN
	VMOVUPS expLow<>(SB), Y1
	VMOVUPS expHigh<>(SB), Y2
	VMAXPS  Y0, Y1, Y0
	VMINPS  Y0, Y2, Y0
	VCMPPS  $1, minus64<>(SB), Y0, Y4 // less
	VCMPPS  $14, plus64<>(SB), Y0, Y5 // greater
	VANDPS  exponent64<>(SB), Y4, Y4
	VANDPS  exponent64<>(SB), Y5, Y5
	VPSUBD  Y5, Y4, Y4
	EXPPARTS(VFNMADD231PS, expSteps, Y0, Y1, Y2, Y3)
	VPADDD  Y4, Y3, Y3
	VFMADD213PS Y3, Y3, Y2
	VPSUBD  Y4, ONE, Y4 // 2^−64, 1 or 2^64
	VFMADD213PS NEGZERO, Y4, Y2
	CMPQ    SOME, $8
	JLT     tailStore
	VMOVUPS Y2, (DST)
	ADDQ    $32, SRC
	ADDQ    $32, DST
	SUBQ    $8, SOME
	JGT     one
	TESTQ   LEN, LEN
	JGE     loop
	JMP     rest

tail: // what is masked off reads and writes no memory
	TAILMASK(SOME, MASK)
	VMASKMOVPS (SRC), MASK, Y0
	JMP        value

tailStore:
	VMASKMOVPS Y2, MASK, (DST)
	VZEROUPPER
	RET

// DIVISORS4 makes of t·2^k in Y0 to Y3 and p in Y8 to Y11 the divisors of siluF32 in
// Y8 to Y11.
#define DIVISORS4 \
	VPMINSD     ONE, Y0, Y4;  \
	VPMINSD     ONE, Y1, Y5;  \
	VPMINSD     ONE, Y2, Y6;  \
	VPMINSD     ONE, Y3, Y7;  \
	VFMADD213PS Y4, Y0, Y8;   \
	VFMADD213PS Y5, Y1, Y9;   \
	VFMADD213PS Y6, Y2, Y10;  \
	VFMADD213PS Y7, Y3, Y11;  \
	VPMAXSD     ONE, Y0, Y0;  \
	VPMAXSD     ONE, Y1, Y1;  \
	VPMAXSD     ONE, Y2, Y2;  \
	VPMAXSD     ONE, Y3, Y3;  \
	VADDPS      Y0, Y8, Y8;   \
	VADDPS      Y1, Y9, Y9;   \
	VADDPS      Y2, Y10, Y10; \
	VADDPS      Y3, Y11, Y11

// ARGUMENTS4 loads 32 elements at SRC to Y0 to Y3, and goes to careful if one of them is
// below −87.
#define ARGUMENTS4 \
	VMOVUPS   (SRC), Y0;   \
	VMOVUPS   32(SRC), Y1; \
	VMOVUPS   64(SRC), Y2; \
	VMOVUPS   96(SRC), Y3; \
	VPMAXUD   Y0, Y1, Y4;  \
	VPMAXUD   Y2, Y3, Y5;  \
	VPMAXUD   Y4, Y5, Y4;  \
	VPMAXUD   minus87<>(SB), Y4, Y4; \
	VPCMPEQD  minus87<>(SB), Y4, Y4; \
	VMOVMSKPS Y4, BITS;    \
	CMPL      BITS, $0xff; \
	JNE       careful

// SILU4 is siluF32 of Y0 to Y3, which are at SRC too, none below −87, in Y0 to Y3.
#define SILU4 \
	VMINPS  siluHigh<>(SB), Y0, Y0; \
	VMINPS  siluHigh<>(SB), Y1, Y1; \
	VMINPS  siluHigh<>(SB), Y2, Y2; \
	VMINPS  siluHigh<>(SB), Y3, Y3; \
	EXPPARTS4(VFNMSUB231PS, negExpSteps); \
	DIVISORS4;             \
	VMOVUPS (SRC), Y0;     \
	VMOVUPS 32(SRC), Y1;   \
	VMOVUPS 64(SRC), Y2;   \
	VMOVUPS 96(SRC), Y3;   \
	VDIVPS  Y8, Y0, Y0;    \
	VDIVPS  Y9, Y1, Y1;    \
	VDIVPS  Y10, Y2, Y2;   \
	VDIVPS  Y11, Y3, Y3

// SCALED sets O, which holds x, to what siluF32 calls one, where e^−x = T·(1+P), scales T by
// it, and makes the divisor in P.
#define SCALED(T, P, O) \
	VCMPPS      $1, minus64<>(SB), O, O; /* less */ \
	VANDPS      exponent64<>(SB), O, O;  \
	VPSUBD      O, T, T;                 \
	VPSUBD      O, ONE, O;               /* 2^−64 or 1 */ \
	VPMINSD     O, T, SMALLER;           \
	VFMADD213PS SMALLER, T, P;           \
	VPMAXSD     O, T, T;                 \
	VADDPS      T, P, P

// CAREFUL4 is siluF32 of Y0 to Y3, which are at SRC too, in Y0 to Y3. VMAXPS returns its
// last operand, the first one here, where it is NaN.
#define CAREFUL4 \
	VMOVUPS siluLow<>(SB), SMALLER;       \
	VMAXPS  Y0, SMALLER, Y0;              \
	VMAXPS  Y1, SMALLER, Y1;              \
	VMAXPS  Y2, SMALLER, Y2;              \
	VMAXPS  Y3, SMALLER, Y3;              \
	VMINPS  siluHigh<>(SB), Y0, Y0;       \
	VMINPS  siluHigh<>(SB), Y1, Y1;       \
	VMINPS  siluHigh<>(SB), Y2, Y2;       \
	VMINPS  siluHigh<>(SB), Y3, Y3;       \
	EXPPARTS4(VFNMSUB231PS, negExpSteps); \
	VMOVUPS (SRC), Y4;                    \
	VMOVUPS 32(SRC), Y5;                  \
	VMOVUPS 64(SRC), Y6;                  \
	VMOVUPS 96(SRC), Y7;                  \
	SCALED(Y0, Y8, Y4);                   \
	SCALED(Y1, Y9, Y5);                   \
	SCALED(Y2, Y10, Y6);                  \
	SCALED(Y3, Y11, Y7);                  \
	VMOVUPS siluLow<>(SB), SMALLER;       \
	VMAXPS  (SRC), SMALLER, Y0;           \
	VMAXPS  32(SRC), SMALLER, Y1;         \
	VMAXPS  64(SRC), SMALLER, Y2;         \
	VMAXPS  96(SRC), SMALLER, Y3;         \
	VDIVPS  Y8, Y0, Y0;                   \
	VDIVPS  Y9, Y1, Y1;                   \
	VDIVPS  Y10, Y2, Y2;                  \
	VDIVPS  Y11, Y3, Y3;                  \
	VFMADD213PS NEGZERO, Y4, Y0;          \
	VFMADD213PS NEGZERO, Y5, Y1;          \
	VFMADD213PS NEGZERO, Y6, Y2;          \
	VFMADD213PS NEGZERO, Y7, Y3

// CAREFUL is siluF32 of Y0 in Y0.
#define CAREFUL \
	VMOVUPS siluLow<>(SB), Y1;            \
	VMAXPS  Y0, Y1, Y0;                   \
	VMOVAPS Y0, Y5;                       \
	VMINPS  siluHigh<>(SB), Y0, Y1;       \
	EXPPARTS(VFNMSUB231PS, negExpSteps, Y1, Y2, Y3, Y4); \
	SCALED(Y4, Y3, Y5);                   \
	VDIVPS  Y3, Y0, Y0;                   \
	VFMADD213PS NEGZERO, Y5, Y0

// func siluF32ElemsAVX2(dst, src *float32, n int)
//
//	for i := range n {
//		dst[i] = siluF32(src[i])
//	}
TEXT ·siluF32ElemsAVX2(SB), NOSPLIT, $0-24
	MOVQ    dst+0(FP), DST
	MOVQ    src+8(FP), SRC
	MOVQ    n+16(FP), LEN
	VMOVUPS expRound<>(SB), ROUND
	VMOVUPS negZero<>(SB), NEGZERO
	VMOVUPS one32<>(SB), ONE
	SUBQ    $32, LEN
	JLT     rest

	PCALIGN $32

loop:
	ARGUMENTS4
	SILU4

store:
	VMOVUPS Y0, (DST)
	VMOVUPS Y1, 32(DST)
	VMOVUPS Y2, 64(DST)
	VMOVUPS Y3, 96(DST)
	ADDQ    $128, SRC
	ADDQ    $128, DST
	SUBQ    $32, LEN
	JGE     loop

rest:
	ADDQ $32, LEN
	JZ   done

one:
	CMPQ    LEN, $8
	JLT     tail
	VMOVUPS (SRC), Y0
	CAREFUL
	VMOVUPS Y0, (DST)
	ADDQ    $32, SRC
	ADDQ    $32, DST
	SUBQ    $8, LEN
	JGT     one

done:
	VZEROUPPER
	RET

tail: // what is masked off reads and writes no memory
	TAILMASK(LEN, MASK)
	VMASKMOVPS (SRC), MASK, Y0
	CAREFUL
	VMASKMOVPS Y0, MASK, (DST)
	VZEROUPPER
	RET

careful:
	CAREFUL4
	JMP store

// func swigluF32ElemsAVX2(dst, gate, up *float32, n int)
//
//	for i := range n {
//		dst[i] = f32(siluF32(gate[i])·up[i])
//	}
TEXT ·swigluF32ElemsAVX2(SB), NOSPLIT, $0-32
	MOVQ    dst+0(FP), DST
	MOVQ    gate+8(FP), SRC
	MOVQ    up+16(FP), UP
	MOVQ    n+24(FP), LEN
	VMOVUPS expRound<>(SB), ROUND
	VMOVUPS negZero<>(SB), NEGZERO
	VMOVUPS one32<>(SB), ONE
	SUBQ    $32, LEN
	JLT     rest

	PCALIGN $32

loop:
	ARGUMENTS4
	SILU4

store:
	VFMADD132PS (UP), NEGZERO, Y0
	VFMADD132PS 32(UP), NEGZERO, Y1
	VFMADD132PS 64(UP), NEGZERO, Y2
	VFMADD132PS 96(UP), NEGZERO, Y3
	ADDQ        $128, UP
	VMOVUPS Y0, (DST)
	VMOVUPS Y1, 32(DST)
	VMOVUPS Y2, 64(DST)
	VMOVUPS Y3, 96(DST)
	ADDQ    $128, SRC
	ADDQ    $128, DST
	SUBQ    $32, LEN
	JGE     loop

rest:
	ADDQ $32, LEN
	JZ   done

one:
	CMPQ    LEN, $8
	JLT     tail
	VMOVUPS (SRC), Y0
	CAREFUL
	VFMADD132PS (UP), NEGZERO, Y0
	ADDQ    $32, UP
	VMOVUPS Y0, (DST)
	ADDQ    $32, SRC
	ADDQ    $32, DST
	SUBQ    $8, LEN
	JGT     one

done:
	VZEROUPPER
	RET

tail: // what is masked off reads and writes no memory
	TAILMASK(LEN, MASK)
	VMASKMOVPS (SRC), MASK, Y0
	CAREFUL
	VMASKMOVPS  (UP), MASK, Y1
	VFMADD213PS NEGZERO, Y1, Y0
	VMASKMOVPS Y0, MASK, (DST)
	VZEROUPPER
	RET

careful:
	CAREFUL4
	JMP store

#define SIGN64 Y14
#define ROUND64 Y13
#define HIGH64 Y12
#define ONE64 Y11
#define MASK4 X15

// TERM makes P = P·R + c.
#define TERM(c, P, R) \
	VMULPD R, P, P; \
	VADDPD c<>(SB), P, P

// GELU is geluF32 of the four f32 in X0, in X4. The integer n is in the low bits of
// n + 1.5·2^52, and added to the exponent of e^r. The sign of x selects the
// numerator.
#define GELU \
	VCVTPS2PD X0, Y0; \
	VANDPD    abs64<>(SB), Y0, Y1; \
	VMINPD    Y1, HIGH64, Y1; /* a */ \
	VMULPD    Y1, Y1, Y2; \
	VMULPD    gelu3<>(SB), Y2, Y2; \
	VADDPD    gelu1<>(SB), Y2, Y2; \
	VMULPD    Y1, Y2, Y2; \
	VXORPD    SIGN64, Y2, Y2; /* −z */ \
	VMULPD    invLn2<>(SB), Y2, Y3; \
	VADDPD    ROUND64, Y3, Y3; \
	VSUBPD    ROUND64, Y3, Y4; \
	VMULPD    ln2Hi64<>(SB), Y4, Y5; \
	VSUBPD    Y5, Y2, Y2; \
	VMULPD    ln2Lo64<>(SB), Y4, Y5; \
	VSUBPD    Y5, Y2, Y2; /* r */ \
	VMOVUPD   taylor12<>(SB), Y4; \
	TERM(taylor11, Y4, Y2); \
	TERM(taylor10, Y4, Y2); \
	TERM(taylor9, Y4, Y2); \
	TERM(taylor8, Y4, Y2); \
	TERM(taylor7, Y4, Y2); \
	TERM(taylor6, Y4, Y2); \
	TERM(taylor5, Y4, Y2); \
	TERM(taylor4, Y4, Y2); \
	TERM(taylor3, Y4, Y2); \
	TERM(taylor2, Y4, Y2); \
	TERM(one64, Y4, Y2); \
	TERM(one64, Y4, Y2); \
	VPSLLQ    $52, Y3, Y3; \
	VPADDQ    Y3, Y4, Y4; /* e^−z */ \
	VADDPD    ONE64, Y4, Y5; \
	VMULPD    Y4, Y1, Y1; \
	VXORPD    SIGN64, Y1, Y1; \
	VBLENDVPD Y0, Y1, Y0, Y4; \
	VDIVPD    Y5, Y4, Y4; \
	VCVTPD2PSY Y4, X4

// func geluF32ElemsAVX2(dst, src *float32, n int)
//
//	for i := range n {
//		dst[i] = geluF32(src[i])
//	}
TEXT ·geluF32ElemsAVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DST
	MOVQ src+8(FP), SRC
	MOVQ n+16(FP), LEN
	VMOVUPD sign64<>(SB), SIGN64
	VMOVUPD round64<>(SB), ROUND64
	VMOVUPD geluHigh<>(SB), HIGH64
	VMOVUPD one64<>(SB), ONE64
	SUBQ $4, LEN
	JLT  tail

	PCALIGN $32

loop:
	VMOVUPS (SRC), X0
	GELU
	VMOVUPS X4, (DST)
	ADDQ    $16, SRC
	ADDQ    $16, DST
	SUBQ    $4, LEN
	JGE     loop

tail:
	ADDQ $4, LEN
	JZ   done

	// What is masked off reads and writes no memory.
	TAILMASK(LEN, Y15)
	VMASKMOVPS (SRC), MASK4, X0
	GELU
	VMASKMOVPS X4, MASK4, (DST)

done:
	VZEROUPPER
	RET
