// What the dots of Q8_0 and Q4_0 with Q8_0 of the tier avx512vnni share. 256 bits at a time: on Intel's
// cores three ports take such operations, but two those of 512.

#define ONES Y14 // all bits
#define AT0  Y4  // dwords of which each is 0, 1, 2, 3
#define AT1  Y5
#define AT2  Y6
#define AT3  Y7

#define X   Y0 // the activation's block at hand
#define SUM Y1 // START of it, and then what is added
#define ACTHEADS X3 // dx of four blocks

// Lanes 8j … 8j+7, of blocks 4n+j, of a row on its own. Of four rows those of row r are in Y(16+4j+r).
#define LANES0 Y16
#define LANES1 Y20
#define LANES2 Y24
#define LANES3 Y28

// ACT takes block j of the activation.
#define ACT(j) \
	VMOVDQU (34*j+2)(X_PTR), X \
	START

// LAST adds the block of weights at w, whose d·dx is dword at of D, to the lanes
// acc, and ROW keeps SUM for the next one.
#define LAST(w, D, at, acc) \
	QUANTS(w, Y2)             \
	VPDPBUSD    X, Y2, SUM    \
	VCVTDQ2PS   SUM, SUM      \
	VPERMPS     D, at, Y2     \
	VFMADD231PS Y2, SUM, acc

#define ROW(w, D, at, acc) \
	QUANTS(w, Y2)            \
	VMOVDQA     SUM, Y3      \
	VPDPBUSD    X, Y2, Y3    \
	VCVTDQ2PS   Y3, Y3       \
	VPERMPS     D, at, Y2    \
	VFMADD231PS Y2, Y3, acc

// FOUR adds block j of four rows.
#define FOUR(j, at, acc0, acc1, acc2, acc3) \
	ACT(j)                                               \
	ROW((BYTES*j+2)(W_PTR), Y8, at, acc0)                \
	ROW((BYTES*j+2)(W_PTR)(STRIDE*1), Y9, at, acc1)      \
	ROW((BYTES*j+2)(W_PTR)(STRIDE*2), Y10, at, acc2)     \
	LAST((BYTES*j+2)(W_PTR)(STRIDE3*1), Y11, at, acc3)

// FOLD adds the four registers of a row's lanes, k and k+16, then k and k+8. It spoils the first two.
#define FOLD(acc0, acc1, acc2, acc3, dst) \
	VADDPS acc2, acc0, acc0 \
	VADDPS acc3, acc1, acc1 \
	VADDPS acc1, acc0, dst

// SINGLE adds block j of those at hand.
#define SINGLE(j, acc) \
	SINGLEHEAD(j)                  \
	VBROADCASTSS X8, Y8            \
	ACT(j)                         \
	QUANTS((BYTES*j+2)(W_PTR), Y2) \
	VPDPBUSD     X, Y2, SUM        \
	VCVTDQ2PS    SUM, SUM          \
	VFMADD231PS  Y8, SUM, acc

// What DOTS wants.
#define BEGIN \
	VPCMPEQD ONES, ONES, ONES \
	VPXOR    AT0, AT0, AT0    \
	VPSUBD   ONES, AT0, AT1   \
	VPSUBD   ONES, AT1, AT2   \
	VPSUBD   ONES, AT2, AT3
#define BEGINFOUR \
	MOVL  $0x1111, AX    \
	KMOVW AX, FIRSTDWORD
#define CLEARFOUR \
	VPXORD Y16, Y16, Y16 \
	VPXORD Y17, Y17, Y17 \
	VPXORD Y18, Y18, Y18 \
	VPXORD Y19, Y19, Y19 \
	VPXORD Y20, Y20, Y20 \
	VPXORD Y21, Y21, Y21 \
	VPXORD Y22, Y22, Y22 \
	VPXORD Y23, Y23, Y23 \
	VPXORD Y24, Y24, Y24 \
	VPXORD Y25, Y25, Y25 \
	VPXORD Y26, Y26, Y26 \
	VPXORD Y27, Y27, Y27 \
	VPXORD Y28, Y28, Y28 \
	VPXORD Y29, Y29, Y29 \
	VPXORD Y30, Y30, Y30 \
	VPXORD Y31, Y31, Y31
#define FOURPRODUCTS \
	FOUR(0, AT0, Y16, Y17, Y18, Y19) \
	FOUR(1, AT1, Y20, Y21, Y22, Y23) \
	FOUR(2, AT2, Y24, Y25, Y26, Y27) \
	FOUR(3, AT3, Y28, Y29, Y30, Y31)
#define FOLDFOUR \
	FOLD(Y16, Y20, Y24, Y28, Y0)   \
	FOLD(Y17, Y21, Y25, Y29, Y1)   \
	FOLD(Y18, Y22, Y26, Y30, Y2)   \
	FOLD(Y19, Y23, Y27, Y31, Y3)   \
	VINSERTF64X4 $1, Y1, Z0, Z0    \
	VINSERTF64X4 $1, Y3, Z2, Z2    \
	VSHUFF32X4   $0x88, Z2, Z0, Z1 \ // lanes 0 … 3 of the rows
	VSHUFF32X4   $0xDD, Z2, Z0, Z0 \ // and 4 … 7
	LANES4(Z0, Z1)                 \
	VPERMILPS    $0x4E, Z1, Z0
#define CLEARROW \
	VPXORD LANES0, LANES0, LANES0 \
	VPXORD LANES1, LANES1, LANES1 \
	VPXORD LANES2, LANES2, LANES2 \
	VPXORD LANES3, LANES3, LANES3
#define ROWHEADS HEADSW(X8, (W_PTR))
#define ROWPRODUCTS \
	ACT(0)                                    \
	LAST(2(W_PTR), Y8, AT0, LANES0)           \
	ACT(1)                                    \
	LAST((BYTES+2)(W_PTR), Y8, AT1, LANES1)   \
	ACT(2)                                    \
	LAST((2*BYTES+2)(W_PTR), Y8, AT2, LANES2) \
	ACT(3)                                    \
	LAST((3*BYTES+2)(W_PTR), Y8, AT3, LANES3)
#define SINGLE0 SINGLE(0, LANES0)
#define SINGLE1 SINGLE(1, LANES1)
#define SINGLE2 SINGLE(2, LANES2)
#define FOLDROW FOLD(LANES0, LANES1, LANES2, LANES3, Y0)
