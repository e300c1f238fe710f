// What the dots of Q4_K and Q5_K with Q8_K of the tier avx512wide share. A register holds two
// chunks of 32 bytes of quants: sub-blocks 4c and 4c+2 in low nibbles, 4c+1 and 4c+3 in high ones.
//
// Registers go by a name for 512 bits; narrower instructions name the same register by its number.

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

// In a slot factors are at 64.
#define SLOT  320

#define QUANTS0 Z0 // two chunks of a block, as they are stored
#define QUANTS1 Z1
#define SUMS0   Z8 // of pairs of sub-blocks, those of a chunk in 256 bits
#define SUMS1   Z9
#define FIFTEEN Z14
#define SIX     Z12 // what is kept of the bytes of scales

#define UPPERHALF K3

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
#define SPREADSCALES(scales, first, second) \
	VPSHUFB SPREAD0, scales, first  \
	VPSHUFB SPREAD1, scales, second

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

#define DX1 K4 // see FACTORSFOUR
#define DX2 K5
#define DX3 K6

// FACTORSROW: d·dx and dmin·dx of block k are at 64+8k.
#define FACTORSROW(dx) \
	VPERMD    Z5, HEADWORDS, Z15 \
	VCVTPH2PS X15, Y15           \
	VMULPS    dx, Y15, Y15       \
	VMOVUPS   Y15, 64(AHEAD)

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

// BYTESROW: of four blocks, of one row or of four.
#define BYTESROW UNPACKAHEAD(VPANDD, SIX)
#define BIASESROW

#define BEGINROWS \
	SPREADS \
	VMOVDQU32 spread<>+16(SB), SPREADM \
	VPTERNLOGD $0xFF, Y20, Y20, Y20     \ // 3 in the lower lanes, where dmin is as well as at 1
	VMOVDQU32 heads<>(SB), X26          \
	KMOVW     constants<>+14(SB), DX1   \
	KMOVW     constants<>+16(SB), DX2   \
	KMOVW     constants<>+18(SB), DX3

#define CLEARROW VXORPS X19, X19, X19

#define TOTALROW \
	VEXTRACTF64X4 $1, NEGPOS, Y4 \
	TOTAL(Y4, Y19, (DST))
