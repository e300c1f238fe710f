//go:build !purego

#include "textflag.h"
#include "dot_q6k_avx512_amd64.h"

// groups are the groups of 16 quants that the dwords of four chunks of 32 are in: of chunks 0 and 1 in
// the lower words, of chunks 2 and 3 in the upper ones.
DATA groups<>+0(SB)/8, $0x0004000000040000
DATA groups<>+8(SB)/8, $0x0004000000040000
DATA groups<>+16(SB)/8, $0x0005000100050001
DATA groups<>+24(SB)/8, $0x0005000100050001
DATA groups<>+32(SB)/8, $0x0006000200060002
DATA groups<>+40(SB)/8, $0x0006000200060002
DATA groups<>+48(SB)/8, $0x0007000300070003
DATA groups<>+56(SB)/8, $0x0007000300070003
GLOBL groups<>(SB), RODATA|NOPTR, $64

// The low nibble of each byte; of the lower half bits 0, 1, 4, 5, of the upper half 2, 3, 6, 7; 4 and 2 and −32 as
// words; 8 as words.
DATA masks<>+0(SB)/4, $0x0F0F0F0F
DATA masks<>+4(SB)/4, $0x33333333
DATA masks<>+8(SB)/4, $0xCCCCCCCC
DATA masks<>+12(SB)/4, $0x00040004
DATA masks<>+16(SB)/4, $0x00020002
DATA masks<>+20(SB)/4, $0xFFE0FFE0
DATA masks<>+24(SB)/4, $0x00080008
GLOBL masks<>(SB), RODATA|NOPTR, $28

#define NIBBLES Z15 // low nibble of each byte
#define PAIRS   Z14 // bits 0, 1, 4, 5 in the lower half, 2, 3, 6, 7 in the upper half
#define UP      Z16 // pattern: the lower word of each dword as the upper one
#define GROUPS0 Z17 // indices of scales, see groups
#define GROUPS1 Z18
#define LEFTS   Z19 // words: 4 in the lower half, 2 in the upper half
#define RIGHTS  Z20 // 0 and 2
#define UPPERHALF K3

#define SUMS0  Z22 // sums of the block before: of chunks of 32 quants 0 to 3, and 4 to 7
#define SUMS1  Z23
#define DOTS   Z11 // sums times scales, those of half of the chunks in 256 bits
#define LOW0   Z4 // low bits of a block, as they are stored
#define LOW1   Z5
#define HIGH0  Z26 // and high ones, in both halves
#define HIGH1  Z27

#define LOAD(w) \
	VMOVDQU64       (w), LOW0      \
	VMOVDQU64       64(w), LOW1    \
	VBROADCASTI64X4 128(w), HIGH0  \
	VBROADCASTI64X4 160(w), HIGH1

// DECODE leaves the quants of chunks 0 and 1 of half a block in Z0 and those of 2 and 3 in Z1: nibbles, the low
// ones first, and above them two bits of 32 bytes: 0 and 1, 2 and 3, 4 and 5, 6 and 7. With only
// two out of four left, no others come to bits 6 and 7 by a shift.
#define DECODE(low, high) \
	VPANDD     PAIRS, high, high        \
	VPSLLVW    LEFTS, high, Z0          \
	VPSRLVW    RIGHTS, high, Z1         \
	VPTERNLOGD $0xD8, NIBBLES, low, Z0  \ // NIBBLES ? low : Z0
	VPSRLW     $4, low, low             \
	VPTERNLOGD $0xD8, NIBBLES, low, Z1

// SUM sums the products of those four chunks: sums of four, at most 4·63·128
// in magnitude. Those of the first two are words of sums once the others have joined.
#define SUM(off, sums, second) \
	VPXORD   sums, sums, sums            \
	VPDPBUSD off(X_PTR), Z0, sums        \
	VPXORD   second, second, second      \
	VPDPBUSD (off+64)(X_PTR), Z1, second

// SCALE multiplies the sums of four chunks with their scales at once.
#define SCALE(groups, sums) \
	VPERMW   Z12, groups, Z30 \ // SCALES
	VPDPWSSD Z30, sums, DOTS

#define ADD \
	VEXTRACTI64X4 $1, DOTS, Y8   \
	VPADDD        Y8, Y11, Y11   \
	VCVTDQ2PS     Y11, Y11       \
	VFMADD231PS   Y11, D, POS

#define BLOCK \
	VMOVDQA OFFSET, Y11          \
	DECODE(LOW0, HIGH0)          \
	SCALE(GROUPS0, SUMS0)        \
	SUM(4, SUMS0, Z28)           \
	DECODE(LOW1, HIGH1)          \
	SCALE(GROUPS1, SUMS1)        \
	JOIN(Z28, SUMS0)             \
	LOAD(NEXT)                   \
	SUM(132, SUMS1, Z29)         \
	ADD                          \
	FACTORS                      \
	JOIN(Z29, SUMS1)

#define SCALESUMS \
	VMOVDQA OFFSET, Y11          \
	SCALE(GROUPS0, SUMS0)        \
	SCALE(GROUPS1, SUMS1)        \
	ADD

// func dotQ6KQ8KRowsAVX512Wide(dst *float32, w, x *byte, rows, blocks int)
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
TEXT ·dotQ6KQ8KRowsAVX512Wide(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DST
	MOVQ w+8(FP), W_PTR
	MOVQ x+16(FP), ACT
	MOVQ rows+24(FP), ROWS
	MOVQ blocks+32(FP), BLOCKS

	MOVL            $0xFF00, AX
	KMOVW           AX, UPPERHALF
	MOVQ            $0xCCCCCCCCCCCCCCCC, AX
	KMOVQ           AX, UPPERWORDS
	VPBROADCASTD    masks<>+0(SB), NIBBLES
	VPBROADCASTD    masks<>+4(SB), PAIRS
	VPBROADCASTD    masks<>+8(SB), UPPERHALF, PAIRS
	VPBROADCASTD    masks<>+12(SB), Z0
	VMOVDQA64       Z0, LEFTS
	VPBROADCASTD    masks<>+16(SB), UPPERHALF, LEFTS
	VPSUBW          LEFTS, Z0, RIGHTS
	VPBROADCASTD    masks<>+20(SB), BIAS
	VBROADCASTI32X4 upper<>(SB), UP
	VMOVDQU64       groups<>(SB), GROUPS0
	VPADDD.BCST     masks<>+24(SB), GROUPS0, GROUPS1
	ONEBYONE

	VZEROUPPER
	RET
