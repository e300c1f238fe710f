//go:build !purego

#include "textflag.h"

DATA half<>+0(SB)/4, $0x00007fff
GLOBL half<>(SB), RODATA|NOPTR, $4

DATA odd<>+0(SB)/4, $0x00000001
GLOBL odd<>(SB), RODATA|NOPTR, $4

DATA quiet<>+0(SB)/4, $0x00400000
GLOBL quiet<>(SB), RODATA|NOPTR, $4

#define DST DI
#define SRC SI
#define LEN CX
#define BITS AX

#define HALF Z15
#define ODD Z14
#define QUIET Z13

// MASK sets a bit of K1 for each of the LEN < 16 elements that are left: lanes
// that are masked off read and write no memory.
#define MASK \
	MOVL  $1, BITS; \
	SHLL  CX, BITS; \
	DECL  BITS; \
	KMOVW BITS, K1

// func convertF16F32ElemsAVX512(dst *float32, src *byte, n int)
//
//	for i := range n {
//		dst[i] = f16(src[2i:])
//	}
TEXT ·convertF16F32ElemsAVX512(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DST
	MOVQ src+8(FP), SRC
	MOVQ n+16(FP), LEN

	SUBQ $64, LEN
	JLT  rest

loop:
	VCVTPH2PS 0(SRC), Z0
	VCVTPH2PS 32(SRC), Z1
	VCVTPH2PS 64(SRC), Z2
	VCVTPH2PS 96(SRC), Z3
	VMOVUPS   Z0, 0(DST)
	VMOVUPS   Z1, 64(DST)
	VMOVUPS   Z2, 128(DST)
	VMOVUPS   Z3, 192(DST)
	ADDQ      $128, SRC
	ADDQ      $256, DST
	SUBQ      $64, LEN
	JGE       loop

rest:
	ADDQ $48, LEN // what is left, less 16
	JLT  tail

sixteen:
	VCVTPH2PS (SRC), Z0
	VMOVUPS   Z0, (DST)
	ADDQ      $32, SRC
	ADDQ      $64, DST
	SUBQ      $16, LEN
	JGE       sixteen

tail:
	ADDQ        $16, LEN
	MASK
	VMOVDQU16.Z (SRC), K1, Y0
	VCVTPH2PS   Y0, Z0
	VMOVUPS     Z0, K1, (DST)
	VZEROUPPER
	RET

// func convertBF16F32ElemsAVX512(dst *float32, src *byte, n int)
//
//	for i := range n {
//		dst[i] = frombits(src[2i:] << 16)
//	}
TEXT ·convertBF16F32ElemsAVX512(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DST
	MOVQ src+8(FP), SRC
	MOVQ n+16(FP), LEN

	SUBQ $64, LEN
	JLT  rest

loop:
	VPMOVZXWD 0(SRC), Z0
	VPMOVZXWD 32(SRC), Z1
	VPMOVZXWD 64(SRC), Z2
	VPMOVZXWD 96(SRC), Z3
	VPSLLD    $16, Z0, Z0
	VPSLLD    $16, Z1, Z1
	VPSLLD    $16, Z2, Z2
	VPSLLD    $16, Z3, Z3
	VMOVDQU32 Z0, 0(DST)
	VMOVDQU32 Z1, 64(DST)
	VMOVDQU32 Z2, 128(DST)
	VMOVDQU32 Z3, 192(DST)
	ADDQ      $128, SRC
	ADDQ      $256, DST
	SUBQ      $64, LEN
	JGE       loop

rest:
	ADDQ $48, LEN // what is left, less 16
	JLT  tail

sixteen:
	VPMOVZXWD (SRC), Z0
	VPSLLD    $16, Z0, Z0
	VMOVDQU32 Z0, (DST)
	ADDQ      $32, SRC
	ADDQ      $64, DST
	SUBQ      $16, LEN
	JGE       sixteen

tail:
	ADDQ        $16, LEN
	MASK
	VMOVDQU16.Z (SRC), K1, Y0
	VPMOVZXWD   Y0, Z0
	VPSLLD      $16, Z0, Z0
	VMOVDQU32   Z0, K1, (DST)
	VZEROUPPER
	RET

// func convertF32F16ElemsAVX512(dst *byte, src *float32, n int)
//
//	for i := range n {
//		dst[2i:] = f16(src[i]) // to nearest even
//	}
TEXT ·convertF32F16ElemsAVX512(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DST
	MOVQ src+8(FP), SRC
	MOVQ n+16(FP), LEN

	SUBQ $64, LEN
	JLT  rest

loop:
	VMOVUPS   0(SRC), Z0
	VMOVUPS   64(SRC), Z1
	VMOVUPS   128(SRC), Z2
	VMOVUPS   192(SRC), Z3
	VCVTPS2PH $0, Z0, 0(DST)
	VCVTPS2PH $0, Z1, 32(DST)
	VCVTPS2PH $0, Z2, 64(DST)
	VCVTPS2PH $0, Z3, 96(DST)
	ADDQ      $256, SRC
	ADDQ      $128, DST
	SUBQ      $64, LEN
	JGE       loop

rest:
	ADDQ $48, LEN // what is left, less 16
	JLT  tail

sixteen:
	VMOVUPS   (SRC), Z0
	VCVTPS2PH $0, Z0, (DST)
	ADDQ      $64, SRC
	ADDQ      $32, DST
	SUBQ      $16, LEN
	JGE       sixteen

tail:
	ADDQ      $16, LEN
	MASK
	VMOVUPS.Z (SRC), K1, Z0
	VCVTPS2PH $0, Z0, Y0
	VMOVDQU16 Y0, K1, (DST)
	VZEROUPPER
	RET

// NARROW rounds the floats of A to bf16, in the upper halves: adding 0x7fff and
// the bit above carries into the upper half when the lower one is more than a
// half, or a half below an odd number. A NaN is made quiet instead.
#define NARROW(A, T) \
	VCMPPS $3, A, A, K2; \
	VPSRLD $16, A, T; \
	VPANDD ODD, T, T; \
	VPADDD HALF, T, T; \
	VPADDD A, T, T; \
	VPORD  QUIET, A, K2, T; \
	VPSRLD $16, T, A

// func convertF32BF16ElemsAVX512(dst *byte, src *float32, n int)
//
//	for i := range n {
//		dst[2i:] = bf16(src[i]) // to nearest even
//	}
TEXT ·convertF32BF16ElemsAVX512(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DST
	MOVQ src+8(FP), SRC
	MOVQ n+16(FP), LEN

	VPBROADCASTD half<>(SB), HALF
	VPBROADCASTD odd<>(SB), ODD
	VPBROADCASTD quiet<>(SB), QUIET

	SUBQ $32, LEN
	JLT  rest

loop:
	VMOVUPS 0(SRC), Z0
	VMOVUPS 64(SRC), Z1
	NARROW(Z0, Z2)
	NARROW(Z1, Z3)
	VPMOVDW Z0, 0(DST)
	VPMOVDW Z1, 32(DST)
	ADDQ    $128, SRC
	ADDQ    $64, DST
	SUBQ    $32, LEN
	JGE     loop

rest:
	ADDQ $16, LEN // what is left, less 16
	JLT  tail
	VMOVUPS (SRC), Z0
	NARROW(Z0, Z2)
	VPMOVDW Z0, (DST)
	ADDQ    $64, SRC
	ADDQ    $32, DST
	SUBQ    $16, LEN

tail:
	ADDQ      $16, LEN
	MASK
	VMOVUPS.Z (SRC), K1, Z0
	NARROW(Z0, Z2)
	VPMOVDW   Z0, Y0
	VMOVDQU16 Y0, K1, (DST)
	VZEROUPPER
	RET
