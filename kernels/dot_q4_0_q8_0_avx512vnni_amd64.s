//go:build !purego

#include "textflag.h"

#define BYTES 18
#include "dot_blocks_avx512_amd64.h"
#include "dot_blocks_avx512vnni_amd64.h"

// Where a quant of the lower lanes is, and one of the upper ones.
DATA quants<>+0(SB)/8, $0x0f0f0f0f0f0f0f0f
DATA quants<>+8(SB)/8, $0x0f0f0f0f0f0f0f0f
DATA quants<>+16(SB)/8, $0xf0f0f0f0f0f0f0f0
DATA quants<>+24(SB)/8, $0xf0f0f0f0f0f0f0f0
GLOBL quants<>(SB), RODATA|NOPTR, $32

// 8 there.
DATA eights<>+0(SB)/8, $0x0808080808080808
DATA eights<>+8(SB)/8, $0x0808080808080808
DATA eights<>+16(SB)/8, $0x8080808080808080
DATA eights<>+24(SB)/8, $0x8080808080808080
GLOBL eights<>(SB), RODATA|NOPTR, $32

DATA sixteenth<>+0(SB)/4, $0.0625
GLOBL sixteenth<>(SB), RODATA|NOPTR, $4

#define QUANT Y15 // 15 as bytes, then 240
#define EIGHT Y13 // 8 as bytes, then 128
#define BIAS  Y12 // 32 as dwords, then 512

// Quants of the upper lanes, the high nibbles, stay where they are, so that these
// lanes are 16 times as large until they are added: exactly, for no sum comes
// near the largest float, and none has bits below 2^−48.
#define QUANTS(w, dst) \
	VBROADCASTI128 w, dst      \
	VPAND          QUANT, dst, dst

// −8·Σx goes before Σq·x, with q of 0 … 15: ^x is −x−1, and four times 8 too little.
#define START \
	VPXOR    ONES, X, Y2    \
	VMOVDQA  BIAS, SUM      \
	VPDPBUSD Y2, EIGHT, SUM

#define LANES4(upper, lower) VFMADD231PS.BCST sixteenth<>(SB), upper, lower

#define PREFETCH PREFETCH288

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
