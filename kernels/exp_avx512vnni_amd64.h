// EXPPARTS is expParts: of the argument in X, which becomes r, it makes p in P and
// t·2^k in T. N, which has n + expRound, is spoiled. FNM is VFNMADD231PS; with
// VFNMSUB231PS, and STEPS negative, the argument is −X. ENTRIES is TABLE, or another one
// that scales t·2^k.
#define EXPPARTS(FNM, ENTRIES, X, N, P, T) \
	VMOVAPS     STEPS, N;         \
	VFMADD213PS ROUND, X, N;      \
	VSUBPS      ROUND, N, P;      \
	FNM         STEP, P, X;       \
	VFMADD231PS REST, N, X;       \
	VMOVAPS     C4, P;            \
	VFMADD213PS C3, X, P;         \
	VFMADD213PS C2, X, P;         \
	VFMADD213PS C1, X, P;         \
	VMULPS      X, P, P;          \
	VPERMPS     ENTRIES, N, T;    \
	VPSLLD      $20, N, N;        \
	VPADDD      N, T, T

// EXPPARTS4 is EXPPARTS of four vectors at a time, which hides the latency: of the
// arguments in Z0 to Z3 it makes p in Z8 to Z11 and t·2^k in Z0 to Z3. Z4 to Z7 are spoiled.
// EXPP4 makes p alone, and n + expRound in Z4 to Z7, in the stages EXPSTAGE1 to EXPSTAGE8.
#define EXPSTAGE1 \
	VMOVAPS     STEPS, Z4; \
	VMOVAPS     STEPS, Z5; \
	VMOVAPS     STEPS, Z6; \
	VMOVAPS     STEPS, Z7; \
	VFMADD213PS ROUND, Z0, Z4; \
	VFMADD213PS ROUND, Z1, Z5; \
	VFMADD213PS ROUND, Z2, Z6; \
	VFMADD213PS ROUND, Z3, Z7

#define EXPSTAGE2 \
	VSUBPS      ROUND, Z4, Z8; \
	VSUBPS      ROUND, Z5, Z9; \
	VSUBPS      ROUND, Z6, Z10; \
	VSUBPS      ROUND, Z7, Z11

#define EXPSTAGE3(FNM) \
	FNM         STEP, Z8, Z0; \
	FNM         STEP, Z9, Z1; \
	FNM         STEP, Z10, Z2; \
	FNM         STEP, Z11, Z3

#define EXPSTAGE4 \
	VFMADD231PS REST, Z4, Z0; \
	VFMADD231PS REST, Z5, Z1; \
	VFMADD231PS REST, Z6, Z2; \
	VFMADD231PS REST, Z7, Z3

#define EXPSTAGE5 \
	VMOVAPS     C4, Z8; \
	VMOVAPS     C4, Z9; \
	VMOVAPS     C4, Z10; \
	VMOVAPS     C4, Z11; \
	VFMADD213PS C3, Z0, Z8; \
	VFMADD213PS C3, Z1, Z9; \
	VFMADD213PS C3, Z2, Z10; \
	VFMADD213PS C3, Z3, Z11

#define EXPSTAGE6 \
	VFMADD213PS C2, Z0, Z8; \
	VFMADD213PS C2, Z1, Z9; \
	VFMADD213PS C2, Z2, Z10; \
	VFMADD213PS C2, Z3, Z11

#define EXPSTAGE7 \
	VFMADD213PS C1, Z0, Z8; \
	VFMADD213PS C1, Z1, Z9; \
	VFMADD213PS C1, Z2, Z10; \
	VFMADD213PS C1, Z3, Z11

#define EXPSTAGE8 \
	VMULPS      Z0, Z8, Z8; \
	VMULPS      Z1, Z9, Z9; \
	VMULPS      Z2, Z10, Z10; \
	VMULPS      Z3, Z11, Z11

#define EXPP4(FNM) \
	EXPSTAGE1; \
	EXPSTAGE2; \
	EXPSTAGE3(FNM); \
	EXPSTAGE4; \
	EXPSTAGE5; \
	EXPSTAGE6; \
	EXPSTAGE7; \
	EXPSTAGE8

#define EXPPARTS4(FNM, ENTRIES) \
	EXPP4(FNM); \
	VPERMPS     ENTRIES, Z4, Z0; \
	VPERMPS     ENTRIES, Z5, Z1; \
	VPERMPS     ENTRIES, Z6, Z2; \
	VPERMPS     ENTRIES, Z7, Z3; \
	VPSLLD      $20, Z4, Z4; \
	VPSLLD      $20, Z5, Z5; \
	VPSLLD      $20, Z6, Z6; \
	VPSLLD      $20, Z7, Z7; \
	VPADDD      Z4, Z0, Z0; \
	VPADDD      Z5, Z1, Z1; \
	VPADDD      Z6, Z2, Z2; \
	VPADDD      Z7, Z3, Z3

// EXP4 is the exponential of Z0 to Z3 in Z8 to Z11, scaled by ENTRIES, where it and t·2^k
// are normal numbers. Z0 to Z7 are spoiled.
#define EXP4(ENTRIES) \
	EXPPARTS4(VFNMADD231PS, ENTRIES); \
	VFMADD213PS Z0, Z0, Z8;     \
	VFMADD213PS Z1, Z1, Z9;     \
	VFMADD213PS Z2, Z2, Z10;    \
	VFMADD213PS Z3, Z3, Z11

// EXPCONSTANTS loads what EXPPARTS has in registers.
#define EXPCONSTANTS(steps) \
	VBROADCASTSS    steps<>(SB), STEPS;    \
	VBROADCASTSS    expRound<>(SB), ROUND; \
	VBROADCASTSS    expStep<>(SB), STEP;   \
	VBROADCASTSS    expRest<>(SB), REST;   \
	VBROADCASTSS    exp4<>(SB), C4;        \
	VBROADCASTSS    exp3<>(SB), C3;        \
	VBROADCASTSS    exp2<>(SB), C2;        \
	VBROADCASTSS    exp1<>(SB), C1;        \
	VBROADCASTF32X8 expTable<>(SB), TABLE

#define STEPS Z31
#define ROUND Z30
#define STEP Z29
#define REST Z28
#define C4 Z27
#define C3 Z26
#define C2 Z25
#define C1 Z24
#define TABLE Z23

// LANES sets LIVE to the elements that are left, LEFT < 256. What is masked off reads
// and writes no memory.
#define LANES(LEFT) \
	MOVL  $-1, BITS;         \
	BZHIL LEFT, BITS, BITS;  \
	KMOVW BITS, LIVE
