//go:build !purego

#include "textflag.h"

#define A SI
#define B DI
#define N CX
#define AT DX
#define WORD AX

// Lanes 8k to 8k+7 of the sum are in Yk, k = 0 to 7.

#define ZEROS \
	VXORPS Y0, Y0, Y0; \
	VXORPS Y1, Y1, Y1; \
	VXORPS Y2, Y2, Y2; \
	VXORPS Y3, Y3, Y3; \
	VXORPS Y4, Y4, Y4; \
	VXORPS Y5, Y5, Y5; \
	VXORPS Y6, Y6, Y6; \
	VXORPS Y7, Y7, Y7

// F16 and BF16 add the products of elements 8k to 8k+7 to their lanes.
#define F16(k, T, U, LANES) \
	VCVTPH2PS   (16*k)(A), T; \
	VCVTPH2PS   (16*k)(B), U; \
	VFMADD231PS U, T, LANES

#define BF16(k, T, U, LANES) \
	VPMOVZXWD   (16*k)(A), T; \
	VPMOVZXWD   (16*k)(B), U; \
	VPSLLD      $16, T, T; \
	VPSLLD      $16, U, U; \
	VFMADD231PS U, T, LANES

// FOLD adds lanes l and l+32, 16, 8, then 4, 2, 1.
#define FOLD \
	VADDPS       Y4, Y0, Y0; \
	VADDPS       Y5, Y1, Y1; \
	VADDPS       Y6, Y2, Y2; \
	VADDPS       Y7, Y3, Y3; \
	VADDPS       Y2, Y0, Y0; \
	VADDPS       Y3, Y1, Y1; \
	VADDPS       Y1, Y0, Y0; \
	VEXTRACTF128 $1, Y0, X1; \
	VADDPS       X1, X0, X0; \
	VMOVHLPS     X0, X0, X1; \
	VADDPS       X1, X0, X0; \
	VMOVSHDUP    X0, X1; \
	VADDSS       X1, X0, X0

// PAD copies the N < 64 elements that are left into the frame, A's to 0 and B's
// to 128, pads them with zeros, and goes back to loop for one more step, which
// is the last, for N is 0 then. Whole vectors of eight are copied first.
#define PAD \
	VXORPS  Y8, Y8, Y8; \
	VMOVUPS Y8, 0(SP); \
	VMOVUPS Y8, 32(SP); \
	VMOVUPS Y8, 64(SP); \
	VMOVUPS Y8, 96(SP); \
	VMOVUPS Y8, 128(SP); \
	VMOVUPS Y8, 160(SP); \
	VMOVUPS Y8, 192(SP); \
	VMOVUPS Y8, 224(SP); \
	XORL    AT, AT; \
	SUBQ    $8, N; \
	JLT     words; \
eight: \
	VMOVDQU (A)(AT*1), X8; \
	VMOVDQU (B)(AT*1), X9; \
	VMOVDQU X8, 0(SP)(AT*1); \
	VMOVDQU X9, 128(SP)(AT*1); \
	ADDQ    $16, AT; \
	SUBQ    $8, N; \
	JGE     eight; \
words: \
	ADDQ $8, N; \
	JZ   padded; \
word: \
	MOVWLZX (A)(AT*1), WORD; \
	MOVW    WORD, 0(SP)(AT*1); \
	MOVWLZX (B)(AT*1), WORD; \
	MOVW    WORD, 128(SP)(AT*1); \
	ADDQ    $2, AT; \
	DECQ    N; \
	JNZ     word; \
padded: \
	LEAQ 0(SP), A; \
	LEAQ 128(SP), B; \
	JMP  loop

// func dotF16ElemsAVX2(a, b *byte, n int) float32
//
//	for i in 0..n−1, padded with zeros to a multiple of 64:
//		lane[i%64] = fma(f16(a[2i:]), f16(b[2i:]), lane[i%64])
//	return sum of lanes: l and l+32, l+16, l+8, l+4, l+2, l+1
TEXT ·dotF16ElemsAVX2(SB), NOSPLIT, $256-28
	MOVQ a+0(FP), A
	MOVQ b+8(FP), B
	MOVQ n+16(FP), N

	ZEROS
	SUBQ $64, N
	JLT  tail

loop:
	F16(0, Y8, Y9, Y0)
	F16(1, Y10, Y11, Y1)
	F16(2, Y12, Y13, Y2)
	F16(3, Y14, Y15, Y3)
	F16(4, Y8, Y9, Y4)
	F16(5, Y10, Y11, Y5)
	F16(6, Y12, Y13, Y6)
	F16(7, Y14, Y15, Y7)
	ADDQ $128, A
	ADDQ $128, B
	SUBQ $64, N
	JGE  loop

tail:
	ADDQ $64, N
	JZ   sum

	PAD

sum:
	FOLD
	VMOVSS X0, ret+24(FP)
	VZEROUPPER
	RET

// func dotBF16ElemsAVX2(a, b *byte, n int) float32
//
//	for i in 0..n−1, padded with zeros to a multiple of 64:
//		lane[i%64] = fma(bf16(a[2i:]), bf16(b[2i:]), lane[i%64])
//	return sum of lanes: l and l+32, l+16, l+8, l+4, l+2, l+1
TEXT ·dotBF16ElemsAVX2(SB), NOSPLIT, $256-28
	MOVQ a+0(FP), A
	MOVQ b+8(FP), B
	MOVQ n+16(FP), N

	ZEROS
	SUBQ $64, N
	JLT  tail

loop:
	BF16(0, Y8, Y9, Y0)
	BF16(1, Y10, Y11, Y1)
	BF16(2, Y12, Y13, Y2)
	BF16(3, Y14, Y15, Y3)
	BF16(4, Y8, Y9, Y4)
	BF16(5, Y10, Y11, Y5)
	BF16(6, Y12, Y13, Y6)
	BF16(7, Y14, Y15, Y7)
	ADDQ $128, A
	ADDQ $128, B
	SUBQ $64, N
	JGE  loop

tail:
	ADDQ $64, N
	JZ   sum

	PAD

sum:
	FOLD
	VMOVSS X0, ret+24(FP)
	VZEROUPPER
	RET
