//go:build !purego

#include "textflag.h"

// After packing, lane L of a register of 64 quants holds the quants 4L … 4L+3
// of four registers of 16; dword n of the result is at 4·(n%4) + n/4.
DATA order<>+0(SB)/8, $0x0d0905010c080400
DATA order<>+8(SB)/8, $0x0f0b07030e0a0602

// The same for the 16 sums, as words of which every other is a sum.
DATA order<>+16(SB)/8, $0x1a120a0218100800
DATA order<>+24(SB)/8, $0x1e160e061c140c04
GLOBL order<>(SB), RODATA|NOPTR, $32

#define DST    DI
#define SRC    SI
#define BLOCKS CX

// Z0 … Z15 hold a super-block.
#define HI    Z16 // the largest element, or +0
#define NLO   Z20 // the smallest one negated, or −0
#define AMAX  X21
#define SCALE Z22

#define ZERO   Z24
#define SIGN   Z25
#define NOTMIN Z26 // a byte that has no bit in common with −128
#define ONESB  Z27
#define ONESW  Z28
#define ORDER  Z29
#define ORDERS Z30

#define SETUP \
	VPXORD       ZERO, ZERO, ZERO     \
	MOVL         $0x80000000, AX      \
	VPBROADCASTD AX, SIGN             \
	MOVL         $0x7F7F7F7F, AX      \
	VPBROADCASTD AX, NOTMIN           \
	MOVL         $0x01010101, AX      \
	VPBROADCASTD AX, ONESB            \
	MOVL         $0x00010001, AX      \
	VPBROADCASTD AX, ONESW            \
	VPMOVZXBD    order<>+0(SB), ORDER \
	VPMOVZXBW    order<>+16(SB), Y30

#define LOAD \
	VMOVUPS 0(SRC), Z0    \
	VMOVUPS 64(SRC), Z1   \
	VMOVUPS 128(SRC), Z2  \
	VMOVUPS 192(SRC), Z3  \
	VMOVUPS 256(SRC), Z4  \
	VMOVUPS 320(SRC), Z5  \
	VMOVUPS 384(SRC), Z6  \
	VMOVUPS 448(SRC), Z7  \
	VMOVUPS 512(SRC), Z8  \
	VMOVUPS 576(SRC), Z9  \
	VMOVUPS 640(SRC), Z10 \
	VMOVUPS 704(SRC), Z11 \
	VMOVUPS 768(SRC), Z12 \
	VMOVUPS 832(SRC), Z13 \
	VMOVUPS 896(SRC), Z14 \
	VMOVUPS 960(SRC), Z15

// EXTREMES sets the low 8 lanes of HI to the largest number of the block and
// its high 8 lanes, and the low ones of NLO, to the smallest one negated; a
// block without positive (negative) ones yields zero. In VMAXPS and VMINPS the
// first operand is the result when either is NaN, so that NaN elements do not
// take part.
#define EXTREMES \
	VMAXPS     ZERO, Z0, Z16        \
	VMAXPS     ZERO, Z1, Z17        \
	VMAXPS     ZERO, Z2, Z18        \
	VMAXPS     ZERO, Z3, Z19        \
	VMINPS     ZERO, Z0, Z20        \
	VMINPS     ZERO, Z1, Z21        \
	VMINPS     ZERO, Z2, Z22        \
	VMINPS     ZERO, Z3, Z23        \
	VMAXPS     Z16, Z4, Z16         \
	VMAXPS     Z17, Z5, Z17         \
	VMAXPS     Z18, Z6, Z18         \
	VMAXPS     Z19, Z7, Z19         \
	VMINPS     Z20, Z4, Z20         \
	VMINPS     Z21, Z5, Z21         \
	VMINPS     Z22, Z6, Z22         \
	VMINPS     Z23, Z7, Z23         \
	VMAXPS     Z16, Z8, Z16         \
	VMAXPS     Z17, Z9, Z17         \
	VMAXPS     Z18, Z10, Z18        \
	VMAXPS     Z19, Z11, Z19        \
	VMINPS     Z20, Z8, Z20         \
	VMINPS     Z21, Z9, Z21         \
	VMINPS     Z22, Z10, Z22        \
	VMINPS     Z23, Z11, Z23        \
	VMAXPS     Z16, Z12, Z16        \
	VMAXPS     Z17, Z13, Z17        \
	VMAXPS     Z18, Z14, Z18        \
	VMAXPS     Z19, Z15, Z19        \
	VMINPS     Z20, Z12, Z20        \
	VMINPS     Z21, Z13, Z21        \
	VMINPS     Z22, Z14, Z22        \
	VMINPS     Z23, Z15, Z23        \
	VMAXPS     Z17, Z16, Z16        \
	VMAXPS     Z19, Z18, Z18        \
	VMINPS     Z21, Z20, Z20        \
	VMINPS     Z23, Z22, Z22        \
	VMAXPS     Z18, Z16, Z16        \
	VMINPS     Z22, Z20, Z20        \
	VPXORD     SIGN, Z20, Z20       \
	VSHUFF64X2 $0xE4, Z20, Z16, Z17 \ // the 16 lanes of both become 8 and 8
	VSHUFF64X2 $0x4E, Z20, Z16, Z18 \
	VMAXPS     Z18, Z17, Z16        \
	VSHUFF64X2 $0xB1, Z16, Z16, Z17 \
	VMAXPS     Z17, Z16, Z16        \
	VPERMILPS  $0x4E, Z16, Z17      \
	VMAXPS     Z17, Z16, Z16        \
	VPERMILPS  $0xB1, Z16, Z17      \
	VMAXPS     Z17, Z16, HI         \
	VSHUFF64X2 $0x4E, HI, HI, NLO

// PACK makes 64 quants of the integers in a, b, c, d, stores them, and leaves
// the sums of each four in s. The integers lie in −127 … 127, but for NaN and
// infinite products, whose conversion yields −2^31: they saturate to −128 and
// become 0.
#define PACK(a, b, c, d, s, off) \
	VPACKSSDW  b, a, a       \
	VPACKSSDW  d, c, c       \
	VPACKSSWB  c, a, a       \
	VPERMD     a, ORDER, a   \
	VPTESTMB   NOTMIN, a, K1 \
	VMOVDQU8.Z a, K1, a      \
	VMOVDQU32  a, off(DST)   \
	VPXORD     s, s, s       \
	VPDPBUSD   a, ONESB, s

// STORE packs Z0 … Z15, then adds the sums of four quants by fours: all sums
// fit 16 bits.
#define STORE \
	PACK(Z0, Z1, Z2, Z3, Z16, 4)       \
	PACK(Z4, Z5, Z6, Z7, Z17, 68)      \
	PACK(Z8, Z9, Z10, Z11, Z18, 132)   \
	PACK(Z12, Z13, Z14, Z15, Z19, 196) \
	VPACKSSDW Z17, Z16, Z16            \
	VPACKSSDW Z19, Z18, Z18            \
	VPMADDWD  ONESW, Z16, Z16          \
	VPMADDWD  ONESW, Z18, Z18          \
	VPACKSSDW Z18, Z16, Z16            \
	VPMADDWD  ONESW, Z16, Z16          \
	VPERMW    Z16, ORDERS, Z16         \
	VMOVDQU32 Y16, 260(DST)

// EVEN multiplies by SCALE and rounds, ties to even.
#define EVEN(a) \
	VMULPS    SCALE, a, a \
	VCVTPS2DQ a, a

// func quantizeQ8KGGMLBlocksAVX512(dst *byte, src *float32, blocks int)
//
//	for each block {
//		amax, first := 0, 0
//		for _, v := range x {
//			if abs(v) > amax { // never for NaN
//				amax, first = abs(v), v
//			}
//		}
//		d, iscale := 0, 0
//		if amax > 0 {
//			iscale = -127 / first
//			d = 1 / iscale
//		}
//		q[i] = min(127, roundToEven(iscale*x[i])) // 0 for NaN and Inf
//		bsums[k] = sum(q[16*k:16*k+16])
//	}
TEXT ·quantizeQ8KGGMLBlocksAVX512(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DST
	MOVQ src+8(FP), SRC
	MOVQ blocks+16(FP), BLOCKS
	SETUP

	PCALIGN $32

loop:
	LOAD
	EXTREMES

	// If one extreme is the larger, it is the first of its magnitude whatever
	// the order: only for equal ones must the block be searched.
	VUCOMISS X20, X16
	JEQ      tie
	VCMPSS   $1, X20, X16, K2 // HI < NLO: first is negative
	VMAXSS   X20, X16, AMAX

scale:  // K2 holds the sign of first
	MOVL   $0x42FE0000, AX   // 127
	MOVL   $0x3F800000, DX   // 1
	VMOVD  AX, X17
	VMOVD  DX, X18
	VPXORD X25, X17, X19     // −127
	VMOVSS X17, X19, K2, X19 // 127 for a negative first
	VDIVSS AMAX, X19, X19    // iscale
	VDIVSS X19, X18, X18     // d

quants:
	VMOVSS       X18, (DST)
	VBROADCASTSS X19, SCALE
	EVEN(Z0)
	EVEN(Z1)
	EVEN(Z2)
	EVEN(Z3)
	EVEN(Z4)
	EVEN(Z5)
	EVEN(Z6)
	EVEN(Z7)
	EVEN(Z8)
	EVEN(Z9)
	EVEN(Z10)
	EVEN(Z11)
	EVEN(Z12)
	EVEN(Z13)
	EVEN(Z14)
	EVEN(Z15)
	STORE
	ADDQ         $1024, SRC
	ADDQ         $292, DST
	DECQ         BLOCKS
	JNZ          loop

	VZEROUPPER
	RET

tie:  // HI and NLO are equal: amax, or zero
	VMOVAPS  X16, AMAX
	VPXORD   X18, X18, X18 // a zero block: d = iscale = +0
	VPXORD   X19, X19, X19
	VUCOMISS X24, X16
	JEQ      quants

	VBROADCASTSS X16, Z16
	MOVQ         SRC, BX

search:  // some element has this magnitude
	VPANDND (BX), SIGN, Z17   // |x|
	VCMPPS  $0, Z16, Z17, K3
	ADDQ    $64, BX
	KMOVW   K3, AX
	TESTL   AX, AX
	JZ      search
	BSFL    AX, AX
	MOVL    -64(BX)(AX*4), AX
	SHRL    $31, AX
	KMOVW   AX, K2
	JMP     scale

// Constants of AWAY.
#define HALF Z23

// AWAY multiplies by SCALE and rounds, ties away from zero: it adds the number
// just below 1/2 with the product's sign and truncates. For products below
// 2^22 the sum reaches the next integer if and only if the product is at least
// halfway: at exactly k+1/2 it is within 2^−25 of k+1 and rounds to it (a tie
// between 1−2^−24 and 1 for k = 0, and 1 is even), and a product below k+1/2
// is so by at least an ulp, 2^−25 for k = 0 and 2^−23 or more otherwise.
#define AWAY(a, t) \
	VMULPS     SCALE, a, a          \
	VMOVAPS    a, t                 \
	VPTERNLOGD $0xEA, HALF, SIGN, t \ // t&SIGN | HALF
	VADDPS     t, a, a              \
	VCVTTPS2DQ a, a

// func quantizeQ8KAprenderBlocksAVX512(dst *byte, src *float32, blocks int)
//
//	for each block {
//		amax := 0
//		for _, v := range x {
//			if abs(v) > amax { // never for NaN
//				amax = abs(v)
//			}
//		}
//		s := float32(1) / 127
//		if amax > 1e-10 {
//			s = amax / 127
//		}
//		inv := 1 / s
//		q[i] = clamp(roundHalfAway(x[i]*inv), -128, 127) // 0 for NaN and Inf
//		bsums[k] = sum(q[16*k:16*k+16])
//	}
TEXT ·quantizeQ8KAprenderBlocksAVX512(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DST
	MOVQ src+8(FP), SRC
	MOVQ blocks+16(FP), BLOCKS
	SETUP

	PCALIGN $32

loop:
	LOAD
	EXTREMES

	VMAXSS       X20, X16, AMAX
	MOVL         $0x42FE0000, AX   // 127
	MOVL         $0x3F800000, DX   // 1
	VMOVD        AX, X17
	VMOVD        DX, X18
	VDIVSS       X17, AMAX, X19    // amax / 127
	MOVL         $0x2EDBE6FF, AX   // 1e-10
	MOVL         $0x3C010204, DX   // 1/127
	VMOVD        AX, X16
	VMOVD        DX, X20
	VCMPSS       $1, AMAX, X16, K2 // 1e-10 < amax
	VMOVSS       X19, X20, K2, X20 // s
	VMOVSS       X20, (DST)
	VDIVSS       X20, X18, X18     // 1/s
	VBROADCASTSS X18, SCALE
	MOVL         $0x3EFFFFFF, AX   // the number just below 1/2
	VPBROADCASTD AX, HALF

	AWAY(Z0, Z16)
	AWAY(Z1, Z17)
	AWAY(Z2, Z18)
	AWAY(Z3, Z19)
	AWAY(Z4, Z16)
	AWAY(Z5, Z17)
	AWAY(Z6, Z18)
	AWAY(Z7, Z19)
	AWAY(Z8, Z16)
	AWAY(Z9, Z17)
	AWAY(Z10, Z18)
	AWAY(Z11, Z19)
	AWAY(Z12, Z16)
	AWAY(Z13, Z17)
	AWAY(Z14, Z18)
	AWAY(Z15, Z19)
	STORE
	ADDQ $1024, SRC
	ADDQ $292, DST
	DECQ BLOCKS
	JNZ  loop

	VZEROUPPER
	RET
