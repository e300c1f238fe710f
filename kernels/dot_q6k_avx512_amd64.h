// What the dots of Q6_K with Q8_K share in the tiers avx512vnni and avx512wide.

// The lower word of each dword as the upper one.
DATA upper<>+0(SB)/8, $0x0504050401000100
DATA upper<>+8(SB)/8, $0x0d0c0d0c09080908
GLOBL upper<>(SB), RODATA|NOPTR, $16

#define DST    DI
#define W_PTR  SI
#define X_PTR  DX
#define ACT    R8 // start of the activation
#define ROWS   R9
#define BLOCKS R10
#define LEFT   CX // super-blocks left in the row
#define STRIDE R11 // bytes of a row of weights
#define NEXT   R12 // the block of weights after the one at hand
#define FINAL  R13 // the last of all

#define UPPERWORDS K4 // the bytes of the upper word of each dword
#define BIAS   Y21 // −32 as words
#define POS    Y13 // lanes of p

// Three blocks are in work at a time: while the products of one are summed, the sums of the block
// before are scaled, and the quants of the one after are loaded. Zen 4 holds 64 vector
// instructions that wait for operands, and a block of avx512vnni has about as many, one behind the other.
#define SCALES Y12 // words, of the block before
#define D      Y10 // its d·dx
#define OFFSET Y9  // its −32·Σ s·bsums

// JOIN makes the sums second, at most 4·63·128 in magnitude, the upper words of sums.
#define JOIN(second, sums) VPSHUFB UP, second, UPPERWORDS, sums

// FACTORS decodes the block's own scales.
#define FACTORS \
	VPMOVSXBW    192(W_PTR), SCALES           \
	VPBROADCASTW 208(W_PTR), X10              \
	VPMULLW      BIAS, SCALES, OFFSET         \
	VCVTPH2PS    X10, D                       \
	VPMADDWD     260(X_PTR), OFFSET, OFFSET   \
	VMULPS.BCST  (X_PTR), D, D

// ONEBYONE computes ROWS rows of BLOCKS blocks. BLOCK sums the products of a block and scales the
// sums of the block before; SCALESUMS scales the last ones.
#define ONEBYONE \
	IMUL3Q $210, BLOCKS, STRIDE           \
	MOVQ   STRIDE, FINAL                  \
	IMULQ  ROWS, FINAL                    \
	LEAQ   -210(W_PTR)(FINAL*1), FINAL    \
	LOAD(W_PTR)                           \
row: \
	MOVQ  ACT, X_PTR                      \
	MOVQ  BLOCKS, LEFT                    \
	VPXOR POS, POS, POS                   \ // from +0
	VPXOR D, D, D                         \ // the sums before the first block are any integers
	PCALIGN $64                           \ // on Zen 4 a row took a tenth longer where the loop began within a line
block: \
	CMPQ       ROWS, $1                   \
	JEQ        last                       \
	PREFETCHT1 (W_PTR)(STRIDE*1)          \ // the next row
	PREFETCHT1 64(W_PTR)(STRIDE*1)        \
	PREFETCHT1 128(W_PTR)(STRIDE*1)       \
	PREFETCHT1 192(W_PTR)(STRIDE*1)       \
last: \
	LEAQ    210(W_PTR), NEXT              \
	CMPQ    NEXT, FINAL                   \
	CMOVQHI FINAL, NEXT                   \
	BLOCK                                 \
	MOVQ NEXT, W_PTR                      \
	ADDQ $292, X_PTR                      \
	DECQ LEFT                             \
	JNZ  block                            \
	SCALESUMS                             \
	VEXTRACTF128 $1, POS, X1              \
	VADDPS       X1, X13, X0              \ // l += l+4
	VPERMILPS    $0x4E, X0, X1            \
	VADDPS       X1, X0, X0               \ // 2
	VPERMILPS    $0xB1, X0, X1            \
	VADDSS       X1, X0, X0               \ // 1
	VMOVSS       X0, (DST)                \
	ADDQ $4, DST                          \
	DECQ ROWS                             \
	JNZ  row
