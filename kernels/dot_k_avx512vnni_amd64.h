// What the AVX-512 dots of Q4_K and Q5_K with Q8_K share; BYTES is the size of a
// super-block. They compute with 256
// bits: loads of 32 bytes straddle cache lines half as often as those of 64, and all
// else costs the same on a CPU that splits 512 bits.

// The 12 bytes of scales are three words a, b, c behind the header h: a&63 are scales 0
// to 3, b&63 mins 0 to 3, c&15 | a>>6<<4 scales 4 to 7, c>>4 | b>>6<<4 mins 4 to 7,
// bytewise.
DATA unpack<>+0(SB)/8, $0x0000000000000000 // right shifts of a b c c
DATA unpack<>+8(SB)/8, $0x0000000400000000
DATA unpack<>+16(SB)/8, $0x0000000000000000
DATA unpack<>+24(SB)/8, $0x0000000400000000
DATA unpack<>+32(SB)/8, $0x3f3f3f3f3f3f3f3f // what is kept of them
DATA unpack<>+40(SB)/8, $0x0f0f0f0f0f0f0f0f
DATA unpack<>+48(SB)/8, $0x3f3f3f3f3f3f3f3f
DATA unpack<>+56(SB)/8, $0x0f0f0f0f0f0f0f0f
DATA unpack<>+64(SB)/8, $0x0000000000000000 // what is kept of 0 h a b, right by 2
DATA unpack<>+72(SB)/8, $0x3030303030303030
DATA unpack<>+80(SB)/8, $0x0000000000000000
DATA unpack<>+88(SB)/8, $0x3030303030303030
GLOBL unpack<>(SB), RODATA|NOPTR, $96

// VPSHUFB patterns for [sc0-3 m0-3 sc4-7 m4-7]: scales 2c and 2c+1 as the words of
// dword c; each min as two words, those of one block in 256 bits.
DATA spread<>+0(SB)/8, $0x8003800280018000
DATA spread<>+8(SB)/8, $0x800b800a80098008
DATA spread<>+16(SB)/8, $0x8003800280018000
DATA spread<>+24(SB)/8, $0x800b800a80098008
DATA spread<>+32(SB)/8, $0x8005800580048004
DATA spread<>+40(SB)/8, $0x8007800780068006
DATA spread<>+48(SB)/8, $0x800d800d800c800c
DATA spread<>+56(SB)/8, $0x800f800f800e800e
GLOBL spread<>(SB), RODATA|NOPTR, $64

// The lower word of each dword as the upper one.
DATA upper<>+0(SB)/8, $0x0504050401000100
DATA upper<>+8(SB)/8, $0x0d0c0d0c09080908
DATA upper<>+16(SB)/8, $0x0504050401000100
DATA upper<>+24(SB)/8, $0x0d0c0d0c09080908
GLOBL upper<>(SB), RODATA|NOPTR, $32

// The first dwords of the lanes of two registers.
DATA heads<>+0(SB)/8, $0x0000000400000000
DATA heads<>+8(SB)/8, $0x0000000c00000008
GLOBL heads<>(SB), RODATA|NOPTR, $16

#define DST     DI
#define W_PTR   SI // a super-block of weights
#define X_PTR   DX // a super-block of the activation
#define ROWS    CX
#define LEFT    R10
#define BLOCKS  R11
#define NEXT    AX // the blocks whose scales are decoded ahead
#define NEXT_X  BX

// The scales of four blocks that are in use, and of those that are decoded ahead: for
// block k its bytes at 16k, of four rows also dwords of two scales at 64+16k, and d·dx and
// dmin·dx at 128+8k.
#define NOW   R12
#define AHEAD R13
#define SLOT  192

#define UP      Y15 // pattern: the lower word of each dword as the upper one
#define UPPERWORDS K4 // the bytes of the upper word of each dword

// HEADS loads the first 16 bytes of four blocks, two to each of Y0 and Y1, and
// makes their d, dmin, in order, f32 in Y2.
#define HEADS(b0, b1, b2, b3) \
	VMOVDQU     b0, X0         \
	VINSERTI128 $1, b1, Y0, Y0 \
	VMOVDQU     b2, X1         \
	VINSERTI128 $1, b3, Y1, Y1 \
	VMOVDQU     heads<>(SB), X2 \
	VPERMI2D    Y1, Y0, Y2     \
	VCVTPH2PS   X2, Y2

// UNPACK makes h a b c, in each lane of H, the bytes sc0-3 m0-3 sc4-7 m4-7 in T.
#define UNPACK(H, T) \
	VPSHUFD $0xF9, H, T          \ // a b c c
	VPSLLDQ $4, H, H             \ // 0 h a b
	VPSRLVD unpack<>+0(SB), T, T \
	VPSRLD  $2, H, H             \
	VPAND   unpack<>+32(SB), T, T \
	VPAND   unpack<>+64(SB), H, H \
	VPOR    H, T, T

// DOT sums the products of four quants and activations each: lane l is ⌊i/4⌋ = l.
#define DOT(x, q, sums) \
	VPXOR    sums, sums, sums \
	VPDPBUSD x, q, sums

// PAIR makes the sums of sub-block 2c, at most 4·31·128 in magnitude, and those of
// 2c+1 the words of lo, for VPDPWSSD to multiply them by two scales.
#define PAIR(x0, x1, q0, q1, lo, hi) \
	DOT(x0, q0, lo)                   \
	DOT(x1, q1, hi)                   \
	VPSHUFB UP, hi, UPPERWORDS, lo

// PAIRS makes the sums of sub-blocks 2c and 2c+1 words in Y8, Y10, Y11, Y12, of quants
// in Y0 … Y7 and activations from x on.
#define PAIRS(off, x) \
	PAIR((off+4) x, (off+36) x, Y0, Y4, Y8, Y9)     \
	PAIR((off+68) x, (off+100) x, Y1, Y5, Y10, Y9)  \
	PAIR((off+132) x, (off+164) x, Y2, Y6, Y11, Y9) \
	PAIR((off+196) x, (off+228) x, Y3, Y7, Y12, Y9)

// SCALED adds the pairs times their scales s0 … s3 and makes them f32 in Y8, which is
// exact.
#define SCALED(s0, s1, s2, s3) \
	VPMADDWD  s0, Y8, Y8   \
	VPMADDWD  s1, Y10, Y10 \
	VPDPWSSD  s2, Y11, Y8  \
	VPDPWSSD  s3, Y12, Y10 \
	VPADDD    Y10, Y8, Y8  \
	VCVTDQ2PS Y8, Y8

// One row.
#define SPREAD0 Y16 // patterns for the scales of a pair
#define SPREAD1 Y17
#define SPREAD2 Y18
#define SPREAD3 Y19
#define MINS    Y20 // pattern for the mins
#define POS     Y21
#define NEG     Y22

// DECODE decodes the scales of four blocks of one row from NEXT on to AHEAD.
#define DECODE \
	HEADS((NEXT), BYTES(NEXT), (2*BYTES)(NEXT), (3*BYTES)(NEXT)) \
	VBROADCASTSS (NEXT_X), Y3        \
	VBROADCASTSS 292(NEXT_X), K1, Y3 \
	VBROADCASTSS 584(NEXT_X), K2, Y3 \
	VBROADCASTSS 876(NEXT_X), K3, Y3 \
	VMULPS       Y3, Y2, Y2          \
	VMOVUPS      Y2, 128(AHEAD)      \
	UNPACK(Y0, Y3)                   \
	UNPACK(Y1, Y4)                   \
	VMOVDQU      Y3, (AHEAD)         \
	VMOVDQU      Y4, 32(AHEAD)

// BLOCK adds block k of four, whose quants QUANTS loads, of sub-blocks 0, 2, 4, 6 to
// Y0 … Y3, of 1, 3, 5, 7 to Y4 … Y7.
#define BLOCK(k) \
	QUANTS(BYTES*k, (W_PTR))                        \
	PAIRS(292*k, (X_PTR))                          \
	VBROADCASTI128   (16*k)(NOW), Y9               \
	VPSHUFB          SPREAD0, Y9, Y0               \
	VPSHUFB          SPREAD1, Y9, Y1               \
	VPSHUFB          SPREAD2, Y9, Y2               \
	VPSHUFB          SPREAD3, Y9, Y3               \
	VPSHUFB          MINS, Y9, Y4                  \
	VPMADDWD         (292*k+260)(X_PTR), Y4, Y4    \ // added exactly
	SCALED(Y0, Y1, Y2, Y3)                         \
	VFMADD231PS.BCST (128+8*k)(NOW), Y8, POS       \
	VCVTDQ2PS        Y4, Y4                        \
	VFMADD231PS.BCST (132+8*k)(NOW), Y4, NEG

// FETCH prefetches four blocks of the next row, if there is one.
#define FETCH(last) \
	CMPQ       ROWS, $1 \
	JEQ        last \
	PREFETCHT1 (W_PTR)(STRIDE*1) \
	PREFETCHT1 64(W_PTR)(STRIDE*1) \
	PREFETCHT1 128(W_PTR)(STRIDE*1) \
	PREFETCHT1 192(W_PTR)(STRIDE*1) \
	PREFETCHT1 256(W_PTR)(STRIDE*1) \
	PREFETCHT1 320(W_PTR)(STRIDE*1) \
	PREFETCHT1 384(W_PTR)(STRIDE*1) \
	PREFETCHT1 448(W_PTR)(STRIDE*1) \
	PREFETCHT1 512(W_PTR)(STRIDE*1) \
	PREFETCHT1 576(W_PTR)(STRIDE*1) \
	PREFETCHT1 640(W_PTR)(STRIDE*1)

// TOTAL adds the lanes of pos − neg: l and l+4, 2, 1.
#define TOTAL(pos, neg, dst) \
	VSUBPS       neg, pos, Y0  \
	VEXTRACTF128 $1, Y0, X1    \
	VADDPS       X1, X0, X0    \
	VPERMILPS    $0x4E, X0, X1 \
	VADDPS       X1, X0, X0    \
	VPERMILPS    $0xB1, X0, X1 \
	VADDSS       X1, X0, X0    \
	VMOVSS       X0, dst

// ONEBYONE computes ROWS rows, of BLOCKS blocks each, STRIDE apart. The scales of four blocks are decoded
// while the four before are added; where fewer than four blocks follow, those of the
// last four of the row, of which the first are left out. Rows of fewer than four
// blocks decode one at a time.
#define ONEBYONE \
	VPBROADCASTD spread<>+0(SB), SPREAD0 \
	VPBROADCASTD spread<>+4(SB), SPREAD1 \
	VPBROADCASTD spread<>+8(SB), SPREAD2 \
	VPBROADCASTD spread<>+12(SB), SPREAD3 \
	VMOVDQU32    spread<>+32(SB), MINS \
	MOVL         $0x0C, AX \
	KMOVW        AX, K1 \
	MOVL         $0x30, AX \
	KMOVW        AX, K2 \
	MOVL         $0xC0, AX \
	KMOVW        AX, K3 \
row: \
	VXORPS POS, POS, POS \
	VXORPS NEG, NEG, NEG \
	MOVQ   x+16(FP), X_PTR \
	MOVQ   BLOCKS, LEFT \
	CMPQ   LEFT, $4 \
	JLT    short \
	MOVQ W_PTR, NEXT \
	MOVQ X_PTR, NEXT_X \
	DECODE \
	PCALIGN $32 \
fourBlocks: \
	XCHGQ   NOW, AHEAD \
	MOVL    $8, AX \
	CMPQ    LEFT, AX \
	CMOVQLT LEFT, AX \
	SUBQ    $4, AX \
	IMUL3Q  $292, AX, NEXT_X \
	IMUL3Q  $BYTES, AX, NEXT \
	ADDQ    X_PTR, NEXT_X \
	ADDQ    W_PTR, NEXT \
	DECODE \
	FETCH(block0) \
block0: \
	BLOCK(0) \
block1: \
	BLOCK(1) \
block2: \
	BLOCK(2) \
block3: \
	BLOCK(3) \
	SUBQ $4, LEFT \
	JLE  whole \
	MOVQ NEXT, W_PTR \
	MOVQ NEXT_X, X_PTR \
	CMPQ LEFT, $4 \
	JGE  fourBlocks \
	XCHGQ NOW, AHEAD \
	CMPQ LEFT, $2 \
	JLT  block3 \
	JEQ  block2 \
	JMP  block1 \
whole: \
	ADDQ $(4*BYTES), W_PTR \
	JMP  total \
short: \
	VMOVDQU      (W_PTR), X0 \
	VMOVD        (W_PTR), X2 \
	VCVTPH2PS    X2, X2 \
	VBROADCASTSS (X_PTR), X3 \
	VMULPS       X3, X2, X2 \
	VMOVUPS      X2, 128(NOW) \
	UNPACK(X0, X3) \
	VMOVDQU      X3, (NOW) \
	BLOCK(0) \
	ADDQ $BYTES, W_PTR \
	ADDQ $292, X_PTR \
	DECQ LEFT \
	JNZ  short \
total: \
	TOTAL(POS, NEG, 0(DST)) \
	ADDQ $4, DST \
	DECQ ROWS \
	JNZ  row
