//go:build !purego

#include "textflag.h"

#include "dot_q4_0_avx512_amd64.h"
#include "dot_blocks_avx512wide_amd64.h"

// The words of two blocks' quants, each block's twice, of 64 bytes from the first of four blocks, and then
// from 8 bytes after it: of blocks 2 and 3. The words of the four blocks' scales.
DATA words<>+0(SB)/8, $0x0807060504030201
DATA words<>+8(SB)/8, $0x0807060504030201
DATA words<>+16(SB)/8, $0x11100f0e0d0c0b0a
DATA words<>+24(SB)/8, $0x11100f0e0d0c0b0a
DATA words<>+32(SB)/8, $0x161514131211100f
DATA words<>+40(SB)/8, $0x161514131211100f
DATA words<>+48(SB)/8, $0x1f1e1d1c1b1a1918
DATA words<>+56(SB)/8, $0x1f1e1d1c1b1a1918
DATA words<>+64(SB)/8, $0x001b001200090000
GLOBL words<>(SB), RODATA|NOPTR, $72

#define QUANT Z15 // 15 as bytes, then 240, in each half
#define EIGHT Z13 // 8 as bytes, then 128
#define BIAS  Z12 // 32 as dwords, then 512
#define WORDS0 Z18 // see words
#define WORDS2 Z19
#define WORDSD Z28
#define ROWBYTES Z9 // 64 bytes of a row on its own

#define QUANTS(w0, w1) \
	VBROADCASTI32X4 w0, Z2            \
	VBROADCASTI32X4 w1, UPPERHALF, Z2 \
	VPANDD          QUANT, Z2, Z2
#define SINGLEQUANTS(w) \
	VBROADCASTI32X4 w, Z2         \
	VPANDD          QUANT, Z2, Z2

// Four blocks of one row are loaded twice, not eight times.
#define ROWHEADS \
	VMOVDQU64 (W_PTR), ROWBYTES      \
	VPERMW    ROWBYTES, WORDSD, Z8   \
	VCVTPH2PS X8, X8
#define ROWQUANTS0 \
	VPERMW    ROWBYTES, WORDS0, Z2   \
	VPANDD    QUANT, Z2, Z2          \
	VMOVDQU64 8(W_PTR), ROWBYTES
#define ROWQUANTS2 \
	VPERMW    ROWBYTES, WORDS2, Z2   \
	VPANDD    QUANT, Z2, Z2

// −8·Σx goes before Σq·x, with q of 0 … 15: ^x is −x−1, and four times 8 too little.
#define START \
	VPXORD    ONES, X, Z2    \
	VMOVDQA64 BIAS, SUM      \
	VPDPBUSD  Z2, EIGHT, SUM

// func dotQ4_0Q8_0RowsAVX512Wide(dst *float32, w, x *byte, rows, blocks int)
//
//	for r := range rows {
//		for b := range blocks {
//			for i := range 32 {
//				dots[i/4] += (q[i] - 8) * x[i]
//			}
//			for l := range 8 {
//				sums[b%4*8+l] = fma(d*dx, float32(dots[l]), sums[b%4*8+l])
//			}
//		}
//		for half := 16; half > 0; half /= 2 {
//			for k := range half {
//				sums[k] += sums[k+half]
//			}
//		}
//		dst[r] = sums[0]
//	}
TEXT ·dotQ4_0Q8_0RowsAVX512Wide(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DST
	MOVQ w+8(FP), W_PTR
	MOVQ x+16(FP), X_PTR
	MOVQ rows+24(FP), ROWS
	MOVQ blocks+32(FP), BLOCKS

	VBROADCASTI64X4 quants<>(SB), QUANT
	VBROADCASTI64X4 eights<>(SB), EIGHT
	VPSRLD          $24, EIGHT, BIAS
	VPSLLD          $2, BIAS, BIAS // four of them
	VPMOVZXBW       words<>+0(SB), WORDS0
	VPMOVZXBW       words<>+32(SB), WORDS2
	VPBROADCASTQ    words<>+64(SB), WORDSD
	DOTS
