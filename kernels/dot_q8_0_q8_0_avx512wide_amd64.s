//go:build !purego

#include "textflag.h"

#define BYTES 34
#include "dot_blocks_avx512_amd64.h"
#include "dot_blocks_avx512wide_amd64.h"

#define SIGN Z15 // 128 as bytes
#define BIAS Z13 // 512 as dwords

// VPDPBUSD wants one side without signs: c+128, the same bits as c but the highest.
#define QUANTS(w0, w1) \
	VMOVDQU      w0, Y2         \
	VINSERTI64X4 $1, w1, Z2, Z2 \
	VPXORD       SIGN, Z2, Z2
#define SINGLEQUANTS(w) \
	VBROADCASTI64X4 w, Z2      \
	VPXORD          SIGN, Z2, Z2

#define ROWHEADS    HEADSW(X8, (W_PTR))
#define ROWQUANTS0  QUANTS(2(W_PTR), 36(W_PTR))
#define ROWQUANTS2  QUANTS(70(W_PTR), 104(W_PTR))

// So −128·Σx goes before Σ(c+128)·x: ^x is −x−1, and four times 128 too little.
#define START \
	VPXORD    ONES, X, Z2   \
	VMOVDQA64 BIAS, SUM     \
	VPDPBUSD  Z2, SIGN, SUM

#define LANES4(upper, lower) VADDPS upper, lower, lower

#define PREFETCH PREFETCH544

// func dotQ8_0Q8_0RowsAVX512Wide(dst *float32, w, x *byte, rows, blocks int)
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
TEXT ·dotQ8_0Q8_0RowsAVX512Wide(SB), NOSPLIT, $0-40
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
