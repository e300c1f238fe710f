//go:build !purego

#include "textflag.h"

#define BYTES 144
#include "dot_k_avx512vnni_amd64.h"

#define STRIDE  R8 // bytes of a row of weights
#define STRIDE3 R9

#define AFTER R14 // what is prefetched: of the next four rows, in order, as much as is computed
#define JUMP  R15 // from the last blocks of four rows to the first of the next four

#define FIFTEEN Y14

// QUANTS loads the quants of the block at w: of sub-blocks 0, 2, 4, 6 to Y0 … Y3, of
// 1, 3, 5, 7 to Y4 … Y7.
#define QUANTS(off, w) \
	VMOVDQU (off+16) w, Y0        \
	VMOVDQU (off+48) w, Y1        \
	VMOVDQU (off+80) w, Y2        \
	VMOVDQU (off+112) w, Y3       \
	VPSRLW  $4, Y0, Y4      \
	VPSRLW  $4, Y1, Y5      \
	VPSRLW  $4, Y2, Y6      \
	VPSRLW  $4, Y3, Y7      \
	VPAND   FIFTEEN, Y0, Y0 \
	VPAND   FIFTEEN, Y1, Y1 \
	VPAND   FIFTEEN, Y2, Y2 \
	VPAND   FIFTEEN, Y3, Y3 \
	VPAND   FIFTEEN, Y4, Y4 \
	VPAND   FIFTEEN, Y5, Y5 \
	VPAND   FIFTEEN, Y6, Y6 \
	VPAND   FIFTEEN, Y7, Y7

// Four rows: the sub-blocks of the activation, its bsums, and what is added up.
#define ACT0  Y16
#define ACT1  Y17
#define ACT2  Y18
#define ACT3  Y19
#define ACT4  Y20
#define ACT5  Y21
#define ACT6  Y22
#define ACT7  Y23
#define BSUMS Y13
#define POS0  Y24
#define POS1  Y25
#define POS2  Y26
#define POS3  Y27
#define NEG0  Y28
#define NEG1  Y29
#define NEG2  Y30
#define NEG3  Y31

// DECODEROWS decodes the scales of the blocks of four rows at NEXT to AHEAD.
#define DECODEROWS \
	HEADS((NEXT), (NEXT)(STRIDE*1), (NEXT)(STRIDE*2), (NEXT)(STRIDE3*1)) \
	VMULPS.BCST (NEXT_X), Y2, Y2         \
	VMOVUPS     Y2, 128(AHEAD)           \
	UNPACK(Y0, Y3)                       \
	UNPACK(Y1, Y4)                       \
	VMOVDQU     Y3, (AHEAD)              \
	VMOVDQU     Y4, 32(AHEAD)            \
	VPSHUFB     spread<>+0(SB), Y3, Y3   \
	VPSHUFB     spread<>+0(SB), Y4, Y4   \
	VMOVDQU     Y3, 64(AHEAD)            \
	VMOVDQU     Y4, 96(AHEAD)

// ROW adds the block at w of row r.
#define ROW(r, w, pos, neg) \
	PREFETCHT1       (128*r)(AFTER)              \
	QUANTS(0, w)                                 \
	PAIR(ACT0, ACT1, Y0, Y4, Y8, Y9)             \
	PAIR(ACT2, ACT3, Y1, Y5, Y10, Y9)            \
	PAIR(ACT4, ACT5, Y2, Y6, Y11, Y9)            \
	PAIR(ACT6, ACT7, Y3, Y7, Y12, Y9)            \
	PREFETCHT1       (128*r+64)(AFTER)           \
	VBROADCASTI128   (16*r)(NOW), Y0             \
	VPBROADCASTD     (64+16*r)(NOW), Y1          \
	VPBROADCASTD     (68+16*r)(NOW), Y2          \
	VPSHUFB          spread<>+32(SB), Y0, Y0     \
	VPMADDWD         BSUMS, Y0, Y0               \ // added exactly
	VPMADDWD         Y1, Y8, Y8                  \
	VPMADDWD         Y2, Y10, Y10                \
	VPDPWSSD.BCST    (72+16*r)(NOW), Y11, Y8     \
	VPDPWSSD.BCST    (76+16*r)(NOW), Y12, Y10    \
	VCVTDQ2PS        Y0, Y0                      \
	VFMADD231PS.BCST (132+8*r)(NOW), Y0, neg     \
	VPADDD           Y10, Y8, Y8                 \
	VCVTDQ2PS        Y8, Y8                      \ // exact
	VFMADD231PS.BCST (128+8*r)(NOW), Y8, pos

// func dotQ4KQ8KRowsAVX512(dst *float32, w, x *byte, rows, blocks int)
//
//	for r := range rows {
//		for b := range blocks {
//			for j := range 8 {
//				for i := range 32 {
//					dots[i/4] += sc[j] * q[32*j+i] * x[32*j+i]
//				}
//				mins[j] = m[j] * (bsums[2*j] + bsums[2*j+1])
//			}
//			for l := range 8 {
//				pos[l] = fma(d*dx, float32(dots[l]), pos[l])
//				neg[l] = fma(dmin*dx, float32(mins[l]), neg[l])
//			}
//		}
//		for l := range 8 {
//			pos[l] -= neg[l]
//		}
//		for half := 4; half > 0; half /= 2 {
//			for l := range half {
//				pos[l] += pos[l+half]
//			}
//		}
//		dst[r] = pos[0]
//	}
TEXT ·dotQ4KQ8KRowsAVX512(SB), NOSPLIT, $448-40
	MOVQ dst+0(FP), DST
	MOVQ w+8(FP), W_PTR
	MOVQ rows+24(FP), ROWS
	MOVQ blocks+32(FP), BLOCKS
	LEAQ 63(SP), NOW
	ANDQ $~63, NOW
	LEAQ SLOT(NOW), AHEAD

	MOVL         $0x0F0F0F0F, AX
	VMOVD        AX, X14
	VPBROADCASTD X14, FIFTEEN
	VMOVDQU      upper<>(SB), UP
	MOVL         $0xCCCCCCCC, AX
	KMOVD        AX, UPPERWORDS

	CMPQ ROWS, $4
	JLT  rest

	IMUL3Q $144, BLOCKS, STRIDE
	LEAQ   (STRIDE)(STRIDE*2), STRIDE3
	MOVQ   W_PTR, NEXT
	MOVQ   x+16(FP), NEXT_X
	DECODEROWS

four:  // four rows share the loads of the activation
	VXORPS POS0, POS0, POS0 // from +0
	VXORPS POS1, POS1, POS1
	VXORPS POS2, POS2, POS2
	VXORPS POS3, POS3, POS3
	VXORPS NEG0, NEG0, NEG0
	VXORPS NEG1, NEG1, NEG1
	VXORPS NEG2, NEG2, NEG2
	VXORPS NEG3, NEG3, NEG3
	MOVQ   x+16(FP), X_PTR
	MOVQ   BLOCKS, LEFT
	LEAQ   (W_PTR)(STRIDE*4), AFTER

	// Where no four rows follow, the last block is decoded again.
	XORL    AX, AX
	LEAQ    144(STRIDE3), JUMP
	CMPQ    ROWS, $8
	CMOVQLT AX, JUMP

	PCALIGN $32

fourLoop:
	XCHGQ   NOW, AHEAD
	MOVL    $144, NEXT
	LEAQ    292(X_PTR), NEXT_X
	CMPQ    LEFT, $1
	CMOVQEQ JUMP, NEXT
	CMOVQEQ x+16(FP), NEXT_X
	ADDQ    W_PTR, NEXT
	DECODEROWS

	VMOVDQU32 4(X_PTR), ACT0
	VMOVDQU32 36(X_PTR), ACT1
	VMOVDQU32 68(X_PTR), ACT2
	VMOVDQU32 100(X_PTR), ACT3
	VMOVDQU32 132(X_PTR), ACT4
	VMOVDQU32 164(X_PTR), ACT5
	VMOVDQU32 196(X_PTR), ACT6
	VMOVDQU32 228(X_PTR), ACT7
	VMOVDQU   260(X_PTR), BSUMS

	ROW(0, (W_PTR), POS0, NEG0)
	ROW(1, (W_PTR)(STRIDE*1), POS1, NEG1)
	ROW(2, (W_PTR)(STRIDE*2), POS2, NEG2)
	PREFETCHT1 512(AFTER)
	ROW(3, (W_PTR)(STRIDE3*1), POS3, NEG3)

	ADDQ $(4*144), AFTER
	ADDQ $144, W_PTR
	ADDQ $292, X_PTR
	DECQ LEFT
	JNZ  fourLoop

	TOTAL(POS0, NEG0, 0(DST))
	TOTAL(POS1, NEG1, 4(DST))
	TOTAL(POS2, NEG2, 8(DST))
	TOTAL(POS3, NEG3, 12(DST))

	ADDQ STRIDE3, W_PTR // the row after the fourth
	ADDQ $16, DST
	SUBQ $4, ROWS
	CMPQ ROWS, $4
	JGE  four

rest:
	TESTQ ROWS, ROWS
	JZ    done

	ONEBYONE

done:
	VZEROUPPER
	RET

// Four activations, for which the scales and quants of a row are decoded once.
#define PAIR0   Y16 // scales of a pair in each dword
#define PAIR1   Y17
#define PAIR2   Y18
#define PAIR3   Y19
#define MINWORDS Y20 // mins twice as words
#define SCALE   Y21 // d
#define MINSCALE Y22 // dmin

// COLUMN adds the block of Y0 … Y7 times that of an activation at x.
#define COLUMN(x, pos, neg) \
	PAIRS(0, x)                          \
	VPMADDWD    260 x, MINWORDS, Y13     \ // added exactly
	SCALED(PAIR0, PAIR1, PAIR2, PAIR3)   \
	VMULPS.BCST 0 x, SCALE, Y9           \
	VFMADD231PS Y9, Y8, pos              \
	VCVTDQ2PS   Y13, Y13                 \
	VMULPS.BCST 0 x, MINSCALE, Y9        \
	VFMADD231PS Y9, Y13, neg

#define LD R9 // bytes from an activation's results to the next one's

// func dotQ4KQ8KColumnsAVX512(dst *float32, w, x *byte, rows, blocks, ld int)
//
//	for r := range rows {
//		for c := range 4 {
//			dst[c*ld+r] = row r times activation c, as dotQ4KQ8KRowsAVX512
//		}
//	}
TEXT ·dotQ4KQ8KColumnsAVX512(SB), NOSPLIT, $0-48
	MOVQ dst+0(FP), DST
	MOVQ w+8(FP), W_PTR
	MOVQ rows+24(FP), ROWS
	MOVQ blocks+32(FP), BLOCKS
	MOVQ ld+40(FP), LD
	SHLQ $2, LD

	MOVL         $0x0F0F0F0F, AX
	VMOVD        AX, X14
	VPBROADCASTD X14, FIFTEEN
	VMOVDQU      upper<>(SB), UP
	MOVL         $0xCCCCCCCC, AX
	KMOVD        AX, UPPERWORDS

	IMUL3Q $292, BLOCKS, STRIDE
	LEAQ   (STRIDE)(STRIDE*2), R12

columns:
	VXORPS POS0, POS0, POS0 // from +0
	VXORPS POS1, POS1, POS1
	VXORPS POS2, POS2, POS2
	VXORPS POS3, POS3, POS3
	VXORPS NEG0, NEG0, NEG0
	VXORPS NEG1, NEG1, NEG1
	VXORPS NEG2, NEG2, NEG2
	VXORPS NEG3, NEG3, NEG3
	MOVQ   x+16(FP), X_PTR
	MOVQ   BLOCKS, LEFT

	PCALIGN $32

columnsLoop:
	VBROADCASTI128 (W_PTR), Y0
	VCVTPH2PS      X0, X3
	VBROADCASTSS   X3, SCALE
	VMOVSHDUP      X3, X3
	VBROADCASTSS   X3, MINSCALE
	UNPACK(Y0, Y1)
	VPSHUFB        spread<>+0(SB), Y1, Y0
	VPSHUFB        spread<>+32(SB), Y1, MINWORDS
	VPSHUFD        $0x00, Y0, PAIR0
	VPSHUFD        $0x55, Y0, PAIR1
	VPSHUFD        $0xAA, Y0, PAIR2
	VPSHUFD        $0xFF, Y0, PAIR3

	QUANTS(0, (W_PTR))
	COLUMN((X_PTR), POS0, NEG0)
	COLUMN((X_PTR)(STRIDE*1), POS1, NEG1)
	COLUMN((X_PTR)(STRIDE*2), POS2, NEG2)
	COLUMN((X_PTR)(R12*1), POS3, NEG3)

	ADDQ $144, W_PTR
	ADDQ $292, X_PTR
	DECQ LEFT
	JNZ  columnsLoop

	LEAQ (DST)(LD*2), R13
	TOTAL(POS0, NEG0, (DST))
	TOTAL(POS1, NEG1, (DST)(LD*1))
	TOTAL(POS2, NEG2, (R13))
	TOTAL(POS3, NEG3, (R13)(LD*1))

	ADDQ $4, DST
	DECQ ROWS
	JNZ  columns

	VZEROUPPER
	RET
