//go:build !purego

#include "textflag.h"

#define BYTES 34
#include "dot_blocks_avx2_amd64.h"

// evenBytes are the factors that leave each word's lower byte.
DATA evenBytes<>+0(SB)/4, $0x00010001
GLOBL evenBytes<>(SB), RODATA|NOPTR, $4

#define EVENS Y15  // 1, 0 as bytes

// DOT leaves the integers of block j in Y0: dword l has the products of bytes 4l
// to 4l+3. Both sides may be −128, for which neither VPSIGNB nor the sums of
// VPMADDUBSW will do, so that the bytes at odd places and those at even ones are
// multiplied as words.
#define DOT(j) \
	VMOVDQU    (34*j+2)(W), Y0; \
	VMOVDQU    (34*j+2)(X), Y1; \
	VPSRAW     $8, Y0, Y2; \
	VPSRAW     $8, Y1, Y3; \
	VPMADDUBSW Y0, EVENS, Y0; \
	VPMADDUBSW Y1, EVENS, Y1; \
	VPMADDWD   Y3, Y2, Y2; \
	VPMADDWD   Y1, Y0, Y0; \
	VPADDD     Y2, Y0, Y0

#define PREFETCH \
	PREFETCHT0 3072(W); \
	PREFETCHT0 3136(W); \
	PREFETCHT0 3200(W); \
	PREFETCHT0 3264(W)

// func dotQ8_0Q8_0RowsAVX2(dst *float32, w, x *byte, rows, blocks int)
//
//	for each row r:
//		for each block b, for l in 0..7:
//			I = Σ c[4l..4l+3]·x[4l..4l+3]
//			p[8(b mod 4)+l] = fma(d·dx, I, p[8(b mod 4)+l])
//		dst[r] = sum of p[k]: k and k+16, k+8, k+4, k+2, k+1
TEXT ·dotQ8_0Q8_0RowsAVX2(SB), NOSPLIT, $32-40
	MOVQ dst+0(FP), DST
	MOVQ w+8(FP), W
	MOVQ x+16(FP), ACT
	MOVQ rows+24(FP), ROWS
	MOVQ blocks+32(FP), BLOCKS

	VPBROADCASTD evenBytes<>(SB), EVENS

	DOTS
