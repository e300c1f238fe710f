// What the dots of Q8_0 and Q4_0 with Q8_0 share in the tier avx2.

#define DST DI
#define W SI
#define X DX
#define ACT R8  // start of the activation
#define ROWS R9
#define BLOCKS R10
#define LEFT CX // blocks left in the row

#define LANES0 Y14 // lanes 0 to 7, of every fourth block
#define LANES1 Y13 // lanes 8 to 15, of the blocks after those
#define LANES2 Y12
#define LANES3 Y11
#define D Y10      // of the block at hand

// HEADS gathers the scales of the 8 blocks at p, which are n bytes apart.
#define HEADS(p, n, r) \
	VMOVD   (p), r; \
	VPINSRW $1, (1*n)(p), r, r; \
	VPINSRW $2, (2*n)(p), r, r; \
	VPINSRW $3, (3*n)(p), r, r; \
	VPINSRW $4, (4*n)(p), r, r; \
	VPINSRW $5, (5*n)(p), r, r; \
	VPINSRW $6, (6*n)(p), r, r; \
	VPINSRW $7, (7*n)(p), r, r

// BLOCK adds block j of 8 to the lanes acc.
#define BLOCK(j, acc) \
	DOT(j); \
	VBROADCASTSS (4*j)(SP), D; \
	VCVTDQ2PS    Y0, Y0; \
	VFMADD231PS  Y0, D, acc

// SINGLE adds the block at hand and goes to done after the last one.
#define SINGLE(acc) \
	VPBROADCASTW (W), X4; \
	VPBROADCASTW (X), X5; \
	VCVTPH2PS    X4, Y4; \
	VCVTPH2PS    X5, Y5; \
	VMULPS       Y5, Y4, D; \
	DOT(0); \
	VCVTDQ2PS    Y0, Y0; \
	VFMADD231PS  Y0, D, acc; \
	ADDQ         $BYTES, W; \
	ADDQ         $34, X; \
	DECQ         LEFT; \
	JZ           done

// DOTS computes ROWS rows of BLOCKS blocks. DOT(j) leaves the integers of block j in Y0: dword l has the products of
// bytes 4l to 4l+3. PREFETCH is for eight blocks.
#define DOTS \
row: \
	MOVQ   ACT, X \
	MOVQ   BLOCKS, LEFT \
	VXORPS LANES0, LANES0, LANES0 \
	VXORPS LANES1, LANES1, LANES1 \
	VXORPS LANES2, LANES2, LANES2 \
	VXORPS LANES3, LANES3, LANES3 \
	SUBQ   $8, LEFT \
	JLT    rest \
eight: \
	PREFETCH \
	HEADS(W, BYTES, X4) \ // d·dx of 8 blocks to the frame.
	HEADS(X, 34, X5) \
	VCVTPH2PS X4, Y4 \
	VCVTPH2PS X5, Y5 \
	VMULPS    Y5, Y4, Y4 \
	VMOVUPS   Y4, 0(SP) \
	BLOCK(0, LANES0) \
	BLOCK(1, LANES1) \
	BLOCK(2, LANES2) \
	BLOCK(3, LANES3) \
	BLOCK(4, LANES0) \
	BLOCK(5, LANES1) \
	BLOCK(6, LANES2) \
	BLOCK(7, LANES3) \
	ADDQ $(8*BYTES), W \
	ADDQ $272, X \
	SUBQ $8, LEFT \
	JGE  eight \
rest: \ // LEFT is what is left, less 8
	ADDQ $8, LEFT \
	JZ   done \
four: \
	SINGLE(LANES0) \
	SINGLE(LANES1) \
	SINGLE(LANES2) \
	SINGLE(LANES3) \
	JMP four \
done: \
	VADDPS       LANES2, LANES0, Y0 \ // Lanes k and k+16, 8, 4, 2, 1.
	VADDPS       LANES3, LANES1, Y1 \
	VADDPS       Y1, Y0, Y0 \
	VEXTRACTF128 $1, Y0, X1 \
	VADDPS       X1, X0, X0 \
	VMOVHLPS     X0, X0, X1 \
	VADDPS       X1, X0, X0 \
	VMOVSHDUP    X0, X1 \
	VADDSS       X1, X0, X0 \
	VMOVSS       X0, (DST) \
	ADDQ $4, DST \
	DECQ ROWS \
	JNZ  row \
	VZEROUPPER \
	RET
