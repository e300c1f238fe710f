//go:build !purego

#include "textflag.h"

// A super-block's 12 bytes of scales are three words u0, u1, u2: the low six
// bits of the bytes of u0 are sc0 to sc3, those of u1 are m0 to m3; the nibbles
// of u2 are the low four bits of sc4 to sc7 and m4 to m7, whose high two are
// the top bits of u0 and u1. unpackShift and unpackMask take all but the latter
// from [u0, u1, u2, u2], unpackHigh the latter from [0, 0, u0, u1] >> 2.
DATA unpackShift<>+0(SB)/8, $0x0000000000000000
DATA unpackShift<>+8(SB)/8, $0x0000000400000000
DATA unpackShift<>+16(SB)/8, $0x0000000000000000
DATA unpackShift<>+24(SB)/8, $0x0000000400000000
GLOBL unpackShift<>(SB), RODATA|NOPTR, $32

DATA unpackMask<>+0(SB)/8, $0x3f3f3f3f3f3f3f3f
DATA unpackMask<>+8(SB)/8, $0x0f0f0f0f0f0f0f0f
DATA unpackMask<>+16(SB)/8, $0x3f3f3f3f3f3f3f3f
DATA unpackMask<>+24(SB)/8, $0x0f0f0f0f0f0f0f0f
GLOBL unpackMask<>(SB), RODATA|NOPTR, $32

DATA unpackHigh<>+0(SB)/8, $0x3030303030303030
DATA unpackHigh<>+8(SB)/8, $0x3030303030303030
DATA unpackHigh<>+16(SB)/8, $0x3030303030303030
DATA unpackHigh<>+24(SB)/8, $0x3030303030303030
GLOBL unpackHigh<>(SB), RODATA|NOPTR, $32

// scaleDwords and minDwords widen the 8 scales and the 8 mins to dwords.
DATA scaleDwords<>+0(SB)/8, $0x8080800180808000
DATA scaleDwords<>+8(SB)/8, $0x8080800380808002
DATA scaleDwords<>+16(SB)/8, $0x8080800980808008
DATA scaleDwords<>+24(SB)/8, $0x8080800b8080800a
GLOBL scaleDwords<>(SB), RODATA|NOPTR, $32

DATA minDwords<>+0(SB)/8, $0x8080800580808004
DATA minDwords<>+8(SB)/8, $0x8080800780808006
DATA minDwords<>+16(SB)/8, $0x8080800d8080800c
DATA minDwords<>+24(SB)/8, $0x8080800f8080800e
GLOBL minDwords<>(SB), RODATA|NOPTR, $32

DATA nibble<>+0(SB)/4, $0x0000000f
GLOBL nibble<>(SB), RODATA|NOPTR, $4

#define DST DI
#define W SI     // the super-block at hand
#define NEXT R11 // and the one after it
#define END R12
#define X DX
#define ACT R8   // start of the activation
#define ROWS R9
#define BLOCKS R10
#define LEFT CX  // super-blocks left in the row

// Lanes 8k to 8k+7 of the sum are in Yk, k = 0 to 7.

#define MASK Y15 // low nibble of each dword
#define D0 Y8    // d·sc and dmin·m of an even sub-block
#define M0 Y9
#define D1 Y10   // and of the odd one after it
#define M1 Y11

// SCALES decodes the scales of the super-block at p and leaves the factors of
// its sub-blocks in the frame: d·sc_j at 4j, dmin·m_j at 32+4j. Both products
// are exact. It is run a super-block ahead, for it takes as long as a quarter of
// the arithmetic.
#define SCALES(p) \
	VBROADCASTI128 4(p), Y12; \
	VPSLLDQ        $8, Y12, Y13; \
	VPSHUFD        $0xa4, Y12, Y12; \
	VPSRLD         $2, Y13, Y13; \
	VPSRLVD        unpackShift<>(SB), Y12, Y12; \
	VPAND          unpackHigh<>(SB), Y13, Y13; \
	VPAND          unpackMask<>(SB), Y12, Y12; \
	VPOR           Y13, Y12, Y12; \
	VPBROADCASTW   (p), X14; \
	VPSHUFB        scaleDwords<>(SB), Y12, Y13; \
	VCVTPH2PS      X14, Y14; \
	VCVTDQ2PS      Y13, Y13; \
	VMULPS         Y14, Y13, Y13; \
	VMOVUPS        Y13, 0(SP); \
	VPBROADCASTW   2(p), X14; \
	VPSHUFB        minDwords<>(SB), Y12, Y13; \
	VCVTPH2PS      X14, Y14; \
	VCVTDQ2PS      Y13, Y13; \
	VMULPS         Y14, Y13, Y13; \
	VMOVUPS        Y13, 32(SP)

// FACTORS loads those of sub-blocks 2c and 2c+1.
#define FACTORS(c) \
	VBROADCASTSS (8*c)(SP), D0; \
	VBROADCASTSS (8*c+32)(SP), M0; \
	VBROADCASTSS (8*c+4)(SP), D1; \
	VBROADCASTSS (8*c+36)(SP), M1

// EIGHTS adds 8 products of each sub-block of a pair to its lanes. The quants
// are the low and the high nibbles of the 8 bytes at q. A weight is rounded
// once, in the subtraction, as dequant_q4k rounds it: d·sc·q is exact.
#define EIGHTS(q, x, EVEN, ODD) \
	VPMOVZXBD   (q)(W), Y12; \
	VPSRLD      $4, Y12, Y13; \
	VPAND       MASK, Y12, Y12; \
	VCVTDQ2PS   Y12, Y12; \
	VCVTDQ2PS   Y13, Y13; \
	VFMSUB213PS M0, D0, Y12; \
	VFMSUB213PS M1, D1, Y13; \
	VFMADD231PS (x)(X), Y12, EVEN; \
	VFMADD231PS (x+128)(X), Y13, ODD

// PAIR adds the 64 products of sub-blocks 2c and 2c+1, one to each lane.
#define PAIR(c) \
	EIGHTS(16+32*c, 256*c, Y0, Y4); \
	EIGHTS(24+32*c, 256*c+32, Y1, Y5); \
	EIGHTS(32+32*c, 256*c+64, Y2, Y6); \
	EIGHTS(40+32*c, 256*c+96, Y3, Y7)

// func dotQ4KF32RowsAVX2(dst *float32, w *byte, x *float32, rows, blocks int)
//
//	for each row r:
//		for each super-block b, for i in 0..255:
//			lane[i%64] = fma((d·sc)·q[i] − dmin·m, x[256b+i], lane[i%64])
//		dst[r] = sum of lanes: l and l+32, l+16, l+8, l+4, l+2, l+1
TEXT ·dotQ4KF32RowsAVX2(SB), NOSPLIT, $64-40
	MOVQ dst+0(FP), DST
	MOVQ w+8(FP), W
	MOVQ x+16(FP), ACT
	MOVQ rows+24(FP), ROWS
	MOVQ blocks+32(FP), BLOCKS

	MOVQ   ROWS, END
	IMULQ  BLOCKS, END
	IMUL3Q $144, END, END
	ADDQ   W, END

	VPBROADCASTD nibble<>(SB), MASK
	SCALES(W)

row:
	MOVQ   ACT, X
	MOVQ   BLOCKS, LEFT
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3
	VXORPS Y4, Y4, Y4
	VXORPS Y5, Y5, Y5
	VXORPS Y6, Y6, Y6
	VXORPS Y7, Y7, Y7

block:
	PREFETCHT0 2048(W)
	PREFETCHT0 2112(W)

	// The super-block whose scales are decoded ahead, across rows; the very
	// last one stays on itself, for there may be nothing to read behind it.
	LEAQ    144(W), NEXT
	CMPQ    NEXT, END
	CMOVQEQ W, NEXT

	FACTORS(0)
	PAIR(0)
	FACTORS(1)
	PAIR(1)
	FACTORS(2)
	PAIR(2)
	FACTORS(3)
	SCALES(NEXT)
	PAIR(3)

	ADDQ $144, W
	ADDQ $1024, X
	DECQ LEFT
	JNZ  block

	// Lanes l and l+32, 16, 8.
	VADDPS Y4, Y0, Y0
	VADDPS Y5, Y1, Y1
	VADDPS Y6, Y2, Y2
	VADDPS Y7, Y3, Y3
	VADDPS Y2, Y0, Y0
	VADDPS Y3, Y1, Y1
	VADDPS Y1, Y0, Y0

	// Then l and l+4, 2, 1.
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
