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
#define N CX

#define HALF Y15
#define ODD Y14
#define QUIET Y13

// func convertF16F32ElemsAVX2(dst *float32, src *byte, n int)
//
//	for i := range n {
//		dst[i] = f16(src[2i:])
//	}
TEXT ·convertF16F32ElemsAVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DST
	MOVQ src+8(FP), SRC
	MOVQ n+16(FP), N

	SUBQ $32, N
	JLT  rest

loop:
	VCVTPH2PS 0(SRC), Y0
	VCVTPH2PS 16(SRC), Y1
	VCVTPH2PS 32(SRC), Y2
	VCVTPH2PS 48(SRC), Y3
	VMOVUPS   Y0, 0(DST)
	VMOVUPS   Y1, 32(DST)
	VMOVUPS   Y2, 64(DST)
	VMOVUPS   Y3, 96(DST)
	ADDQ      $64, SRC
	ADDQ      $128, DST
	SUBQ      $32, N
	JGE       loop

rest:
	ADDQ $24, N // what is left, less 8
	JLT  tail

eight:
	VCVTPH2PS (SRC), Y0
	VMOVUPS   Y0, (DST)
	ADDQ      $16, SRC
	ADDQ      $32, DST
	SUBQ      $8, N
	JGE       eight

tail:
	ADDQ $8, N
	JZ   done

one:
	MOVWLZX   (SRC), AX
	VMOVD     AX, X0
	VCVTPH2PS X0, X0
	VMOVSS    X0, (DST)
	ADDQ      $2, SRC
	ADDQ      $4, DST
	DECQ      N
	JNZ       one

done:
	VZEROUPPER
	RET

// func convertBF16F32ElemsAVX2(dst *float32, src *byte, n int)
//
//	for i := range n {
//		dst[i] = frombits(src[2i:] << 16)
//	}
TEXT ·convertBF16F32ElemsAVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DST
	MOVQ src+8(FP), SRC
	MOVQ n+16(FP), N

	SUBQ $32, N
	JLT  rest

loop:
	VPMOVZXWD 0(SRC), Y0
	VPMOVZXWD 16(SRC), Y1
	VPMOVZXWD 32(SRC), Y2
	VPMOVZXWD 48(SRC), Y3
	VPSLLD    $16, Y0, Y0
	VPSLLD    $16, Y1, Y1
	VPSLLD    $16, Y2, Y2
	VPSLLD    $16, Y3, Y3
	VMOVDQU   Y0, 0(DST)
	VMOVDQU   Y1, 32(DST)
	VMOVDQU   Y2, 64(DST)
	VMOVDQU   Y3, 96(DST)
	ADDQ      $64, SRC
	ADDQ      $128, DST
	SUBQ      $32, N
	JGE       loop

rest:
	ADDQ $24, N // what is left, less 8
	JLT  tail

eight:
	VPMOVZXWD (SRC), Y0
	VPSLLD    $16, Y0, Y0
	VMOVDQU   Y0, (DST)
	ADDQ      $16, SRC
	ADDQ      $32, DST
	SUBQ      $8, N
	JGE       eight

tail:
	ADDQ $8, N
	JZ   done

one:
	MOVWLZX (SRC), AX
	SHLL    $16, AX
	MOVL    AX, (DST)
	ADDQ    $2, SRC
	ADDQ    $4, DST
	DECQ    N
	JNZ     one

done:
	VZEROUPPER
	RET

// func convertF32F16ElemsAVX2(dst *byte, src *float32, n int)
//
//	for i := range n {
//		dst[2i:] = f16(src[i]) // to nearest even
//	}
TEXT ·convertF32F16ElemsAVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DST
	MOVQ src+8(FP), SRC
	MOVQ n+16(FP), N

	SUBQ $32, N
	JLT  rest

loop:
	VMOVUPS   0(SRC), Y0
	VMOVUPS   32(SRC), Y1
	VMOVUPS   64(SRC), Y2
	VMOVUPS   96(SRC), Y3
	VCVTPS2PH $0, Y0, 0(DST)
	VCVTPS2PH $0, Y1, 16(DST)
	VCVTPS2PH $0, Y2, 32(DST)
	VCVTPS2PH $0, Y3, 48(DST)
	ADDQ      $128, SRC
	ADDQ      $64, DST
	SUBQ      $32, N
	JGE       loop

rest:
	ADDQ $24, N // what is left, less 8
	JLT  tail

eight:
	VMOVUPS   (SRC), Y0
	VCVTPS2PH $0, Y0, (DST)
	ADDQ      $32, SRC
	ADDQ      $16, DST
	SUBQ      $8, N
	JGE       eight

tail:
	ADDQ $8, N
	JZ   done

one:
	VMOVSS    (SRC), X0
	VCVTPS2PH $0, X0, X0
	VPEXTRW   $0, X0, (DST)
	ADDQ      $4, SRC
	ADDQ      $2, DST
	DECQ      N
	JNZ       one

done:
	VZEROUPPER
	RET

// NARROW rounds the floats of A to bf16, in the upper halves: adding 0x7fff and
// the bit above carries into the upper half when the lower one is more than a
// half, or a half below an odd number. A NaN is made quiet instead.
#define NARROW(A, T, NAN) \
	VCMPPS    $3, A, A, NAN; \
	VPSRLD    $16, A, T; \
	VPAND     ODD, T, T; \
	VPADDD    HALF, T, T; \
	VPADDD    A, T, T; \
	VPOR      QUIET, A, A; \
	VBLENDVPS NAN, A, T, A; \
	VPSRLD    $16, A, A

// func convertF32BF16ElemsAVX2(dst *byte, src *float32, n int)
//
//	for i := range n {
//		dst[2i:] = bf16(src[i]) // to nearest even
//	}
TEXT ·convertF32BF16ElemsAVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DST
	MOVQ src+8(FP), SRC
	MOVQ n+16(FP), N

	VPBROADCASTD half<>(SB), HALF
	VPBROADCASTD odd<>(SB), ODD
	VPBROADCASTD quiet<>(SB), QUIET

	SUBQ $32, N
	JLT  rest

loop:
	VMOVUPS   0(SRC), Y0
	VMOVUPS   32(SRC), Y1
	VMOVUPS   64(SRC), Y2
	VMOVUPS   96(SRC), Y3
	NARROW(Y0, Y4, Y5)
	NARROW(Y1, Y6, Y7)
	NARROW(Y2, Y8, Y9)
	NARROW(Y3, Y10, Y11)
	VPACKUSDW Y1, Y0, Y0     // in each half four of Y0, then four of Y1
	VPACKUSDW Y3, Y2, Y2
	VPERMQ    $0xd8, Y0, Y0  // in order
	VPERMQ    $0xd8, Y2, Y2
	VMOVDQU   Y0, 0(DST)
	VMOVDQU   Y2, 32(DST)
	ADDQ      $128, SRC
	ADDQ      $64, DST
	SUBQ      $32, N
	JGE       loop

rest:
	ADDQ $24, N // what is left, less 8
	JLT  tail

eight:
	VMOVUPS      (SRC), Y0
	NARROW(Y0, Y4, Y5)
	VEXTRACTI128 $1, Y0, X1
	VPACKUSDW    X1, X0, X0
	VMOVDQU      X0, (DST)
	ADDQ         $32, SRC
	ADDQ         $16, DST
	SUBQ         $8, N
	JGE          eight

tail:
	ADDQ $8, N
	JZ   done

one:
	VMOVSS  (SRC), X0
	NARROW(Y0, Y4, Y5)
	VPEXTRW $0, X0, (DST)
	ADDQ    $4, SRC
	ADDQ    $2, DST
	DECQ    N
	JNZ     one

done:
	VZEROUPPER
	RET
