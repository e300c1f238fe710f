//go:build !purego

#include "textflag.h"

#define A_PTR SI
#define B_PTR DI
#define LEN   CX
#define BITS  AX

// The 64 lanes of the declared tree, 16 a register.
#define ACC0 Z0
#define ACC1 Z1
#define ACC2 Z2
#define ACC3 Z3

// func dotF32ElemsAVX512(a, b *float32, n int) float32
//
//	for i := 0; i < n; i += 64 { // the last step padded with zeros
//		for l := range acc {
//			acc[l] = fma(a[i+l], b[i+l], acc[l])
//		}
//	}
//	for half := 32; half > 0; half /= 2 {
//		for l := range half {
//			acc[l] += acc[l+half]
//		}
//	}
//	return acc[0]
TEXT ·dotF32ElemsAVX512(SB), NOSPLIT, $0-28
	MOVQ a+0(FP), A_PTR
	MOVQ b+8(FP), B_PTR
	MOVQ n+16(FP), LEN

	VPXORD ACC0, ACC0, ACC0 // from +0
	VPXORD ACC1, ACC1, ACC1
	VPXORD ACC2, ACC2, ACC2
	VPXORD ACC3, ACC3, ACC3

	SUBQ $64, LEN
	JLT  tail

	PCALIGN $32

loop:  // 64 elements, one a lane
	VMOVUPS     0(A_PTR), Z4
	VMOVUPS     64(A_PTR), Z5
	VMOVUPS     128(A_PTR), Z6
	VMOVUPS     192(A_PTR), Z7
	VFMADD231PS 0(B_PTR), Z4, ACC0
	VFMADD231PS 64(B_PTR), Z5, ACC1
	VFMADD231PS 128(B_PTR), Z6, ACC2
	VFMADD231PS 192(B_PTR), Z7, ACC3
	ADDQ        $256, A_PTR
	ADDQ        $256, B_PTR
	SUBQ        $64, LEN
	JGE         loop

tail:  // LEN is what is left, less 64
	ADDQ $64, LEN
	JZ   sum

	// One mask bit for each element that is left: lanes that are masked off
	// read no memory and become zero.
	MOVQ  $1, BITS
	SHLQ  CX, BITS
	DECQ  BITS
	KMOVW BITS, K1
	SHRQ  $16, BITS
	KMOVW BITS, K2
	SHRQ  $16, BITS
	KMOVW BITS, K3
	SHRQ  $16, BITS
	KMOVW BITS, K4

	// All lanes take the step, for adding the product of two zeros makes a
	// lane that has underflowed to −0 a +0.
	VMOVUPS.Z   0(A_PTR), K1, Z4
	VMOVUPS.Z   64(A_PTR), K2, Z5
	VMOVUPS.Z   128(A_PTR), K3, Z6
	VMOVUPS.Z   192(A_PTR), K4, Z7
	VMOVUPS.Z   0(B_PTR), K1, Z8
	VMOVUPS.Z   64(B_PTR), K2, Z9
	VMOVUPS.Z   128(B_PTR), K3, Z10
	VMOVUPS.Z   192(B_PTR), K4, Z11
	VFMADD231PS Z8, Z4, ACC0
	VFMADD231PS Z9, Z5, ACC1
	VFMADD231PS Z10, Z6, ACC2
	VFMADD231PS Z11, Z7, ACC3

sum:
	VADDPS        ACC2, ACC0, ACC0 // l += l+32
	VADDPS        ACC3, ACC1, ACC1
	VADDPS        ACC1, ACC0, ACC0 // 16
	VEXTRACTF64X4 $1, ACC0, Y1
	VADDPS        Y1, Y0, Y0       // 8
	VEXTRACTF128  $1, Y0, X1
	VADDPS        X1, X0, X0       // 4
	VPERMILPS     $0x4E, X0, X1
	VADDPS        X1, X0, X0       // 2
	VPERMILPS     $0xB1, X0, X1
	VADDSS        X1, X0, X0       // 1
	VMOVSS        X0, ret+24(FP)
	VZEROUPPER
	RET
