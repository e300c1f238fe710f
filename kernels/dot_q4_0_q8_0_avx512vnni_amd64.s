//go:build !purego

#include "textflag.h"
#include "dot_blocks_avx512_amd64.h"

// Where a quant of the lower lanes is, and one of the upper ones.
DATA quants<>+0(SB)/8, $0x0f0f0f0f0f0f0f0f
DATA quants<>+8(SB)/8, $0x0f0f0f0f0f0f0f0f
DATA quants<>+16(SB)/8, $0xf0f0f0f0f0f0f0f0
DATA quants<>+24(SB)/8, $0xf0f0f0f0f0f0f0f0
GLOBL quants<>(SB), RODATA|NOPTR, $32

// 8 there.
DATA eights<>+0(SB)/8, $0x0808080808080808
DATA eights<>+8(SB)/8, $0x0808080808080808
DATA eights<>+16(SB)/8, $0x8080808080808080
DATA eights<>+24(SB)/8, $0x8080808080808080
GLOBL eights<>(SB), RODATA|NOPTR, $32

DATA sixteenth<>+0(SB)/4, $0.0625
GLOBL sixteenth<>(SB), RODATA|NOPTR, $4

// 256 bits at a time: on Intel's cores three ports take such operations, but two
// those of 512.
#define QUANT Y15 // 15 as bytes, then 240
#define ONES  Y14 // all bits
#define EIGHT Y13 // 8 as bytes, then 128
#define BIAS  Y12 // 32 as dwords, then 512
#define AT0   Y16 // dwords of which each is 0, 1, 2, 3
#define AT1   Y17
#define AT2   Y18
#define AT3   Y19

// Quants of the upper lanes, the high nibbles, stay where they are, so that these
// lanes are 16 times as large until they are added: exactly, for no sum comes
// near the largest float, and none has bits below 2^−48.

// Lanes 0 … 7 of the rows' even blocks, and lanes 8 … 15 of the odd ones.
#define EVEN0 Y20
#define EVEN1 Y21
#define EVEN2 Y22
#define EVEN3 Y23
#define ODD0  Y24
#define ODD1  Y25
#define ODD2  Y26
#define ODD3  Y27

#define X   Y0 // the activation's block at hand
#define SUM Y1 // −8·Σx of it, and then what is added

// ACT takes block j of the activation, of which −8·Σx goes before Σq·x, with q of
// 0 … 15: ^x is −x−1, and four times 8 too little.
#define ACT(j) \
	VMOVDQU  (34*j+2)(X_PTR), X \
	VPXOR    ONES, X, Y2        \
	VMOVDQA  BIAS, SUM          \
	VPDPBUSD Y2, EIGHT, SUM

// LAST adds the block of weights at w, whose d·dx is dword at of D, to the lanes
// acc, and ROW keeps SUM for the next one.
#define LAST(w, D, at, acc) \
	VBROADCASTI128 w, Y2         \
	VPAND          QUANT, Y2, Y2 \
	VPDPBUSD       X, Y2, SUM    \
	VCVTDQ2PS      SUM, SUM      \
	VPERMPS        D, at, Y3     \
	VFMADD231PS    Y3, SUM, acc

#define ROW(w, D, at, acc) \
	VBROADCASTI128 w, Y2         \
	VPAND          QUANT, Y2, Y2 \
	VMOVDQA        SUM, Y4       \
	VPDPBUSD       X, Y2, Y4     \
	VCVTDQ2PS      Y4, Y4        \
	VPERMPS        D, at, Y3     \
	VFMADD231PS    Y3, Y4, acc

// FOUR adds block j of four rows.
#define FOUR(j, at, acc0, acc1, acc2, acc3) \
	ACT(j)                                            \
	ROW((18*j+2)(W_PTR), Y8, at, acc0)                \
	ROW((18*j+2)(W_PTR)(STRIDE*1), Y9, at, acc1)      \
	ROW((18*j+2)(W_PTR)(STRIDE*2), Y10, at, acc2)     \
	LAST((18*j+2)(W_PTR)(STRIDE3*1), Y11, at, acc3)

// func dotQ4_0Q8_0RowsAVX512(dst *float32, w, x *byte, rows, blocks int)
//
//	for r := range rows {
//		for b := range blocks {
//			for i := range 32 {
//				dots[i/4] += (q[i] - 8) * x[i]
//			}
//			for l := range 8 {
//				sums[b%2*8+l] = fma(d*dx, float32(dots[l]), sums[b%2*8+l])
//			}
//		}
//		for half := 8; half > 0; half /= 2 {
//			for k := range half {
//				sums[k] += sums[k+half]
//			}
//		}
//		dst[r] = sums[0]
//	}
TEXT ·dotQ4_0Q8_0RowsAVX512(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DST
	MOVQ w+8(FP), W_PTR
	MOVQ x+16(FP), X_PTR
	MOVQ rows+24(FP), ROWS
	MOVQ blocks+32(FP), BLOCKS

	VMOVDQU      quants<>(SB), QUANT
	VMOVDQU      eights<>(SB), EIGHT
	VPCMPEQD     ONES, ONES, ONES
	VPXOR        BIAS, BIAS, BIAS
	VPDPBUSD     ONES, EIGHT, BIAS // −1 times four of them
	VPABSD       BIAS, BIAS
	VPXORD       AT0, AT0, AT0
	MOVL         $1, AX
	VPBROADCASTD AX, AT1
	VPADDD       AT1, AT1, AT2
	VPADDD       AT1, AT2, AT3

	SUBQ  $4, ROWS
	JLT   rest
	TESTQ $3, BLOCKS
	JNZ   rest        // rows of such lengths go one by one

	IMUL3Q $18, BLOCKS, STRIDE
	LEAQ   (STRIDE)(STRIDE*2), STRIDE3
	LEAQ   (W_PTR)(STRIDE*4), NEXT
	MOVL   $0x1111, AX
	KMOVW  AX, K1

four:  // four rows share the activation
	MOVQ   BLOCKS, LEFT
	VPXORD EVEN0, EVEN0, EVEN0 // from +0
	VPXORD EVEN1, EVEN1, EVEN1
	VPXORD EVEN2, EVEN2, EVEN2
	VPXORD EVEN3, EVEN3, EVEN3
	VPXORD ODD0, ODD0, ODD0
	VPXORD ODD1, ODD1, ODD1
	VPXORD ODD2, ODD2, ODD2
	VPXORD ODD3, ODD3, ODD3

	PCALIGN $64

fourLoop:
	PREFETCHT1 (NEXT)
	PREFETCHT1 64(NEXT)
	PREFETCHT1 128(NEXT)
	PREFETCHT1 192(NEXT)
	PREFETCHT1 256(NEXT)
	ADDQ       $288, NEXT

	// d·dx of 4 blocks of the rows, exact.
	HEADS(X7, 0(X_PTR), 32(X_PTR), 68(X_PTR), 100(X_PTR))
	HEADS(X8, 0(W_PTR), 16(W_PTR), 36(W_PTR), 52(W_PTR))
	HEADS(X9, 0(W_PTR)(STRIDE*1), 16(W_PTR)(STRIDE*1), 36(W_PTR)(STRIDE*1), 52(W_PTR)(STRIDE*1))
	HEADS(X10, 0(W_PTR)(STRIDE*2), 16(W_PTR)(STRIDE*2), 36(W_PTR)(STRIDE*2), 52(W_PTR)(STRIDE*2))
	HEADS(X11, 0(W_PTR)(STRIDE3*1), 16(W_PTR)(STRIDE3*1), 36(W_PTR)(STRIDE3*1), 52(W_PTR)(STRIDE3*1))
	VMULPS X7, X8, X8
	VMULPS X7, X9, X9
	VMULPS X7, X10, X10
	VMULPS X7, X11, X11

	FOUR(0, AT0, EVEN0, EVEN1, EVEN2, EVEN3)
	FOUR(1, AT1, ODD0, ODD1, ODD2, ODD3)
	FOUR(2, AT2, EVEN0, EVEN1, EVEN2, EVEN3)
	FOUR(3, AT3, ODD0, ODD1, ODD2, ODD3)

	ADDQ $72, W_PTR
	ADDQ $136, X_PTR
	SUBQ $4, LEFT
	JNZ  fourLoop

	VADDPS       ODD0, EVEN0, Y0   // k += k+8
	VADDPS       ODD1, EVEN1, Y1
	VADDPS       ODD2, EVEN2, Y2
	VADDPS       ODD3, EVEN3, Y3
	VINSERTF64X4 $1, Y1, Z0, Z0
	VINSERTF64X4 $1, Y3, Z2, Z2
	VSHUFF32X4   $0x88, Z2, Z0, Z1 // lanes 0 … 3 of the rows
	VSHUFF32X4   $0xDD, Z2, Z0, Z0 // and 4 … 7
	VFMADD231PS.BCST sixteenth<>(SB), Z0, Z1 // 4
	VPERMILPS    $0x4E, Z1, Z0
	VADDPS       Z1, Z0, Z0        // 2
	VPERMILPS    $0xB1, Z0, Z1
	VADDPS       Z1, Z0, Z0        // 1
	VCOMPRESSPS  Z0, K1, Z0
	VMOVUPS      X0, (DST)

	LEAQ (W_PTR)(STRIDE3*1), W_PTR // the row after the fourth
	MOVQ x+16(FP), X_PTR
	ADDQ $16, DST
	SUBQ $4, ROWS
	JGE  four

rest:  // ROWS is what is left, less 4
	ADDQ $4, ROWS
	JZ   done

one:
	MOVQ   BLOCKS, LEFT
	VPXORD EVEN0, EVEN0, EVEN0
	VPXORD ODD0, ODD0, ODD0
	SUBQ   $4, LEFT
	JLT    tail

	PCALIGN $64

oneLoop:
	HEADS(X7, 0(X_PTR), 32(X_PTR), 68(X_PTR), 100(X_PTR))
	HEADS(X8, 0(W_PTR), 16(W_PTR), 36(W_PTR), 52(W_PTR))
	VMULPS X7, X8, X8
	ACT(0)
	LAST(2(W_PTR), Y8, AT0, EVEN0)
	ACT(1)
	LAST(20(W_PTR), Y8, AT1, ODD0)
	ACT(2)
	LAST(38(W_PTR), Y8, AT2, EVEN0)
	ACT(3)
	LAST(56(W_PTR), Y8, AT3, ODD0)

	ADDQ $72, W_PTR
	ADDQ $136, X_PTR
	SUBQ $4, LEFT
	JGE  oneLoop

tail:  // LEFT is what is left, less 4
	ADDQ $4, LEFT
	JZ   sum

tailLoop:
	VPBROADCASTW (X_PTR), X7
	VPBROADCASTW (W_PTR), X8
	VCVTPH2PS    X7, X7
	VCVTPH2PS    X8, X8
	VMULPS       X7, X8, X8
	ACT(0)
	LAST(2(W_PTR), Y8, AT0, EVEN0)
	VMOVDQA32    EVEN0, Y2         // the next block's parity is the other
	VMOVDQA32    ODD0, EVEN0
	VMOVDQA32    Y2, ODD0

	ADDQ $18, W_PTR
	ADDQ $34, X_PTR
	DECQ LEFT
	JNZ  tailLoop

sum:
	VADDPS       ODD0, EVEN0, Y0
	VEXTRACTF128 $1, Y0, X1     // k += k+8
	VFMADD231PS.BCST sixteenth<>(SB), X1, X0     // 4
	VPERMILPS    $0x4E, X0, X1
	VADDPS       X1, X0, X0     // 2
	VPERMILPS    $0xB1, X0, X1
	VADDSS       X1, X0, X0     // 1
	VMOVSS       X0, (DST)

	MOVQ x+16(FP), X_PTR
	ADDQ $4, DST
	DECQ ROWS
	JNZ  one

done:
	VZEROUPPER
	RET
