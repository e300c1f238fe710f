//go:build !purego

#include "textflag.h"

#define BYTES 176
#include "dot_k_avx512vnni_amd64.h"

#define FIFTEEN Y14
#define SIXTEEN Y23
#define HIGH    Y13 // bit j of each byte is the fifth of a quant of sub-block j

// FIFTH adds to the low nibbles in q the fifth bits, which are bit 4 of the bytes of bits.
#define FIFTH(bits, q) \
	VPANDD     SIXTEEN, bits, bits    \
	VPTERNLOGD $0xEA, bits, FIFTEEN, q // q&FIFTEEN | bits

// QUANTS loads the quants of the block at w: of sub-blocks 0, 2, 4, 6 to Y0 … Y3, of
// 1, 3, 5, 7 to Y4 … Y7.
#define QUANTS(off, w) \
	VMOVDQU (off+16) w, HIGH  \
	VMOVDQU (off+48) w, Y0    \
	VMOVDQU (off+80) w, Y1    \
	VMOVDQU (off+112) w, Y2   \
	VMOVDQU (off+144) w, Y3   \
	VPSRLW  $4, Y0, Y4        \
	VPSLLW  $4, HIGH, Y8      \
	VPSLLW  $3, HIGH, Y9      \
	FIFTH(Y8, Y0)             \
	FIFTH(Y9, Y4)             \
	VPSRLW  $4, Y1, Y5        \
	VPSLLW  $2, HIGH, Y10     \
	VPSLLW  $1, HIGH, Y11     \
	FIFTH(Y10, Y1)            \
	FIFTH(Y11, Y5)            \
	VPSRLW  $4, Y2, Y6        \
	VMOVDQA HIGH, Y8          \
	VPSRLW  $1, HIGH, Y9      \
	FIFTH(Y8, Y2)             \
	FIFTH(Y9, Y6)             \
	VPSRLW  $4, Y3, Y7        \
	VPSRLW  $2, HIGH, Y10     \
	VPSRLW  $3, HIGH, Y11     \
	FIFTH(Y10, Y3)            \
	FIFTH(Y11, Y7)

// func dotQ5KQ8KRowsAVX512(dst *float32, w, x *byte, rows, blocks int)
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
TEXT ·dotQ5KQ8KRowsAVX512(SB), NOSPLIT, $448-40
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
	MOVL         $0x10101010, AX
	VPBROADCASTD AX, SIXTEEN
	VMOVDQU      upper<>(SB), UP
	MOVL         $0xCCCCCCCC, AX
	KMOVD        AX, UPPERWORDS

	ONEBYONE

	VZEROUPPER
	RET
