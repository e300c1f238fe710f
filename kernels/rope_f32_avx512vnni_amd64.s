//go:build !purego

#include "textflag.h"

#define DST DI
#define SRC SI
#define TABLE DX
#define HEADS BX
#define STRIDE R8 // bytes of a head
#define WIDTH R9  // elements to rotate
#define N CX
#define AT AX
#define REST R10  // elements of a last step of fewer than 16
#define HAVE K1   // which those are
#define BITS R11

// RESTMASK sets REST and HAVE from WIDTH.
#define RESTMASK \
	MOVQ  WIDTH, REST; \
	ANDQ  $15, REST; \
	MOVL  $1, BITS; \
	MOVQ  REST, CX; \
	SHLL  CX, BITS; \
	DECL  BITS; \
	KMOVW BITS, HAVE

// PAIRS rotates the pairs of V by T, cosine and sine of each: the evens are
// x0·c − x1·s, the odds x0·s + x1·c.
#define PAIRS(V, T, U, W) \
	VPERMILPS      $0xb1, T, W; \
	VMOVSHDUP      V, U; \
	VMOVSLDUP      V, V; \
	VMULPS         W, U, U; \
	VFMADDSUB213PS U, T, V

// func ropePairsAVX512(dst, x, table *float32, heads, headDim, width int)
//
//	for each head, for i = 0, 2, … width−2:
//		c, s = table[i], table[i+1]
//		dst[i] = fma(x[i], c, −f32(x[i+1]·s))
//		dst[i+1] = fma(x[i], s, f32(x[i+1]·c))
TEXT ·ropePairsAVX512(SB), NOSPLIT, $0-48
	MOVQ dst+0(FP), DST
	MOVQ x+8(FP), SRC
	MOVQ table+16(FP), TABLE
	MOVQ heads+24(FP), HEADS
	MOVQ headDim+32(FP), STRIDE
	MOVQ width+40(FP), WIDTH
	SHLQ $2, STRIDE
	RESTMASK

head:
	XORL AT, AT
	MOVQ WIDTH, N
	SUBQ $32, N
	JLT  sixteen

	PCALIGN $32

loop:
	VMOVUPS (SRC)(AT*1), Z0
	VMOVUPS 64(SRC)(AT*1), Z4
	VMOVUPS (TABLE)(AT*1), Z1
	VMOVUPS 64(TABLE)(AT*1), Z5
	PAIRS(Z0, Z1, Z2, Z3)
	PAIRS(Z4, Z5, Z6, Z7)
	VMOVUPS Z0, (DST)(AT*1)
	VMOVUPS Z4, 64(DST)(AT*1)
	ADDQ    $128, AT
	SUBQ    $32, N
	JGE     loop

sixteen:
	ADDQ    $16, N // what is left, less 16
	JLT     tail
	VMOVUPS (SRC)(AT*1), Z0
	VMOVUPS (TABLE)(AT*1), Z1
	PAIRS(Z0, Z1, Z2, Z3)
	VMOVUPS Z0, (DST)(AT*1)
	ADDQ    $64, AT

tail:
	TESTQ     REST, REST
	JZ        next
	VMOVUPS.Z (SRC)(AT*1), HAVE, Z0
	VMOVUPS.Z (TABLE)(AT*1), HAVE, Z1
	PAIRS(Z0, Z1, Z2, Z3)
	VMOVUPS   Z0, HAVE, (DST)(AT*1)

next:
	ADDQ STRIDE, SRC
	ADDQ STRIDE, DST
	DECQ HEADS
	JNZ  head
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

// func ropeHalvesAVX512(dst, x, cos, sin *float32, heads, headDim, half int)
//
//	for each head, for i < half:
//		c, s = cos[i], sin[i]
//		dst[i] = fma(x[i], c, −f32(x[i+half]·s))
//		dst[i+half] = fma(x[i], s, f32(x[i+half]·c))
TEXT ·ropeHalvesAVX512(SB), NOSPLIT, $0-56
	MOVQ dst+0(FP), DST
	MOVQ x+8(FP), SRC
	MOVQ cos+16(FP), TABLE
	MOVQ sin+24(FP), TABLE1
	MOVQ heads+32(FP), HEADS
	MOVQ headDim+40(FP), STRIDE
	MOVQ half+48(FP), WIDTH
	SHLQ $2, STRIDE
	RESTMASK
	LEAQ (SRC)(WIDTH*4), SRC1
	LEAQ (DST)(WIDTH*4), DST1

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
	VMOVUPS.Z (TABLE)(AT*1), HAVE, Z2
	VMOVUPS.Z (TABLE1)(AT*1), HAVE, Z3
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
	VZEROUPPER
	RET
