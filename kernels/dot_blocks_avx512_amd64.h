// What the dots of Q8_0 and Q4_0 with Q8_0 share in the tiers avx512vnni and avx512wide.

#define DST     DI
#define W_PTR   SI
#define X_PTR   DX
#define ROWS    R9
#define BLOCKS  R10
#define LEFT    CX // blocks left in the row
#define STRIDE  R8 // bytes of a row of weights
#define STRIDE3 R11
#define NEXT    R12 // what is prefetched: the next four rows, in order

#define FIRSTDWORD K1 // of each lane

// PREFETCH288 and PREFETCH544 are for four blocks of four rows, blocks of 18 bytes or of 34.
#define PREFETCH288 \
	PREFETCHT1 (NEXT)     \
	PREFETCHT1 64(NEXT)   \
	PREFETCHT1 128(NEXT)  \
	PREFETCHT1 192(NEXT)  \
	PREFETCHT1 256(NEXT)  \
	ADDQ       $288, NEXT
#define PREFETCH544 \
	PREFETCHT1 (NEXT)     \
	PREFETCHT1 64(NEXT)   \
	PREFETCHT1 128(NEXT)  \
	PREFETCHT1 192(NEXT)  \
	PREFETCHT1 256(NEXT)  \
	PREFETCHT1 320(NEXT)  \
	PREFETCHT1 384(NEXT)  \
	PREFETCHT1 448(NEXT)  \
	PREFETCHT1 512(NEXT)  \
	ADDQ       $544, NEXT

// HEADS makes the scales of 4 blocks the floats of r: those of blocks 0 and 2 are at
// p0 and p2, and those of 1 and 3 end the four bytes at p1 and p3. Scalar loads leave
// the vector units to the products.
#define HEADS(r, p0, p1, p2, p3) \
	MOVL      p1, AX  \
	MOVW      p0, AX  \
	MOVL      p3, BX  \
	MOVW      p2, BX  \
	SHLQ      $32, BX \
	ORQ       BX, AX  \
	VMOVQ     AX, r   \
	VCVTPH2PS r, r

// HEADSX and HEADSW are HEADS of the activation and of the weights at w, blocks of BYTES.
#define HEADSX(r) HEADS(r, 0(X_PTR), 32(X_PTR), 68(X_PTR), 100(X_PTR))
#define HEADSW(r, w) HEADS(r, 0 w, (BYTES-2) w, (2*BYTES) w, (3*BYTES-2) w)

// SINGLEHEAD makes d·dx of block j of those at hand the lowest float of X8.
#define SINGLEHEAD(j) \
	VPBROADCASTW (34*j)(X_PTR), ACTHEADS \
	VPBROADCASTW (BYTES*j)(W_PTR), X8    \
	VCVTPH2PS    ACTHEADS, ACTHEADS      \
	VCVTPH2PS    X8, X8                  \
	VMULSS       ACTHEADS, X8, X8

// DOTS computes ROWS rows of BLOCKS blocks. A tier says how:
//	BEGIN, BEGINFOUR       constants, and those for four rows
//	CLEARFOUR, CLEARROW    all lanes from +0
//	FOURPRODUCTS           adds four blocks of four rows, whose d·dx are in X8 to X11
//	ROWHEADS, ROWPRODUCTS  of a row on its own: makes the scales of four blocks the floats of X8, and adds
//	                       the blocks, whose d·dx are there
//	SINGLE0 to SINGLE2     add one of up to three blocks that are left
//	FOLDFOUR               leaves in each lane of Z0 the sums of lanes 0 … 3 and 4 … 7 of a row, and in Z1 those two places on
//	FOLDROW                leaves lanes 0 … 7 in Y0
// and a format LANES4(upper, lower), which adds lanes 4 … 7 to 0 … 3, and PREFETCH.
#define DOTS \
	BEGIN                                 \
	SUBQ         $4, ROWS                 \
	JLT          rest                     \
	TESTQ        $3, BLOCKS               \
	JNZ          rest                     \ // rows of such lengths go one by one
	IMUL3Q       $BYTES, BLOCKS, STRIDE   \
	LEAQ         (STRIDE)(STRIDE*2), STRIDE3 \
	LEAQ         (W_PTR)(STRIDE*4), NEXT  \
	BEGINFOUR                             \
four: \ // rows share the activation
	MOVQ         BLOCKS, LEFT             \
	CLEARFOUR                             \
	PCALIGN      $64                      \
fourLoop: \
	PREFETCH                              \
	HEADSX(ACTHEADS)                      \
	HEADSW(X8, (W_PTR))                   \
	HEADSW(X9, (W_PTR)(STRIDE*1))         \
	HEADSW(X10, (W_PTR)(STRIDE*2))        \
	HEADSW(X11, (W_PTR)(STRIDE3*1))       \
	VMULPS       ACTHEADS, X8, X8         \ // d·dx, exact
	VMULPS       ACTHEADS, X9, X9         \
	VMULPS       ACTHEADS, X10, X10       \
	VMULPS       ACTHEADS, X11, X11       \
	FOURPRODUCTS                          \
	ADDQ         $(4*BYTES), W_PTR        \
	ADDQ         $136, X_PTR              \
	SUBQ         $4, LEFT                 \
	JNZ          fourLoop                 \
	FOLDFOUR                              \
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
	CLEARROW                              \
	SUBQ         $4, LEFT                 \
	JLT          tail                     \
	PCALIGN      $64                      \
oneLoop: \
	HEADSX(ACTHEADS)                      \
	ROWHEADS                              \
	VMULPS       ACTHEADS, X8, X8         \
	ROWPRODUCTS                           \
	ADDQ         $(4*BYTES), W_PTR        \
	ADDQ         $136, X_PTR              \
	SUBQ         $4, LEFT                 \
	JGE          oneLoop                  \
tail: \ // LEFT is what is left, less 4
	ADDQ         $4, LEFT                 \
	JZ           sum                      \
	SINGLE0                               \
	CMPQ         LEFT, $2                 \
	JLT          next                     \
	SINGLE1                               \
	JEQ          next                     \
	SINGLE2                               \
next: \ // the row after this one
	IMUL3Q       $BYTES, LEFT, LEFT       \
	ADDQ         LEFT, W_PTR              \
sum: \
	FOLDROW                               \
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
