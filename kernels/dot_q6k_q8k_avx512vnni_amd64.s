//go:build !purego

#include "textflag.h"
#include "dot_q6k_avx512_amd64.h"

// groups are the groups of 16 that dwords 0 … 3 and 4 … 7 of the first two chunks
// of 32 quants are in, as two words; then of the next two, and so on.
DATA groups<>+0(SB)/8, $0x0002000000020000
DATA groups<>+8(SB)/8, $0x0002000000020000
DATA groups<>+16(SB)/8, $0x0003000100030001
DATA groups<>+24(SB)/8, $0x0003000100030001
DATA groups<>+32(SB)/8, $0x0006000400060004
DATA groups<>+40(SB)/8, $0x0006000400060004
DATA groups<>+48(SB)/8, $0x0007000500070005
DATA groups<>+56(SB)/8, $0x0007000500070005
DATA groups<>+64(SB)/8, $0x000a0008000a0008
DATA groups<>+72(SB)/8, $0x000a0008000a0008
DATA groups<>+80(SB)/8, $0x000b0009000b0009
DATA groups<>+88(SB)/8, $0x000b0009000b0009
DATA groups<>+96(SB)/8, $0x000e000c000e000c
DATA groups<>+104(SB)/8, $0x000e000c000e000c
DATA groups<>+112(SB)/8, $0x000f000d000f000d
DATA groups<>+120(SB)/8, $0x000f000d000f000d
GLOBL groups<>(SB), RODATA|NOPTR, $128

// The low nibble of each byte; bits 0, 1, 4, 5; −32 as words.
DATA masks<>+0(SB)/4, $0x0F0F0F0F
DATA masks<>+4(SB)/4, $0x33333333
DATA masks<>+8(SB)/4, $0xFFE0FFE0
GLOBL masks<>(SB), RODATA|NOPTR, $12

// 256 bits at a time: one register is the 8 lanes. 512 took a twentieth longer on
// Zen 4.
#define NIBBLES Y15 // low nibble of each byte
#define EVENS   Y14 // bits 0, 1, 4, 5
#define UP      Y16 // pattern: the lower word of each dword as the upper one
#define GROUPS0 Y17 // indices of scales, see groups
#define GROUPS1 Y18
#define GROUPS2 Y19
#define GROUPS3 Y20

#define SUMS0  Y22 // sums of the block before: of chunks of 32 quants 0 and 1, 2 and 3, …
#define SUMS1  Y23
#define SUMS2  Y24
#define SUMS3  Y25
#define DOTS0  Y11 // sums times scales
#define DOTS1  Y8
#define LOW0   Y4 // low bits of a block, as they are stored
#define LOW1   Y5
#define LOW2   Y6
#define LOW3   Y7
#define HIGH0  Y26 // and high ones
#define HIGH1  Y27

#define LOAD(w) \
	VMOVDQU   (w), LOW0      \
	VMOVDQU   32(w), LOW1    \
	VMOVDQU   64(w), LOW2    \
	VMOVDQU   96(w), LOW3    \
	VMOVDQU32 128(w), HIGH0  \
	VMOVDQU32 160(w), HIGH1

// DECODE leaves the quants of half a block, 32 in each of Y0 to Y3: nibbles, the low ones
// first, and above them two bits of 32 bytes: 0 and 1, 2 and 3, 4 and 5, 6 and 7.
// With only two out of four left, no others come to bits 6 and 7 by a shift.
#define DECODE(low0, low1, high) \
	VPANDD     EVENS, high, Y2        \
	VPXORD     Y2, high, Y3           \
	VPSLLW     $4, Y2, Y0             \
	VPSLLW     $2, Y3, Y1             \
	VPSRLW     $2, Y3, Y3             \
	VPTERNLOGD $0xD8, NIBBLES, low0, Y0   \ // NIBBLES ? low0 : Y0
	VPTERNLOGD $0xD8, NIBBLES, low1, Y1   \
	VPSRLW     $4, low0, low0         \
	VPSRLW     $4, low1, low1         \
	VPTERNLOGD $0xD8, NIBBLES, low0, Y2   \
	VPTERNLOGD $0xD8, NIBBLES, low1, Y3

// SUM sums the products of chunks of 32 quants in a and b: sums of four, at most 4·63·128
// in magnitude. Those of a are words of sums once those of b have joined.
#define SUM(off, a, b, sums, second) \
	VPXORD   sums, sums, sums         \
	VPDPBUSD off(X_PTR), a, sums      \
	VPXORD   second, second, second   \
	VPDPBUSD (off+32)(X_PTR), b, second

// SCALE multiplies both chunks' sums with their scales at once.
#define SCALE(groups, sums, dots) \
	VPERMW   SCALES, groups, Y30 \
	VPDPWSSD Y30, sums, dots

#define ADD \
	VPADDD      DOTS1, DOTS0, DOTS0 \
	VCVTDQ2PS   DOTS0, DOTS0        \
	VFMADD231PS DOTS0, D, POS

#define BLOCK \
	VMOVDQA OFFSET, DOTS0            \
	VPXOR   DOTS1, DOTS1, DOTS1      \
	DECODE(LOW0, LOW1, HIGH0)        \
	SCALE(GROUPS0, SUMS0, DOTS0)     \
	SCALE(GROUPS1, SUMS1, DOTS1)     \
	SUM(4, Y0, Y1, SUMS0, Y28)       \
	SUM(68, Y2, Y3, SUMS1, Y29)      \
	DECODE(LOW2, LOW3, HIGH1)        \
	SCALE(GROUPS2, SUMS2, DOTS0)     \
	SCALE(GROUPS3, SUMS3, DOTS1)     \
	JOIN(Y28, SUMS0)                 \
	JOIN(Y29, SUMS1)                 \
	LOAD(NEXT)                       \
	SUM(132, Y0, Y1, SUMS2, Y28)     \
	SUM(196, Y2, Y3, SUMS3, Y29)     \
	ADD                              \
	FACTORS                          \
	JOIN(Y28, SUMS2)                 \
	JOIN(Y29, SUMS3)

#define SCALESUMS \
	VMOVDQA OFFSET, DOTS0            \
	VPXOR   DOTS1, DOTS1, DOTS1      \
	SCALE(GROUPS0, SUMS0, DOTS0)     \
	SCALE(GROUPS1, SUMS1, DOTS1)     \
	SCALE(GROUPS2, SUMS2, DOTS0)     \
	SCALE(GROUPS3, SUMS3, DOTS1)     \
	ADD

// func dotQ6KQ8KRowsAVX512(dst *float32, w, x *byte, rows, blocks int)
//
//	for r := range rows {
//		for b := range blocks {
//			for i := range 256 {
//				dots[i%32/4] += s[i/16] * q[i] * x[i] // q is 0 to 63
//			}
//			for g := range 16 {
//				dots[g/2] -= 32 * s[g] * bsums[g]
//			}
//			for l := range 8 {
//				pos[l] = fma(d*dx, float32(dots[l]), pos[l])
//			}
//		}
//		for half := 4; half > 0; half /= 2 {
//			for l := range half {
//				pos[l] += pos[l+half]
//			}
//		}
//		dst[r] = pos[0]
//	}
TEXT ·dotQ6KQ8KRowsAVX512(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DST
	MOVQ w+8(FP), W_PTR
	MOVQ x+16(FP), ACT
	MOVQ rows+24(FP), ROWS
	MOVQ blocks+32(FP), BLOCKS

	VPBROADCASTD   masks<>+0(SB), NIBBLES
	VPBROADCASTD   masks<>+4(SB), EVENS
	VPBROADCASTD   masks<>+8(SB), BIAS
	VBROADCASTI32X4 upper<>(SB), UP
	VMOVDQU32      groups<>+0(SB), GROUPS0
	VMOVDQU32      groups<>+32(SB), GROUPS1
	VMOVDQU32      groups<>+64(SB), GROUPS2
	VMOVDQU32      groups<>+96(SB), GROUPS3
	MOVL           $0xCCCCCCCC, AX
	KMOVD          AX, UPPERWORDS
	ONEBYONE

	VZEROUPPER
	RET
