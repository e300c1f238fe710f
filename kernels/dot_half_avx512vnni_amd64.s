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

#define ZEROS \
	VPXORD ACC0, ACC0, ACC0; \
	VPXORD ACC1, ACC1, ACC1; \
	VPXORD ACC2, ACC2, ACC2; \
	VPXORD ACC3, ACC3, ACC3

// MASKS sets one bit of K1 to K4 for each of the LEN < 64 elements that are
// left: lanes that are masked off read no memory and become zero.
#define MASKS \
	MOVQ  $1, BITS; \
	SHLQ  CX, BITS; \
	DECQ  BITS; \
	KMOVW BITS, K1; \
	SHRQ  $16, BITS; \
	KMOVW BITS, K2; \
	SHRQ  $16, BITS; \
	KMOVW BITS, K3; \
	SHRQ  $16, BITS; \
	KMOVW BITS, K4

// FOLD adds lanes l and l+32, 16, 8, 4, 2, 1.
#define FOLD \
	VADDPS        ACC2, ACC0, ACC0; \
	VADDPS        ACC3, ACC1, ACC1; \
	VADDPS        ACC1, ACC0, ACC0; \
	VEXTRACTF64X4 $1, ACC0, Y1; \
	VADDPS        Y1, Y0, Y0; \
	VEXTRACTF128  $1, Y0, X1; \
	VADDPS        X1, X0, X0; \
	VPERMILPS     $0x4E, X0, X1; \
	VADDPS        X1, X0, X0; \
	VPERMILPS     $0xB1, X0, X1; \
	VADDSS        X1, X0, X0

// func dotF16ElemsAVX512(a, b *byte, n int) float32
//
//	for i in 0..n−1, padded with zeros to a multiple of 64:
//		lane[i%64] = fma(f16(a[2i:]), f16(b[2i:]), lane[i%64])
//	return sum of lanes: l and l+32, l+16, l+8, l+4, l+2, l+1
TEXT ·dotF16ElemsAVX512(SB), NOSPLIT, $0-28
	MOVQ a+0(FP), A_PTR
	MOVQ b+8(FP), B_PTR
	MOVQ n+16(FP), LEN

	ZEROS
	SUBQ $64, LEN
	JLT  tail

	PCALIGN $32

loop:
	VCVTPH2PS   0(A_PTR), Z4
	VCVTPH2PS   32(A_PTR), Z5
	VCVTPH2PS   64(A_PTR), Z6
	VCVTPH2PS   96(A_PTR), Z7
	VCVTPH2PS   0(B_PTR), Z8
	VCVTPH2PS   32(B_PTR), Z9
	VCVTPH2PS   64(B_PTR), Z10
	VCVTPH2PS   96(B_PTR), Z11
	VFMADD231PS Z8, Z4, ACC0
	VFMADD231PS Z9, Z5, ACC1
	VFMADD231PS Z10, Z6, ACC2
	VFMADD231PS Z11, Z7, ACC3
	ADDQ        $128, A_PTR
	ADDQ        $128, B_PTR
	SUBQ        $64, LEN
	JGE         loop

tail:
	ADDQ $64, LEN
	JZ   sum

	MASKS
	VMOVDQU16.Z 0(A_PTR), K1, Y4
	VMOVDQU16.Z 32(A_PTR), K2, Y5
	VMOVDQU16.Z 64(A_PTR), K3, Y6
	VMOVDQU16.Z 96(A_PTR), K4, Y7
	VMOVDQU16.Z 0(B_PTR), K1, Y8
	VMOVDQU16.Z 32(B_PTR), K2, Y9
	VMOVDQU16.Z 64(B_PTR), K3, Y10
	VMOVDQU16.Z 96(B_PTR), K4, Y11
	VCVTPH2PS   Y4, Z4
	VCVTPH2PS   Y5, Z5
	VCVTPH2PS   Y6, Z6
	VCVTPH2PS   Y7, Z7
	VCVTPH2PS   Y8, Z8
	VCVTPH2PS   Y9, Z9
	VCVTPH2PS   Y10, Z10
	VCVTPH2PS   Y11, Z11
	VFMADD231PS Z8, Z4, ACC0
	VFMADD231PS Z9, Z5, ACC1
	VFMADD231PS Z10, Z6, ACC2
	VFMADD231PS Z11, Z7, ACC3

sum:
	FOLD
	VMOVSS X0, ret+24(FP)
	VZEROUPPER
	RET

// func dotBF16ElemsAVX512(a, b *byte, n int) float32
//
//	for i in 0..n−1, padded with zeros to a multiple of 64:
//		lane[i%64] = fma(bf16(a[2i:]), bf16(b[2i:]), lane[i%64])
//	return sum of lanes: l and l+32, l+16, l+8, l+4, l+2, l+1
TEXT ·dotBF16ElemsAVX512(SB), NOSPLIT, $0-28
	MOVQ a+0(FP), A_PTR
	MOVQ b+8(FP), B_PTR
	MOVQ n+16(FP), LEN

	ZEROS
	SUBQ $64, LEN
	JLT  tail

	PCALIGN $32

loop:
	VPMOVZXWD   0(A_PTR), Z4
	VPMOVZXWD   32(A_PTR), Z5
	VPMOVZXWD   64(A_PTR), Z6
	VPMOVZXWD   96(A_PTR), Z7
	VPMOVZXWD   0(B_PTR), Z8
	VPMOVZXWD   32(B_PTR), Z9
	VPMOVZXWD   64(B_PTR), Z10
	VPMOVZXWD   96(B_PTR), Z11
	VPSLLD      $16, Z4, Z4
	VPSLLD      $16, Z5, Z5
	VPSLLD      $16, Z6, Z6
	VPSLLD      $16, Z7, Z7
	VPSLLD      $16, Z8, Z8
	VPSLLD      $16, Z9, Z9
	VPSLLD      $16, Z10, Z10
	VPSLLD      $16, Z11, Z11
	VFMADD231PS Z8, Z4, ACC0
	VFMADD231PS Z9, Z5, ACC1
	VFMADD231PS Z10, Z6, ACC2
	VFMADD231PS Z11, Z7, ACC3
	ADDQ        $128, A_PTR
	ADDQ        $128, B_PTR
	SUBQ        $64, LEN
	JGE         loop

tail:
	ADDQ $64, LEN
	JZ   sum

	MASKS
	VMOVDQU16.Z 0(A_PTR), K1, Y4
	VMOVDQU16.Z 32(A_PTR), K2, Y5
	VMOVDQU16.Z 64(A_PTR), K3, Y6
	VMOVDQU16.Z 96(A_PTR), K4, Y7
	VMOVDQU16.Z 0(B_PTR), K1, Y8
	VMOVDQU16.Z 32(B_PTR), K2, Y9
	VMOVDQU16.Z 64(B_PTR), K3, Y10
	VMOVDQU16.Z 96(B_PTR), K4, Y11
	VPMOVZXWD   Y4, Z4
	VPMOVZXWD   Y5, Z5
	VPMOVZXWD   Y6, Z6
	VPMOVZXWD   Y7, Z7
	VPMOVZXWD   Y8, Z8
	VPMOVZXWD   Y9, Z9
	VPMOVZXWD   Y10, Z10
	VPMOVZXWD   Y11, Z11
	VPSLLD      $16, Z4, Z4
	VPSLLD      $16, Z5, Z5
	VPSLLD      $16, Z6, Z6
	VPSLLD      $16, Z7, Z7
	VPSLLD      $16, Z8, Z8
	VPSLLD      $16, Z9, Z9
	VPSLLD      $16, Z10, Z10
	VPSLLD      $16, Z11, Z11
	VFMADD231PS Z8, Z4, ACC0
	VFMADD231PS Z9, Z5, ACC1
	VFMADD231PS Z10, Z6, ACC2
	VFMADD231PS Z11, Z7, ACC3

sum:
	FOLD
	VMOVSS X0, ret+24(FP)
	VZEROUPPER
	RET
