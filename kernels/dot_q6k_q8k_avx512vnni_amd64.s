//go:build !purego

#include "textflag.h"

// The lower word of each dword as the upper one.
DATA upper<>+0(SB)/8, $0x0504050401000100
DATA upper<>+8(SB)/8, $0x0d0c0d0c09080908
DATA upper<>+16(SB)/8, $0x0504050401000100
DATA upper<>+24(SB)/8, $0x0d0c0d0c09080908
GLOBL upper<>(SB), RODATA|NOPTR, $32

// groups are the groups of 16 that dwords 0 … 3 and 4 … 7 of the first two chunks
// of 32 quants are in, as two words; those of the next two have 4 more.
DATA groups<>+0(SB)/4, $0x00020000
DATA groups<>+4(SB)/4, $0x00030001
GLOBL groups<>(SB), RODATA|NOPTR, $8

#define DST    DI
#define W_PTR  SI
#define X_PTR  DX
#define ACT    R8 // start of the activation
#define ROWS   R9
#define BLOCKS R10
#define LEFT   CX // super-blocks left in the row
#define STRIDE R11 // bytes of a row of weights

// 256 bits at a time: one register is the 8 lanes. 512 took a twentieth longer on
// Zen 4.
#define LOW     Y15 // low nibble of each byte
#define EVENS   Y14 // bits 0, 1, 4, 5
#define UP      Y16 // pattern: the lower word of each dword as the upper one
#define UPPERWORDS K4 // the bytes of the upper word of each dword
#define GROUPS0 Y17 // indices of scales, see groups
#define GROUPS1 Y18
#define GROUPS2 Y19
#define GROUPS3 Y20
#define BIAS    Y21 // −32 as words

#define POS    Y13 // lanes of p
#define SCALES Y12 // words
#define SUM    Y11 // J
#define D      Y10

// DECODE leaves the quants of half h, 32 in each of q0 to q3: nibbles, the low ones
// first, and above them two bits of 32 bytes: 0 and 1, 2 and 3, 4 and 5, 6 and 7.
// With only two out of four left, no others come to bits 6 and 7 by a shift.
#define DECODE(h, q0, q1, q2, q3) \
	VMOVDQU32  (64*h)(W_PTR), Y0       \
	VMOVDQU32  (64*h+32)(W_PTR), Y1    \
	VMOVDQU32  (128+32*h)(W_PTR), q3   \
	VPANDD     EVENS, q3, q2           \
	VPXORD     q2, q3, q3              \
	VPSLLW     $4, q2, q0              \
	VPSLLW     $2, q3, q1              \
	VPSRLW     $2, q3, q3              \
	VPTERNLOGD $0xD8, LOW, Y0, q0      \ // LOW ? Y0 : q0
	VPTERNLOGD $0xD8, LOW, Y1, q1      \
	VPSRLW     $4, Y0, Y0              \
	VPSRLW     $4, Y1, Y1              \
	VPTERNLOGD $0xD8, LOW, Y0, q2      \
	VPTERNLOGD $0xD8, LOW, Y1, q3

// CHUNKS adds two chunks of 32 quants, which are in a and b: sums of four
// products, at most 4·63·128 in magnitude, are words, and both chunks' are
// multiplied with their scales at once. MADD is VPDPWSSD or, to begin a sum,
// VPMADDWD.
#define CHUNKS(MADD, off, a, b, groups, sum) \
	VPXOR    Y0, Y0, Y0             \
	VPXOR    Y1, Y1, Y1             \
	VPDPBUSD off(X_PTR), a, Y0      \
	VPDPBUSD (off+32)(X_PTR), b, Y1 \
	VPSHUFB  UP, Y1, UPPERWORDS, Y0 \
	VPERMW   SCALES, groups, Y2     \
	MADD     Y2, Y0, sum

// func dotQ6KQ8KRowsAVX512(dst *float32, w, x *byte, rows, blocks int)
//
//	for r := range rows {
//		for b := range blocks {
//			for i := range 256 {
//				dots[i%32/4] += s[i/16] * q[i] * x[i] // q is 0 to 63
//			}
//			for g := range 16 {
//				dots[g/2] -= 32 * s[g] * bsums[g]
//			}
//			for l := range 8 {
//				pos[l] = fma(d*dx, float32(dots[l]), pos[l])
//			}
//		}
//		for half := 4; half > 0; half /= 2 {
//			for l := range half {
//				pos[l] += pos[l+half]
//			}
//		}
//		dst[r] = pos[0]
//	}
TEXT ·dotQ6KQ8KRowsAVX512(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DST
	MOVQ w+8(FP), W_PTR
	MOVQ x+16(FP), ACT
	MOVQ rows+24(FP), ROWS
	MOVQ blocks+32(FP), BLOCKS

	MOVL         $0x0F0F0F0F, AX
	VPBROADCASTD AX, LOW
	MOVL         $0x33333333, AX
	VPBROADCASTD AX, EVENS
	MOVL         $0xFFE0FFE0, AX
	VPBROADCASTD AX, BIAS
	VMOVDQU32    upper<>(SB), UP
	MOVL         $0xCCCCCCCC, AX
	KMOVD        AX, UPPERWORDS
	VPBROADCASTD groups<>+0(SB), GROUPS0
	VPBROADCASTD groups<>+4(SB), X0
	VINSERTI32X4 $1, X0, GROUPS0, GROUPS0
	MOVL         $0x00040004, AX
	VPBROADCASTD AX, Y0
	VPADDD       Y0, GROUPS0, GROUPS1
	VPADDD       Y0, GROUPS1, GROUPS2
	VPADDD       Y0, GROUPS2, GROUPS3
	IMUL3Q       $210, BLOCKS, STRIDE

row:
	MOVQ  ACT, X_PTR
	MOVQ  BLOCKS, LEFT
	VPXOR POS, POS, POS // from +0

	PCALIGN $64 // on Zen 4 a row took a tenth longer where the loop began within a line

block:
	CMPQ       ROWS, $1
	JEQ        last
	PREFETCHT1 (W_PTR)(STRIDE*1) // the next row
	PREFETCHT1 64(W_PTR)(STRIDE*1)
	PREFETCHT1 128(W_PTR)(STRIDE*1)
	PREFETCHT1 192(W_PTR)(STRIDE*1)

last:
	DECODE(0, Y3, Y4, Y5, Y6)
	DECODE(1, Y7, Y8, Y22, Y23)

	VPMOVSXBW 192(W_PTR), SCALES
	VPMULLW   BIAS, SCALES, Y0
	VPMADDWD  260(X_PTR), Y0, SUM // −32·Σ s·bsums

	// d·dx.
	VPBROADCASTW 208(W_PTR), X10
	VCVTPH2PS    X10, D
	VMULPS.BCST  (X_PTR), D, D

	CHUNKS(VPDPWSSD, 4, Y3, Y4, GROUPS0, SUM)
	CHUNKS(VPDPWSSD, 68, Y5, Y6, GROUPS1, SUM)
	CHUNKS(VPMADDWD, 132, Y7, Y8, GROUPS2, Y9)
	CHUNKS(VPDPWSSD, 196, Y22, Y23, GROUPS3, Y9)

	VPADDD      Y9, SUM, SUM
	VCVTDQ2PS   SUM, SUM
	VFMADD231PS SUM, D, POS

	ADDQ $210, W_PTR
	ADDQ $292, X_PTR
	DECQ LEFT
	JNZ  block

	VEXTRACTF128 $1, POS, X1
	VADDPS       X1, X13, X0     // l += l+4
	VPERMILPS    $0x4E, X0, X1
	VADDPS       X1, X0, X0     // 2
	VPERMILPS    $0xB1, X0, X1
	VADDSS       X1, X0, X0     // 1
	VMOVSS       X0, (DST)

	ADDQ $4, DST
	DECQ ROWS
	JNZ  row

	VZEROUPPER
	RET
