//go:build !purego

#include "textflag.h"

#define BYTES 34
#include "dot_blocks_avx512_amd64.h"
#include "dot_blocks_avx512vnni_amd64.h"

#define SIGN Y15 // 128 as bytes
#define BIAS Y13 // 512 as dwords

// VPDPBUSD wants one side without signs: c+128, the same bits as c but the highest.
#define QUANTS(w, dst) VPXOR w, SIGN, dst

// So −128·Σx goes before Σ(c+128)·x: ^x is −x−1, and four times 128 too little.
#define START \
	VPXOR    ONES, X, Y2   \
	VMOVDQA  BIAS, SUM     \
	VPDPBUSD Y2, SIGN, SUM

#define LANES4(upper, lower) VADDPS upper, lower, lower

#define PREFETCH PREFETCH544

// func dotQ8_0Q8_0RowsAVX512(dst *float32, w, x *byte, rows, blocks int)
//
//	for r := range rows {
//		for b := range blocks {
//			for i := range 32 {
//				dots[i/4] += c[i] * x[i]
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
TEXT ·dotQ8_0Q8_0RowsAVX512(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DST
	MOVQ w+8(FP), W_PTR
	MOVQ x+16(FP), X_PTR
	MOVQ rows+24(FP), ROWS
	MOVQ blocks+32(FP), BLOCKS

	MOVL         $0x80808080, AX
	VPBROADCASTD AX, SIGN
	MOVL         $512, AX
	VPBROADCASTD AX, BIAS
	DOTS
