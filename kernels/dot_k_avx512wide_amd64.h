// What the dots of Q4_K and Q5_K with Q8_K of the tier avx512wide share; BYTES is the size of a
// super-block. A register holds two chunks of 32 bytes of quants: sub-blocks 4c and 4c+2 in low
// nibbles, 4c+1 and 4c+3 in high ones.
//
// As in the tier avx512vnni, whose header says why, three blocks are in work at a time: while the products
// of one are summed, the sums of the block before are scaled, the quants of the one after are
// loaded, and the scales of later ones are decoded.
//
// Registers go by a name for 512 bits; narrower instructions name the same register by its number.

// VPSHUFB patterns for the bytes sc0-7 m0-7: scales 2c and 2c+1 as the words of
// dword c; each min as two words, those of one block in 256 bits.
DATA spread<>+0(SB)/8, $0x8003800280018000
DATA spread<>+8(SB)/8, $0x8007800680058004
DATA spread<>+16(SB)/8, $0x8009800980088008
DATA spread<>+24(SB)/8, $0x800b800b800a800a
DATA spread<>+32(SB)/8, $0x800d800d800c800c
DATA spread<>+40(SB)/8, $0x800f800f800e800e
GLOBL spread<>(SB), RODATA|NOPTR, $48

// 15 and 63 as bytes; the masks K1 to K6.
DATA constants<>+0(SB)/4, $0x0f0f0f0f
DATA constants<>+4(SB)/4, $0x3f3f3f3f
DATA constants<>+8(SB)/2, $0x8888
DATA constants<>+10(SB)/2, $0xaaaa
DATA constants<>+12(SB)/2, $0xff00
DATA constants<>+14(SB)/2, $0x000c
DATA constants<>+16(SB)/2, $0x0030
DATA constants<>+18(SB)/2, $0x00c0
GLOBL constants<>(SB), RODATA|NOPTR, $20

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
#define FOLLOW  R14 // the block after the last of four, or any: behind a row its quants are not used

// The scales of four blocks that are in use, and of those that are decoded ahead: for
// block k its bytes sc0-7 m0-7 at 16k, and factors at 64.
#define NOW   R12
#define AHEAD R13
#define SLOT  320

#define QUANTS0 Z0 // two chunks of a block, as they are stored
#define QUANTS1 Z1
#define SUMS0   Z8 // of pairs of sub-blocks, those of a chunk in 256 bits
#define SUMS1   Z9
#define FIFTEEN Z14
#define SIX     Z12 // what is kept of the bytes of scales

#define LASTDWORD K1 // of each lane
#define ODDDWORDS K2
#define UPPERHALF K3

// HEADS loads the first 16 bytes of four blocks to Z5: in each lane h a b c, where a&63
// are scales 0 to 3, b&63 mins 0 to 3, c&15 | a>>6<<4 scales 4 to 7, c>>4 | b>>6<<4 mins 4 to
// 7, bytewise.
#define HEADS(b0, b1, b2, b3) \
	VMOVDQU      b0, X5           \
	VMOVDQU      b2, X15          \
	VINSERTI128  $1, b1, Y5, Y5   \
	VINSERTI128  $1, b3, Y15, Y15 \
	VINSERTI64X4 $1, Y15, Z5, Z5

// UNPACK makes the bytes sc0-7 m0-7 in each lane of H.
#define UNPACK(H, T) \
	VPSHUFD    $0xED, H, T            \ // a c b c
	VPSHUFD    $0xA5, H, H            \ // a a b b
	VPSRLD     $4, T, LASTDWORD, T    \
	VPSRLD     $2, H, ODDDWORDS, H    \
	VPTERNLOGD $0xD8, FIFTEEN, T, H   \ // low nibbles of T, high ones of H
	VPANDD     SIX, H, H

// BYTESAHEAD stores the bytes of four blocks.
#define BYTESAHEAD \
	UNPACK(Z5, Z15) \
	VMOVDQU32 Z5, (AHEAD)

#define CONSTANTS \
	VPBROADCASTD constants<>+0(SB), FIFTEEN    \
	VPBROADCASTD constants<>+4(SB), SIX        \
	KMOVW        constants<>+8(SB), LASTDWORD  \
	KMOVW        constants<>+10(SB), ODDDWORDS \
	KMOVW        constants<>+12(SB), UPPERHALF

// SPREADS are the patterns for the scales of two chunks each.
#define SPREADS \
	VPBROADCASTD spread<>+0(SB), SPREAD0             \
	VPBROADCASTD spread<>+4(SB), UPPERHALF, SPREAD0  \
	VPBROADCASTD spread<>+8(SB), SPREAD1             \
	VPBROADCASTD spread<>+12(SB), UPPERHALF, SPREAD1
#define SPREAD0 Z22
#define SPREAD1 Z23

// SPREADSCALES spreads the scales of a block, which are in each lane.
#define SPREADSCALES(scales, even, odd) \
	VPSHUFB SPREAD0, scales, even \
	VPSHUFB SPREAD1, scales, odd

// TAKE makes the sub-blocks 4c and 4c+2, and 4c+1 and 4c+3, of 128 bytes of the activation, at x0 and x1.
#define TAKE(x0, x1, even, odd, T) \
	VMOVDQU64  x0, odd             \
	VMOVDQU64  x1, T               \
	VSHUFI64X2 $0x44, T, odd, even \
	VSHUFI64X2 $0xEE, T, odd, odd

// One row.
#define EVEN0     Z2  // of the activation, as TAKE makes them
#define ODD0      Z3
#define EVEN1     Z10
#define ODD1      Z11
#define DOTS      Z6  // sums times scales
#define SCALES    Z7  // the bytes of a block, in each lane
#define SPREADM   Y18 // pattern for the mins
#define NEGPOS    Z19
#define DMINS     Z20 // pattern: of d and dmin, dmin for the lower lanes and d for the upper ones
#define BSUMS     Y21
#define HEADWORDS Z26

// HEADSROW, FACTORSFOUR and FACTORSROW: of four blocks of one row; d·dx and dmin·dx of block k
// are at 64+8k.
#define HEADSROW HEADS((NEXT), BYTES(NEXT), (2*BYTES)(NEXT), (3*BYTES)(NEXT))
#define FACTORSFOUR \
	VBROADCASTSS (NEXT_X), Y17        \
	VBROADCASTSS 292(NEXT_X), K4, Y17 \
	VBROADCASTSS 584(NEXT_X), K5, Y17 \
	VBROADCASTSS 876(NEXT_X), K6, Y17 \
	FACTORSROW
#define FACTORSROW \
	VPERMD    Z5, HEADWORDS, Z15 \
	VCVTPH2PS X15, Y15           \
	VMULPS    Y17, Y15, Y15      \
	VMOVUPS   Y15, 64(AHEAD)

// NOTHING makes the factors of block 3 of a slot zero, for sums of no block: any integers.
#define NOTHING(slot) MOVQ $0, 88(slot)

#define MINSUMS \
	VPSHUFB  SPREADM, Y7, Y4 \
	VPMADDWD BSUMS, Y4, Y4      // added exactly

// ADD adds what is scaled of block k of a slot.
#define ADD(slot, k) \
	VBROADCASTF32X2 (64+8*k)(slot), Z17       \
	VSHUFI64X2      $0x44, DOTS, Z4, Z4       \
	VPADDD          DOTS, Z4, UPPERHALF, Z4   \
	VPERMILPS       DMINS, Z17, Z17           \
	VCVTDQ2PS       Z4, Z4                    \ // exact
	VFMADD231PS     Z17, Z4, NEGPOS

#define TAKE0(x) TAKE((x+4)(X_PTR), (x+68)(X_PTR), EVEN0, ODD0, Z16)
#define TAKE1(x) TAKE((x+132)(X_PTR), (x+196)(X_PTR), EVEN1, ODD1, Z16)

// SUMPRODUCTS sums the products of a block and its part x of the activation.
#define SUMPRODUCTS(x) \
	TAKE0(x) \
	START0 \
	TAKE1(x) \
	START1 \
	END0 \
	END1

// SCALESUMS scales sums by block k of a slot and adds them.
#define SCALESUMS(slot, k) \
	BEGIN(slot, k)            \
	VPDPWSSD Z17, SUMS0, DOTS \
	VPDPWSSD Z24, SUMS1, DOTS \
	MINSUMS                   \
	ADD(slot, k)

// NODECODE is a DECODE that does nothing.
#define NODECODE

// BLOCK is SUMPRODUCTS(x), SCALESUMS of the block before, LOADQUANTS(off, next) and DECODE, by turns.
#define BLOCK(x, slot, k, DECODE, off, next) \
	BEGIN(slot, k)            \
	TAKE0(x)                  \
	VPDPWSSD Z17, SUMS0, DOTS \
	START0                    \
	TAKE1(x)                  \
	VPDPWSSD Z24, SUMS1, DOTS \
	START1                    \
	MINSUMS                   \
	VMOVDQU32 (x+260)(X_PTR), BSUMS \
	DECODE                    \
	END0                      \
	LOAD0(off, next)          \
	END1                      \
	LOAD1(off, next)          \
	ADD(slot, k)

#define LOADQUANTS(off, w) \
	LOAD0(off, w) \
	LOAD1(off, w)

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

// ONEBYONE computes ROWS rows, of BLOCKS blocks each, STRIDE apart. Where fewer than four
// blocks follow, the scales of the last four of the row are decoded, of which
// the first are left out. Before the first block of a row sums of no block are scaled, see NOTHING. Rows
// of fewer than four blocks decode one at a time.
#define ONEBYONE \
	SPREADS \
	VMOVDQU32 spread<>+16(SB), SPREADM \
	VPTERNLOGD $0xFF, Y20, Y20, Y20     \ // 3 in the lower lanes, where dmin is as well as at 1
	VMOVDQU32 heads<>(SB), X26          \
	KMOVW     constants<>+14(SB), K4    \
	KMOVW     constants<>+16(SB), K5    \
	KMOVW     constants<>+18(SB), K6    \
row: \
	VXORPS X19, X19, X19 \
	MOVQ   x+16(FP), X_PTR \
	MOVQ   BLOCKS, LEFT \
	CMPQ   LEFT, $4 \
	JLT    short \
	MOVQ   W_PTR, NEXT \
	MOVQ   X_PTR, NEXT_X \
	HEADSROW \
	FACTORSFOUR \
	BYTESAHEAD \
	NOTHING(NOW) \
	LOADQUANTS(0, (W_PTR)) \
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
	LEAQ    (4*BYTES)(W_PTR), FOLLOW \
	CMPQ    LEFT, $4 \
	CMOVQEQ W_PTR, FOLLOW \
	FETCH(block0) \
block0: \
	BLOCK(0, AHEAD, 3, HEADSROW, BYTES, (W_PTR)) \
block1: \
	BLOCK(292, NOW, 0, FACTORSFOUR, 2*BYTES, (W_PTR)) \
block2: \
	BLOCK(584, NOW, 1, BYTESAHEAD, 3*BYTES, (W_PTR)) \
block3: \
	BLOCK(876, NOW, 2, NODECODE, 0, (FOLLOW)) \
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
	SCALESUMS(NOW, 3) \
	ADDQ $(4*BYTES), W_PTR \
	JMP  total \
short: \
	VMOVDQU      (W_PTR), X5 \
	VBROADCASTSS (X_PTR), Y17 \
	FACTORSROW \
	BYTESAHEAD \
	VMOVDQU32    260(X_PTR), BSUMS \
	LOADQUANTS(0, (W_PTR)) \
	SUMPRODUCTS(0) \
	SCALESUMS(AHEAD, 0) \
	ADDQ $BYTES, W_PTR \
	ADDQ $292, X_PTR \
	DECQ LEFT \
	JNZ  short \
total: \
	VEXTRACTF64X4 $1, NEGPOS, Y4 \
	VSUBPS       Y19, Y4, Y4   \
	VEXTRACTF128 $1, Y4, X5    \ // lanes l and l+4
	VADDPS       X5, X4, X4    \
	VPERMILPS    $0x4E, X4, X5 \ // 2
	VADDPS       X5, X4, X4    \
	VPERMILPS    $0xB1, X4, X5 \ // 1
	VADDSS       X5, X4, X4    \
	VMOVSS       X4, (DST) \
	ADDQ $4, DST \
	DECQ ROWS \
	JNZ  row
