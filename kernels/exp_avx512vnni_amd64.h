// EXPPARTS is expParts of the arguments in X: p in P, and k as integers in K.
#define EXPPARTS(X, P, K, Q, R) \
	VMOVAPS          X, Q;                  \
	VFMADD132PS.BCST log2e<>(SB), ROUND, Q; \
	VSUBPS           ROUND, Q, Q;           \
	VMOVAPS          X, R;                  \
	VFMADD231PS.BCST negLn2Hi<>(SB), Q, R;  \
	VFMADD231PS.BCST negLn2Lo<>(SB), Q, R;  \
	VCVTPS2DQ        Q, K;                  \
	VBROADCASTSS     expQ5<>(SB), Q;        \
	VFMADD213PS.BCST expQ4<>(SB), R, Q;     \
	VFMADD213PS.BCST expQ3<>(SB), R, Q;     \
	VFMADD213PS.BCST expQ2<>(SB), R, Q;     \
	VFMADD213PS.BCST expQ1<>(SB), R, Q;     \
	VFMADD213PS.BCST expQ0<>(SB), R, Q;     \
	VMULPS           R, R, P;               \
	VFMADD213PS      R, Q, P

// SCALE2 is scale2 of X by the integers in K, which it spoils.
#define SCALE2(X, K, T) \
	VPSRAD      $1, K, T;           \
	VPSUBD      T, K, K;            \
	VPADDD.BCST bias32<>(SB), T, T; \
	VPADDD.BCST bias32<>(SB), K, K; \
	VPSLLD      $23, T, T;          \
	VPSLLD      $23, K, K;          \
	VMULPS      T, X, X;            \
	VMULPS      K, X, X

// EXP is expF32 of X in P. VMAXPS and VMINPS return their last operand, here
// X, where it is NaN.
#define EXP(X, P, K, Q, R) \
	VMAXPS      X, LOW, X;          \
	VMINPS      X, HIGH, X;         \
	EXPPARTS(X, P, K, Q, R);        \
	VADDPS.BCST one32<>(SB), P, P;  \
	SCALE2(P, K, Q)

// EXPCONSTANTS loads what EXP has in registers.
#define EXPCONSTANTS \
	VBROADCASTSS expRound<>(SB), ROUND; \
	VBROADCASTSS expLow<>(SB), LOW;     \
	VBROADCASTSS expHigh<>(SB), HIGH

// LANES sets LIVE to the elements that are left of LEN, at most n. What is
// masked off reads and writes no memory.
#define LANES(n) \
	MOVQ    $n, BITS;     \
	CMPQ    LEN, BITS;    \
	CMOVQLT LEN, BITS;    \
	BZHIQ   BITS, ONES, BITS; \
	KMOVW   BITS, LIVE
