//go:build !purego

#include "textflag.h"

DATA iota<>+0(SB)/8, $0x0000000100000000
DATA iota<>+8(SB)/8, $0x0000000300000002
DATA iota<>+16(SB)/8, $0x0000000500000004
DATA iota<>+24(SB)/8, $0x0000000700000006
GLOBL iota<>(SB), RODATA|NOPTR, $32

#define DST DI
#define P SI
#define V DX
#define KEYS R8
#define STRIDE R9 // bytes between the rows of two keys
#define DIM CX
#define ROW AX
#define T BX

// func weighRowsAVX2(dst, p, v *float32, keys, stride, dim int)
//
//	for d := range dim {
//		y = 0
//		for t := range keys {
//			y = fma(p[t], v[t·stride+d], y)
//		}
//		dst[d] = y
//	}
TEXT ·weighRowsAVX2(SB), NOSPLIT, $0-48
	MOVQ dst+0(FP), DST
	MOVQ p+8(FP), P
	MOVQ v+16(FP), V
	MOVQ keys+24(FP), KEYS
	MOVQ stride+32(FP), STRIDE
	MOVQ dim+40(FP), DIM
	SHLQ $2, STRIDE
	SUBQ $64, DIM
	JLT  rest

block:  // 64 elements, 8 a register
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3
	VXORPS Y4, Y4, Y4
	VXORPS Y5, Y5, Y5
	VXORPS Y6, Y6, Y6
	VXORPS Y7, Y7, Y7
	MOVQ   V, ROW
	XORL   T, T

key:
	VBROADCASTSS (P)(T*4), Y8
	VFMADD231PS  0(ROW), Y8, Y0
	VFMADD231PS  32(ROW), Y8, Y1
	VFMADD231PS  64(ROW), Y8, Y2
	VFMADD231PS  96(ROW), Y8, Y3
	VFMADD231PS  128(ROW), Y8, Y4
	VFMADD231PS  160(ROW), Y8, Y5
	VFMADD231PS  192(ROW), Y8, Y6
	VFMADD231PS  224(ROW), Y8, Y7
	ADDQ         STRIDE, ROW
	INCQ         T
	CMPQ         T, KEYS
	JNE          key

	VMOVUPS Y0, 0(DST)
	VMOVUPS Y1, 32(DST)
	VMOVUPS Y2, 64(DST)
	VMOVUPS Y3, 96(DST)
	VMOVUPS Y4, 128(DST)
	VMOVUPS Y5, 160(DST)
	VMOVUPS Y6, 192(DST)
	VMOVUPS Y7, 224(DST)
	ADDQ    $256, DST
	ADDQ    $256, V
	SUBQ    $64, DIM
	JGE     block

rest:
	ADDQ $64, DIM
	JZ   done

	VMOVDQU iota<>(SB), Y10

eight:  // up to 8 elements; those that are missing are not touched
	VMOVD        DIM, X9
	VPBROADCASTD X9, Y9
	VPCMPGTD     Y10, Y9, Y9
	VXORPS       Y0, Y0, Y0
	MOVQ         V, ROW
	XORL         T, T

eightKey:
	VBROADCASTSS (P)(T*4), Y8
	VMASKMOVPS   (ROW), Y9, Y1
	VFMADD231PS  Y1, Y8, Y0
	ADDQ         STRIDE, ROW
	INCQ         T
	CMPQ         T, KEYS
	JNE          eightKey

	VMASKMOVPS Y0, Y9, (DST)
	ADDQ       $32, DST
	ADDQ       $32, V
	SUBQ       $8, DIM
	JGT        eight

done:
	VZEROUPPER
	RET
