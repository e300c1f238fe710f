//go:build !purego

#include "textflag.h"

DATA iota<>+0(SB)/8, $0x0000000100000000
DATA iota<>+8(SB)/8, $0x0000000300000002
DATA iota<>+16(SB)/8, $0x0000000500000004
DATA iota<>+24(SB)/8, $0x0000000700000006
GLOBL iota<>(SB), RODATA|NOPTR, $32

DATA eight<>+0(SB)/4, $8
GLOBL eight<>(SB), RODATA|NOPTR, $4

#define A SI
#define B DI
#define N CX

// Lanes 8k to 8k+7 of the sum are in Yk, k = 0 to 7.

// STEP adds the products of elements 8k to 8k+7 to their lanes.
#define STEP(k, T, LANES) \
	VMOVUPS     (32*k)(A), T; \
	VFMADD231PS (32*k)(B), T, LANES

#define IOTA Y8
#define LEFT Y9 // the number of elements not before 8k
#define EIGHT Y10
#define HAVE Y11

// TAIL is STEP where elements may be missing: a missing one is not touched and
// counts as zero. That is no matter of leaving a lane as it is, for adding a
// product of zeros makes −0 a +0.
#define TAIL(k, LANES) \
	VPCMPGTD    IOTA, LEFT, HAVE; \
	VMASKMOVPS  (32*k)(A), HAVE, Y12; \
	VMASKMOVPS  (32*k)(B), HAVE, Y13; \
	VPSUBD      EIGHT, LEFT, LEFT; \
	VFMADD231PS Y13, Y12, LANES

// func dotF32ElemsAVX2(a, b *float32, n int) float32
//
//	for i in 0..n−1, padded with zeros to a multiple of 64:
//		lane[i%64] = fma(a[i], b[i], lane[i%64])
//	return sum of lanes: l and l+32, l+16, l+8, l+4, l+2, l+1
TEXT ·dotF32ElemsAVX2(SB), NOSPLIT, $0-28
	MOVQ a+0(FP), A
	MOVQ b+8(FP), B
	MOVQ n+16(FP), N

	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3
	VXORPS Y4, Y4, Y4
	VXORPS Y5, Y5, Y5
	VXORPS Y6, Y6, Y6
	VXORPS Y7, Y7, Y7

	SUBQ $64, N
	JLT  tail

loop:
	STEP(0, Y8, Y0)
	STEP(1, Y9, Y1)
	STEP(2, Y10, Y2)
	STEP(3, Y11, Y3)
	STEP(4, Y12, Y4)
	STEP(5, Y13, Y5)
	STEP(6, Y14, Y6)
	STEP(7, Y15, Y7)
	ADDQ $256, A
	ADDQ $256, B
	SUBQ $64, N
	JGE  loop

tail:
	ADDQ $64, N
	JZ   sum

	VMOVD        N, X9
	VPBROADCASTD X9, LEFT
	VPBROADCASTD eight<>(SB), EIGHT
	VMOVDQU      iota<>(SB), IOTA
	TAIL(0, Y0)
	TAIL(1, Y1)
	TAIL(2, Y2)
	TAIL(3, Y3)
	TAIL(4, Y4)
	TAIL(5, Y5)
	TAIL(6, Y6)
	TAIL(7, Y7)

sum:
	// Lanes l and l+32, 16, 8.
	VADDPS Y4, Y0, Y0
	VADDPS Y5, Y1, Y1
	VADDPS Y6, Y2, Y2
	VADDPS Y7, Y3, Y3
	VADDPS Y2, Y0, Y0
	VADDPS Y3, Y1, Y1
	VADDPS Y1, Y0, Y0

	// Then l and l+4, 2, 1.
	VEXTRACTF128 $1, Y0, X1
	VADDPS       X1, X0, X0
	VMOVHLPS     X0, X0, X1
	VADDPS       X1, X0, X0
	VMOVSHDUP    X0, X1
	VADDSS       X1, X0, X0
	VMOVSS       X0, ret+24(FP)

	VZEROUPPER
	RET
