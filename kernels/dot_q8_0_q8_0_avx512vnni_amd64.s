//go:build !purego

#include "textflag.h"
#include "dot_blocks_avx512_amd64.h"

// 256 bits at a time: on Intel's cores three ports take such operations, but two
// those of 512.
#define SIGN Y15 // 128 as bytes
#define ONES Y14 // all bits
#define BIAS Y13 // 512 as dwords
#define AT0  Y16 // dwords of which each is 0, 1, 2, 3
#define AT1  Y17
#define AT2  Y18
#define AT3  Y19

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
#define SUM Y1 // −128·Σx of it, and then what is added

// ACT takes block j of the activation. VPDPBUSD wants one side without signs:
// c+128, the same bits as c but the highest. So −128·Σx goes before Σ(c+128)·x:
// ^x is −x−1, and four times 128 too little.
#define ACT(j) \
	VMOVDQU  (34*j+2)(X_PTR), X \
	VPXOR    ONES, X, Y2        \
	VMOVDQA  BIAS, SUM          \
	VPDPBUSD Y2, SIGN, SUM

// LAST adds the block of weights at w, whose d·dx is dword at of D, to the lanes
// acc, and ROW keeps SUM for the next one.
#define LAST(w, D, at, acc) \
	VPXOR       w, SIGN, Y2   \
	VPDPBUSD    X, Y2, SUM    \
	VCVTDQ2PS   SUM, SUM      \
	VPERMPS     D, at, Y3     \
	VFMADD231PS Y3, SUM, acc

#define ROW(w, D, at, acc) \
	VPXOR       w, SIGN, Y2  \
	VMOVDQA     SUM, Y4      \
	VPDPBUSD    X, Y2, Y4    \
	VCVTDQ2PS   Y4, Y4       \
	VPERMPS     D, at, Y3    \
	VFMADD231PS Y3, Y4, acc

// FOUR adds block j of four rows.
#define FOUR(j, at, acc0, acc1, acc2, acc3) \
	ACT(j)                                            \
	ROW((34*j+2)(W_PTR), Y8, at, acc0)                \
	ROW((34*j+2)(W_PTR)(STRIDE*1), Y9, at, acc1)      \
	ROW((34*j+2)(W_PTR)(STRIDE*2), Y10, at, acc2)     \
	LAST((34*j+2)(W_PTR)(STRIDE3*1), Y11, at, acc3)

// func dotQ8_0Q8_0RowsAVX512(dst *float32, w, x *byte, rows, blocks int)
//
//	for r := range rows {
//		for b := range blocks {
//			for i := range 32 {
//				dots[i/4] += c[i] * x[i]
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
TEXT ·dotQ8_0Q8_0RowsAVX512(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DST
	MOVQ w+8(FP), W_PTR
	MOVQ x+16(FP), X_PTR
	MOVQ rows+24(FP), ROWS
	MOVQ blocks+32(FP), BLOCKS

	MOVL         $0x80808080, AX
	VPBROADCASTD AX, SIGN
	MOVL         $512, AX
	VPBROADCASTD AX, BIAS
	VPCMPEQD     ONES, ONES, ONES
	VPXORD       AT0, AT0, AT0
	MOVL         $1, AX
	VPBROADCASTD AX, AT1
	VPADDD       AT1, AT1, AT2
	VPADDD       AT1, AT2, AT3

	SUBQ  $4, ROWS
	JLT   rest
	TESTQ $3, BLOCKS
	JNZ   rest        // rows of such lengths go one by one

	IMUL3Q $34, BLOCKS, STRIDE
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
	PREFETCHT1 320(NEXT)
	PREFETCHT1 384(NEXT)
	PREFETCHT1 448(NEXT)
	PREFETCHT1 512(NEXT)
	ADDQ       $544, NEXT

	// d·dx of 4 blocks of the rows, exact.
	HEADS(X7, 0(X_PTR), 32(X_PTR), 68(X_PTR), 100(X_PTR))
	HEADS(X8, 0(W_PTR), 32(W_PTR), 68(W_PTR), 100(W_PTR))
	HEADS(X9, 0(W_PTR)(STRIDE*1), 32(W_PTR)(STRIDE*1), 68(W_PTR)(STRIDE*1), 100(W_PTR)(STRIDE*1))
	HEADS(X10, 0(W_PTR)(STRIDE*2), 32(W_PTR)(STRIDE*2), 68(W_PTR)(STRIDE*2), 100(W_PTR)(STRIDE*2))
	HEADS(X11, 0(W_PTR)(STRIDE3*1), 32(W_PTR)(STRIDE3*1), 68(W_PTR)(STRIDE3*1), 100(W_PTR)(STRIDE3*1))
	VMULPS X7, X8, X8
	VMULPS X7, X9, X9
	VMULPS X7, X10, X10
	VMULPS X7, X11, X11

	FOUR(0, AT0, EVEN0, EVEN1, EVEN2, EVEN3)
	FOUR(1, AT1, ODD0, ODD1, ODD2, ODD3)
	FOUR(2, AT2, EVEN0, EVEN1, EVEN2, EVEN3)
	FOUR(3, AT3, ODD0, ODD1, ODD2, ODD3)

	ADDQ $136, W_PTR
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
	VADDPS       Z0, Z1, Z0        // 4
	VPERMILPS    $0x4E, Z0, Z1
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
	HEADS(X8, 0(W_PTR), 32(W_PTR), 68(W_PTR), 100(W_PTR))
	VMULPS X7, X8, X8
	ACT(0)
	LAST(2(W_PTR), Y8, AT0, EVEN0)
	ACT(1)
	LAST(36(W_PTR), Y8, AT1, ODD0)
	ACT(2)
	LAST(70(W_PTR), Y8, AT2, EVEN0)
	ACT(3)
	LAST(104(W_PTR), Y8, AT3, ODD0)

	ADDQ $136, W_PTR
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

	ADDQ $34, W_PTR
	ADDQ $34, X_PTR
	DECQ LEFT
	JNZ  tailLoop

sum:
	VADDPS       ODD0, EVEN0, Y0
	VEXTRACTF128 $1, Y0, X1     // k += k+8
	VADDPS       X1, X0, X0     // 4
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
