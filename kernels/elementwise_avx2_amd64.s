//go:build !purego

#include "textflag.h"
#include "elementwise_amd64.h"
#include "exp_avx2_amd64.h"

#define DST DI
#define SRC SI
#define UP DX
#define LEN CX
#define BITS AX
#define MASK Y15
#define ROUND Y14
#define LOW Y13
#define HIGH Y12

// func expF32ElemsAVX2(dst, src *float32, n int)
//
//	for i := range n {
//		dst[i] = expF32(src[i])
//	}
TEXT ·expF32ElemsAVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DST
	MOVQ src+8(FP), SRC
	MOVQ n+16(FP), LEN
	EXPCONSTANTS
	SUBQ $8, LEN
	JLT  tail

	PCALIGN $32

loop:
	VMOVUPS (SRC), Y0
	EXP(Y0, Y1, Y2, Y3, Y4)
	VMOVUPS Y1, (DST)
	ADDQ    $32, SRC
	ADDQ    $32, DST
	SUBQ    $8, LEN
	JGE     loop

tail:
	ADDQ $8, LEN
	JZ   done

	// What is masked off reads and writes no memory.
	TAILMASK(MASK)
	VMASKMOVPS (SRC), MASK, Y0
	EXP(Y0, Y1, Y2, Y3, Y4)
	VMASKMOVPS Y1, MASK, (DST)

done:
	VZEROUPPER
	RET

#define SIGN Y11

// SILU is siluF32 of X in P. Of −|x| it takes e^−|x| = (1+p)·2^k; the numerator is x
// for positive x and −|x|·(1+p) for negative ones, whose quotient is corrected and
// scaled last. The sign of X selects.
#define SILU(X, P, K, Q, R, A, E) \
	VANDNPS     X, SIGN, A;            /* |x| */                       \
	VMINPS      A, HIGH, A;                                            \
	VORPS       SIGN, A, A;            /* −|x| */                      \
	EXPPARTS(A, P, K, Q, R);                                           \
	VADDPS      one32<>(SB), P, E;                                     \
	VMOVAPS     K, Q;                                                  \
	SCALE2(E, Q, R);                                                   \
	VADDPS      one32<>(SB), E, R;     /* d = 1 + e */                 \
	VSUBPS      one32<>(SB), R, Q;                                     \
	VSUBPS      Q, E, E;               /* what 1 + e lost */           \
	VFMADD213PS A, A, P;               /* −|x|·p − |x| */              \
	VMOVAPS     P, A;                                                  \
	VBLENDVPS   X, P, X, P;                                            \
	VDIVPS      R, P, P;                                               \
	VMOVUPS     one32<>(SB), Q;                                        \
	VDIVPS      R, Q, Q;               /* 1/d */                       \
	VFNMADD231PS R, P, A;              /* rest: numerator − q·d */     \
	VFNMADD231PS E, P, A;              /* − q·lost */                  \
	VFMADD213PS P, Q, A;               /* rest/d + q */                \
	SCALE2(A, K, Q);                                                   \
	VORPS       SIGN, A, A;                                            \
	VBLENDVPS   X, A, P, P

// func siluF32ElemsAVX2(dst, src *float32, n int)
//
//	for i := range n {
//		dst[i] = siluF32(src[i])
//	}
TEXT ·siluF32ElemsAVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DST
	MOVQ src+8(FP), SRC
	MOVQ n+16(FP), LEN
	VMOVUPS expRound<>(SB), ROUND
	VMOVUPS siluHigh<>(SB), HIGH
	VMOVUPS sign32<>(SB), SIGN
	SUBQ $8, LEN
	JLT  tail

	PCALIGN $32

loop:
	VMOVUPS (SRC), Y0
	SILU(Y0, Y1, Y2, Y3, Y4, Y5, Y6)
	VMOVUPS Y1, (DST)
	ADDQ    $32, SRC
	ADDQ    $32, DST
	SUBQ    $8, LEN
	JGE     loop

tail:
	ADDQ $8, LEN
	JZ   done

	// What is masked off reads and writes no memory.
	TAILMASK(MASK)
	VMASKMOVPS (SRC), MASK, Y0
	SILU(Y0, Y1, Y2, Y3, Y4, Y5, Y6)
	VMASKMOVPS Y1, MASK, (DST)

done:
	VZEROUPPER
	RET

// func swigluF32ElemsAVX2(dst, gate, up *float32, n int)
//
//	for i := range n {
//		dst[i] = f32(siluF32(gate[i])·up[i])
//	}
TEXT ·swigluF32ElemsAVX2(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DST
	MOVQ gate+8(FP), SRC
	MOVQ up+16(FP), UP
	MOVQ n+24(FP), LEN
	VMOVUPS expRound<>(SB), ROUND
	VMOVUPS siluHigh<>(SB), HIGH
	VMOVUPS sign32<>(SB), SIGN
	SUBQ $8, LEN
	JLT  tail

	PCALIGN $32

loop:
	VMOVUPS (SRC), Y0
	SILU(Y0, Y1, Y2, Y3, Y4, Y5, Y6)
	VMULPS  (UP), Y1, Y1
	VMOVUPS Y1, (DST)
	ADDQ    $32, UP
	ADDQ    $32, SRC
	ADDQ    $32, DST
	SUBQ    $8, LEN
	JGE     loop

tail:
	ADDQ $8, LEN
	JZ   done

	// What is masked off reads and writes no memory.
	TAILMASK(MASK)
	VMASKMOVPS (SRC), MASK, Y0
	SILU(Y0, Y1, Y2, Y3, Y4, Y5, Y6)
	VMASKMOVPS (UP), MASK, Y0
	VMULPS     Y0, Y1, Y1
	VMASKMOVPS Y1, MASK, (DST)

done:
	VZEROUPPER
	RET

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
	TAILMASK(MASK)
	VMASKMOVPS (SRC), MASK4, X0
	GELU
	VMASKMOVPS X4, MASK4, (DST)

done:
	VZEROUPPER
	RET
