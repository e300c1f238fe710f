//go:build !purego

#include "textflag.h"

DATA iota<>+0(SB)/8, $0x0000000100000000
DATA iota<>+8(SB)/8, $0x0000000300000002
DATA iota<>+16(SB)/8, $0x0000000500000004
DATA iota<>+24(SB)/8, $0x0000000700000006
GLOBL iota<>(SB), RODATA|NOPTR, $32

#define DST DI
#define SRC SI
#define TABLE DX
#define HEADS BX
#define STRIDE R8 // bytes of a head
#define WIDTH R9  // elements to rotate
#define N CX
#define AT AX
#define REST R10  // elements of a last step of fewer than 8
#define HAVE Y15  // which those are

// RESTMASK sets REST and HAVE from WIDTH.
#define RESTMASK \
	MOVQ         WIDTH, REST; \
	ANDQ         $7, REST; \
	VMOVD        REST, X15; \
	VPBROADCASTD X15, Y15; \
	VPCMPGTD     iota<>(SB), Y15, HAVE

// PAIRS rotates the pairs of V by T, cosine and sine of each: the evens are
// x0·c − x1·s, the odds x0·s + x1·c.
#define PAIRS(V, T, U, W) \
	VPERMILPS      $0xb1, T, W; \
	VMOVSHDUP      V, U; \
	VMOVSLDUP      V, V; \
	VMULPS         W, U, U; \
	VFMADDSUB213PS U, T, V

// func ropePairsAVX2(dst, x, table *float32, heads, headDim, width int)
//
//	for each head, for i = 0, 2, … width−2:
//		c, s = table[i], table[i+1]
//		dst[i] = fma(x[i], c, −f32(x[i+1]·s))
//		dst[i+1] = fma(x[i], s, f32(x[i+1]·c))
TEXT ·ropePairsAVX2(SB), NOSPLIT, $0-48
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
	SUBQ $16, N
	JLT  eight

loop:
	VMOVUPS (SRC)(AT*1), Y0
	VMOVUPS 32(SRC)(AT*1), Y4
	VMOVUPS (TABLE)(AT*1), Y1
	VMOVUPS 32(TABLE)(AT*1), Y5
	PAIRS(Y0, Y1, Y2, Y3)
	PAIRS(Y4, Y5, Y6, Y7)
	VMOVUPS Y0, (DST)(AT*1)
	VMOVUPS Y4, 32(DST)(AT*1)
	ADDQ    $64, AT
	SUBQ    $16, N
	JGE     loop

eight:
	ADDQ    $8, N // what is left, less 8
	JLT     tail
	VMOVUPS (SRC)(AT*1), Y0
	VMOVUPS (TABLE)(AT*1), Y1
	PAIRS(Y0, Y1, Y2, Y3)
	VMOVUPS Y0, (DST)(AT*1)
	ADDQ    $32, AT

tail:
	TESTQ      REST, REST
	JZ         next
	VMASKMOVPS (SRC)(AT*1), HAVE, Y0
	VMASKMOVPS (TABLE)(AT*1), HAVE, Y1
	PAIRS(Y0, Y1, Y2, Y3)
	VMASKMOVPS Y0, HAVE, (DST)(AT*1)

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

// func ropeHalvesAVX2(dst, x, cos, sin *float32, heads, headDim, half int)
//
//	for each head, for i < half:
//		c, s = cos[i], sin[i]
//		dst[i] = fma(x[i], c, −f32(x[i+half]·s))
//		dst[i+half] = fma(x[i], s, f32(x[i+half]·c))
TEXT ·ropeHalvesAVX2(SB), NOSPLIT, $0-56
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
	SUBQ $8, N
	JLT  tail

loop:
	VMOVUPS (SRC)(AT*1), Y0
	VMOVUPS (SRC1)(AT*1), Y1
	VMOVUPS (TABLE)(AT*1), Y2
	VMOVUPS (TABLE1)(AT*1), Y3
	HALVES(Y0, Y1, Y2, Y3, Y4)
	VMOVUPS Y4, (DST)(AT*1)
	VMOVUPS Y1, (DST1)(AT*1)
	ADDQ    $32, AT
	SUBQ    $8, N
	JGE     loop

tail:
	TESTQ      REST, REST
	JZ         next
	VMASKMOVPS (SRC)(AT*1), HAVE, Y0
	VMASKMOVPS (SRC1)(AT*1), HAVE, Y1
	VMASKMOVPS (TABLE)(AT*1), HAVE, Y2
	VMASKMOVPS (TABLE1)(AT*1), HAVE, Y3
	HALVES(Y0, Y1, Y2, Y3, Y4)
	VMASKMOVPS Y4, HAVE, (DST)(AT*1)
	VMASKMOVPS Y1, HAVE, (DST1)(AT*1)

next:
	ADDQ STRIDE, SRC
	ADDQ STRIDE, SRC1
	ADDQ STRIDE, DST
	ADDQ STRIDE, DST1
	DECQ HEADS
	JNZ  head
	VZEROUPPER
	RET
