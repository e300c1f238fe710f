// What the dots of Q8_0 and Q4_0 with Q8_0 of the tier avx512wide share. 512 bits hold two blocks: of four,
// lanes 0 … 15 are those of the first two, lanes 16 … 31 those of the second two.

#define LANES0 Z20 // lanes 0 … 15 of the rows
#define LANES1 Z21
#define LANES2 Z22
#define LANES3 Z23
#define SECOND0 Z24 // lanes 16 … 31
#define SECOND1 Z25
#define SECOND2 Z26
#define SECOND3 Z27
#define ONES   Z14 // all bits
#define AT0    Z16 // dwords of which each is 0 for the even block and 1 for the odd one
#define AT2    Z17 // and 2 and 3

#define X   Z0 // two blocks of the activation
#define SUM Z1 // START of them, and then what is added
#define ACTHEADS X7 // dx of four blocks

#define LOWERHALF  K2
#define UPPERHALF  K3

// ACT takes blocks j and j+1 of the activation.
#define ACT(j) \
	VMOVDQU      (34*j+2)(X_PTR), Y0         \
	VINSERTI64X4 $1, (34*j+36)(X_PTR), X, X  \
	START

// ADD adds the quants in Z2, whose d·dx are dwords at of D, to the lanes acc. LAST takes them first from blocks
// j and j+1 of the weights at w, and ROW keeps SUM for the next row.
#define LAST(j, w, D, at, acc) \
	QUANTS((BYTES*j+2) w, (BYTES*j+BYTES+2) w) \
	ADD(D, at, acc)

#define ADD(D, at, acc) \
	VPDPBUSD    X, Z2, SUM   \
	VCVTDQ2PS   SUM, SUM     \
	VPERMPS     D, at, Z3    \
	VFMADD231PS Z3, SUM, acc

#define ROW(j, w, D, at, acc) \
	QUANTS((BYTES*j+2) w, (BYTES*j+BYTES+2) w) \
	VMOVDQA64   SUM, Z4     \
	VPDPBUSD    X, Z2, Z4   \
	VCVTDQ2PS   Z4, Z4      \
	VPERMPS     D, at, Z3   \
	VFMADD231PS Z3, Z4, acc

// FOUR adds blocks j and j+1 of four rows.
#define FOUR(j, at, acc0, acc1, acc2, acc3) \
	ACT(j)                                     \
	ROW(j, (W_PTR), Z8, at, acc0)              \
	ROW(j, (W_PTR)(STRIDE*1), Z9, at, acc1)    \
	ROW(j, (W_PTR)(STRIDE*2), Z10, at, acc2)   \
	LAST(j, (W_PTR)(STRIDE3*1), Z11, at, acc3)

// SINGLE adds block j of those at hand to half of acc's lanes; both halves compute it.
#define SINGLE(j, half, acc) \
	SINGLEHEAD(j)                      \
	VBROADCASTSS    X8, Z3             \
	VBROADCASTI64X4 (34*j+2)(X_PTR), X \
	START                              \
	SINGLEQUANTS((BYTES*j+2)(W_PTR))   \
	VPDPBUSD        X, Z2, SUM         \
	VCVTDQ2PS       SUM, SUM           \
	VFMADD231PS     Z3, SUM, half, acc

// PAIR adds lanes k and k+8 of two rows.
#define PAIR(row0, row1, T, dst) \
	VSHUFF64X2 $0x44, row1, row0, T   \
	VSHUFF64X2 $0xEE, row1, row0, dst \
	VADDPS     dst, T, dst

// What DOTS wants. Of a row on its own ROWHEADS, ROWQUANTS0 and ROWQUANTS2 are the format's, in this
// order; the latter are QUANTS of the first two blocks and of the others.
#define BEGIN \
	VPTERNLOGD $0xFF, ONES, ONES, ONES \
	MOVL       $0x1111, AX             \
	KMOVW      AX, FIRSTDWORD          \
	MOVL       $0xFF00, AX             \
	KMOVW      AX, UPPERHALF           \
	KNOTW      UPPERHALF, LOWERHALF    \
	VPXOR      X5, X5, X5              \
	VPSUBD     ONES, Z5, UPPERHALF, Z5 \
	VMOVDQA64  Z5, AT0                 \
	VPSUBD     ONES, Z5, Z5            \
	VPSUBD     ONES, Z5, AT2
#define BEGINFOUR
#define CLEARFOUR \
	VPXORD X20, X20, X20 \
	VPXORD X21, X21, X21 \
	VPXORD X22, X22, X22 \
	VPXORD X23, X23, X23 \
	VPXORD X24, X24, X24 \
	VPXORD X25, X25, X25 \
	VPXORD X26, X26, X26 \
	VPXORD X27, X27, X27
#define FOURPRODUCTS \
	FOUR(0, AT0, LANES0, LANES1, LANES2, LANES3)     \
	FOUR(2, AT2, SECOND0, SECOND1, SECOND2, SECOND3)
#define FOLDFOUR \
	VADDPS     SECOND0, LANES0, LANES0 \ // k += k+16
	VADDPS     SECOND1, LANES1, LANES1 \
	VADDPS     SECOND2, LANES2, LANES2 \
	VADDPS     SECOND3, LANES3, LANES3 \
	PAIR(LANES0, LANES1, Z0, Z1)       \
	PAIR(LANES2, LANES3, Z2, Z3)       \
	VSHUFF32X4 $0x88, Z3, Z1, Z0       \ // lanes 0 … 3 of the rows
	VSHUFF32X4 $0xDD, Z3, Z1, Z1       \ // and 4 … 7
	LANES4(Z1, Z0)                     \
	VPERMILPS  $0x4E, Z0, Z1
#define CLEARROW \ // LANES0 and SECOND0
	VPXORD X20, X20, X20 \
	VPXORD X24, X24, X24
#define ROWPRODUCTS \
	ACT(0)                \
	ROWQUANTS0            \
	ADD(Z8, AT0, LANES0)  \
	ACT(2)                \
	ROWQUANTS2            \
	ADD(Z8, AT2, SECOND0)
#define SINGLE0 SINGLE(0, LOWERHALF, LANES0)
#define SINGLE1 SINGLE(1, UPPERHALF, LANES0)
#define SINGLE2 SINGLE(2, LOWERHALF, SECOND0)
#define FOLDROW \
	VADDPS        SECOND0, LANES0, LANES0 \ // k += k+16
	VEXTRACTF64X4 $1, LANES0, Y1          \ // k += k+8
	VADDPS        Y20, Y1, Y0
