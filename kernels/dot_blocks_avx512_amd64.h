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
