//go:build !purego

#include "textflag.h"

#define BYTES 176
#include "dot_k_avx512_amd64.h"
#include "dot_k_avx512wide_amd64.h"

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

// The lower word of each dword as the upper one.
DATA upper<>+0(SB)/8, $0x0504050401000100
DATA upper<>+8(SB)/8, $0x0d0c0d0c09080908
GLOBL upper<>(SB), RODATA|NOPTR, $16

#define HIGH      Z13 // bit j of each byte is the fifth of a quant of sub-block j
#define NIBBLES   Z30 // the low half of its bits, or the high one
#define FIFTHEVEN Z27 // tables: bits 0 and 2
#define FIFTHODD  Z28 // 1 and 3
#define UP        Z29 // pattern: the lower word of each dword as the upper one
#define UPPERWORDS K7 // the bytes of the upper word of each dword

// FIFTH adds to the low nibbles in q the fifth bits that table takes from the nibbles in NIBBLES.
#define FIFTH(table, q) \
	VPSHUFB    NIBBLES, table, Z17   \
	VPTERNLOGD $0xEA, Z17, FIFTEEN, q // q&FIFTEEN | Z17

// DOT sums the products of four quants and activations each: lane l is ⌊i/4⌋ = l.
#define DOT(x, q, sums) \
	VPXORD   sums, sums, sums \
	VPDPBUSD x, q, sums

// START sums the products of two chunks, those of high nibbles apart.
#define START(quants, even, odd, sums, high) \
	VPSRLW $4, quants, Z4    \
	FIFTH(FIFTHEVEN, quants) \
	FIFTH(FIFTHODD, Z4)      \
	DOT(even, quants, sums)  \
	DOT(odd, Z4, high)

// END makes the sums of sub-blocks 4c and 4c+2, at most 4·31·128 in magnitude, and those of 4c+1 and 4c+3 the words of
// one register, for VPDPWSSD to multiply them by two scales.
#define END(high, sums) VPSHUFB UP, high, UPPERWORDS, sums

#define START0 \
	VPANDD FIFTEEN, HIGH, NIBBLES \
	START(QUANTS0, EVEN0, ODD0, SUMS0, Z25)
#define START1 \
	VPSRLW $4, HIGH, NIBBLES         \
	VPANDD FIFTEEN, NIBBLES, NIBBLES \
	START(QUANTS1, EVEN1, ODD1, SUMS1, Z31)
#define END0 END(Z25, SUMS0)
#define END1 END(Z31, SUMS1)

#define LOAD0(off, w) \
	VBROADCASTI64X4 (off+16) w, HIGH \
	VMOVDQU64 (off+48) w, QUANTS0
#define LOAD1(off, w) VMOVDQU64 (off+112) w, QUANTS1

// BEGIN spreads the scales of block k of a slot to Z17 and Z24, and begins its dots.
#define BEGIN(slot, k) \
	VBROADCASTI32X4 (16*k)(slot), SCALES \
	SPREADSCALES(SCALES, Z17, Z24)       \
	VPXOR           Y6, Y6, Y6

// func dotQ5KQ8KRowsAVX512Wide(dst *float32, w, x *byte, rows, blocks int)
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
TEXT ·dotQ5KQ8KRowsAVX512Wide(SB), NOSPLIT, $704-40
	MOVQ dst+0(FP), DST
	MOVQ w+8(FP), W_PTR
	MOVQ rows+24(FP), ROWS
	MOVQ blocks+32(FP), BLOCKS
	LEAQ 63(SP), NOW
	ANDQ $~63, NOW
	LEAQ SLOT(NOW), AHEAD

	CONSTANTS
	VBROADCASTI32X4 fifths<>+0(SB), FIFTHEVEN
	VBROADCASTI32X4 fifths<>+16(SB), FIFTHODD
	VBROADCASTI32X4 fifths<>+32(SB), UPPERHALF, FIFTHEVEN
	VBROADCASTI32X4 fifths<>+48(SB), UPPERHALF, FIFTHODD
	VBROADCASTI32X4 upper<>(SB), UP
	MOVQ            $0xCCCCCCCCCCCCCCCC, AX
	KMOVQ           AX, UPPERWORDS

	IMUL3Q $176, BLOCKS, STRIDE
	ONEBYONE

	VZEROUPPER
	RET
