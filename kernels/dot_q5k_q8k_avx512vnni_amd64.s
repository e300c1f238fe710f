//go:build !purego

#include "textflag.h"

// How the 12 bytes of scales at dwords 1, 2, 3 of the block (a, b, c) become
// [sc0-3 sc4-7 m0-3 m4-7]: a&63, c&15|a>>6<<4, b&63, c>>4|b>>6<<4 bytewise.
DATA scales<>+0(SB)/8, $0x0000000000000000 // right shifts of a c b c
DATA scales<>+8(SB)/8, $0x0000000400000000
DATA scales<>+16(SB)/8, $0x0f0f0f0f3f3f3f3f // what is kept of them
DATA scales<>+24(SB)/8, $0x0f0f0f0f3f3f3f3f
DATA scales<>+32(SB)/8, $0x3030303000000000 // what is kept of - a - b, right by 2
DATA scales<>+40(SB)/8, $0x3030303000000000
GLOBL scales<>(SB), RODATA|NOPTR, $48

// VPSHUFB patterns that make byte k of a lane two equal words, k = 0 … 15.
DATA spread<>+0(SB)/8, $0x8001800180008000
DATA spread<>+8(SB)/8, $0x8003800380028002
DATA spread<>+16(SB)/8, $0x8005800580048004
DATA spread<>+24(SB)/8, $0x8007800780068006
DATA spread<>+32(SB)/8, $0x8009800980088008
DATA spread<>+40(SB)/8, $0x800b800b800a800a
DATA spread<>+48(SB)/8, $0x800d800d800c800c
DATA spread<>+56(SB)/8, $0x800f800f800e800e
GLOBL spread<>(SB), RODATA|NOPTR, $64

// heads are the indices of the first dword of each lane, for VPMOVZXBD.
DATA heads<>+0(SB)/8, $0x000000000c080400
DATA heads<>+8(SB)/8, $0x0000000000000000
GLOBL heads<>(SB), RODATA|NOPTR, $16

// fifths are the bits of the fifths of sub-blocks 0 … 7, in four bytes each.
DATA fifths<>+0(SB)/4, $0x01010101
DATA fifths<>+4(SB)/4, $0x02020202
DATA fifths<>+8(SB)/4, $0x04040404
DATA fifths<>+12(SB)/4, $0x08080808
DATA fifths<>+16(SB)/4, $0x10101010
DATA fifths<>+20(SB)/4, $0x20202020
DATA fifths<>+24(SB)/4, $0x40404040
DATA fifths<>+28(SB)/4, $0x80808080
GLOBL fifths<>(SB), RODATA|NOPTR, $32

#define DST    DI
#define W_PTR  SI
#define X_PTR  DX
#define ACT    R8 // start of the activation
#define ROWS   R9
#define BLOCKS R10
#define LEFT   CX // super-blocks left in the row

// Constants.
#define SHIFTS  Z31
#define MASKA   Z30
#define MASKB   Z29
#define NIBBLES Z28
#define SPREAD0 Z27 // patterns for the scales of 64 quants each
#define SPREAD1 Z26
#define SPREAD2 Z25
#define SPREAD3 Z24
#define SHIFTW  Z23 // right shifts of 32 low and 32 high nibbles
#define MINS    Y22
#define HEADS   Z21 // where the first dwords of four blocks are
#define D0      Z20 // where d and dmin of four blocks are
#define D1      Z19
#define D2      Z18
#define D3      Z16
#define SIXTEEN Z14
#define FIFTH0  Z13 // bits of 64 quants each
#define FIFTH1  Z12
#define FIFTH2  Z11
#define FIFTH3  Z10

#define HEAD   Z9  // d, dmin and packed scales of four blocks, or decoded scales
#define HIGH   Z15 // bit j of each byte is the fifth of a quant of sub-block j
#define SUM    Z0  // integers: lane l is the sum of dwords l and l+8
#define POSNEG Z17 // lanes 0 … 7 of pos, then of neg
#define SUMS   Z1  // their integers

// SCALES decodes the scales and mins of the block (or blocks) whose first 16
// bytes are in HEAD.
#define SCALES \
	VPSHUFD    $0xED, HEAD, Z2        \ // a c b c
	VPSHUFD    $0xA5, HEAD, Z3        \ // - a - b
	VPSRLVD    SHIFTS, Z2, HEAD       \
	VPSRLD     $2, Z3, Z3             \
	VPANDD     MASKB, Z3, Z3          \
	VPTERNLOGD $0xEA, Z3, MASKA, HEAD // HEAD&MASKA | Z3

// PREFETCH asks for three lines.
#define PREFETCH(w, off) \
	PREFETCHT0 (off)(w)     \
	PREFETCHT0 (off+64)(w)  \
	PREFETCHT0 (off+128)(w)

// CHUNK adds the integers of the 64 quants of sub-blocks 2c and 2c+1 of block k
// to SUM. It is cheaper to load 32 bytes twice and shift one half than to load
// the activation in another order. A quant times an activation, added in pairs,
// fits 16 bits (2·31·128). MADD is VPDPWSSD or, to begin a sum, VPMADDWD.
#define CHUNK(MADD, k, c, spread, fifth) \
	VBROADCASTI64X4 (176*k+48+32*c)(W_PTR), Z3    \
	VPTESTMB        HIGH, fifth, K4               \
	VPSRLVW         SHIFTW, Z3, Z3                \
	VPANDD          NIBBLES, Z3, Z3               \
	VPADDB          SIXTEEN, Z3, K4, Z3           \
	VPSHUFB         spread, Z8, Z4                \
	VPMADDUBSW      (292*k+4+64*c)(X_PTR), Z3, Z3 \
	MADD            Z4, Z3, SUM

// BLOCK adds block k, whose scales and mins are in lane k of HEAD, and whose d
// and dmin are the dwords at of Z7. The sums of both halves of SUM and the mins
// share a register, for pos and neg take the same step.
#define BLOCK(k, at) \
	VSHUFI32X4      $(0x55*k), HEAD, HEAD, Z8        \
	VPSHUFB         MINS, Y8, Y1                     \
	VPMADDWD        (292*k+260)(X_PTR), Y1, Y1       \
	VBROADCASTI64X4 (176*k+16)(W_PTR), HIGH          \
	CHUNK(VPMADDWD, k, 0, SPREAD0, FIFTH0)           \
	CHUNK(VPDPWSSD, k, 1, SPREAD1, FIFTH1)           \
	CHUNK(VPDPWSSD, k, 2, SPREAD2, FIFTH2)           \
	CHUNK(VPDPWSSD, k, 3, SPREAD3, FIFTH3)           \
	VPERMPS         Z7, at, Z2                       \
	VMULPS.BCST     (292*k)(X_PTR), Z2, Z2           \ // d·dx, dmin·dx
	VSHUFI64X2      $0x4E, SUMS, SUM, SUMS           \ // the upper half of SUM, the mins
	VPADDD          SUM, SUMS, K3, SUMS              \
	VCVTDQ2PS       SUMS, SUMS                       \ // exact
	VFMADD231PS     SUMS, Z2, POSNEG

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
TEXT ·dotQ5KQ8KRowsAVX512(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DST
	MOVQ w+8(FP), W_PTR
	MOVQ x+16(FP), ACT
	MOVQ rows+24(FP), ROWS
	MOVQ blocks+32(FP), BLOCKS

	MOVL            $0xFF00, AX                // the upper 8 dwords
	KMOVW           AX, K2
	KNOTW           K2, K3                     // the lower 8 dwords
	VBROADCASTI32X4 scales<>+0(SB), SHIFTS
	VBROADCASTI32X4 scales<>+16(SB), MASKA
	VBROADCASTI32X4 scales<>+32(SB), MASKB
	MOVL            $0x0F0F0F0F, AX
	VPBROADCASTD    AX, NIBBLES
	MOVL            $0x10101010, AX
	VPBROADCASTD    AX, SIXTEEN
	VPBROADCASTD    spread<>+0(SB), SPREAD0
	VPBROADCASTD    spread<>+4(SB), K2, SPREAD0
	VPBROADCASTD    spread<>+8(SB), SPREAD1
	VPBROADCASTD    spread<>+12(SB), K2, SPREAD1
	VPBROADCASTD    spread<>+16(SB), SPREAD2
	VPBROADCASTD    spread<>+20(SB), K2, SPREAD2
	VPBROADCASTD    spread<>+24(SB), SPREAD3
	VPBROADCASTD    spread<>+28(SB), K2, SPREAD3
	VPBROADCASTD    fifths<>+0(SB), FIFTH0
	VPBROADCASTD    fifths<>+4(SB), K2, FIFTH0
	VPBROADCASTD    fifths<>+8(SB), FIFTH1
	VPBROADCASTD    fifths<>+12(SB), K2, FIFTH1
	VPBROADCASTD    fifths<>+16(SB), FIFTH2
	VPBROADCASTD    fifths<>+20(SB), K2, FIFTH2
	VPBROADCASTD    fifths<>+24(SB), FIFTH3
	VPBROADCASTD    fifths<>+28(SB), K2, FIFTH3
	VMOVDQU32       spread<>+32(SB), MINS
	VPMOVZXBD       heads<>(SB), HEADS
	MOVL            $0x00040004, AX
	VPBROADCASTD.Z  AX, K2, SHIFTW
	MOVL            $1, AX
	VPBROADCASTD.Z  AX, K2, D0
	MOVL            $2, AX
	VPBROADCASTD    AX, D1
	VPADDD          D1, D1, D2
	VPADDD          D0, D2, D2
	VPADDD          D1, D2, D3
	VPADDD          D0, D1, D1

row:
	VPXORD POSNEG, POSNEG, POSNEG
	MOVQ   ACT, X_PTR
	MOVQ   BLOCKS, LEFT
	SUBQ   $4, LEFT
	JLT    rest

	PCALIGN $32

four:
	PREFETCH(W_PTR, 3072)
	PREFETCH(W_PTR, 3264)
	PREFETCH(W_PTR, 3456)
	PREFETCH(W_PTR, 3648)

	VMOVDQU      (W_PTR), X9
	VINSERTI32X4 $1, 176(W_PTR), HEAD, HEAD
	VINSERTI32X4 $2, 352(W_PTR), HEAD, HEAD
	VINSERTI32X4 $3, 528(W_PTR), HEAD, HEAD
	VPERMD       HEAD, HEADS, Z7
	VCVTPH2PS    X7, Y7                     // d, dmin of the blocks, alternating
	SCALES
	BLOCK(0, D0)
	BLOCK(1, D1)
	BLOCK(2, D2)
	BLOCK(3, D3)

	ADDQ $(4*176), W_PTR
	ADDQ $(4*292), X_PTR
	SUBQ $4, LEFT
	JGE  four

rest:  // LEFT is what is left, less 4
	ADDQ $4, LEFT
	JZ   sum

single:
	VBROADCASTI32X4 (W_PTR), HEAD
	VMOVD           (W_PTR), X7
	VCVTPH2PS       X7, X7
	SCALES
	BLOCK(0, D0)

	ADDQ $176, W_PTR
	ADDQ $292, X_PTR
	DECQ LEFT
	JNZ  single

sum:
	VEXTRACTF64X4 $1, POSNEG, Y0
	VSUBPS        Y0, Y17, Y0
	VEXTRACTF128  $1, Y0, X1
	VADDPS        X1, X0, X0     // l += l+4
	VPERMILPS     $0x4E, X0, X1
	VADDPS        X1, X0, X0     // 2
	VPERMILPS     $0xB1, X0, X1
	VADDSS        X1, X0, X0     // 1
	VMOVSS        X0, (DST)

	ADDQ $4, DST
	DECQ ROWS
	JNZ  row

	VZEROUPPER
	RET
