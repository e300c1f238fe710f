//go:build !purego

#include "textflag.h"

#define BYTES 144
#include "dot_k_avx512_amd64.h"
#include "dot_k_avx512vnni_amd64.h"

// What makes sums positive, before it is shifted left by 12; what takes that off the dots
// again, for each one of an even scale; which of eight scales are even.
DATA bias<>+0(SB)/4, $2
DATA bias<>+4(SB)/4, $-8192
DATA bias<>+8(SB)/4, $0x00ff00ff
GLOBL bias<>(SB), RODATA|NOPTR, $12

#define BIAS Y13

// START sums the products of sub-block 2c+1: lane l is ⌊i/4⌋ = l. High nibbles stay where they
// are, so that the sums are 16 times as large, at most 4·240·128 in magnitude.
#define START(quants, sums, x) \
	VPANDN   quants, FIFTEEN, Y4     \
	VMOVDQA  BIAS, sums              \
	VPAND    FIFTEEN, quants, quants \
	VPDPBUSD x, Y4, sums

// END makes the sums of sub-block 2c+1 upper words and adds those of 2c, at most 4·15·128 in
// magnitude, for VPDPWSSD to multiply both words by two scales. BIAS, 8192 by now, makes the
// lower ones positive, so that they borrow nothing. UNBIAS takes it off the dots again.
#define END(quants, sums, x) \
	VPSLLD   $12, sums, sums \
	VPDPBUSD x, quants, sums

#define START0(x) START(QUANTS0, SUMS0, (x+36)(X_PTR))
#define START1(x) START(QUANTS1, SUMS1, (x+100)(X_PTR))
#define START2(x) START(QUANTS2, SUMS2, (x+164)(X_PTR))
#define START3(x) START(QUANTS3, SUMS3, (x+228)(X_PTR))
#define END0(x) END(QUANTS0, SUMS0, (x+4)(X_PTR))
#define END1(x) END(QUANTS1, SUMS1, (x+68)(X_PTR))
#define END2(x) END(QUANTS2, SUMS2, (x+132)(X_PTR))
#define END3(x) END(QUANTS3, SUMS3, (x+196)(X_PTR))

#define LOAD0(off, w) VMOVDQU (off+16) w, QUANTS0
#define LOAD1(off, w) VMOVDQU (off+48) w, QUANTS1
#define LOAD2(off, w) VMOVDQU (off+80) w, QUANTS2
#define LOAD3(off, w) VMOVDQU (off+112) w, QUANTS3

// UNBIAS makes of the bytes sc0-7 in H what BIAS adds to the dots, negative, in the low dword of
// each lane; T is zero.
#define UNBIAS(H, T, AND, even, MUL, perscale) \
	AND     even, H, H       \
	VPSADBW T, H, H          \
	MUL     perscale, H, H

// One row.
#define HEADWORDS Z26
#define SIX       Z27
#define EVEN      Z28
#define PERSCALE  Z29
#define ZERO      Z30
#define CONSTANTSROW \
	VMOVDQU32    heads<>(SB), X26       \
	VPBROADCASTD six<>(SB), SIX         \
	VPBROADCASTD bias<>+4(SB), PERSCALE \
	VPBROADCASTD bias<>+8(SB), EVEN     \
	VPXORD       ZERO, ZERO, ZERO
#define FACTORSROW(dx) FACTORS(HEADWORDS, VMULPS, dx)
#define BYTESROW UNPACKAHEAD(VPANDD, SIX)
#define BIASESROW \
	UNBIAS(Z5, ZERO, VPANDD, EVEN, VPMULLD, PERSCALE) \
	VMOVDQU32 Z5, 128(AHEAD)

// BEGINDOTS begins the dots of block k of a slot, and BEGIN loads its scales too.
#define BEGINDOTS(slot, k) \
	VPBROADCASTD (128+16*k)(slot), DOTS0 \
	VPXOR        DOTS1, DOTS1, DOTS1
#define BEGIN(slot, k) \
	BEGINDOTS(slot, k) \
	VBROADCASTI128 (16*k)(slot), SCALES

#define CONSTANTS \
	MOVL         $0x0F0F0F0F, AX    \
	VPBROADCASTD AX, Z14            \
	VPBROADCASTD bias<>+0(SB), BIAS \
	MASKS

// Four rows share the loads of the activation; of row r what is added up.
#define STRIDE3 R9
#define AFTER R14 // what is prefetched: of the next four rows, in order, as much as is computed
#define JUMP  R15 // from the last blocks of four rows to the first of the next four
#define ACT0  Y16 // sub-blocks of the activation
#define ACT1  Y17
#define ACT2  Y18
#define ACT3  Y19
#define ACT4  Y20
#define ACT5  Y21
#define ACT6  Y22
#define ACT7  Y23
#define ROWBSUMS Y12
#define POS0  Y24
#define POS1  Y25
#define POS2  Y26
#define POS3  Y27
#define NEG0  Y28
#define NEG1  Y29
#define NEG2  Y30
#define NEG3  Y31

#define HEADSROWS HEADS((NEXT), (NEXT)(STRIDE*1), (NEXT)(STRIDE*2), (NEXT)(STRIDE3*1))
#define FACTORSROWS FACTORSHEADS(VMULPS.BCST, (NEXT_X))
#define BYTESROWS UNPACKAHEAD(VPANDD.BCST, six<>(SB))
#define PAIRSBIASES \
	VBROADCASTI32X4 spread<>+0(SB), Z15 \
	VPSHUFB         Z15, Z5, Z15        \
	VMOVDQU32       Z15, 64(AHEAD)      \
	VPXORD          Z15, Z15, Z15       \
	UNBIAS(Z5, Z15, VPANDD.BCST, bias<>+8(SB), VPMULLD.BCST, bias<>+4(SB)) \
	VMOVDQU32       Z5, 128(AHEAD)

#define MINSUMSROW(slot, k) \
	VBROADCASTI128 (16*k)(slot), Y4          \
	VPSHUFB        spread<>+16(SB), Y4, Y4   \
	VPMADDWD       ROWBSUMS, Y4, Y4            // added exactly

// SCALESUMSROW scales the sums of row k and adds them.
#define SCALESUMSROW(slot, k, pos, neg) \
	BEGINDOTS(slot, k)                          \
	VPDPWSSD.BCST (64+16*k)(slot), SUMS0, DOTS0 \
	VPDPWSSD.BCST (68+16*k)(slot), SUMS1, DOTS1 \
	VPDPWSSD.BCST (72+16*k)(slot), SUMS2, DOTS0 \
	VPDPWSSD.BCST (76+16*k)(slot), SUMS3, DOTS1 \
	MINSUMSROW(slot, k)                         \
	ADD(slot, k, pos, neg)

// ROW sums the products of row r, scales the sums of row k, which is the one before,
// loads the quants of the next row and does a part of the decoding, by turns.
#define ROW(r, slot, k, pos, neg, DECODE, next) \
	PREFETCHT1    (128*r)(AFTER)                \
	BEGINDOTS(slot, k)                          \
	VPDPWSSD.BCST (64+16*k)(slot), SUMS0, DOTS0 \
	START(QUANTS0, SUMS0, ACT1)                 \
	VPDPWSSD.BCST (68+16*k)(slot), SUMS1, DOTS1 \
	START(QUANTS1, SUMS1, ACT3)                 \
	VPDPWSSD.BCST (72+16*k)(slot), SUMS2, DOTS0 \
	START(QUANTS2, SUMS2, ACT5)                 \
	VPDPWSSD.BCST (76+16*k)(slot), SUMS3, DOTS1 \
	START(QUANTS3, SUMS3, ACT7)                 \
	MINSUMSROW(slot, k)                         \
	DECODE                                      \
	PREFETCHT1    (128*r+64)(AFTER)             \
	END(QUANTS0, SUMS0, ACT0)                   \
	LOAD0(0, next)                              \
	END(QUANTS1, SUMS1, ACT2)                   \
	LOAD1(0, next)                              \
	END(QUANTS2, SUMS2, ACT4)                   \
	LOAD2(0, next)                              \
	END(QUANTS3, SUMS3, ACT6)                   \
	LOAD3(0, next)                              \
	ADD(slot, k, pos, neg)

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
TEXT ·dotQ4KQ8KRowsAVX512(SB), NOSPLIT, $576-40
	MOVQ dst+0(FP), DST
	MOVQ w+8(FP), W_PTR
	MOVQ rows+24(FP), ROWS
	MOVQ blocks+32(FP), BLOCKS
	LEAQ 63(SP), NOW
	ANDQ $~63, NOW
	LEAQ SLOT(NOW), AHEAD
	CONSTANTS

	IMUL3Q $144, BLOCKS, STRIDE
	CMPQ   ROWS, $4
	JLT    rest

	LEAQ   (STRIDE)(STRIDE*2), STRIDE3
	MOVQ   W_PTR, NEXT
	MOVQ   x+16(FP), NEXT_X
	HEADSROWS
	FACTORSROWS
	BYTESROWS
	PAIRSBIASES
	LOADQUANTS(0, (W_PTR))

four:
	VXORPS POS0, POS0, POS0 // from +0
	VXORPS POS1, POS1, POS1
	VXORPS POS2, POS2, POS2
	VXORPS POS3, POS3, POS3
	VXORPS NEG0, NEG0, NEG0
	VXORPS NEG1, NEG1, NEG1
	VXORPS NEG2, NEG2, NEG2
	VXORPS NEG3, NEG3, NEG3
	MOVQ   $0, 216(NOW) // factors of block 3 are zero, for sums of no block: any integers
	MOVQ   x+16(FP), X_PTR
	MOVQ   BLOCKS, LEFT
	LEAQ   (W_PTR)(STRIDE*4), AFTER

	// Where no four rows follow, the last block is decoded again.
	XORL    AX, AX
	LEAQ    144(STRIDE3), JUMP
	CMPQ    ROWS, $8
	CMOVQLT AX, JUMP

	PCALIGN $32

fourLoop:
	XCHGQ   NOW, AHEAD
	MOVL    $144, NEXT
	LEAQ    292(X_PTR), NEXT_X
	CMPQ    LEFT, $1
	CMOVQEQ JUMP, NEXT
	CMOVQEQ x+16(FP), NEXT_X
	ADDQ    W_PTR, NEXT

	VMOVDQU32 4(X_PTR), ACT0
	VMOVDQU32 36(X_PTR), ACT1
	VMOVDQU32 68(X_PTR), ACT2
	VMOVDQU32 100(X_PTR), ACT3
	VMOVDQU32 132(X_PTR), ACT4
	VMOVDQU32 164(X_PTR), ACT5
	VMOVDQU32 196(X_PTR), ACT6
	VMOVDQU32 228(X_PTR), ACT7

	ROW(0, AHEAD, 3, POS3, NEG3, HEADSROWS, (W_PTR)(STRIDE*1))
	VMOVDQU    260(X_PTR), ROWBSUMS
	ROW(1, NOW, 0, POS0, NEG0, FACTORSROWS, (W_PTR)(STRIDE*2))
	ROW(2, NOW, 1, POS1, NEG1, BYTESROWS, (W_PTR)(STRIDE3*1))
	PREFETCHT1 512(AFTER)
	ROW(3, NOW, 2, POS2, NEG2, PAIRSBIASES, (NEXT))

	ADDQ $(4*144), AFTER
	ADDQ $144, W_PTR
	ADDQ $292, X_PTR
	DECQ LEFT
	JNZ  fourLoop

	SCALESUMSROW(NOW, 3, POS3, NEG3)
	TOTAL(POS0, NEG0, 0(DST))
	TOTAL(POS1, NEG1, 4(DST))
	TOTAL(POS2, NEG2, 8(DST))
	TOTAL(POS3, NEG3, 12(DST))

	ADDQ STRIDE3, W_PTR // the row after the fourth
	ADDQ $16, DST
	SUBQ $4, ROWS
	CMPQ ROWS, $4
	JGE  four

rest:
	TESTQ ROWS, ROWS
	JZ    done

	ONEBYONE

done:
	VZEROUPPER
	RET

// Four activations, for which the scales and quants of a row are decoded once.
#define HIGH0 Y4 // quants of sub-blocks 1, 3, 5, 7, times 16
#define HIGH1 Y5
#define HIGH2 Y16
#define HIGH3 Y17
#define PAIR0   Y18 // scales of a pair in each dword
#define PAIR1   Y19
#define PAIR2   Y20
#define PAIR3   Y21
#define MINWORDS Y22 // mins twice as words
#define FACTOR  Y23 // d
#define MINFACTOR Y14 // dmin
#define OFFSET Y12 // what BIAS adds to the dots, negative

// STARTCOLUMN is START with the quants at hand.
#define STARTCOLUMN(quants, sums, x) \
	VMOVDQA  BIAS, sums      \
	VPDPBUSD x, quants, sums

#define ENDCOLUMN(x) \
	END(QUANTS0, SUMS0, 4 x)   \
	END(QUANTS1, SUMS1, 68 x)  \
	END(QUANTS2, SUMS2, 132 x) \
	END(QUANTS3, SUMS3, 196 x)

#define BEGINCOLUMN \
	VMOVDQA OFFSET, DOTS0     \
	VPXOR   DOTS1, DOTS1, DOTS1

// ADDCOLUMN adds the dots of the activation at x.
#define ADDCOLUMN(x, pos, neg) \
	VPMADDWD    260 x, MINWORDS, Y15  \ // added exactly
	VPADDD      DOTS1, DOTS0, DOTS0   \
	VCVTDQ2PS   Y15, Y15              \
	VCVTDQ2PS   DOTS0, DOTS0          \ // exact
	VMULPS.BCST 0 x, MINFACTOR, DOTS1 \
	VFMADD231PS DOTS1, Y15, neg       \
	VMULPS.BCST 0 x, FACTOR, DOTS1    \
	VFMADD231PS DOTS1, DOTS0, pos

// COLUMN sums the products of the activation at x and scales and adds the sums of that at
// before, by turns.
#define COLUMN(x, before, pos, neg) \
	BEGINCOLUMN                       \
	VPDPWSSD PAIR0, SUMS0, DOTS0      \
	STARTCOLUMN(HIGH0, SUMS0, 36 x)   \
	VPDPWSSD PAIR1, SUMS1, DOTS1      \
	STARTCOLUMN(HIGH1, SUMS1, 100 x)  \
	VPDPWSSD PAIR2, SUMS2, DOTS0      \
	STARTCOLUMN(HIGH2, SUMS2, 164 x)  \
	VPDPWSSD PAIR3, SUMS3, DOTS1      \
	STARTCOLUMN(HIGH3, SUMS3, 228 x)  \
	ENDCOLUMN(x)                      \
	ADDCOLUMN(before, pos, neg)

#define LD R9 // bytes from an activation's results to the next one's

// func dotQ4KQ8KColumnsAVX512(dst *float32, w, x *byte, rows, blocks, ld int)
//
//	for r := range rows {
//		for c := range 4 {
//			dst[c*ld+r] = row r times activation c, as dotQ4KQ8KRowsAVX512
//		}
//	}
TEXT ·dotQ4KQ8KColumnsAVX512(SB), NOSPLIT, $0-48
	MOVQ dst+0(FP), DST
	MOVQ w+8(FP), W_PTR
	MOVQ rows+24(FP), ROWS
	MOVQ blocks+32(FP), BLOCKS
	MOVQ ld+40(FP), LD
	SHLQ $2, LD

	MOVL         $0x0F0F0F0F, BX
	VPBROADCASTD bias<>+0(SB), BIAS
	MASKS

	IMUL3Q $292, BLOCKS, STRIDE
	LEAQ   (STRIDE)(STRIDE*2), R12

columns:
	VXORPS POS0, POS0, POS0 // from +0
	VXORPS POS1, POS1, POS1
	VXORPS POS2, POS2, POS2
	VXORPS POS3, POS3, POS3
	VXORPS NEG0, NEG0, NEG0
	VXORPS NEG1, NEG1, NEG1
	VXORPS NEG2, NEG2, NEG2
	VXORPS NEG3, NEG3, NEG3
	MOVQ   x+16(FP), X_PTR
	MOVQ   BLOCKS, LEFT

	PCALIGN $32

columnsLoop:
	VPBROADCASTD   BX, FIFTEEN
	LOADQUANTS(0, (W_PTR))
	VPANDN         QUANTS0, FIFTEEN, HIGH0
	VPANDN         QUANTS1, FIFTEEN, HIGH1
	VPANDND        QUANTS2, FIFTEEN, HIGH2
	VPANDND        QUANTS3, FIFTEEN, HIGH3
	VPAND          FIFTEEN, QUANTS0, QUANTS0
	VPAND          FIFTEEN, QUANTS1, QUANTS1
	VPAND          FIFTEEN, QUANTS2, QUANTS2
	VPAND          FIFTEEN, QUANTS3, QUANTS3
	STARTCOLUMN(HIGH0, SUMS0, 36(X_PTR))
	STARTCOLUMN(HIGH1, SUMS1, 100(X_PTR))
	STARTCOLUMN(HIGH2, SUMS2, 164(X_PTR))
	STARTCOLUMN(HIGH3, SUMS3, 228(X_PTR))

	VBROADCASTI128 (W_PTR), DOTS0
	UNPACK(DOTS0, Y15, FIFTEEN, VPANDD.BCST, six<>(SB))
	VBROADCASTI128 spread<>+0(SB), DOTS1
	VPSHUFB        DOTS1, DOTS0, DOTS1
	VPSHUFB        spread<>+16(SB), DOTS0, MINWORDS
	VPSHUFD        $0x00, DOTS1, PAIR0
	VPSHUFD        $0x55, DOTS1, PAIR1
	VPSHUFD        $0xAA, DOTS1, PAIR2
	VPSHUFD        $0xFF, DOTS1, PAIR3
	VPXOR          Y15, Y15, Y15
	UNBIAS(DOTS0, Y15, VPANDD.BCST, bias<>+8(SB), VPMULLD.BCST, bias<>+4(SB))
	VPBROADCASTD   X6, OFFSET
	VCVTPH2PS      (W_PTR), X15
	VBROADCASTSS   X15, FACTOR
	VMOVSHDUP      X15, X15
	VBROADCASTSS   X15, MINFACTOR

	ENDCOLUMN((X_PTR))
	COLUMN((X_PTR)(STRIDE*1), (X_PTR), POS0, NEG0)
	COLUMN((X_PTR)(STRIDE*2), (X_PTR)(STRIDE*1), POS1, NEG1)
	COLUMN((X_PTR)(R12*1), (X_PTR)(STRIDE*2), POS2, NEG2)
	BEGINCOLUMN
	VPDPWSSD PAIR0, SUMS0, DOTS0
	VPDPWSSD PAIR1, SUMS1, DOTS1
	VPDPWSSD PAIR2, SUMS2, DOTS0
	VPDPWSSD PAIR3, SUMS3, DOTS1
	ADDCOLUMN((X_PTR)(R12*1), POS3, NEG3)

	ADDQ $144, W_PTR
	ADDQ $292, X_PTR
	DECQ LEFT
	JNZ  columnsLoop

	LEAQ (DST)(LD*2), R13
	TOTAL(POS0, NEG0, (DST))
	TOTAL(POS1, NEG1, (DST)(LD*1))
	TOTAL(POS2, NEG2, (R13))
	TOTAL(POS3, NEG3, (R13)(LD*1))

	ADDQ $4, DST
	DECQ ROWS
	JNZ  columns

	VZEROUPPER
	RET
