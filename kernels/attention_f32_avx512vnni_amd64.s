//go:build !purego

#include "textflag.h"

#define DST DI
#define P SI
#define V DX
#define KEYS R8
#define STRIDE R9 // bytes between the rows of two keys
#define DIM R10
#define ROW AX
#define T BX
#define BITS R11

// func weighRowsAVX512(dst, p, v *float32, keys, stride, dim int)
//
//	for d := range dim {
//		y = 0
//		for t := range keys {
//			y = fma(p[t], v[t·stride+d], y)
//		}
//		dst[d] = y
//	}
TEXT ·weighRowsAVX512(SB), NOSPLIT, $0-48
	MOVQ dst+0(FP), DST
	MOVQ p+8(FP), P
	MOVQ v+16(FP), V
	MOVQ keys+24(FP), KEYS
	MOVQ stride+32(FP), STRIDE
	MOVQ dim+40(FP), DIM
	SHLQ $2, STRIDE
	SUBQ $128, DIM
	JLT  rest

block:  // 128 elements, 16 a register
	VPXORD Z0, Z0, Z0
	VPXORD Z1, Z1, Z1
	VPXORD Z2, Z2, Z2
	VPXORD Z3, Z3, Z3
	VPXORD Z4, Z4, Z4
	VPXORD Z5, Z5, Z5
	VPXORD Z6, Z6, Z6
	VPXORD Z7, Z7, Z7
	MOVQ   V, ROW
	XORL   T, T

	PCALIGN $32

key:
	VBROADCASTSS (P)(T*4), Z8
	VFMADD231PS  0(ROW), Z8, Z0
	VFMADD231PS  64(ROW), Z8, Z1
	VFMADD231PS  128(ROW), Z8, Z2
	VFMADD231PS  192(ROW), Z8, Z3
	VFMADD231PS  256(ROW), Z8, Z4
	VFMADD231PS  320(ROW), Z8, Z5
	VFMADD231PS  384(ROW), Z8, Z6
	VFMADD231PS  448(ROW), Z8, Z7
	ADDQ         STRIDE, ROW
	INCQ         T
	CMPQ         T, KEYS
	JNE          key

	VMOVUPS Z0, 0(DST)
	VMOVUPS Z1, 64(DST)
	VMOVUPS Z2, 128(DST)
	VMOVUPS Z3, 192(DST)
	VMOVUPS Z4, 256(DST)
	VMOVUPS Z5, 320(DST)
	VMOVUPS Z6, 384(DST)
	VMOVUPS Z7, 448(DST)
	ADDQ    $512, DST
	ADDQ    $512, V
	SUBQ    $128, DIM
	JGE     block

rest:
	ADDQ $128, DIM
	JZ   done

some:  // up to 64 elements; those that are missing are not touched
	MOVQ    $-1, BITS
	CMPQ    DIM, $64
	JGE     masks
	MOVL    $1, BITS
	MOVQ    DIM, CX
	SHLQ    CX, BITS
	DECQ    BITS

masks:
	KMOVW  BITS, K1
	SHRQ   $16, BITS
	KMOVW  BITS, K2
	SHRQ   $16, BITS
	KMOVW  BITS, K3
	SHRQ   $16, BITS
	KMOVW  BITS, K4
	VPXORD Z0, Z0, Z0
	VPXORD Z1, Z1, Z1
	VPXORD Z2, Z2, Z2
	VPXORD Z3, Z3, Z3
	MOVQ   V, ROW
	XORL   T, T

someKey:
	VBROADCASTSS (P)(T*4), Z8
	VFMADD231PS  0(ROW), Z8, K1, Z0
	VFMADD231PS  64(ROW), Z8, K2, Z1
	VFMADD231PS  128(ROW), Z8, K3, Z2
	VFMADD231PS  192(ROW), Z8, K4, Z3
	ADDQ         STRIDE, ROW
	INCQ         T
	CMPQ         T, KEYS
	JNE          someKey

	VMOVUPS Z0, K1, 0(DST)
	VMOVUPS Z1, K2, 64(DST)
	VMOVUPS Z2, K3, 128(DST)
	VMOVUPS Z3, K4, 192(DST)
	ADDQ    $256, DST
	ADDQ    $256, V
	SUBQ    $64, DIM
	JGT     some

done:
	VZEROUPPER
	RET
