//go:build !purego

#include "textflag.h"

// halves are the shifts that bring either half's quants, the low nibbles and the
// high ones, to the low nibbles.
DATA halves<>+0(SB)/8, $0x0000000000000000
DATA halves<>+8(SB)/8, $0x0000000000000000
DATA halves<>+16(SB)/8, $0x0000000400000004
DATA halves<>+24(SB)/8, $0x0000000400000004
GLOBL halves<>(SB), RODATA|NOPTR, $32

DATA nibbles<>+0(SB)/4, $0x0f0f0f0f
GLOBL nibbles<>(SB), RODATA|NOPTR, $4

DATA eights<>+0(SB)/4, $0x08080808
GLOBL eights<>(SB), RODATA|NOPTR, $4

DATA ones<>+0(SB)/4, $0x00010001
GLOBL ones<>(SB), RODATA|NOPTR, $4

#define DST DI
#define W SI
#define X DX
#define ACT R8  // start of the activation
#define ROWS R9
#define BLOCKS R10
#define LEFT CX // blocks left in the row

#define LOW Y15    // low nibble of each byte
#define LANES0 Y14 // lanes 0 to 7, of every fourth block
#define LANES1 Y13 // lanes 8 to 15, of the blocks after those
#define LANES2 Y12
#define LANES3 Y11
#define D Y10      // of the block at hand
#define EIGHTS Y9
#define ONES Y8
#define SHIFT Y7

// HEADS gathers the scales of the 8 blocks at p, which are n bytes apart.
#define HEADS(p, n, r) \
	VMOVD   (p), r; \
	VPINSRW $1, (1*n)(p), r, r; \
	VPINSRW $2, (2*n)(p), r, r; \
	VPINSRW $3, (3*n)(p), r, r; \
	VPINSRW $4, (4*n)(p), r, r; \
	VPINSRW $5, (5*n)(p), r, r; \
	VPINSRW $6, (6*n)(p), r, r; \
	VPINSRW $7, (7*n)(p), r, r

// DOT leaves the integers of block j in Y0: dword l has the products of bytes 4l
// to 4l+3. Quants are 0 to 15 and 8 times the activation is taken off, as words:
// two products are at most 2·15·128 in magnitude.
#define DOT(j) \
	VBROADCASTI128 (18*j+2)(W), Y0; \
	VPSRLVD        SHIFT, Y0, Y0; \
	VMOVDQU        (34*j+2)(X), Y1; \
	VPAND          LOW, Y0, Y0; \
	VPMADDUBSW     Y1, Y0, Y0; \
	VPMADDUBSW     Y1, EIGHTS, Y1; \
	VPSUBW         Y1, Y0, Y0; \
	VPMADDWD       ONES, Y0, Y0

// BLOCK adds block j of 8 to the lanes acc.
#define BLOCK(j, acc) \
	DOT(j); \
	VBROADCASTSS (4*j)(SP), D; \
	VCVTDQ2PS    Y0, Y0; \
	VFMADD231PS  Y0, D, acc

// SINGLE adds the block at hand and goes to done after the last one.
#define SINGLE(acc) \
	VPBROADCASTW (W), X4; \
	VPBROADCASTW (X), X5; \
	VCVTPH2PS    X4, Y4; \
	VCVTPH2PS    X5, Y5; \
	VMULPS       Y5, Y4, D; \
	DOT(0); \
	VCVTDQ2PS    Y0, Y0; \
	VFMADD231PS  Y0, D, acc; \
	ADDQ         $18, W; \
	ADDQ         $34, X; \
	DECQ         LEFT; \
	JZ           done

// func dotQ4_0Q8_0RowsAVX2(dst *float32, w, x *byte, rows, blocks int)
//
//	for each row r:
//		for each block b, for l in 0..7:
//			I = Σ (q[4l..4l+3] − 8)·x[4l..4l+3]
//			p[8(b mod 4)+l] = fma(d·dx, I, p[8(b mod 4)+l])
//		dst[r] = sum of p[k]: k and k+16, k+8, k+4, k+2, k+1
TEXT ·dotQ4_0Q8_0RowsAVX2(SB), NOSPLIT, $32-40
	MOVQ dst+0(FP), DST
	MOVQ w+8(FP), W
	MOVQ x+16(FP), ACT
	MOVQ rows+24(FP), ROWS
	MOVQ blocks+32(FP), BLOCKS

	VPBROADCASTD nibbles<>(SB), LOW
	VPBROADCASTD eights<>(SB), EIGHTS
	VPBROADCASTD ones<>(SB), ONES
	VMOVDQU      halves<>(SB), SHIFT

row:
	MOVQ   ACT, X
	MOVQ   BLOCKS, LEFT
	VXORPS LANES0, LANES0, LANES0
	VXORPS LANES1, LANES1, LANES1
	VXORPS LANES2, LANES2, LANES2
	VXORPS LANES3, LANES3, LANES3
	SUBQ   $8, LEFT
	JLT    rest

eight:
	PREFETCHT0 3072(W)
	PREFETCHT0 3136(W)

	// d·dx of 8 blocks to the frame.
	HEADS(W, 18, X4)
	HEADS(X, 34, X5)
	VCVTPH2PS X4, Y4
	VCVTPH2PS X5, Y5
	VMULPS    Y5, Y4, Y4
	VMOVUPS   Y4, 0(SP)

	BLOCK(0, LANES0)
	BLOCK(1, LANES1)
	BLOCK(2, LANES2)
	BLOCK(3, LANES3)
	BLOCK(4, LANES0)
	BLOCK(5, LANES1)
	BLOCK(6, LANES2)
	BLOCK(7, LANES3)

	ADDQ $144, W
	ADDQ $272, X
	SUBQ $8, LEFT
	JGE  eight

rest:  // LEFT is what is left, less 8
	ADDQ $8, LEFT
	JZ   done

four:
	SINGLE(LANES0)
	SINGLE(LANES1)
	SINGLE(LANES2)
	SINGLE(LANES3)
	JMP four

done:
	// Lanes k and k+16, 8, 4, 2, 1.
	VADDPS       LANES2, LANES0, Y0
	VADDPS       LANES3, LANES1, Y1
	VADDPS       Y1, Y0, Y0
	VEXTRACTF128 $1, Y0, X1
	VADDPS       X1, X0, X0
	VMOVHLPS     X0, X0, X1
	VADDPS       X1, X0, X0
	VMOVSHDUP    X0, X1
	VADDSS       X1, X0, X0
	VMOVSS       X0, (DST)

	ADDQ $4, DST
	DECQ ROWS
	JNZ  row

	VZEROUPPER
	RET
