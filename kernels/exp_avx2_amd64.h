// EXPPARTS is expParts of the arguments in X: p in P, and k as integers in K.
#define EXPPARTS(X, P, K, Q, R) \
	VMOVAPS     X, Q;                           \
	VFMADD132PS log2e<>(SB), ROUND, Q;          \
	VSUBPS      ROUND, Q, Q;                    \
	VMOVAPS     X, R;                           \
	VFMADD231PS negLn2Hi<>(SB), Q, R;           \
	VFMADD231PS negLn2Lo<>(SB), Q, R;           \
	VCVTPS2DQ   Q, K;                           \
	VMOVUPS     expQ5<>(SB), Q;                 \
	VFMADD213PS expQ4<>(SB), R, Q;              \
	VFMADD213PS expQ3<>(SB), R, Q;              \
	VFMADD213PS expQ2<>(SB), R, Q;              \
	VFMADD213PS expQ1<>(SB), R, Q;              \
	VFMADD213PS expQ0<>(SB), R, Q;              \
	VMULPS      R, R, P;                        \
	VFMADD213PS R, Q, P

// SCALE2 is scale2 of X by the integers in K, which it spoils.
#define SCALE2(X, K, T) \
	VPSRAD $1, K, T;              \
	VPSUBD T, K, K;               \
	VPADDD bias32<>(SB), T, T;    \
	VPADDD bias32<>(SB), K, K;    \
	VPSLLD $23, T, T;             \
	VPSLLD $23, K, K;             \
	VMULPS T, X, X;               \
	VMULPS K, X, X

// EXP is expF32 of X in P. VMAXPS and VMINPS return their last operand, here
// X, where it is NaN.
#define EXP(X, P, K, Q, R) \
	VMAXPS X, LOW, X;                 \
	VMINPS X, HIGH, X;                \
	EXPPARTS(X, P, K, Q, R);          \
	VADDPS one32<>(SB), P, P;         \
	SCALE2(P, K, Q)

// EXPCONSTANTS loads what EXP has in registers.
#define EXPCONSTANTS \
	VMOVUPS expRound<>(SB), ROUND; \
	VMOVUPS expLow<>(SB), LOW;     \
	VMOVUPS expHigh<>(SB), HIGH

// TAILMASK sets the first LEN elements of M, 0 < LEN < 8.
#define TAILMASK(M) \
	LEAQ    tailMask<>(SB), BITS; \
	SHLQ    $2, LEN;              \
	SUBQ    LEN, BITS;            \
	SHRQ    $2, LEN;              \
	VMOVUPS 32(BITS), M

DATA tailMask<>+0(SB)/8, $-1
DATA tailMask<>+8(SB)/8, $-1
DATA tailMask<>+16(SB)/8, $-1
DATA tailMask<>+24(SB)/8, $-1
DATA tailMask<>+32(SB)/8, $0
DATA tailMask<>+40(SB)/8, $0
DATA tailMask<>+48(SB)/8, $0
DATA tailMask<>+56(SB)/8, $0
GLOBL tailMask<>(SB), RODATA|NOPTR, $64
