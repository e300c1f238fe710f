//go:build !purego

#include "textflag.h"

// How the 12 bytes of scales at dwords 1, 2, 3 of the block (a, b, c) become
// [sc0-3 sc4-7 m0-3 m4-7]: a&63, c&15|a>>6<<4, b&63, c>>4|b>>6<<4 bytewise.
DATA scales<>+0(SB)/8, $0x0000000000000000 // right shifts of a c b c
DATA scales<>+8(SB)/8, $0x0000000400000000
DATA scales<>+16(SB)/8, $0x0f0f0f0f3f3f3f3f // what is kept of them
DATA scales<>+24(SB)/8, $0x0f0f0f0f3f3f3f3f
DATA scales<>+32(SB)/8, $0x3030303000000000 // what is kept of - a - b, right by 2
DATA scales<>+40(SB)/8, $0x3030303000000000
GLOBL scales<>(SB), RODATA|NOPTR, $48

// Bytes that VPMOVZXBD makes dwords: all quants, and the spread of d and dmin.
DATA bytes<>+0(SB)/8, $0x0706050403020100
DATA bytes<>+8(SB)/8, $0x0f0e0d0c0b0a0908
DATA bytes<>+16(SB)/8, $0x0000000000000000
DATA bytes<>+24(SB)/8, $0x0101010101010101
GLOBL bytes<>(SB), RODATA|NOPTR, $32

#define DST    DI
#define W_PTR  SI // the super-block of the first row of a pair
#define W2_PTR R9 // that of the second
#define X_PTR  DX
#define ROWS   CX
#define STRIDE R8 // bytes of a row of weights
#define LEFT   R10
#define BLOCKS R11
#define SLOT   AX
#define AHEAD  BX // how far ahead weights are prefetched
#define FAR    R12 // the same where that lies in the next two rows

// The 64 lanes of the declared tree of two rows, 16 a register.
#define ACC0 Z0
#define ACC1 Z1
#define ACC2 Z2
#define ACC3 Z3
#define ACC4 Z4
#define ACC5 Z5
#define ACC6 Z6
#define ACC7 Z7

#define QUANTS Z16 // 0, 1 … 15 as f32
#define HEADER Z17 // dwords of d, dmin in the order of the scales and mins
#define SHIFTS X18
#define MASKA  X19
#define MASKB  X20

// 64 activations.
#define ACT0 Z21
#define ACT1 Z22
#define ACT2 Z23
#define ACT3 Z24

// SCALES stores d1 = d·sc and m1 = dmin·m of the 8 sub-blocks of the block at
// w, as 8 and 8 f32 in one cache line. Both are exact.
#define SCALES(w, slot) \
	VMOVDQU    (w), X8               \ // d and dmin, a, b, c
	VPSHUFD    $0xED, X8, X9         \ // a c b c
	VPSHUFD    $0xA5, X8, X10        \ // - a - b
	VPSRLVD    SHIFTS, X9, X9        \
	VPSRLD     $2, X10, X10          \
	VPANDD     MASKB, X10, X10       \
	VPTERNLOGD $0xEA, X10, MASKA, X9 \ // X9&MASKA | X10
	VPMOVZXBD  X9, Z9                \
	VCVTDQ2PS  Z9, Z9                \ // sc0 … sc7, m0 … m7
	VMOVD      (w), X10              \
	VCVTPH2PS  X10, X10              \ // d, dmin
	VPERMPS    Z10, HEADER, Z10      \
	VMULPS     Z10, Z9, Z9           \
	VMOVUPS    Z9, slot(SLOT)

#define ACTIVATIONS(c) \
	VMOVUPS (0+256*c)(X_PTR), ACT0   \
	VMOVUPS (64+256*c)(X_PTR), ACT1  \
	VMOVUPS (128+256*c)(X_PTR), ACT2 \
	VMOVUPS (192+256*c)(X_PTR), ACT3

// PAIR adds the 64 products of sub-blocks 2c and 2c+1 of the block at w. A
// sub-block has but 16 different weights, so they are computed once, exactly
// as the reference does (the product is exact, and so the fused operation
// rounds as the subtraction alone would), and looked up: VPERMPS takes the
// index from the low four bits of a dword and ignores the rest.
#define PAIR(c, w, slot, a0, a1, a2, a3) \
	VBROADCASTSS     (slot+32+8*c)(SLOT), Z8        \ // m1
	VFMSUB231PS.BCST (slot+0+8*c)(SLOT), QUANTS, Z8 \ // d1·q − m1
	VBROADCASTSS     (slot+36+8*c)(SLOT), Z9        \
	VFMSUB231PS.BCST (slot+4+8*c)(SLOT), QUANTS, Z9 \
	VPMOVZXBD        (16+32*c)(w), Z10              \
	VPMOVZXBD        (32+32*c)(w), Z11              \
	VPERMPS          Z8, Z10, Z12                   \
	VPERMPS          Z8, Z11, Z13                   \
	VPSRLD           $4, Z10, Z10                   \
	VPSRLD           $4, Z11, Z11                   \
	VPERMPS          Z9, Z10, Z10                   \
	VPERMPS          Z9, Z11, Z11                   \
	VFMADD231PS      ACT0, Z12, a0                  \
	VFMADD231PS      ACT1, Z13, a1                  \
	VFMADD231PS      ACT2, Z10, a2                  \
	VFMADD231PS      ACT3, Z11, a3

#define PAIR1(c, w) PAIR(c, w, 0, ACC0, ACC1, ACC2, ACC3)
#define PAIR2(c, w) PAIR(c, w, 64, ACC4, ACC5, ACC6, ACC7)

// SUM adds lanes l and l+32, 16, 8, 4, 2, 1 and stores the result. x0 and y0
// are the low parts of a0, x1 and y1 those of a1.
#define SUM(a0, a1, a2, a3, y0, y1, x0, x1, off) \
	VADDPS        a2, a0, a0    \
	VADDPS        a3, a1, a1    \
	VADDPS        a1, a0, a0    \
	VEXTRACTF64X4 $1, a0, y1    \
	VADDPS        y1, y0, y0    \
	VEXTRACTF128  $1, y0, x1    \
	VADDPS        x1, x0, x0    \
	VPERMILPS     $0x4E, x0, x1 \
	VADDPS        x1, x0, x0    \
	VPERMILPS     $0xB1, x0, x1 \
	VADDSS        x1, x0, x0    \
	VMOVSS        x0, off(DST)

// PREFETCH asks for three lines: with those of the next block no line is left out.
#define PREFETCH(w) \
	PREFETCHT0 0(w)(AHEAD*1)   \
	PREFETCHT0 64(w)(AHEAD*1)  \
	PREFETCHT0 128(w)(AHEAD*1)

// Weights are prefetched this many blocks ahead.
#define DISTANCE 8

// func dotQ4KF32RowsAVX512(dst *float32, w *byte, x *float32, rows, blocks int)
//
//	for r := range rows {
//		for i := range 256*blocks {
//			y := d1*float32(q) - m1 // weight i of row r; the product is exact
//			acc[i%64] = fma(y, x[i], acc[i%64])
//		}
//		for half := 32; half > 0; half /= 2 {
//			for l := range half {
//				acc[l] += acc[l+half]
//			}
//		}
//		dst[r] = acc[0]
//	}
TEXT ·dotQ4KF32RowsAVX512(SB), NOSPLIT, $192-40
	MOVQ dst+0(FP), DST
	MOVQ w+8(FP), W_PTR
	MOVQ x+16(FP), X_PTR
	MOVQ rows+24(FP), ROWS
	MOVQ blocks+32(FP), BLOCKS

	// The slots are two cache lines.
	LEAQ 63(SP), SLOT
	ANDQ $~63, SLOT

	IMUL3Q $144, BLOCKS, STRIDE
	LEAQ   (144*DISTANCE)(STRIDE), FAR

	VPMOVZXBD bytes<>+0(SB), QUANTS
	VCVTDQ2PS QUANTS, QUANTS
	VPMOVZXBD bytes<>+16(SB), HEADER
	VMOVDQU32 scales<>+0(SB), SHIFTS
	VMOVDQU32 scales<>+16(SB), MASKA
	VMOVDQU32 scales<>+32(SB), MASKB

	SUBQ $2, ROWS
	JLT  last

pair:  // two rows share the loads of the activations
	LEAQ   (W_PTR)(STRIDE*1), W2_PTR
	MOVQ   BLOCKS, LEFT
	MOVQ   $(144*DISTANCE), AHEAD
	VPXORD ACC0, ACC0, ACC0          // from +0
	VPXORD ACC1, ACC1, ACC1
	VPXORD ACC2, ACC2, ACC2
	VPXORD ACC3, ACC3, ACC3
	VPXORD ACC4, ACC4, ACC4
	VPXORD ACC5, ACC5, ACC5
	VPXORD ACC6, ACC6, ACC6
	VPXORD ACC7, ACC7, ACC7

	PCALIGN $32

pairLoop:
	CMPQ    LEFT, $DISTANCE
	CMOVQLE FAR, AHEAD
	PREFETCH(W_PTR)
	PREFETCH(W2_PTR)
	SCALES(W_PTR, 0)
	SCALES(W2_PTR, 64)
	ACTIVATIONS(0)
	PAIR1(0, W_PTR)
	PAIR2(0, W2_PTR)
	ACTIVATIONS(1)
	PAIR1(1, W_PTR)
	PAIR2(1, W2_PTR)
	ACTIVATIONS(2)
	PAIR1(2, W_PTR)
	PAIR2(2, W2_PTR)
	ACTIVATIONS(3)
	PAIR1(3, W_PTR)
	PAIR2(3, W2_PTR)
	ADDQ    $144, W_PTR
	ADDQ    $144, W2_PTR
	ADDQ    $1024, X_PTR
	DECQ    LEFT
	JNZ     pairLoop

	SUM(ACC0, ACC1, ACC2, ACC3, Y0, Y1, X0, X1, 0)
	SUM(ACC4, ACC5, ACC6, ACC7, Y4, Y5, X4, X5, 4)

	MOVQ W2_PTR, W_PTR   // the row after the second
	MOVQ x+16(FP), X_PTR
	ADDQ $8, DST
	SUBQ $2, ROWS
	JGE  pair

last:  // ROWS is what is left, less 2
	ADDQ $2, ROWS
	JZ   done

	MOVQ   $(144*DISTANCE), AHEAD
	VPXORD ACC0, ACC0, ACC0
	VPXORD ACC1, ACC1, ACC1
	VPXORD ACC2, ACC2, ACC2
	VPXORD ACC3, ACC3, ACC3

	PCALIGN $32

lastLoop:
	PREFETCH(W_PTR)
	SCALES(W_PTR, 0)
	ACTIVATIONS(0)
	PAIR1(0, W_PTR)
	ACTIVATIONS(1)
	PAIR1(1, W_PTR)
	ACTIVATIONS(2)
	PAIR1(2, W_PTR)
	ACTIVATIONS(3)
	PAIR1(3, W_PTR)
	ADDQ $144, W_PTR
	ADDQ $1024, X_PTR
	DECQ BLOCKS
	JNZ  lastLoop

	SUM(ACC0, ACC1, ACC2, ACC3, Y0, Y1, X0, X1, 0)

done:
	VZEROUPPER
	RET
