//go:build !purego

#include "textflag.h"

#define BYTES 176
#include "dot_k_avx512_amd64.h"
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

DATA sixteen<>+0(SB)/4, $0x10101010
GLOBL sixteen<>(SB), RODATA|NOPTR, $4

// The lower word of each dword as the upper one.
DATA upper<>+0(SB)/8, $0x0504050401000100
DATA upper<>+8(SB)/8, $0x0d0c0d0c09080908
GLOBL upper<>(SB), RODATA|NOPTR, $16

#define HIGH    Y13 // bit j of each byte is the fifth of a quant of sub-block j
#define NIBBLES Y26 // the low half of its bits, or the high one
#define FIFTH0  Y27
#define FIFTH1  Y28
#define FIFTH2  Y29
#define FIFTH3  Y30
#define UP      Y31 // pattern: the lower word of each dword as the upper one
#define UPPERWORDS K6 // the bytes of the upper word of each dword

// FIFTH adds to the low nibbles in q the fifth bits that table takes from the nibbles in NIBBLES.
#define FIFTH(table, q) \
	VPSHUFB    NIBBLES, table, Y17   \
	VPTERNLOGD $0xEA, Y17, FIFTEEN, q // q&FIFTEEN | Y17

// DOT sums the products of four quants and activations each: lane l is ⌊i/4⌋ = l.
#define DOT(x, q, sums) \
	VPXORD   sums, sums, sums \
	VPDPBUSD x, q, sums

// JOIN makes the sums of sub-blocks 2c, at most 4·31·128 in magnitude, and 2c+1 the words of
// one register, for VPDPWSSD to multiply them by two scales.
#define JOIN(high, sums) VPSHUFB UP, high, UPPERWORDS, sums

// START0 … START3 sum the products of sub-blocks 2c and 2c+1 and join those before; END0 joins the last.
// STARTODD is START1 or START3: low and high sub-block's activations, quants, and where the high
// one's quants and sums go; those before, whose high sums are in Y4, are joined.
#define STARTODD(xlow, xhigh, quants, high, sums, second, before) \
	VPSRLW $4, quants, high   \
	JOIN(Y4, before)          \
	FIFTH(FIFTH2, quants)     \
	FIFTH(FIFTH3, high)       \
	DOT(xlow, quants, sums)   \
	DOT(xhigh, high, second)

#define START0(x) \
	VPANDD  FIFTEEN, HIGH, NIBBLES   \
	VPSRLW  $4, QUANTS0, Y16         \
	FIFTH(FIFTH0, QUANTS0)           \
	FIFTH(FIFTH1, Y16)               \
	DOT((x+4)(X_PTR), QUANTS0, SUMS0) \
	DOT((x+36)(X_PTR), Y16, Y4)

#define START1(x) STARTODD((x+68)(X_PTR), (x+100)(X_PTR), QUANTS1, Y16, SUMS1, Y15, SUMS0)

#define START2(x) \
	VPANDD.BCST sixteen<>(SB), HIGH, Y17 \
	VPSRLW  $4, HIGH, NIBBLES        \
	VPSRLW  $4, QUANTS2, Y16         \
	JOIN(Y15, SUMS1)                 \
	VPTERNLOGD $0xEA, Y17, FIFTEEN, QUANTS2 \
	VPANDD  FIFTEEN, NIBBLES, NIBBLES \
	FIFTH(FIFTH1, Y16)               \
	DOT((x+132)(X_PTR), QUANTS2, SUMS2) \
	DOT((x+164)(X_PTR), Y16, Y4)

#define START3(x) STARTODD((x+196)(X_PTR), (x+228)(X_PTR), QUANTS3, Y15, SUMS3, Y16, SUMS2)

#define END0(x) JOIN(Y16, SUMS3)
#define END1(x)
#define END2(x)
#define END3(x)

#define LOAD0(off, w) \
	VMOVDQU (off+16) w, HIGH \
	VMOVDQU (off+48) w, QUANTS0
#define LOAD1(off, w) VMOVDQU (off+80) w, QUANTS1
#define LOAD2(off, w) VMOVDQU (off+112) w, QUANTS2
#define LOAD3(off, w) VMOVDQU (off+144) w, QUANTS3

#define CONSTANTSROW // its registers are all in use
#define FACTORSROW(dx) FACTORSHEADS(VMULPS, dx)
#define BYTESROW UNPACKAHEAD(VPANDD.BCST, six<>(SB))
#define BIASESROW

// BEGIN begins to scale the sums of block k of a slot.
#define BEGIN(slot, k) \
	VPXOR          DOTS0, DOTS0, DOTS0     \
	VPXOR          DOTS1, DOTS1, DOTS1     \
	VBROADCASTI128 (16*k)(slot), SCALES

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
TEXT ·dotQ5KQ8KRowsAVX512(SB), NOSPLIT, $576-40
	MOVQ dst+0(FP), DST
	MOVQ w+8(FP), W_PTR
	MOVQ rows+24(FP), ROWS
	MOVQ blocks+32(FP), BLOCKS
	LEAQ 63(SP), NOW
	ANDQ $~63, NOW
	LEAQ SLOT(NOW), AHEAD

	MOVL         $0x0F0F0F0F, AX
	VPBROADCASTD AX, Z14
	VBROADCASTI32X4 fifths<>+0(SB), FIFTH0
	VBROADCASTI32X4 fifths<>+16(SB), FIFTH1
	VBROADCASTI32X4 fifths<>+32(SB), FIFTH2
	VBROADCASTI32X4 fifths<>+48(SB), FIFTH3
	VBROADCASTI32X4 upper<>(SB), UP
	MOVL         $0xCCCCCCCC, AX
	KMOVD        AX, UPPERWORDS
	MASKS

	IMUL3Q $176, BLOCKS, STRIDE
	ONEBYONE

	VZEROUPPER
	RET
