// What the dots of Q4_K and Q5_K with Q8_K share in the tiers avx512vnni and avx512wide; BYTES is the
// size of a super-block.
//
// Zen 4 holds 64 vector instructions that wait for operands, and a block has about as many, one
// behind the other. So three blocks are in work at a time: while the products of one are summed,
// the sums of the block before are scaled, the quants of the one after are loaded, and the
// scales of later ones are decoded.

// VPSHUFB patterns for the bytes sc0-7 m0-7: scales 2c and 2c+1 as the words of
// dword c; each min as two words, those of one block in 256 bits.
DATA spread<>+0(SB)/8, $0x8003800280018000
DATA spread<>+8(SB)/8, $0x8007800680058004
DATA spread<>+16(SB)/8, $0x8009800980088008
DATA spread<>+24(SB)/8, $0x800b800b800a800a
DATA spread<>+32(SB)/8, $0x800d800d800c800c
DATA spread<>+40(SB)/8, $0x800f800f800e800e
GLOBL spread<>(SB), RODATA|NOPTR, $48

// The first dwords of four lanes.
DATA heads<>+0(SB)/8, $0x0000000400000000
DATA heads<>+8(SB)/8, $0x0000000c00000008
GLOBL heads<>(SB), RODATA|NOPTR, $16

#define DST     DI
#define W_PTR   SI // a super-block of weights
#define X_PTR   DX // a super-block of the activation
#define ROWS    CX
#define STRIDE  R8 // bytes of a row of weights
#define LEFT    R10
#define BLOCKS  R11
#define NEXT    AX // the blocks whose scales are decoded ahead
#define NEXT_X  BX

// The slots of scales of four blocks that are in use, and of those that are decoded ahead: for
// block k its bytes sc0-7 m0-7 are at 16k.
#define NOW   R12
#define AHEAD R13

#define LASTDWORD K1 // of each lane
#define ODDDWORDS K2

// HEADS loads the first 16 bytes of four blocks to Z5: in each lane h a b c, where a&63
// are scales 0 to 3, b&63 mins 0 to 3, c&15 | a>>6<<4 scales 4 to 7, c>>4 | b>>6<<4 mins 4 to
// 7, bytewise.
#define HEADS(b0, b1, b2, b3) \
	VMOVDQU      b0, X5           \
	VMOVDQU      b2, X15          \
	VINSERTI128  $1, b1, Y5, Y5   \
	VINSERTI128  $1, b3, Y15, Y15 \
	VINSERTI64X4 $1, Y15, Z5, Z5

// UNPACK makes the bytes sc0-7 m0-7 in each lane of H; fifteen is 15 in each byte.
#define UNPACK(H, T, fifteen, AND, six) \
	VPSHUFD    $0xED, H, T            \ // a c b c
	VPSHUFD    $0xA5, H, H            \ // a a b b
	VPSRLD     $4, T, LASTDWORD, T    \
	VPSRLD     $2, H, ODDDWORDS, H    \
	VPTERNLOGD $0xD8, fifteen, T, H   \ // low nibbles of T, high ones of H
	AND        six, H, H

// UNPACKAHEAD stores the bytes of four blocks.
#define UNPACKAHEAD(AND, six) \
	UNPACK(Z5, Z15, Z14, AND, six) \
	VMOVDQU32 Z5, (AHEAD)

// TOTAL adds the lanes of pos − neg: l and l+4, 2, 1.
#define TOTAL(pos, neg, dst) \
	VSUBPS       neg, pos, Y4  \
	VEXTRACTF128 $1, Y4, X5    \
	VADDPS       X5, X4, X4    \
	VPERMILPS    $0x4E, X4, X5 \
	VADDPS       X5, X4, X4    \
	VPERMILPS    $0xB1, X4, X5 \
	VADDSS       X5, X4, X4    \
	VMOVSS       X4, dst

// HEADSROW and FACTORSFOUR: of four blocks of one row; DX1 to DX3 are the dwords of blocks 1 to 3.
#define HEADSROW HEADS((NEXT), BYTES(NEXT), (2*BYTES)(NEXT), (3*BYTES)(NEXT))
#define FACTORSFOUR \
	VBROADCASTSS (NEXT_X), Y17         \
	VBROADCASTSS 292(NEXT_X), DX1, Y17 \
	VBROADCASTSS 584(NEXT_X), DX2, Y17 \
	VBROADCASTSS 876(NEXT_X), DX3, Y17 \
	FACTORSROW(Y17)

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

#define NODECODE

// NEXTFOUR finds the four blocks after those at hand, or the last four of the row.
#define NEXTFOUR \
	MOVL    $8, AX \
	CMPQ    LEFT, AX \
	CMOVQLT LEFT, AX \
	SUBQ    $4, AX \
	IMUL3Q  $292, AX, NEXT_X \
	IMUL3Q  $BYTES, AX, NEXT \
	ADDQ    X_PTR, NEXT_X \
	ADDQ    W_PTR, NEXT

// ONEBYONE computes ROWS rows, of BLOCKS blocks each, STRIDE apart. Where fewer than four
// blocks follow, the scales of the last four of the row are decoded, of which
// the first are left out. Rows of fewer than four blocks decode one at a time.
#define ONEBYONE \
	BEGINROWS \
row: \
	CLEARROW \
	MOVQ   x+16(FP), X_PTR \
	MOVQ   BLOCKS, LEFT \
	CMPQ   LEFT, $4 \
	JLT    short \
	MOVQ   W_PTR, NEXT \
	MOVQ   X_PTR, NEXT_X \
	HEADSROW \
	FACTORSFOUR \
	BYTESROW \
	BIASESROW \
	XCHGQ  NOW, AHEAD \
	LOADQUANTS(0, (W_PTR)) \
	FETCH(first) \
first: \ // no block's sums are to be scaled
	SUMPRODUCTS(0) \
	VMOVDQU32 260(X_PTR), BSUMS \
	LOADQUANTS(BYTES, (W_PTR)) \
	CMPQ   LEFT, $4 \
	JEQ    last1 \
	NEXTFOUR \
	HEADSROW \
	JMP    block1 \
	PCALIGN $32 \
fourBlocks: \
	XCHGQ   NOW, AHEAD \
	NEXTFOUR \
	FETCH(block0) \
block0: \
	BLOCK(0, AHEAD, 3, HEADSROW, BYTES, (W_PTR)) \
block1: \
	BLOCK(292, NOW, 0, FACTORSFOUR, 2*BYTES, (W_PTR)) \
block2: \
	BLOCK(584, NOW, 1, BYTESROW, 3*BYTES, (W_PTR)) \
block3: \
	BLOCK(876, NOW, 2, BIASESROW, 4*BYTES, (W_PTR)) \
	SUBQ $4, LEFT \
	MOVQ NEXT, W_PTR \
	MOVQ NEXT_X, X_PTR \
	CMPQ LEFT, $4 \
	JGT  fourBlocks \
	XCHGQ NOW, AHEAD \ // nothing is left to decode
	JEQ  lastFour \
	CMPQ LEFT, $2 \
	JLT  last3 \
	JEQ  last2 \
	JMP  last1 \
lastFour: \
	FETCH(last0) \
last0: \
	BLOCK(0, AHEAD, 3, NODECODE, BYTES, (W_PTR)) \
last1: \
	BLOCK(292, NOW, 0, NODECODE, 2*BYTES, (W_PTR)) \
last2: \
	BLOCK(584, NOW, 1, NODECODE, 3*BYTES, (W_PTR)) \
last3: \
	SCALESUMS(NOW, 2) \
	SUMPRODUCTS(876) \
	VMOVDQU32 1136(X_PTR), BSUMS \
	SCALESUMS(NOW, 3) \
	ADDQ $(4*BYTES), W_PTR \
	JMP  total \
short: \
	VMOVDQU      (W_PTR), X5 \
	VBROADCASTSS (X_PTR), Y17 \
	FACTORSROW(Y17) \
	BYTESROW \
	BIASESROW \
	VMOVDQU32    260(X_PTR), BSUMS \
	LOADQUANTS(0, (W_PTR)) \
	SUMPRODUCTS(0) \
	SCALESUMS(AHEAD, 0) \
	ADDQ $BYTES, W_PTR \
	ADDQ $292, X_PTR \
	DECQ LEFT \
	JNZ  short \
total: \
	TOTALROW \
	ADDQ $4, DST \
	DECQ ROWS \
	JNZ  row
