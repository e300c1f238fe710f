//go:build !purego

#include "textflag.h"

#define DST DI
#define SRC SI
#define TABLE DX
#define HEADS BX
#define STRIDE R8 // bytes of a head
#define WIDTH R9  // elements to rotate that are left
#define N CX
#define AT AX
#define REST R10  // elements of a last step of fewer than 16
#define HAVE K1   // which those are
#define BITS AX

// RESTMASK sets REST and HAVE from WIDTH.
#define RESTMASK \
	MOVQ  WIDTH, REST; \
	ANDQ  $15, REST; \
	MOVL  $1, BITS; \
	MOVQ  REST, CX; \
	SHLL  CX, BITS; \
	DECL  BITS; \
	KMOVW BITS, HAVE

// TURN rotates the pairs of V by T, cosine and sine of each, and W, the same
// exchanged: the evens are x0·c − x1·s, the odds x0·s + x1·c.
#define TURN(V, T, W, U) \
	VMOVSHDUP      V, U; \
	VMOVSLDUP      V, V; \
	VMULPS         W, U, U; \
	VFMADDSUB213PS U, T, V

// PAIRS is TURN without W.
#define PAIRS(V, T, U, W) \
	VPERMILPS $0xb1, T, W; \
	TURN(V, T, W, U)

// LOAD and KEPT are what rotates elements 16k to 16k+15 of a head by a table that
// stays in registers.
#define LOAD(k, T, W) \
	VMOVUPS   (64*k)(TABLE), T; \
	VPERMILPS $0xb1, T, W

#define KEPT(k, V, T, W, U) \
	VMOVUPS (64*k)(SRC)(AT*1), V; \
	TURN(V, T, W, U); \
	VMOVUPS V, (64*k)(DST)(AT*1)

// func ropePairsAVX512(dst, x, table *float32, heads, headDim, width int)
//
//	for each head, for i = 0, 2, … width−2:
//		c, s = table[i], table[i+1]
//		dst[i] = fma(x[i], c, −f32(x[i+1]·s))
//		dst[i+1] = fma(x[i], s, f32(x[i+1]·c))
//
// 128 elements of all heads at a time, and then those that are left.
TEXT ·ropePairsAVX512(SB), NOSPLIT, $0-48
	MOVQ dst+0(FP), DST
	MOVQ x+8(FP), SRC
	MOVQ table+16(FP), TABLE
	MOVQ heads+24(FP), HEADS
	MOVQ headDim+32(FP), STRIDE
	MOVQ width+40(FP), WIDTH
	SHLQ $2, STRIDE
	SUBQ $128, WIDTH
	JLT  rest

wide:
	LOAD(0, Z16, Z24)
	LOAD(1, Z17, Z25)
	LOAD(2, Z18, Z26)
	LOAD(3, Z19, Z27)
	LOAD(4, Z20, Z28)
	LOAD(5, Z21, Z29)
	LOAD(6, Z22, Z30)
	LOAD(7, Z23, Z31)
	MOVQ HEADS, N
	XORL AT, AT

	PCALIGN $32

kept:
	KEPT(0, Z0, Z16, Z24, Z8)
	KEPT(1, Z1, Z17, Z25, Z9)
	KEPT(2, Z2, Z18, Z26, Z10)
	KEPT(3, Z3, Z19, Z27, Z11)
	KEPT(4, Z4, Z20, Z28, Z12)
	KEPT(5, Z5, Z21, Z29, Z13)
	KEPT(6, Z6, Z22, Z30, Z14)
	KEPT(7, Z7, Z23, Z31, Z15)
	ADDQ STRIDE, AT
	DECQ N
	JNZ  kept

	ADDQ $512, SRC
	ADDQ $512, DST
	ADDQ $512, TABLE
	SUBQ $128, WIDTH
	JGE  wide

rest:
	ADDQ $128, WIDTH
	JZ   done
	RESTMASK

head:
	XORL AT, AT
	MOVQ WIDTH, N
	SUBQ $16, N
	JLT  tail

	PCALIGN $32

loop:
	VMOVUPS (SRC)(AT*1), Z0
	VMOVUPS (TABLE)(AT*1), Z1
	PAIRS(Z0, Z1, Z2, Z3)
	VMOVUPS Z0, (DST)(AT*1)
	ADDQ    $64, AT
	SUBQ    $16, N
	JGE     loop

tail:
	TESTQ     REST, REST
	JZ        next
	VMOVUPS.Z (SRC)(AT*1), HAVE, Z0
	VMOVUPS   (TABLE)(AT*1), Z1 // which has room for more
	PAIRS(Z0, Z1, Z2, Z3)
	VMOVUPS   Z0, HAVE, (DST)(AT*1)

next:
	ADDQ STRIDE, SRC
	ADDQ STRIDE, DST
	DECQ HEADS
	JNZ  head

done:
	VZEROUPPER
	RET

#define SRC1 R11 // SRC, DST and TABLE are those of the first elements of pairs,
#define DST1 R12 // these those of the second
#define TABLE1 R13

// HALVES makes y0, y1 of the first elements V0, the second ones V1, the cosines
// C and the sines S.
#define HALVES(V0, V1, C, S, T) \
	VMULPS      S, V1, T; \
	VMULPS      C, V1, V1; \
	VFMSUB231PS V0, C, T; \
	VFMADD231PS V0, S, V1

// KEPTHALVES rotates pairs 16k to 16k+15 of a head by a table that stays in
// registers.
#define KEPTHALVES(k, V0, V1, C, S, T) \
	VMOVUPS (64*k)(SRC)(AT*1), V0; \
	VMOVUPS (64*k)(SRC1)(AT*1), V1; \
	HALVES(V0, V1, C, S, T); \
	VMOVUPS T, (64*k)(DST)(AT*1); \
	VMOVUPS V1, (64*k)(DST1)(AT*1)

// func ropeHalvesAVX512(dst, x, cos, sin *float32, heads, headDim, half int)
//
//	for each head, for i < half:
//		c, s = cos[i], sin[i]
//		dst[i] = fma(x[i], c, −f32(x[i+half]·s))
//		dst[i+half] = fma(x[i], s, f32(x[i+half]·c))
//
// 64 pairs of all heads at a time, and then those that are left.
TEXT ·ropeHalvesAVX512(SB), NOSPLIT, $0-56
	MOVQ dst+0(FP), DST
	MOVQ x+8(FP), SRC
	MOVQ cos+16(FP), TABLE
	MOVQ sin+24(FP), TABLE1
	MOVQ heads+32(FP), HEADS
	MOVQ headDim+40(FP), STRIDE
	MOVQ half+48(FP), WIDTH
	SHLQ $2, STRIDE
	LEAQ (SRC)(WIDTH*4), SRC1
	LEAQ (DST)(WIDTH*4), DST1
	SUBQ $64, WIDTH
	JLT  rest

wide:
	VMOVUPS 0(TABLE), Z24
	VMOVUPS 64(TABLE), Z25
	VMOVUPS 128(TABLE), Z26
	VMOVUPS 192(TABLE), Z27
	VMOVUPS 0(TABLE1), Z28
	VMOVUPS 64(TABLE1), Z29
	VMOVUPS 128(TABLE1), Z30
	VMOVUPS 192(TABLE1), Z31
	MOVQ HEADS, N
	XORL AT, AT

	PCALIGN $32

kept:
	KEPTHALVES(0, Z0, Z1, Z24, Z28, Z2)
	KEPTHALVES(1, Z3, Z4, Z25, Z29, Z5)
	KEPTHALVES(2, Z6, Z7, Z26, Z30, Z8)
	KEPTHALVES(3, Z9, Z10, Z27, Z31, Z11)
	ADDQ STRIDE, AT
	DECQ N
	JNZ  kept

	ADDQ $256, SRC
	ADDQ $256, SRC1
	ADDQ $256, DST
	ADDQ $256, DST1
	ADDQ $256, TABLE
	ADDQ $256, TABLE1
	SUBQ $64, WIDTH
	JGE  wide

rest:
	ADDQ $64, WIDTH
	JZ   done
	RESTMASK

head:
	XORL AT, AT
	MOVQ WIDTH, N
	SUBQ $16, N
	JLT  tail

	PCALIGN $32

loop:
	VMOVUPS (SRC)(AT*1), Z0
	VMOVUPS (SRC1)(AT*1), Z1
	VMOVUPS (TABLE)(AT*1), Z2
	VMOVUPS (TABLE1)(AT*1), Z3
	HALVES(Z0, Z1, Z2, Z3, Z4)
	VMOVUPS Z4, (DST)(AT*1)
	VMOVUPS Z1, (DST1)(AT*1)
	ADDQ    $64, AT
	SUBQ    $16, N
	JGE     loop

tail:
	TESTQ     REST, REST
	JZ        next
	VMOVUPS.Z (SRC)(AT*1), HAVE, Z0
	VMOVUPS.Z (SRC1)(AT*1), HAVE, Z1
	VMOVUPS   (TABLE)(AT*1), Z2 // which have room for more
	VMOVUPS   (TABLE1)(AT*1), Z3
	HALVES(Z0, Z1, Z2, Z3, Z4)
	VMOVUPS   Z4, HAVE, (DST)(AT*1)
	VMOVUPS   Z1, HAVE, (DST1)(AT*1)

next:
	ADDQ STRIDE, SRC
	ADDQ STRIDE, SRC1
	ADDQ STRIDE, DST
	ADDQ STRIDE, DST1
	DECQ HEADS
	JNZ  head

done:
	VZEROUPPER
	RET
