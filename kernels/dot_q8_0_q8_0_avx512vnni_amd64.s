//go:build !purego

#include "textflag.h"

#define DST    DI
#define W_PTR  SI
#define X_PTR  DX
#define ACT    R8 // start of the activation
#define ROWS   R9
#define BLOCKS R10
#define LEFT   CX // blocks left in the row

// 256 bits at a time: on Intel's cores three ports take such operations, but two
// those of 512.
#define SIGN Y15 // 128 as bytes
#define EVEN Y14 // lanes 0 … 7, of even blocks
#define ODD  Y13 // lanes 8 … 15, of odd ones

// HEADS makes the first four bytes of the 8 blocks at p, of which the first two
// are the scale, dwords of r: the 32 bytes at 30j have them at 4j, and none lie
// outside the blocks. VPMOVDW then leaves the scales.
#define HEADS(p, r, scales) \
	VMOVDQU  (p), r               \
	VPBLENDD $0x02, 30(p), r, r   \
	VPBLENDD $0x04, 60(p), r, r   \
	VPBLENDD $0x08, 90(p), r, r   \
	VPBLENDD $0x10, 120(p), r, r  \
	VPBLENDD $0x20, 150(p), r, r  \
	VPBLENDD $0x40, 180(p), r, r  \
	VPBLENDD $0x80, 210(p), r, r  \
	VPMOVDW  r, scales

// BLOCK adds block j, whose d·dx is at D, to the lanes acc. VPDPBUSD wants one
// side without signs: x+128, the same bits as x but the highest, and so
// (x+128)·c − 128·c is added, exactly.
#define BLOCK(j, D, acc) \
	VMOVDQU          (34*j+2)(W_PTR), Y0       \
	VPXOR            (34*j+2)(X_PTR), SIGN, Y1 \
	VPXOR            Y2, Y2, Y2                \
	VPXOR            Y3, Y3, Y3                \
	VPDPBUSD         Y0, Y1, Y2                \
	VPDPBUSD         Y0, SIGN, Y3              \
	VPSUBD           Y3, Y2, Y2                \
	VCVTDQ2PS        Y2, Y2                    \
	VFMADD231PS.BCST D, Y2, acc

// SINGLE adds the block at hand and goes to done after the last one.
#define SINGLE(acc) \
	VPBROADCASTW (W_PTR), X4   \
	VPBROADCASTW (X_PTR), X5   \
	VCVTPH2PS    X4, X4        \
	VCVTPH2PS    X5, X5        \
	VMULSS       X5, X4, X4    \
	VMOVSS       X4, 0(SP)     \
	BLOCK(0, 0(SP), acc)       \
	ADDQ         $34, W_PTR    \
	ADDQ         $34, X_PTR    \
	DECQ         LEFT          \
	JZ           done

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
TEXT ·dotQ8_0Q8_0RowsAVX512(SB), NOSPLIT, $32-40
	MOVQ dst+0(FP), DST
	MOVQ w+8(FP), W_PTR
	MOVQ x+16(FP), ACT
	MOVQ rows+24(FP), ROWS
	MOVQ blocks+32(FP), BLOCKS

	MOVL         $0x80808080, AX
	VPBROADCASTD AX, SIGN

row:
	MOVQ  ACT, X_PTR
	MOVQ  BLOCKS, LEFT
	VPXOR EVEN, EVEN, EVEN // from +0
	VPXOR ODD, ODD, ODD
	SUBQ  $8, LEFT
	JLT   rest

	PCALIGN $32

eight:
	PREFETCHT0 3072(W_PTR)
	PREFETCHT0 3136(W_PTR)
	PREFETCHT0 3200(W_PTR)
	PREFETCHT0 3264(W_PTR)

	// d·dx of 8 blocks to the frame, exact.
	HEADS(W_PTR, Y4, X4)
	HEADS(X_PTR, Y5, X5)
	VCVTPH2PS X4, Y4
	VCVTPH2PS X5, Y5
	VMULPS    Y5, Y4, Y4
	VMOVUPS   Y4, 0(SP)

	BLOCK(0, 0(SP), EVEN)
	BLOCK(1, 4(SP), ODD)
	BLOCK(2, 8(SP), EVEN)
	BLOCK(3, 12(SP), ODD)
	BLOCK(4, 16(SP), EVEN)
	BLOCK(5, 20(SP), ODD)
	BLOCK(6, 24(SP), EVEN)
	BLOCK(7, 28(SP), ODD)

	ADDQ $272, W_PTR
	ADDQ $272, X_PTR
	SUBQ $8, LEFT
	JGE  eight

rest:  // LEFT is what is left, less 8
	ADDQ $8, LEFT
	JZ   done

pair:
	SINGLE(EVEN)
	SINGLE(ODD)
	JMP pair

done:
	VADDPS       ODD, EVEN, Y0
	VEXTRACTF128 $1, Y0, X1     // k += k+8
	VADDPS       X1, X0, X0     // 4
	VPERMILPS    $0x4E, X0, X1
	VADDPS       X1, X0, X0     // 2
	VPERMILPS    $0xB1, X0, X1
	VADDSS       X1, X0, X0     // 1
	VMOVSS       X0, (DST)

	ADDQ $4, DST
	DECQ ROWS
	JNZ  row

	VZEROUPPER
	RET
