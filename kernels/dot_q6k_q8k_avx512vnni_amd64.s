//go:build !purego

#include "textflag.h"

// byLane orders the scales of the 16 groups so that VPMOVSXBD leaves dword k of
// lane j with that of group 4k+j: lane j of chunk k of 64 quants is that group.
DATA byLane<>+0(SB)/8, $0x0d0905010c080400
DATA byLane<>+8(SB)/8, $0x0f0b07030e0a0602
GLOBL byLane<>(SB), RODATA|NOPTR, $16

// twice makes a dword's low word both of its words.
DATA twice<>+0(SB)/8, $0x0504050401000100
DATA twice<>+8(SB)/8, $0x0d0c0d0c09080908
GLOBL twice<>(SB), RODATA|NOPTR, $16

#define DST    DI
#define W_PTR  SI
#define X_PTR  DX
#define ACT    R8 // start of the activation
#define ROWS   R9
#define BLOCKS R10
#define LEFT   CX // super-blocks left in the row

// Constants.
#define LOW    Z31 // low nibble of each byte
#define HIGH   Z30 // where the two high bits of a quant go
#define LEFTS  Z29 // left shifts of the high bits of chunk 2h: 4 and 2
#define RIGHTS Z28 // right shifts of those of chunk 2h+1: 0 and 2
#define BYLANE X27
#define TWICE  Z26

#define POS Y17 // lanes of p
#define SC  Z2  // scales: dword k of lane j is that of group 4k+j, twice as a word
#define SUM Z0  // J: lane l is the sum of dwords l and l+8

// HALF adds the 128 elements of half h, chunks 2h and 2h+1. Quants are the
// nibbles of Z3, the low ones first, and above them the bits of Z4, two by two.
// Two products are at most 2·63·128 in magnitude and fit 16 bits. MADD is
// VPDPWSSD or, to begin a sum, VPMADDWD.
#define HALF(MADD, h) \
	VMOVDQU32       (64*h)(W_PTR), Z3          \
	VBROADCASTI64X4 (128+32*h)(W_PTR), Z4      \
	VPSLLVW         LEFTS, Z4, Z5              \
	VPSRLVW         RIGHTS, Z4, Z4             \
	VPSRLW          $4, Z3, Z6                 \
	VPANDD          HIGH, Z5, Z5               \
	VPANDD          HIGH, Z4, Z4               \
	VPTERNLOGD      $0xF8, LOW, Z3, Z5         \ // Z5 | Z3&LOW
	VPTERNLOGD      $0xF8, LOW, Z6, Z4         \
	VPSHUFD         $(0x55*(2*h)), SC, Z6      \
	VPSHUFD         $(0x55*(2*h+1)), SC, Z7    \
	VPMADDUBSW      (4+128*h)(X_PTR), Z5, Z5   \
	VPMADDUBSW      (68+128*h)(X_PTR), Z4, Z4  \
	MADD            Z6, Z5, SUM                \
	VPDPWSSD        Z7, Z4, SUM

// func dotQ6KQ8KRowsAVX512(dst *float32, w, x *byte, rows, blocks int)
//
//	for r := range rows {
//		for b := range blocks {
//			for i := range 256 {
//				dots[i%32/4] += s[i/16] * q[i] * x[i] // q is 0 to 63
//			}
//			for g := range 16 {
//				dots[g/2] -= 32 * s[g] * bsums[g]
//			}
//			for l := range 8 {
//				pos[l] = fma(d*dx, float32(dots[l]), pos[l])
//			}
//		}
//		for half := 4; half > 0; half /= 2 {
//			for l := range half {
//				pos[l] += pos[l+half]
//			}
//		}
//		dst[r] = pos[0]
//	}
TEXT ·dotQ6KQ8KRowsAVX512(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DST
	MOVQ w+8(FP), W_PTR
	MOVQ x+16(FP), ACT
	MOVQ rows+24(FP), ROWS
	MOVQ blocks+32(FP), BLOCKS

	MOVL            $0x0F0F0F0F, AX
	VPBROADCASTD    AX, LOW
	MOVL            $0x30303030, AX
	VPBROADCASTD    AX, HIGH
	MOVL            $0xFF00, AX             // the upper 8 dwords
	KMOVW           AX, K1
	MOVL            $0x00020002, AX
	VPBROADCASTD.Z  AX, K1, RIGHTS
	VPBROADCASTD    AX, LEFTS
	KNOTW           K1, K1
	MOVL            $0x00040004, AX
	VPBROADCASTD    AX, K1, LEFTS
	VMOVDQU32       byLane<>(SB), BYLANE
	VBROADCASTI32X4 twice<>(SB), TWICE

row:
	MOVQ   ACT, X_PTR
	MOVQ   BLOCKS, LEFT
	VPXORD POS, POS, POS // from +0

	PCALIGN $32

block:
	PREFETCHT0 3072(W_PTR)
	PREFETCHT0 3136(W_PTR)
	PREFETCHT0 3200(W_PTR)
	PREFETCHT0 3264(W_PTR)

	VMOVDQU   192(W_PTR), X2
	VPMOVSXBW X2, Y1
	VPSHUFB   BYLANE, X2, X2
	VPMOVSXBD X2, SC
	VPSHUFB   TWICE, SC, SC
	VPMADDWD  260(X_PTR), Y1, Y1
	VPSLLD    $5, Y1, Y1         // 32·Σ s·bsums

	// d·dx.
	VPBROADCASTW 208(W_PTR), X8
	VCVTPH2PS    X8, Y8
	VMULPS.BCST  (X_PTR), Y8, Y8

	HALF(VPMADDWD, 0)
	HALF(VPDPWSSD, 1)

	VEXTRACTI64X4 $1, SUM, Y3
	VPSUBD        Y1, Y3, Y3
	VPADDD        Y3, Y0, Y0
	VCVTDQ2PS     Y0, Y0
	VFMADD231PS   Y0, Y8, POS

	ADDQ $210, W_PTR
	ADDQ $292, X_PTR
	DECQ LEFT
	JNZ  block

	VMOVAPS      POS, Y0
	VEXTRACTF128 $1, Y0, X1
	VADDPS       X1, X0, X0     // l += l+4
	VPERMILPS    $0x4E, X0, X1
	VADDPS       X1, X0, X0     // 2
	VPERMILPS    $0xB1, X0, X1
	VADDSS       X1, X0, X0     // 1
	VMOVSS       X0, (DST)

	ADDQ $4, DST
	DECQ ROWS
	JNZ  row

	VZEROUPPER
	RET
