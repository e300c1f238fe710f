//go:build !purego

#include "textflag.h"

#include "dot_q4_0_avx512_amd64.h"
#include "dot_blocks_avx512vnni_amd64.h"

#define QUANT Y15 // 15 as bytes, then 240
#define EIGHT Y13 // 8 as bytes, then 128
#define BIAS  Y12 // 32 as dwords, then 512

#define QUANTS(w, dst) \
	VBROADCASTI128 w, dst      \
	VPAND          QUANT, dst, dst

// −8·Σx goes before Σq·x, with q of 0 … 15: ^x is −x−1, and four times 8 too little.
#define START \
	VPXOR    ONES, X, Y2    \
	VMOVDQA  BIAS, SUM      \
	VPDPBUSD Y2, EIGHT, SUM

// func dotQ4_0Q8_0RowsAVX512(dst *float32, w, x *byte, rows, blocks int)
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
TEXT ·dotQ4_0Q8_0RowsAVX512(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DST
	MOVQ w+8(FP), W_PTR
	MOVQ x+16(FP), X_PTR
	MOVQ rows+24(FP), ROWS
	MOVQ blocks+32(FP), BLOCKS

	VMOVDQU quants<>(SB), QUANT
	VMOVDQU eights<>(SB), EIGHT
	VPSRLD  $24, EIGHT, BIAS
	VPSLLD  $2, BIAS, BIAS // four of them
	DOTS
