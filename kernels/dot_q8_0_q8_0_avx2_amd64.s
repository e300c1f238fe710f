//go:build !purego

#include "textflag.h"

// evenBytes are the factors that leave each word's lower byte.
DATA evenBytes<>+0(SB)/4, $0x00010001
GLOBL evenBytes<>(SB), RODATA|NOPTR, $4

#define DST DI
#define W SI
#define X DX
#define ACT R8  // start of the activation
#define ROWS R9
#define BLOCKS R10
#define LEFT CX // blocks left in the row

#define EVENS Y15  // 1, 0 as bytes
#define LANES0 Y14 // lanes 0 to 7, of every fourth block
#define LANES1 Y13 // lanes 8 to 15, of the blocks after those
#define LANES2 Y12
#define LANES3 Y11
#define D Y10      // of the block at hand

// HEADS gathers the scales of the 8 blocks at p.
#define HEADS(p, r) \
	VMOVD   (p), r; \
	VPINSRW $1, 34(p), r, r; \
	VPINSRW $2, 68(p), r, r; \
	VPINSRW $3, 102(p), r, r; \
	VPINSRW $4, 136(p), r, r; \
	VPINSRW $5, 170(p), r, r; \
	VPINSRW $6, 204(p), r, r; \
	VPINSRW $7, 238(p), r, r

// DOT leaves the integers of block j in Y0: dword l has the products of bytes 4l
// to 4l+3. Both sides may be −128, for which neither VPSIGNB nor the sums of
// VPMADDUBSW will do, so that the bytes at odd places and those at even ones are
// multiplied as words.
#define DOT(j) \
	VMOVDQU    (34*j+2)(W), Y0; \
	VMOVDQU    (34*j+2)(X), Y1; \
	VPSRAW     $8, Y0, Y2; \
	VPSRAW     $8, Y1, Y3; \
	VPMADDUBSW Y0, EVENS, Y0; \
	VPMADDUBSW Y1, EVENS, Y1; \
	VPMADDWD   Y3, Y2, Y2; \
	VPMADDWD   Y1, Y0, Y0; \
	VPADDD     Y2, Y0, Y0

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
	ADDQ         $34, W; \
	ADDQ         $34, X; \
	DECQ         LEFT; \
	JZ           done

// func dotQ8_0Q8_0RowsAVX2(dst *float32, w, x *byte, rows, blocks int)
//
//	for each row r:
//		for each block b, for l in 0..7:
//			I = Σ c[4l..4l+3]·x[4l..4l+3]
//			p[8(b mod 4)+l] = fma(d·dx, I, p[8(b mod 4)+l])
//		dst[r] = sum of p[k]: k and k+16, k+8, k+4, k+2, k+1
TEXT ·dotQ8_0Q8_0RowsAVX2(SB), NOSPLIT, $32-40
	MOVQ dst+0(FP), DST
	MOVQ w+8(FP), W
	MOVQ x+16(FP), ACT
	MOVQ rows+24(FP), ROWS
	MOVQ blocks+32(FP), BLOCKS

	VPBROADCASTD evenBytes<>(SB), EVENS

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
	PREFETCHT0 3200(W)
	PREFETCHT0 3264(W)

	// d·dx of 8 blocks to the frame.
	HEADS(W, X4)
	HEADS(X, X5)
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

	ADDQ $272, W
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
