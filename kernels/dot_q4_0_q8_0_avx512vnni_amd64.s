//go:build !purego

#include "textflag.h"

// halves are the shifts that bring either half's quants, the low nibbles and the
// high ones, to the low nibbles.
DATA halves<>+0(SB)/8, $0x0000000000000000
DATA halves<>+8(SB)/8, $0x0000000000000000
DATA halves<>+16(SB)/8, $0x0000000400000004
DATA halves<>+24(SB)/8, $0x0000000400000004
GLOBL halves<>(SB), RODATA|NOPTR, $32

#define DST    DI
#define W_PTR  SI
#define X_PTR  DX
#define ACT    R8 // start of the activation
#define ROWS   R9
#define BLOCKS R10
#define LEFT   CX // blocks left in the row

// 256 bits at a time: on Intel's cores three ports take such operations, but two
// those of 512.
#define LOW    Y15 // low nibble of each byte
#define EVEN   Y14 // lanes 0 … 7, of even blocks
#define ODD    Y13 // lanes 8 … 15, of odd ones
#define EIGHTS Y12
#define SHIFT  Y11

// HEADS makes the first four bytes of the 8 blocks at p, n bytes apart, of which
// the first two are the scale, dwords of r: the 32 bytes at (n−4)j have them at
// 4j, and none lie outside the blocks. VPMOVDW then leaves the scales.
#define HEADS(p, n, r, scales) \
	VMOVDQU  (p), r                         \
	VPBLENDD $0x02, (1*(n-4))(p), r, r      \
	VPBLENDD $0x04, (2*(n-4))(p), r, r      \
	VPBLENDD $0x08, (3*(n-4))(p), r, r      \
	VPBLENDD $0x10, (4*(n-4))(p), r, r      \
	VPBLENDD $0x20, (5*(n-4))(p), r, r      \
	VPBLENDD $0x40, (6*(n-4))(p), r, r      \
	VPBLENDD $0x80, (7*(n-4))(p), r, r      \
	VPMOVDW  r, scales

// BLOCK adds block j, whose d·dx is at D, to the lanes acc: q·x − 8·x, exactly,
// with q of 0 … 15.
#define BLOCK(j, D, acc) \
	VBROADCASTI128   (18*j+2)(W_PTR), Y0 \
	VMOVDQU          (34*j+2)(X_PTR), Y1 \
	VPSRLVD          SHIFT, Y0, Y0       \
	VPAND            LOW, Y0, Y0         \
	VPXOR            Y2, Y2, Y2          \
	VPXOR            Y3, Y3, Y3          \
	VPDPBUSD         Y1, Y0, Y2          \
	VPDPBUSD         Y1, EIGHTS, Y3      \
	VPSUBD           Y3, Y2, Y2          \
	VCVTDQ2PS        Y2, Y2              \
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
	ADDQ         $18, W_PTR    \
	ADDQ         $34, X_PTR    \
	DECQ         LEFT          \
	JZ           done

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
TEXT ·dotQ4_0Q8_0RowsAVX512(SB), NOSPLIT, $32-40
	MOVQ dst+0(FP), DST
	MOVQ w+8(FP), W_PTR
	MOVQ x+16(FP), ACT
	MOVQ rows+24(FP), ROWS
	MOVQ blocks+32(FP), BLOCKS

	MOVL         $0x0F0F0F0F, AX
	VPBROADCASTD AX, LOW
	MOVL         $0x08080808, AX
	VPBROADCASTD AX, EIGHTS
	VMOVDQU      halves<>(SB), SHIFT

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

	// d·dx of 8 blocks to the frame, exact.
	HEADS(W_PTR, 18, Y4, X4)
	HEADS(X_PTR, 34, Y5, X5)
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

	ADDQ $144, W_PTR
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
