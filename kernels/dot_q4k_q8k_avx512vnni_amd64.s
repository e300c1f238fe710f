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

// Indices that VPMOVZXBD makes dwords: the first dword of each lane; then, out
// of the scales d0 dmin0 d1 dmin1 … of four rows: d0 and d1, d2 and d3, the dmin.
DATA index<>+0(SB)/8, $0x000000000c080400
DATA index<>+8(SB)/8, $0x0000000000000000
DATA index<>+16(SB)/8, $0x0000000000000000
DATA index<>+24(SB)/8, $0x0202020202020202
DATA index<>+32(SB)/8, $0x0404040404040404
DATA index<>+40(SB)/8, $0x0606060606060606
DATA index<>+48(SB)/8, $0x0303030301010101
DATA index<>+56(SB)/8, $0x0707070705050505
GLOBL index<>(SB), RODATA|NOPTR, $64

#define DST     DI
#define W_PTR   SI // a super-block of weights; of the first of four rows
#define X_PTR   DX // a super-block of the activation
#define ROWS    CX
#define STRIDE  R8 // bytes of a row of weights
#define STRIDE3 R9
#define LEFT    R10
#define BLOCKS  R11
#define AHEAD   AX // how far ahead weights are prefetched
#define FAR     R12 // the same where that lies in the next four rows
#define NEXT    BX

// Weights are prefetched this many blocks ahead: so many steps of four rows take
// about as long as memory.
#define DISTANCE 8

// Constants.
#define SHIFTS  Z31
#define MASKA   Z30
#define MASKB   Z29
#define NIBBLES Z28
#define SPREAD0 Z27 // patterns for the scales of 64 quants each
#define SPREAD1 Z26
#define SPREAD2 Z25
#define SPREAD3 Z24

// Constants for four rows.
#define SPREADL Z23 // patterns for the mins 0 … 3 and 4 … 7
#define SPREADH Z22
#define HEADS   Z21 // indices, see there
#define SPREADA Z20
#define SPREADB Z19
#define SPREADM Z18

// Four rows. POSA and POSB: lanes 0 … 7 of two rows each. NEGL and NEGH:
// lanes 0 … 3 and 4 … 7 of all four.
#define POSA Z17
#define POSB Z16
#define NEGL Z15
#define NEGH Z14

// The activations of sub-blocks 0 and 2, 1 and 3, 4 and 6, 5 and 7.
#define ACT02 Z13
#define ACT13 Z12
#define ACT46 Z11
#define ACT57 Z10

#define HEAD Z9 // one block in 128 bits: d, dmin and packed scales, or decoded
#define ROW0 Z0 // integers of a row: lane l is the sum of dwords l and l+8
#define ROW1 Z1

// Constants for one row.
#define SHIFTW Z23 // right shifts of 32 low and 32 high nibbles
#define MINS   Y22
#define D0     Z20 // where d and dmin of four blocks are
#define D1     Z19
#define D2     Z18
#define D3     Z16

// One row: lanes 0 … 7 of pos, then of neg; and the integers of the mins.
#define POSNEG Z17
#define SUMS   Z1

// SCALES decodes the scales and mins of the block (or blocks) whose first 16
// bytes are in HEAD.
#define SCALES \
	VPSHUFD    $0xED, HEAD, Z2        \ // a c b c
	VPSHUFD    $0xA5, HEAD, Z3        \ // - a - b
	VPSRLVD    SHIFTS, Z2, HEAD       \
	VPSRLD     $2, Z3, Z3             \
	VPANDD     MASKB, Z3, Z3          \
	VPTERNLOGD $0xEA, Z3, MASKA, HEAD // HEAD&MASKA | Z3

// HALF adds the integers of 128 quants at w to acc: a quant times an
// activation, added in pairs, fits 16 bits (2·15·128), and the pairs times
// their scale are added in 32. Scales are bytes in each lane of Z8. MADD is
// VPDPWSSD or, to begin a sum, VPMADDWD.
#define HALF(MADD, w, lo, hi, xlo, xhi, acc) \
	VMOVDQU32  w, Z3           \
	VPSRLW     $4, Z3, Z4      \
	VPANDD     NIBBLES, Z3, Z3 \
	VPANDD     NIBBLES, Z4, Z4 \
	VPSHUFB    lo, Z8, Z5      \
	VPSHUFB    hi, Z8, Z6      \
	VPMADDUBSW xlo, Z3, Z3     \
	VPMADDUBSW xhi, Z4, Z4     \
	MADD       Z5, Z3, acc     \
	VPDPWSSD   Z6, Z4, acc

// ROW computes the integers of the row in lane r of HEAD, whose quants are at
// w and w2: dword l of each half of acc holds a part of lane l.
#define ROW(r, w, w2, acc) \
	VSHUFI32X4 $(0x55*r), HEAD, HEAD, Z8                    \
	HALF(VPMADDWD, w, SPREAD0, SPREAD1, ACT02, ACT13, acc)  \
	HALF(VPDPWSSD, w2, SPREAD2, SPREAD3, ACT46, ACT57, acc)

// FOLD adds the halves of the integers of two rows, and both rows times the
// d·dx that spread takes from Z7 to pos.
#define FOLD(spread, pos) \
	VPBLENDMQ   ROW1, ROW0, K1, Z2    \
	VSHUFI64X2  $0x4E, ROW1, ROW0, Z3 \
	VPADDD      Z3, Z2, Z2            \
	VPERMPS     Z7, spread, Z3        \
	VCVTDQ2PS   Z2, Z2                \ // exact
	VFMADD231PS Z2, Z3, pos

// MINUS adds four lanes of four rows to neg: m[j] twice as a word, times
// bsums[2j] and bsums[2j+1], added exactly.
#define MINUS(spread, off, neg) \
	VBROADCASTI32X4 off(X_PTR), Z2   \
	VPSHUFB         spread, HEAD, Z3 \
	VPMADDWD        Z2, Z3, Z2       \
	VCVTDQ2PS       Z2, Z2           \
	VFMADD231PS     Z2, Z8, neg

// PREFETCH asks for three lines: with those of the next block no line is left out.
#define PREFETCH(w, off) \
	PREFETCHT0 (off)(w)     \
	PREFETCHT0 (off+64)(w)  \
	PREFETCHT0 (off+128)(w)

// CHUNK adds the integers of the 64 quants of sub-blocks 2c and 2c+1 of block k
// of a single row to ROW0. It is cheaper here to load 32 bytes twice and shift
// one half than to load the activation in another order.
#define CHUNK(MADD, k, c, spread) \
	VBROADCASTI64X4 (144*k+16+32*c)(W_PTR), Z3    \
	VPSRLVW         SHIFTW, Z3, Z3                \
	VPANDD          NIBBLES, Z3, Z3               \
	VPSHUFB         spread, Z8, Z4                \
	VPMADDUBSW      (292*k+4+64*c)(X_PTR), Z3, Z3 \
	MADD            Z4, Z3, ROW0

// BLOCK adds block k of a single row, whose scales and mins are in lane k of
// HEAD, and whose d and dmin are the dwords at of Z7. The sums of both halves
// of ROW0 and the mins share a register, for pos and neg take the same step.
#define BLOCK(k, at) \
	VSHUFI32X4  $(0x55*k), HEAD, HEAD, Z8  \
	VPSHUFB     MINS, Y8, Y1               \
	VPMADDWD    (292*k+260)(X_PTR), Y1, Y1 \
	CHUNK(VPMADDWD, k, 0, SPREAD0)         \
	CHUNK(VPDPWSSD, k, 1, SPREAD1)         \
	CHUNK(VPDPWSSD, k, 2, SPREAD2)         \
	CHUNK(VPDPWSSD, k, 3, SPREAD3)         \
	VPERMPS     Z7, at, Z2                 \
	VMULPS.BCST (292*k)(X_PTR), Z2, Z2     \ // d·dx, dmin·dx
	VSHUFI64X2  $0x4E, SUMS, ROW0, SUMS    \ // the upper half of ROW0, the mins
	VPADDD      ROW0, SUMS, K3, SUMS       \
	VCVTDQ2PS   SUMS, SUMS                 \ // exact
	VFMADD231PS SUMS, Z2, POSNEG

// func dotQ4KQ8KRowsAVX512(dst *float32, w, x *byte, rows, blocks int)
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
TEXT ·dotQ4KQ8KRowsAVX512(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DST
	MOVQ w+8(FP), W_PTR
	MOVQ x+16(FP), X_PTR
	MOVQ rows+24(FP), ROWS
	MOVQ blocks+32(FP), BLOCKS

	IMUL3Q $144, BLOCKS, STRIDE
	LEAQ   (STRIDE)(STRIDE*2), STRIDE3
	LEAQ   (144*DISTANCE)(STRIDE3), FAR

	VBROADCASTI32X4 scales<>+0(SB), SHIFTS
	VBROADCASTI32X4 scales<>+16(SB), MASKA
	VBROADCASTI32X4 scales<>+32(SB), MASKB
	MOVL            $0x0F0F0F0F, AX
	VPBROADCASTD    AX, NIBBLES
	MOVL            $0xFF00, AX            // the upper 8 dwords
	KMOVW           AX, K2
	MOVL            $0xF0, AX              // the upper 4 qwords
	KMOVW           AX, K1

	SUBQ $4, ROWS
	JLT  rest

	// One load of 64 bytes has the quants of two chunks of 32 bytes: those of
	// sub-blocks 0 and 2 in the low nibbles, 1 and 3 in the high ones.
	VPBROADCASTD    spread<>+0(SB), SPREAD0
	VPBROADCASTD    spread<>+8(SB), K2, SPREAD0
	VPBROADCASTD    spread<>+4(SB), SPREAD1
	VPBROADCASTD    spread<>+12(SB), K2, SPREAD1
	VPBROADCASTD    spread<>+16(SB), SPREAD2
	VPBROADCASTD    spread<>+24(SB), K2, SPREAD2
	VPBROADCASTD    spread<>+20(SB), SPREAD3
	VPBROADCASTD    spread<>+28(SB), K2, SPREAD3
	VBROADCASTI32X4 spread<>+32(SB), SPREADL
	VBROADCASTI32X4 spread<>+48(SB), SPREADH
	VPMOVZXBD       index<>+0(SB), HEADS
	VPMOVZXBD       index<>+16(SB), SPREADA
	VPMOVZXBD       index<>+32(SB), SPREADB
	VPMOVZXBD       index<>+48(SB), SPREADM

four:  // four rows share the loads of the activation
	MOVQ   BLOCKS, LEFT
	MOVQ   $(144*DISTANCE), AHEAD
	VPXORD POSA, POSA, POSA       // from +0
	VPXORD POSB, POSB, POSB
	VPXORD NEGL, NEGL, NEGL
	VPXORD NEGH, NEGH, NEGH

	PCALIGN $32

fourLoop:
	CMPQ    LEFT, $DISTANCE
	CMOVQLE FAR, AHEAD
	LEAQ    (W_PTR)(AHEAD*1), NEXT
	PREFETCH(NEXT, 0)
	ADDQ    STRIDE, NEXT
	PREFETCH(NEXT, 0)
	ADDQ    STRIDE, NEXT
	PREFETCH(NEXT, 0)
	ADDQ    STRIDE, NEXT
	PREFETCH(NEXT, 0)

	// The first 16 bytes of the four blocks: d, dmin and the packed scales.
	VMOVDQU      (W_PTR), X9
	VINSERTI32X4 $1, (W_PTR)(STRIDE*1), HEAD, HEAD
	VINSERTI32X4 $2, (W_PTR)(STRIDE*2), HEAD, HEAD
	VINSERTI32X4 $3, (W_PTR)(STRIDE3*1), HEAD, HEAD

	// Z7: d·dx and dmin·dx of the rows, alternating.
	VPERMD      HEAD, HEADS, Z7
	VCVTPH2PS   X7, Y7
	VMULPS.BCST (X_PTR), Y7, Y7

	SCALES

	VPERMPS Z7, SPREADM, Z8
	MINUS(SPREADL, 260, NEGL)
	MINUS(SPREADH, 276, NEGH)

	VMOVDQU      4(X_PTR), Y13
	VINSERTI64X4 $1, 68(X_PTR), ACT02, ACT02
	VMOVDQU      36(X_PTR), Y12
	VINSERTI64X4 $1, 100(X_PTR), ACT13, ACT13
	VMOVDQU      132(X_PTR), Y11
	VINSERTI64X4 $1, 196(X_PTR), ACT46, ACT46
	VMOVDQU      164(X_PTR), Y10
	VINSERTI64X4 $1, 228(X_PTR), ACT57, ACT57

	ROW(0, 16(W_PTR), 80(W_PTR), ROW0)
	ROW(1, 16(W_PTR)(STRIDE*1), 80(W_PTR)(STRIDE*1), ROW1)
	FOLD(SPREADA, POSA)
	ROW(2, 16(W_PTR)(STRIDE*2), 80(W_PTR)(STRIDE*2), ROW0)
	ROW(3, 16(W_PTR)(STRIDE3*1), 80(W_PTR)(STRIDE3*1), ROW1)
	FOLD(SPREADB, POSB)

	ADDQ $144, W_PTR
	ADDQ $292, X_PTR
	DECQ LEFT
	JNZ  fourLoop

	// Lanes 0 … 3 and 4 … 7 of the four rows, one row in each 128 bits.
	VSHUFF32X4 $0x88, POSB, POSA, Z0
	VSHUFF32X4 $0xDD, POSB, POSA, Z1
	VSUBPS     NEGL, Z0, Z0
	VSUBPS     NEGH, Z1, Z1
	VADDPS     Z1, Z0, Z0            // l += l+4
	VPERMILPS  $0x4E, Z0, Z1
	VADDPS     Z1, Z0, Z0            // 2
	VPERMILPS  $0xB1, Z0, Z1
	VADDPS     Z1, Z0, Z0            // 1
	VPERMD     Z0, HEADS, Z0
	VMOVUPS    X0, (DST)

	ADDQ STRIDE3, W_PTR  // the row after the fourth
	MOVQ x+16(FP), X_PTR
	ADDQ $16, DST
	SUBQ $4, ROWS
	JGE  four

rest:  // ROWS is what is left, less 4
	ADDQ $4, ROWS
	JZ   done

	VPBROADCASTD   spread<>+0(SB), SPREAD0
	VPBROADCASTD   spread<>+4(SB), K2, SPREAD0
	VPBROADCASTD   spread<>+8(SB), SPREAD1
	VPBROADCASTD   spread<>+12(SB), K2, SPREAD1
	VPBROADCASTD   spread<>+16(SB), SPREAD2
	VPBROADCASTD   spread<>+20(SB), K2, SPREAD2
	VPBROADCASTD   spread<>+24(SB), SPREAD3
	VPBROADCASTD   spread<>+28(SB), K2, SPREAD3
	VMOVDQU32      spread<>+32(SB), MINS
	VPMOVZXBD      index<>+0(SB), HEADS
	MOVL           $0x00040004, AX
	VPBROADCASTD.Z AX, K2, SHIFTW
	MOVL           $1, AX
	VPBROADCASTD.Z AX, K2, D0
	MOVL           $2, AX
	VPBROADCASTD   AX, D1
	VPADDD         D1, D1, D2
	VPADDD         D0, D2, D2
	VPADDD         D1, D2, D3
	VPADDD         D0, D1, D1
	KNOTW          K2, K3                       // the lower 8 dwords

one:  // one row, but the scales of four blocks are decoded at once
	VPXORD POSNEG, POSNEG, POSNEG
	MOVQ   BLOCKS, LEFT
	SUBQ   $4, LEFT
	JLT    oneRest

	PCALIGN $32

oneLoop:
	PREFETCH(W_PTR, 16*144)
	PREFETCH(W_PTR, 16*144+192)
	PREFETCH(W_PTR, 16*144+384)

	VMOVDQU      (W_PTR), X9
	VINSERTI32X4 $1, 144(W_PTR), HEAD, HEAD
	VINSERTI32X4 $2, 288(W_PTR), HEAD, HEAD
	VINSERTI32X4 $3, 432(W_PTR), HEAD, HEAD
	VPERMD       HEAD, HEADS, Z7
	VCVTPH2PS    X7, Y7                     // d, dmin of the blocks, alternating
	SCALES
	BLOCK(0, D0)
	BLOCK(1, D1)
	BLOCK(2, D2)
	BLOCK(3, D3)

	ADDQ $(4*144), W_PTR
	ADDQ $(4*292), X_PTR
	SUBQ $4, LEFT
	JGE  oneLoop

oneRest:  // LEFT is what is left, less 4
	ADDQ $4, LEFT
	JZ   oneSum

restLoop:
	VBROADCASTI32X4 (W_PTR), HEAD
	VMOVD           (W_PTR), X7
	VCVTPH2PS       X7, X7
	SCALES
	BLOCK(0, D0)

	ADDQ $144, W_PTR
	ADDQ $292, X_PTR
	DECQ LEFT
	JNZ  restLoop

oneSum:
	VEXTRACTF64X4 $1, POSNEG, Y0
	VSUBPS        Y0, Y17, Y0
	VEXTRACTF128  $1, Y0, X1
	VADDPS        X1, X0, X0     // l += l+4
	VPERMILPS     $0x4E, X0, X1
	VADDPS        X1, X0, X0     // 2
	VPERMILPS     $0xB1, X0, X1
	VADDSS        X1, X0, X0     // 1
	VMOVSS        X0, (DST)

	MOVQ x+16(FP), X_PTR
	ADDQ $4, DST
	DECQ ROWS
	JNZ  one

done:
	VZEROUPPER
	RET
