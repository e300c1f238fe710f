// What the dots of Q4_K and Q5_K with Q8_K of the tier avx512vnni share. Quants are computed with
// 256 bits: loads of 32 bytes straddle cache lines half as often as those of 64, and all else
// costs the same on a CPU that splits 512 bits.

// What is kept of the scales' bytes.
DATA six<>+0(SB)/4, $0x3f3f3f3f
GLOBL six<>(SB), RODATA|NOPTR, $4

// In a slot, of block k: for Q4_K dwords of two scales at 64+16k and what its bias adds to the
// dots, negative, at 128+16k; d·dx and dmin·dx at 192+8k.
#define SLOT  256

#define QUANTS0 Y0 // of a block, as they are stored
#define QUANTS1 Y1
#define QUANTS2 Y2
#define QUANTS3 Y3
#define SUMS0   Y8 // of pairs of sub-blocks
#define SUMS1   Y9
#define SUMS2   Y10
#define SUMS3   Y11
#define DOTS0   Y6 // sums times scales
#define DOTS1   Y7
#define FIFTEEN Y14

// FACTORS makes d and dmin of Z5, times dx; heads says where they are.
#define FACTORS(heads, MUL, dx) \
	VPERMD    Z5, heads, Z15 \
	VCVTPH2PS X15, Y15       \
	MUL       dx, Y15, Y15   \
	VMOVUPS   Y15, 192(AHEAD)

// FACTORSHEADS is FACTORS where no register is left for heads.
#define FACTORSHEADS(MUL, dx) \
	VMOVDQU heads<>(SB), X15 \
	FACTORS(Z15, MUL, dx)

// MASKS spoils AX.
#define MASKS \
	MOVL  $0x8888, AX   \
	KMOVW AX, LASTDWORD \
	MOVL  $0xAAAA, AX   \
	KMOVW AX, ODDDWORDS

// One row.
#define SCALES  Y12 // its bytes, in both lanes
#define SPREAD0 Y18 // patterns for the scales of a pair
#define SPREAD1 Y19
#define SPREAD2 Y20
#define SPREAD3 Y21
#define SPREADM Y22 // and for the mins
#define POS     Y23
#define NEG     Y24
#define BSUMS   Y25

#define DX1 K3 // see FACTORSFOUR
#define DX2 K4
#define DX3 K5

// SCALE adds sums times the scales of a pair.
#define SCALE(pattern, sums, dots) \
	VPSHUFB  pattern, SCALES, Y17 \
	VPDPWSSD Y17, sums, dots

#define MINSUMS \
	VPSHUFB  SPREADM, SCALES, Y4 \
	VPMADDWD BSUMS, Y4, Y4         // added exactly

// ADD adds what is scaled of block k of a slot to pos and neg.
#define ADD(slot, k, pos, neg) \
	VCVTDQ2PS        Y4, Y4                    \
	VPADDD           DOTS1, DOTS0, DOTS0       \
	VCVTDQ2PS        DOTS0, DOTS0              \ // exact
	VFMADD231PS.BCST (196+8*k)(slot), Y4, neg  \
	VFMADD231PS.BCST (192+8*k)(slot), DOTS0, pos

// SUMPRODUCTS sums the products of a block and its part x of the activation.
#define SUMPRODUCTS(x) \
	START0(x) \
	START1(x) \
	START2(x) \
	START3(x) \
	END0(x)   \
	END1(x)   \
	END2(x)   \
	END3(x)

// SCALESUMS scales sums by block k of a slot and adds them.
#define SCALESUMS(slot, k) \
	BEGIN(slot, k)                \
	SCALE(SPREAD0, SUMS0, DOTS0)  \
	SCALE(SPREAD1, SUMS1, DOTS1)  \
	SCALE(SPREAD2, SUMS2, DOTS0)  \
	SCALE(SPREAD3, SUMS3, DOTS1)  \
	MINSUMS                       \
	ADD(slot, k, POS, NEG)

// BLOCK is SUMPRODUCTS(x), SCALESUMS of the block before, LOADQUANTS(off, next) and DECODE, by turns.
#define BLOCK(x, slot, k, DECODE, off, next) \
	BEGIN(slot, k)               \
	SCALE(SPREAD0, SUMS0, DOTS0) \
	START0(x)                    \
	SCALE(SPREAD1, SUMS1, DOTS1) \
	START1(x)                    \
	SCALE(SPREAD2, SUMS2, DOTS0) \
	START2(x)                    \
	SCALE(SPREAD3, SUMS3, DOTS1) \
	START3(x)                    \
	MINSUMS                      \
	VMOVDQU32 (x+260)(X_PTR), BSUMS \
	DECODE                       \
	END0(x)                      \
	LOAD0(off, next)             \
	END1(x)                      \
	LOAD1(off, next)             \
	END2(x)                      \
	LOAD2(off, next)             \
	END3(x)                      \
	LOAD3(off, next)             \
	ADD(slot, k, POS, NEG)

#define LOADQUANTS(off, w) \
	LOAD0(off, w) \
	LOAD1(off, w) \
	LOAD2(off, w) \
	LOAD3(off, w)

#define BEGINROWS \
	VPBROADCASTD spread<>+0(SB), SPREAD0 \
	VPBROADCASTD spread<>+4(SB), SPREAD1 \
	VPBROADCASTD spread<>+8(SB), SPREAD2 \
	VPBROADCASTD spread<>+12(SB), SPREAD3 \
	VMOVDQU32    spread<>+16(SB), SPREADM \
	CONSTANTSROW \
	MOVL         $0x0C, AX \
	KMOVW        AX, DX1 \
	MOVL         $0x30, AX \
	KMOVW        AX, DX2 \
	MOVL         $0xC0, AX \
	KMOVW        AX, DX3

#define CLEARROW \
	VXORPS POS, POS, POS \
	VXORPS NEG, NEG, NEG

#define TOTALROW TOTAL(POS, NEG, (DST))
