//go:build !purego

#include "textflag.h"

#define BYTES 176
#include "dot_k_avx512vnni_amd64.h"

// Of four bits bit 0, 1, 2 or 3, as bit 4.
DATA fifths<>+0(SB)/8, $0x1000100010001000
DATA fifths<>+8(SB)/8, $0x1000100010001000
DATA fifths<>+16(SB)/8, $0x1010000010100000
DATA fifths<>+24(SB)/8, $0x1010000010100000
DATA fifths<>+32(SB)/8, $0x1010101000000000
DATA fifths<>+40(SB)/8, $0x1010101000000000
DATA fifths<>+48(SB)/8, $0x0000000000000000
DATA fifths<>+56(SB)/8, $0x1010101010101010
GLOBL fifths<>(SB), RODATA|NOPTR, $64

#define STRIDE R8 // bytes of a row of weights
#define FIFTEEN Y14
#define SIXTEEN Y23
#define HIGH    Y13 // bit j of each byte is the fifth of a quant of sub-block j
#define FIFTH0  Y24
#define FIFTH1  Y25
#define FIFTH2  Y26
#define FIFTH3  Y27

// FIFTH adds to the low nibbles in q the fifth bits that table takes from the nibbles in bits.
#define FIFTH(table, bits, q, T) \
	VPSHUFB    bits, table, T      \
	VPTERNLOGD $0xEA, T, FIFTEEN, q // q&FIFTEEN | T

// QUANTS loads the quants of the block at w: of sub-blocks 0, 2, 4, 6 to Y0 … Y3, of
// 1, 3, 5, 7 to Y4 … Y7.
#define QUANTS(off, w) \
	VMOVDQU (off+16) w, HIGH    \
	VMOVDQU (off+48) w, Y0      \
	VMOVDQU (off+80) w, Y1      \
	VMOVDQU (off+112) w, Y2     \
	VMOVDQU (off+144) w, Y3     \
	VPAND   FIFTEEN, HIGH, Y9   \
	VPSRLW  $4, HIGH, Y10       \
	VPSRLW  $4, Y0, Y4          \
	VPSRLW  $4, Y1, Y5          \
	VPAND   FIFTEEN, Y10, Y10   \
	VPSRLW  $4, Y2, Y6          \
	VPSRLW  $4, Y3, Y7          \
	FIFTH(FIFTH0, Y9, Y0, Y8)   \
	FIFTH(FIFTH1, Y9, Y4, Y11)  \
	FIFTH(FIFTH2, Y9, Y1, Y8)   \
	FIFTH(FIFTH3, Y9, Y5, Y11)  \
	VPANDD  SIXTEEN, HIGH, Y8   \
	VPTERNLOGD $0xEA, Y8, FIFTEEN, Y2 \
	FIFTH(FIFTH1, Y10, Y6, Y11) \
	FIFTH(FIFTH2, Y10, Y3, Y8)  \
	FIFTH(FIFTH3, Y10, Y7, Y11)

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
	VBROADCASTI32X4 fifths<>+0(SB), FIFTH0
	VBROADCASTI32X4 fifths<>+16(SB), FIFTH1
	VBROADCASTI32X4 fifths<>+32(SB), FIFTH2
	VBROADCASTI32X4 fifths<>+48(SB), FIFTH3
	VMOVDQU      upper<>(SB), UP
	MOVL         $0xCCCCCCCC, AX
	KMOVD        AX, UPPERWORDS

	IMUL3Q $176, BLOCKS, STRIDE
	ONEBYONE

	VZEROUPPER
	RET
