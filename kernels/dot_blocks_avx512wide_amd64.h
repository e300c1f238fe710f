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

#define FIRSTDWORD K1 // of each lane
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
	VPBROADCASTW    (34*j)(X_PTR), X7     \
	VPBROADCASTW    (BYTES*j)(W_PTR), X8  \
	VCVTPH2PS       X7, X7                \
	VCVTPH2PS       X8, X8                \
	VMULSS          X7, X8, X8            \
	VBROADCASTSS    X8, Z3                \
	VBROADCASTI64X4 (34*j+2)(X_PTR), X    \
	START                                 \
	SINGLEQUANTS((BYTES*j+2)(W_PTR))      \
	VPDPBUSD        X, Z2, SUM            \
	VCVTDQ2PS       SUM, SUM              \
	VFMADD231PS     Z3, SUM, half, acc

// PAIR adds lanes k and k+8 of two rows.
#define PAIR(row0, row1, T, dst) \
	VSHUFF64X2 $0x44, row1, row0, T   \
	VSHUFF64X2 $0xEE, row1, row0, dst \
	VADDPS     dst, T, dst

// DOTS computes ROWS rows of BLOCKS blocks. LANES4(upper, lower) adds lanes 4 … 7 to 0 … 3. Of a
// row on its own ROWHEADS makes the scales of four blocks the floats of X8, and then ROWQUANTS0 and ROWQUANTS2, in
// this order, are QUANTS of the first two blocks and of the others.
#define DOTS \
	VPTERNLOGD   $0xFF, ONES, ONES, ONES  \
	MOVL         $0x1111, AX              \
	KMOVW        AX, FIRSTDWORD           \
	MOVL         $0xFF00, AX              \
	KMOVW        AX, UPPERHALF            \
	KNOTW        UPPERHALF, LOWERHALF     \
	VPXOR        X5, X5, X5               \
	VPSUBD       ONES, Z5, UPPERHALF, Z5  \
	VMOVDQA64    Z5, AT0                  \
	VPSUBD       ONES, Z5, Z5             \
	VPSUBD       ONES, Z5, AT2            \
	SUBQ         $4, ROWS                 \
	JLT          rest                     \
	TESTQ        $3, BLOCKS               \
	JNZ          rest                     \ // rows of such lengths go one by one
	IMUL3Q       $BYTES, BLOCKS, STRIDE   \
	LEAQ         (STRIDE)(STRIDE*2), STRIDE3 \
	LEAQ         (W_PTR)(STRIDE*4), NEXT  \
four: \ // rows share the activation
	MOVQ         BLOCKS, LEFT             \
	VPXORD       X20, X20, X20            \ // from +0
	VPXORD       X21, X21, X21            \
	VPXORD       X22, X22, X22            \
	VPXORD       X23, X23, X23            \
	VPXORD       X24, X24, X24            \
	VPXORD       X25, X25, X25            \
	VPXORD       X26, X26, X26            \
	VPXORD       X27, X27, X27            \
	PCALIGN      $64                      \
fourLoop: \
	PREFETCH                              \
	HEADSX(X7)                            \
	HEADSW(X8, (W_PTR))                   \
	HEADSW(X9, (W_PTR)(STRIDE*1))         \
	HEADSW(X10, (W_PTR)(STRIDE*2))        \
	HEADSW(X11, (W_PTR)(STRIDE3*1))       \
	VMULPS       X7, X8, X8               \ // d·dx, exact
	VMULPS       X7, X9, X9               \
	VMULPS       X7, X10, X10             \
	VMULPS       X7, X11, X11             \
	FOUR(0, AT0, LANES0, LANES1, LANES2, LANES3) \
	FOUR(2, AT2, SECOND0, SECOND1, SECOND2, SECOND3) \
	ADDQ         $(4*BYTES), W_PTR        \
	ADDQ         $136, X_PTR              \
	SUBQ         $4, LEFT                 \
	JNZ          fourLoop                 \
	VADDPS       SECOND0, LANES0, LANES0   \ // k += k+16
	VADDPS       SECOND1, LANES1, LANES1   \
	VADDPS       SECOND2, LANES2, LANES2   \
	VADDPS       SECOND3, LANES3, LANES3   \
	PAIR(LANES0, LANES1, Z0, Z1)          \
	PAIR(LANES2, LANES3, Z2, Z3)          \
	VSHUFF32X4   $0x88, Z3, Z1, Z0        \ // lanes 0 … 3 of the rows
	VSHUFF32X4   $0xDD, Z3, Z1, Z1        \ // and 4 … 7
	LANES4(Z1, Z0)                        \
	VPERMILPS    $0x4E, Z0, Z1            \
	VADDPS       Z1, Z0, Z0               \ // 2
	VPERMILPS    $0xB1, Z0, Z1            \
	VADDPS       Z1, Z0, Z0               \ // 1
	VCOMPRESSPS  Z0, FIRSTDWORD, Z0       \
	VMOVUPS      X0, (DST)                \
	ADDQ         STRIDE3, W_PTR           \ // the row after the fourth
	MOVQ         x+16(FP), X_PTR          \
	ADDQ         $16, DST                 \
	SUBQ         $4, ROWS                 \
	JGE          four                     \
rest: \ // ROWS is what is left, less 4
	ADDQ         $4, ROWS                 \
	JZ           done                     \
one: \
	MOVQ         BLOCKS, LEFT             \
	VPXORD       X20, X20, X20            \
	VPXORD       X24, X24, X24            \
	SUBQ         $4, LEFT                 \
	JLT          tail                     \
	PCALIGN      $64                      \
oneLoop: \
	HEADSX(X7)                            \
	ROWHEADS                              \
	VMULPS       X7, X8, X8               \
	ACT(0)                                \
	ROWQUANTS0                            \
	ADD(Z8, AT0, LANES0)                  \
	ACT(2)                                \
	ROWQUANTS2                            \
	ADD(Z8, AT2, SECOND0)                  \
	ADDQ         $(4*BYTES), W_PTR        \
	ADDQ         $136, X_PTR              \
	SUBQ         $4, LEFT                 \
	JGE          oneLoop                  \
tail: \ // LEFT is what is left, less 4
	ADDQ         $4, LEFT                 \
	JZ           sum                      \
	SINGLE(0, LOWERHALF, LANES0)          \
	CMPQ         LEFT, $2                 \
	JLT          next                     \
	SINGLE(1, UPPERHALF, LANES0)          \
	JEQ          next                     \
	SINGLE(2, LOWERHALF, SECOND0)          \
next: \ // the row after this one
	IMUL3Q       $BYTES, LEFT, LEFT       \
	ADDQ         LEFT, W_PTR              \
sum: \
	VADDPS       SECOND0, LANES0, LANES0   \ // k += k+16
	VEXTRACTF64X4 $1, LANES0, Y1          \ // k += k+8
	VADDPS       Y20, Y1, Y0              \
	VEXTRACTF128 $1, Y0, X1               \
	LANES4(X1, X0)                        \
	VPERMILPS    $0x4E, X0, X1            \
	VADDPS       X1, X0, X0               \ // 2
	VPERMILPS    $0xB1, X0, X1            \
	VADDSS       X1, X0, X0               \ // 1
	VMOVSS       X0, (DST)                \
	MOVQ         x+16(FP), X_PTR          \
	ADDQ         $4, DST                  \
	DECQ         ROWS                     \
	JNZ          one                      \
done: \
	VZEROUPPER                            \
	RET
