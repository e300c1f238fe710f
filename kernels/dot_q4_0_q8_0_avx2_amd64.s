//go:build !purego

#include "textflag.h"

#define BYTES 18
#include "dot_blocks_avx2_amd64.h"

// halves are the shifts that bring either half's quants, the low nibbles and the
// high ones, to the low nibbles.
DATA halves<>+0(SB)/8, $0x0000000000000000
DATA halves<>+8(SB)/8, $0x0000000000000000
DATA halves<>+16(SB)/8, $0x0000000400000004
DATA halves<>+24(SB)/8, $0x0000000400000004
GLOBL halves<>(SB), RODATA|NOPTR, $32

DATA nibbles<>+0(SB)/4, $0x0f0f0f0f
GLOBL nibbles<>(SB), RODATA|NOPTR, $4

DATA eights<>+0(SB)/4, $0x08080808
GLOBL eights<>(SB), RODATA|NOPTR, $4

DATA ones<>+0(SB)/4, $0x00010001
GLOBL ones<>(SB), RODATA|NOPTR, $4

#define LOW Y15    // low nibble of each byte
#define EIGHTS Y9
#define ONES Y8
#define SHIFT Y7

// DOT leaves the integers of block j in Y0: dword l has the products of bytes 4l
// to 4l+3. Quants are 0 to 15 and 8 times the activation is taken off, as words:
// two products are at most 2·15·128 in magnitude.
#define DOT(j) \
	VBROADCASTI128 (18*j+2)(W), Y0; \
	VPSRLVD        SHIFT, Y0, Y0; \
	VMOVDQU        (34*j+2)(X), Y1; \
	VPAND          LOW, Y0, Y0; \
	VPMADDUBSW     Y1, Y0, Y0; \
	VPMADDUBSW     Y1, EIGHTS, Y1; \
	VPSUBW         Y1, Y0, Y0; \
	VPMADDWD       ONES, Y0, Y0

#define PREFETCH \
	PREFETCHT0 3072(W); \
	PREFETCHT0 3136(W)

// func dotQ4_0Q8_0RowsAVX2(dst *float32, w, x *byte, rows, blocks int)
//
//	for each row r:
//		for each block b, for l in 0..7:
//			I = Σ (q[4l..4l+3] − 8)·x[4l..4l+3]
//			p[8(b mod 4)+l] = fma(d·dx, I, p[8(b mod 4)+l])
//		dst[r] = sum of p[k]: k and k+16, k+8, k+4, k+2, k+1
TEXT ·dotQ4_0Q8_0RowsAVX2(SB), NOSPLIT, $32-40
	MOVQ dst+0(FP), DST
	MOVQ w+8(FP), W
	MOVQ x+16(FP), ACT
	MOVQ rows+24(FP), ROWS
	MOVQ blocks+32(FP), BLOCKS

	VPBROADCASTD nibbles<>(SB), LOW
	VPBROADCASTD eights<>(SB), EIGHTS
	VPBROADCASTD ones<>(SB), ONES
	VMOVDQU      halves<>(SB), SHIFT

	DOTS
