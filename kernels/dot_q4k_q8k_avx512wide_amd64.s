//go:build !purego

#include "textflag.h"

#define BYTES 144
#include "dot_k_avx512_amd64.h"
#include "dot_k_avx512wide_amd64.h"

// What makes sums positive, before it is shifted left by 12; what takes that off the dots
// again, for each one of a lower word's scale; which of eight scales are those of lower words.
DATA bias<>+0(SB)/4, $2
DATA bias<>+4(SB)/4, $0x0000e000
DATA bias<>+8(SB)/4, $0x00ff00ff
GLOBL bias<>(SB), RODATA|NOPTR, $12

#define BIAS   Z13
#define UNBIAS Z29

// VPSHUFB patterns for columns: scales 0 and 2, 1 and 3, 4 and 6, 5 and 7 as the words of a dword.
DATA apart<>+0(SB)/4, $0x80028000
DATA apart<>+4(SB)/4, $0x80038001
DATA apart<>+8(SB)/4, $0x80068004
DATA apart<>+12(SB)/4, $0x80078005
GLOBL apart<>(SB), RODATA|NOPTR, $16

// The first dwords of four lanes, twice each.
DATA twice<>+0(SB)/8, $0x0000000000000000
DATA twice<>+8(SB)/8, $0x0000000400000004
DATA twice<>+16(SB)/8, $0x0000000800000008
DATA twice<>+24(SB)/8, $0x0000000c0000000c
GLOBL twice<>(SB), RODATA|NOPTR, $32

// START sums the products of sub-blocks 4c+1 and 4c+3: lane l is ⌊i/4⌋ = l. High nibbles stay where
// they are, so that the sums are 16 times as large, at most 4·240·128 in magnitude.
#define START(quants, sums, odd) \
	VPANDND  quants, FIFTEEN, Z4     \
	VMOVDQA64 BIAS, sums             \
	VPANDD   FIFTEEN, quants, quants \
	VPDPBUSD odd, Z4, sums

// END makes the sums of sub-blocks 4c+1 and 4c+3 upper words and adds those of 4c and 4c+2, at most
// 4·15·128 in magnitude, for VPDPWSSD to multiply both words by two scales. BIAS, 8192 by now, makes the
// lower ones positive, so that they borrow nothing. UNBIAS takes it off the dots again.
#define END(quants, sums, even) \
	VPSLLD   $12, sums, sums \
	VPDPBUSD even, quants, sums

#define START0 START(QUANTS0, SUMS0, ODD0)
#define START1 START(QUANTS1, SUMS1, ODD1)
#define END0 END(QUANTS0, SUMS0, EVEN0)
#define END1 END(QUANTS1, SUMS1, EVEN1)

#define LOAD0(off, w) VMOVDQU64 (off+16) w, QUANTS0
#define LOAD1(off, w) VMOVDQU64 (off+80) w, QUANTS1

// BEGIN spreads the scales of block k of a slot to Z17 and Z24, and begins its dots.
#define BEGIN(slot, k) \
	VBROADCASTI32X4 (16*k)(slot), SCALES \
	SPREADSCALES(SCALES, Z17, Z24)       \
	VPADDW          Z24, Z17, Z25        \
	VPMADDWD        UNBIAS, Z25, DOTS

#define BIASES \
	VPBROADCASTD bias<>+0(SB), BIAS   \
	VPBROADCASTD bias<>+4(SB), UNBIAS

// Four rows share the loads of the activation. They are a quarter of a call's rows apart: two or more streams that
// are far apart come from memory a third faster than one. There STRIDE is the bytes of a quarter of the rows, and
// STRIDE3 three times that.
#define STRIDE3 R9
#define DSTSTEP R14 // bytes of a quarter of the results
#define JUMP    R15 // from the last blocks of four rows to the first of the next four
#define SUMS2 Z2 // SUMS0 and SUMS1 of every second row
#define SUMS3 Z3
#define DOTS0 Z6 // of the rows
#define DOTS1 Z7
#define DOTS2 Z10
#define DOTS3 Z11
#define ACT0  Z16 // EVEN0, ODD0, EVEN1 and ODD1 for all rows
#define ACT1  Z17
#define ACT2  Z18
#define ACT3  Z19
#define MINS0 Z20 // pattern for mins 0 to 3 of each row, and for 4 to 7
#define MINS1 Z21
#define POS0  Z24 // of rows 0 and 1
#define POS1  Z25 // and 2 and 3
#define NEG0  Z26 // lanes 0 to 3 of the four rows
#define NEG1  Z27 // and 4 to 7

// FACTORSROWS: of a block of each of four rows. At 64 is dmin·dx of each, four times, at 128 d·dx of
// rows 0 and 1, eight times, and at 192 of rows 2 and 3.
#define HEADSROWS HEADS((NEXT), (NEXT)(STRIDE*1), (NEXT)(STRIDE*2), (NEXT)(STRIDE3*1))
#define FACTORSROWS \
	VMOVDQU32   twice<>(SB), Y28     \
	VPERMD      Z5, Z28, Z15         \
	VCVTPH2PS   Y15, Z15             \
	VMULPS.BCST (NEXT_X), Z15, Z15   \
	VMOVSHDUP   Z15, Z31             \
	VMOVUPS     Z31, 64(AHEAD)       \
	VMOVSLDUP   Z15, Z15             \
	VSHUFF32X4  $0x50, Z15, Z15, Z31 \
	VMOVUPS     Z31, 128(AHEAD)      \
	VSHUFF32X4  $0xFA, Z15, Z15, Z31 \
	VMOVUPS     Z31, 192(AHEAD)

// OFFSETSROWS: what BIAS adds to the dots of row k, negative, at 256+16k.
#define OFFSETSROWS \
	VPANDD.BCST bias<>+8(SB), Z5, Z5 \
	VPXOR       X15, X15, X15        \
	VPSADBW     Z15, Z5, Z5          \
	VPSLLD      $13, Z5, Z5          \
	VPSUBD      Z5, Z15, Z5          \
	VMOVDQU32   Z5, 256(AHEAD)

// SCALEROW scales the sums of row k of a slot.
#define SCALEROW(slot, k, sums0, sums1, dots, DOTSY) \
	VPBROADCASTD    (256+16*k)(slot), DOTSY \
	VBROADCASTI32X4 (16*k)(slot), Z30       \
	SPREADSCALES(Z30, Z31, Z30)             \
	VPDPWSSD        Z31, sums0, dots        \
	VPDPWSSD        Z30, sums1, dots

// FOLD adds the halves of the dots of two rows and adds them, scaled, to pos.
#define FOLD(dots0, dots1, factors, pos) \
	VSHUFI64X2  $0x44, dots1, dots0, Z30 \
	VSHUFI64X2  $0xEE, dots1, dots0, Z31 \
	VPADDD      Z31, Z30, Z30            \
	VCVTDQ2PS   Z30, Z30                 \ // exact
	VFMADD231PS factors, Z30, pos

// MINSROWS adds the mins of a block of four rows.
#define MINSROWS(slot) \
	VMOVDQU64       (slot), Z31       \
	VPSHUFB         MINS0, Z31, Z30   \
	VPSHUFB         MINS1, Z31, Z31   \
	VBROADCASTI32X4 260(X_PTR), Z28   \
	VPMADDWD        Z28, Z30, Z30     \ // added exactly
	VBROADCASTI32X4 276(X_PTR), Z28   \
	VPMADDWD        Z28, Z31, Z31     \
	VMOVUPS         64(slot), Z28     \
	VCVTDQ2PS       Z30, Z30          \
	VCVTDQ2PS       Z31, Z31          \
	VFMADD231PS     Z28, Z30, NEG0    \
	VFMADD231PS     Z28, Z31, NEG1

// SUMLANES adds lanes of Z30, 0 to 3 of four results, and of Z31, 4 to 7.
#define SUMLANES \
	VADDPS      Z31, Z30, Z30   \ // l and l+4
	VPERMILPS   $0x4E, Z30, Z31 \ // 2
	VADDPS      Z31, Z30, Z30   \
	VPERMILPS   $0xB1, Z30, Z31 \ // 1
	VADDPS      Z31, Z30, Z30   \
	VCOMPRESSPS Z30, FIRSTDWORD, Z30
#define FIRSTDWORD K4 // of each lane; not in ONEBYONE

// FETCHROW prefetches of a row eight lines of nine that are computed; with all of them it was no faster.
#define FETCHROW(row) \
	PREFETCHT0 2048 row \
	PREFETCHT0 2112 row

// func dotQ4KQ8KRowsAVX512Wide(dst *float32, w, x *byte, rows, blocks int)
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
TEXT ·dotQ4KQ8KRowsAVX512Wide(SB), NOSPLIT, $704-40
	MOVQ dst+0(FP), DST
	MOVQ w+8(FP), W_PTR
	MOVQ rows+24(FP), ROWS
	MOVQ blocks+32(FP), BLOCKS
	LEAQ 63(SP), NOW
	ANDQ $~63, NOW
	LEAQ SLOT(NOW), AHEAD
	CONSTANTS
	BIASES

	IMUL3Q $144, BLOCKS, STRIDE
	SHRQ   $2, ROWS
	JZ     rest

	SPREADS
	VBROADCASTI32X4 spread<>+16(SB), MINS0
	VBROADCASTI32X4 spread<>+32(SB), MINS1
	MOVL  $0x1111, AX
	KMOVW AX, FIRSTDWORD

	LEAQ   (ROWS*4), DSTSTEP
	IMULQ  ROWS, STRIDE
	LEAQ   (STRIDE)(STRIDE*2), STRIDE3
	MOVQ   W_PTR, NEXT
	MOVQ   x+16(FP), NEXT_X
	HEADSROWS
	FACTORSROWS
	BYTESROW
	OFFSETSROWS
	LOADQUANTS(0, (W_PTR))

four:
	VXORPS  X24, X24, X24 // from +0
	VXORPS  X25, X25, X25
	VXORPS  X26, X26, X26
	VXORPS  X27, X27, X27
	VMOVUPS POS1, 192(NOW) // for sums of no block: any integers
	MOVQ    x+16(FP), X_PTR
	MOVQ    BLOCKS, LEFT

	// Where no four rows follow, the last block is decoded again.
	XORL    AX, AX
	MOVL    $144, JUMP
	CMPQ    ROWS, $2
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

	TAKE(4(X_PTR), 68(X_PTR), ACT0, ACT1, Z30)
	TAKE(132(X_PTR), 196(X_PTR), ACT2, ACT3, Z31)

	FETCHROW((W_PTR))
	START(QUANTS0, SUMS0, ACT1)
	SCALEROW(AHEAD, 3, SUMS2, SUMS3, DOTS3, Y11)
	START(QUANTS1, SUMS1, ACT3)
	HEADSROWS
	END(QUANTS0, SUMS0, ACT0)
	LOAD0(0, (W_PTR)(STRIDE*1))
	END(QUANTS1, SUMS1, ACT2)
	LOAD1(0, (W_PTR)(STRIDE*1))
	FOLD(DOTS2, DOTS3, 192(AHEAD), POS1)

	START(QUANTS0, SUMS2, ACT1)
	SCALEROW(NOW, 0, SUMS0, SUMS1, DOTS0, Y6)
	START(QUANTS1, SUMS3, ACT3)
	FACTORSROWS
	FETCHROW((W_PTR)(STRIDE*1))
	FETCHROW((W_PTR)(STRIDE*2))
	END(QUANTS0, SUMS2, ACT0)
	LOAD0(0, (W_PTR)(STRIDE*2))
	END(QUANTS1, SUMS3, ACT2)
	LOAD1(0, (W_PTR)(STRIDE*2))

	START(QUANTS0, SUMS0, ACT1)
	SCALEROW(NOW, 1, SUMS2, SUMS3, DOTS1, Y7)
	START(QUANTS1, SUMS1, ACT3)
	BYTESROW
	END(QUANTS0, SUMS0, ACT0)
	LOAD0(0, (W_PTR)(STRIDE3*1))
	END(QUANTS1, SUMS1, ACT2)
	LOAD1(0, (W_PTR)(STRIDE3*1))
	FOLD(DOTS0, DOTS1, 128(NOW), POS0)

	FETCHROW((W_PTR)(STRIDE3*1))
	START(QUANTS0, SUMS2, ACT1)
	MINSROWS(NOW)
	SCALEROW(NOW, 2, SUMS0, SUMS1, DOTS2, Y10)
	START(QUANTS1, SUMS3, ACT3)
	OFFSETSROWS
	END(QUANTS0, SUMS2, ACT0)
	LOAD0(0, (NEXT))
	END(QUANTS1, SUMS3, ACT2)
	LOAD1(0, (NEXT))

	ADDQ $144, W_PTR
	ADDQ $292, X_PTR
	DECQ LEFT
	JNZ  fourLoop

	SCALEROW(NOW, 3, SUMS2, SUMS3, DOTS3, Y11)
	FOLD(DOTS2, DOTS3, 192(NOW), POS1)

	VSHUFF32X4  $0x88, POS1, POS0, Z30 // lanes 0 to 3 of the rows
	VSHUFF32X4  $0xDD, POS1, POS0, Z31 // and 4 to 7
	VSUBPS      NEG0, Z30, Z30
	VSUBPS      NEG1, Z31, Z31
	SUMLANES
	LEAQ        (DSTSTEP)(DSTSTEP*2), AX
	VMOVSS      X30, (DST)
	VEXTRACTPS  $1, X30, (DST)(DSTSTEP*1)
	VEXTRACTPS  $2, X30, (DST)(DSTSTEP*2)
	VEXTRACTPS  $3, X30, (DST)(AX*1)

	ADDQ $4, DST
	DECQ ROWS
	JNZ  four

	ADDQ   STRIDE3, W_PTR // the rows after the last quarter
	ADDQ   AX, DST
	IMUL3Q $144, BLOCKS, STRIDE

rest:
	MOVQ rows+24(FP), ROWS
	ANDQ $3, ROWS
	JZ   done

	ONEBYONE

done:
	VZEROUPPER
	RET

// Four activations, for which the scales and quants of a row are decoded once: the low nibbles
// of a chunk are in one half, next to the high ones, as the activation's sub-blocks are.
#define CHUNK0    Z0
#define CHUNK1    Z1 // times 16
#define CHUNK2    Z2
#define CHUNK3    Z3 // times 16
#define SCALES0   Z10 // of chunks 0 and 1 in each dword
#define SCALES1   Z11 // of 2 and 3
#define OFFSET    Z15 // what BIAS adds to the dots, negative
#define MINWORDS  Z16 // mins twice as words, for two activations
#define FACTOR    Z17 // d
#define MINFACTOR Z18 // dmin
#define APART0    Z19 // patterns
#define APART1    Z20
#define MINPAIRS  Z21
#define RIGHT     Z22 // by how many bits to shift, to have nibbles in place
#define LEFTWARDS Z23

// COLUMN sums the products of the activation at x, SCALECOLUMN scales them.
#define COLUMN(x, sums0, sums1) \
	VMOVDQA64 BIAS, sums0          \
	VPDPBUSD  68 x, CHUNK1, sums0  \
	VMOVDQA64 BIAS, sums1          \
	VPDPBUSD  196 x, CHUNK3, sums1 \
	VPSLLD    $12, sums0, sums0    \
	VPSLLD    $12, sums1, sums1    \
	VPDPBUSD  4 x, CHUNK0, sums0   \
	VPDPBUSD  132 x, CHUNK2, sums1

#define SCALECOLUMN(sums0, sums1, dots) \
	VMOVDQA64 OFFSET, dots         \
	VPDPWSSD  SCALES0, sums0, dots \
	VPDPWSSD  SCALES1, sums1, dots

// FOLDCOLUMNS adds the dots of the activations at x0 and x1.
#define FOLDCOLUMNS(x0, x1, pos, neg) \
	VMOVDQU32    260 x0, Y28           \
	VINSERTI64X4 $1, 260 x1, Z28, Z28  \
	VSHUFI64X2   $0x44, Z9, Z8, Z30    \
	VSHUFI64X2   $0xEE, Z9, Z8, Z31    \
	VBROADCASTSS 0 x0, Z9              \
	VBROADCASTSS 0 x1, UPPERHALF, Z9   \
	VPMADDWD     Z28, MINWORDS, Z28    \ // added exactly
	VPADDD       Z31, Z30, Z30         \
	VMULPS       Z9, MINFACTOR, Z31    \
	VMULPS       Z9, FACTOR, Z9        \
	VCVTDQ2PS    Z28, Z28              \
	VCVTDQ2PS    Z30, Z30              \ // exact
	VFMADD231PS  Z31, Z28, neg         \
	VFMADD231PS  Z9, Z30, pos

#define LD R9 // bytes from an activation's results to the next one's

// func dotQ4KQ8KColumnsAVX512Wide(dst *float32, w, x *byte, rows, blocks, ld int)
//
//	for r := range rows {
//		for c := range 4 {
//			dst[c*ld+r] = row r times activation c, as dotQ4KQ8KRowsAVX512Wide
//		}
//	}
TEXT ·dotQ4KQ8KColumnsAVX512Wide(SB), NOSPLIT, $0-48
	MOVQ dst+0(FP), DST
	MOVQ w+8(FP), W_PTR
	MOVQ rows+24(FP), ROWS
	MOVQ blocks+32(FP), BLOCKS
	MOVQ ld+40(FP), LD
	SHLQ $2, LD

	CONSTANTS
	BIASES
	VPBROADCASTD    apart<>+0(SB), APART0
	VPBROADCASTD    apart<>+4(SB), UPPERHALF, APART0
	VPBROADCASTD    apart<>+8(SB), APART1
	VPBROADCASTD    apart<>+12(SB), UPPERHALF, APART1
	VBROADCASTI64X4 spread<>+16(SB), MINPAIRS
	MOVL            $4, AX
	VPBROADCASTD    AX, Y23
	VPBROADCASTD    AX, Z22
	VPSUBD          LEFTWARDS, RIGHT, RIGHT
	MOVL            $0x1111, AX
	KMOVW           AX, FIRSTDWORD

	IMUL3Q $292, BLOCKS, STRIDE
	LEAQ   (STRIDE)(STRIDE*2), R12

columns:
	VXORPS X24, X24, X24 // from +0
	VXORPS X25, X25, X25
	VXORPS X26, X26, X26
	VXORPS X27, X27, X27
	MOVQ   x+16(FP), X_PTR
	MOVQ   BLOCKS, LEFT

	PCALIGN $32

columnsLoop:
	VBROADCASTI64X4 16(W_PTR), CHUNK0
	VBROADCASTI64X4 48(W_PTR), CHUNK1
	VBROADCASTI64X4 80(W_PTR), CHUNK2
	VBROADCASTI64X4 112(W_PTR), CHUNK3
	VPSRLVD         RIGHT, CHUNK0, CHUNK0
	VPSLLVD         LEFTWARDS, CHUNK1, CHUNK1
	VPSRLVD         RIGHT, CHUNK2, CHUNK2
	VPSLLVD         LEFTWARDS, CHUNK3, CHUNK3
	VPANDD          FIFTEEN, CHUNK0, CHUNK0
	VPANDND         CHUNK1, FIFTEEN, CHUNK1
	VPANDD          FIFTEEN, CHUNK2, CHUNK2
	VPANDND         CHUNK3, FIFTEEN, CHUNK3
	COLUMN((X_PTR), Z4, Z5)

	VBROADCASTI32X4 (W_PTR), Z30
	UNPACK(Z30, Z31, FIFTEEN, VPANDD, SIX)
	VPSHUFB         APART0, Z30, SCALES0
	VPSHUFB         APART1, Z30, SCALES1
	VPSHUFB         MINPAIRS, Z30, MINWORDS
	VPADDW          SCALES1, SCALES0, OFFSET
	VPMADDWD        UNBIAS, OFFSET, OFFSET
	VCVTPH2PS       (W_PTR), X31
	VBROADCASTSS    X31, FACTOR
	VMOVSHDUP       X31, X31
	VBROADCASTSS    X31, MINFACTOR

	COLUMN((X_PTR)(STRIDE*1), Z6, Z7)
	SCALECOLUMN(Z4, Z5, Z8)
	COLUMN((X_PTR)(STRIDE*2), Z4, Z5)
	SCALECOLUMN(Z6, Z7, Z9)
	FOLDCOLUMNS((X_PTR), (X_PTR)(STRIDE*1), POS0, NEG0)
	COLUMN((X_PTR)(R12*1), Z6, Z7)
	SCALECOLUMN(Z4, Z5, Z8)
	SCALECOLUMN(Z6, Z7, Z9)
	FOLDCOLUMNS((X_PTR)(STRIDE*2), (X_PTR)(R12*1), POS1, NEG1)

	ADDQ $144, W_PTR
	ADDQ $292, X_PTR
	DECQ LEFT
	JNZ  columnsLoop

	VSUBPS     NEG0, POS0, Z8
	VSUBPS     NEG1, POS1, Z9
	VSHUFF32X4 $0x88, Z9, Z8, Z30 // lanes 0 to 3 of the activations
	VSHUFF32X4 $0xDD, Z9, Z8, Z31 // and 4 to 7
	SUMLANES
	LEAQ       (DST)(LD*2), R13
	VMOVSS     X30, (DST)
	VEXTRACTPS $1, X30, (DST)(LD*1)
	VEXTRACTPS $2, X30, (R13)
	VEXTRACTPS $3, X30, (R13)(LD*1)

	ADDQ $4, DST
	DECQ ROWS
	JNZ  columns

	VZEROUPPER
	RET
