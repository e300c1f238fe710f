// EXPPARTS is expParts: of the argument in X, which becomes r, it makes p in P and
// t·2^k in T. N, which has n + expRound, is spoiled. FNM is VFNMADD231PS and steps expSteps;
// with VFNMSUB231PS and negExpSteps the argument is −X.
#define EXPPARTS(FNM, steps, X, N, P, T) \
	VMOVAPS     X, N;                  \
	VFMADD132PS steps<>(SB), ROUND, N; \
	VSUBPS      ROUND, N, P;           \
	FNM         expStep<>(SB), P, X;   \
	VFMADD231PS expRest<>(SB), N, X;   \
	VMOVUPS     exp4<>(SB), P;         \
	VFMADD213PS exp3<>(SB), X, P;      \
	VFMADD213PS exp2<>(SB), X, P;      \
	VFMADD213PS exp1<>(SB), X, P;      \
	VMULPS      X, P, P;               \
	VPERMPS     expTable<>(SB), N, T;  \
	VPSLLD      $20, N, N;             \
	VPADDD      N, T, T

// EXPPARTS4 is EXPPARTS of four vectors at a time, which hides the latency: of the
// arguments in Y0 to Y3 it makes p in Y8 to Y11 and t·2^k in Y0 to Y3. Y4 to Y7 are spoiled.
#define EXPPARTS4(FNM, steps) \
	VMOVAPS     Y0, Y4;                 \
	VMOVAPS     Y1, Y5;                 \
	VMOVAPS     Y2, Y6;                 \
	VMOVAPS     Y3, Y7;                 \
	VFMADD132PS steps<>(SB), ROUND, Y4; \
	VFMADD132PS steps<>(SB), ROUND, Y5; \
	VFMADD132PS steps<>(SB), ROUND, Y6; \
	VFMADD132PS steps<>(SB), ROUND, Y7; \
	VSUBPS      ROUND, Y4, Y8;          \
	VSUBPS      ROUND, Y5, Y9;          \
	VSUBPS      ROUND, Y6, Y10;         \
	VSUBPS      ROUND, Y7, Y11;         \
	FNM         expStep<>(SB), Y8, Y0;  \
	FNM         expStep<>(SB), Y9, Y1;  \
	FNM         expStep<>(SB), Y10, Y2; \
	FNM         expStep<>(SB), Y11, Y3; \
	VFMADD231PS expRest<>(SB), Y4, Y0;  \
	VFMADD231PS expRest<>(SB), Y5, Y1;  \
	VFMADD231PS expRest<>(SB), Y6, Y2;  \
	VFMADD231PS expRest<>(SB), Y7, Y3;  \
	VMOVUPS     exp4<>(SB), Y8;         \
	VMOVUPS     exp4<>(SB), Y9;         \
	VMOVUPS     exp4<>(SB), Y10;        \
	VMOVUPS     exp4<>(SB), Y11;        \
	VFMADD213PS exp3<>(SB), Y0, Y8;     \
	VFMADD213PS exp3<>(SB), Y1, Y9;     \
	VFMADD213PS exp3<>(SB), Y2, Y10;    \
	VFMADD213PS exp3<>(SB), Y3, Y11;    \
	VFMADD213PS exp2<>(SB), Y0, Y8;     \
	VFMADD213PS exp2<>(SB), Y1, Y9;     \
	VFMADD213PS exp2<>(SB), Y2, Y10;    \
	VFMADD213PS exp2<>(SB), Y3, Y11;    \
	VFMADD213PS exp1<>(SB), Y0, Y8;     \
	VFMADD213PS exp1<>(SB), Y1, Y9;     \
	VFMADD213PS exp1<>(SB), Y2, Y10;    \
	VFMADD213PS exp1<>(SB), Y3, Y11;    \
	VMULPS      Y0, Y8, Y8;             \
	VMULPS      Y1, Y9, Y9;             \
	VMULPS      Y2, Y10, Y10;           \
	VMULPS      Y3, Y11, Y11;           \
	VPERMPS     expTable<>(SB), Y4, Y0; \
	VPERMPS     expTable<>(SB), Y5, Y1; \
	VPERMPS     expTable<>(SB), Y6, Y2; \
	VPERMPS     expTable<>(SB), Y7, Y3; \
	VPSLLD      $20, Y4, Y4;            \
	VPSLLD      $20, Y5, Y5;            \
	VPSLLD      $20, Y6, Y6;            \
	VPSLLD      $20, Y7, Y7;            \
	VPADDD      Y4, Y0, Y0;             \
	VPADDD      Y5, Y1, Y1;             \
	VPADDD      Y6, Y2, Y2;             \
	VPADDD      Y7, Y3, Y3

// EXP4 is the exponential of Y0 to Y3 in Y8 to Y11 where it and t·2^k are normal
// numbers. Y0 to Y7 are spoiled.
#define EXP4 \
	EXPPARTS4(VFNMADD231PS, expSteps); \
	VFMADD213PS Y0, Y0, Y8;            \
	VFMADD213PS Y1, Y1, Y9;            \
	VFMADD213PS Y2, Y2, Y10;           \
	VFMADD213PS Y3, Y3, Y11

// ROUND holds expRound.
#define ROUND Y15

// TAILMASK sets the first LEFT elements of M, 0 < LEFT < 8.
#define TAILMASK(LEFT, M) \
	LEAQ    tailMask<>(SB), BITS; \
	SHLQ    $2, LEFT;             \
	SUBQ    LEFT, BITS;           \
	SHRQ    $2, LEFT;             \
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
