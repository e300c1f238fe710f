//go:build !purego

#include "textflag.h"
#include "elementwise_amd64.h"
#include "exp_avx2_amd64.h"

#define DST DI
#define SRC SI
#define ADD DX
#define LANE DX
#define LEN CX
#define BITS AX
#define OFFSET BX
#define SOME R8
#define NEGZERO Y14 // a product that may be subnormal is fused with −0, which is much faster
#define ONE Y13
#define TOP Y12
#define MASK Y11
#define SCALE Y10
#define ODD Y9
#define NEGINF Y8

// func softmaxArgsAVX2(dst, x, mask *float32, n int, scale float32) float32
//
//	top := −Inf
//	for i := range n {
//		dst[i] = fma(scale, x[i], mask[i]), or f32(scale·x[i]) if mask is nil
//		top = max(top, dst[i])
//	}
//	return top, or NaN if an element is NaN
TEXT ·softmaxArgsAVX2(SB), NOSPLIT, $0-44
	MOVQ         dst+0(FP), DST
	MOVQ         x+8(FP), SRC
	MOVQ         mask+16(FP), ADD
	MOVQ         n+24(FP), LEN
	VBROADCASTSS scale+32(FP), SCALE
	VMOVUPS      negInf<>(SB), NEGINF
	VMOVAPS      NEGINF, TOP
	VXORPS       ODD, ODD, ODD        // where a NaN was seen
	TESTQ        ADD, ADD
	JZ           plain
	SUBQ         $8, LEN
	JLT          maskedTail

masked:
	VMOVUPS     (SRC), Y0
	VFMADD213PS (ADD), SCALE, Y0
	VMOVUPS     Y0, (DST)
	VMAXPS      Y0, TOP, TOP
	VCMPPS      $3, Y0, Y0, Y1 // unordered
	VORPS       Y1, ODD, ODD
	ADDQ        $32, SRC
	ADDQ        $32, ADD
	ADDQ        $32, DST
	SUBQ        $8, LEN
	JGE         masked

maskedTail:
	ADDQ $8, LEN
	JZ   reduce
	TAILMASK(LEN, MASK)
	VMASKMOVPS  (SRC), MASK, Y0
	VMASKMOVPS  (ADD), MASK, Y1
	VFMADD213PS Y1, SCALE, Y0
	JMP         tail

plain:
	SUBQ $8, LEN
	JLT  plainTail

plainLoop:
	VMULPS  (SRC), SCALE, Y0
	VMOVUPS Y0, (DST)
	VMAXPS  Y0, TOP, TOP
	VCMPPS  $3, Y0, Y0, Y1
	VORPS   Y1, ODD, ODD
	ADDQ    $32, SRC
	ADDQ    $32, DST
	SUBQ    $8, LEN
	JGE     plainLoop

plainTail:
	ADDQ $8, LEN
	JZ   reduce
	TAILMASK(LEN, MASK)
	VMASKMOVPS (SRC), MASK, Y0
	VMULPS     Y0, SCALE, Y0

tail:
	VMASKMOVPS Y0, MASK, (DST)
	VBLENDVPS  MASK, Y0, NEGINF, Y0 // elements that are none take no part
	VMAXPS     Y0, TOP, TOP
	VCMPPS     $3, Y0, Y0, Y1
	VORPS      Y1, ODD, ODD

reduce:
	VMOVMSKPS    ODD, BITS
	TESTL        BITS, BITS
	JNZ          nan
	VEXTRACTF128 $1, TOP, X0
	VMAXPS       X0, X12, X0
	VSHUFPS      $0x4e, X0, X0, X1
	VMAXPS       X1, X0, X0
	VSHUFPS      $0xb1, X0, X0, X1
	VMAXPS       X1, X0, X0
	VMOVSS       X0, ret+40(FP)
	VZEROUPPER
	RET

nan:
	MOVL $0x7fc00000, ret+40(FP)
	VZEROUPPER
	RET

// func softmaxExpAVX2(dst *float32, n int, top float32, lanes *float32)
//
//	for i := range n {
//		dst[i] = expF32(dst[i] − top)
//		lanes[i%64] += dst[i]
//	}
//
// 32 elements at a time, unless one of them is below −87: then, and at the end, SOME
// are left for the loop of one vector.
TEXT ·softmaxExpAVX2(SB), NOSPLIT, $0-32
	MOVQ         dst+0(FP), DST
	MOVQ         n+8(FP), LEN
	VBROADCASTSS top+16(FP), TOP
	MOVQ         lanes+24(FP), LANE
	VMOVUPS      expRound<>(SB), ROUND
	VMOVUPS      negZero<>(SB), NEGZERO
	VMOVUPS      one32<>(SB), ONE
	XORL         OFFSET, OFFSET
	SUBQ         $32, LEN
	JLT          rest

	PCALIGN $32

loop:
	VMOVUPS   (DST), Y0
	VMOVUPS   32(DST), Y1
	VMOVUPS   64(DST), Y2
	VMOVUPS   96(DST), Y3
	VSUBPS    TOP, Y0, Y0
	VSUBPS    TOP, Y1, Y1
	VSUBPS    TOP, Y2, Y2
	VSUBPS    TOP, Y3, Y3
	VPMAXUD   Y0, Y1, Y4
	VPMAXUD   Y2, Y3, Y5
	VPMAXUD   Y4, Y5, Y4
	VPMAXUD   minus87<>(SB), Y4, Y4
	VPCMPEQD  minus87<>(SB), Y4, Y4
	VMOVMSKPS Y4, BITS
	CMPL      BITS, $0xff
	JNE       general
	EXP4
	VMOVUPS   Y8, (DST)
	VMOVUPS   Y9, 32(DST)
	VMOVUPS   Y10, 64(DST)
	VMOVUPS   Y11, 96(DST)
	VADDPS    (LANE)(OFFSET*1), Y8, Y8
	VADDPS    32(LANE)(OFFSET*1), Y9, Y9
	VADDPS    64(LANE)(OFFSET*1), Y10, Y10
	VADDPS    96(LANE)(OFFSET*1), Y11, Y11
	VMOVUPS   Y8, (LANE)(OFFSET*1)
	VMOVUPS   Y9, 32(LANE)(OFFSET*1)
	VMOVUPS   Y10, 64(LANE)(OFFSET*1)
	VMOVUPS   Y11, 96(LANE)(OFFSET*1)
	XORQ      $128, OFFSET // from one half of the lanes to the other
	ADDQ      $128, DST
	SUBQ      $32, LEN
	JGE       loop

rest:
	MOVQ LEN, SOME
	MOVQ $-32, LEN
	ADDQ $32, SOME
	JNZ  one
	VZEROUPPER
	RET

general:
	MOVQ $32, SOME
	SUBQ $32, LEN

one:
	CMPQ    SOME, $8
	JLT     expTail
	VMOVUPS (DST), Y0

value:
	VSUBPS TOP, Y0, Y0
	VMAXPS expLow<>(SB), Y0, Y0
	VCMPPS $1, minus64<>(SB), Y0, Y4 // less
	VANDPS exponent64<>(SB), Y4, Y4
	EXPPARTS(VFNMADD231PS, expSteps, Y0, Y1, Y2, Y3)
	VPADDD Y4, Y3, Y3
	VFMADD213PS Y3, Y3, Y2
	VPSUBD  Y4, ONE, Y4 // 2^−64 or 1
	VFMADD213PS NEGZERO, Y4, Y2
	CMPQ    SOME, $8
	JLT     expTailStore
	VMOVUPS Y2, (DST)
	VADDPS  (LANE)(OFFSET*1), Y2, Y2
	VMOVUPS Y2, (LANE)(OFFSET*1)
	ADDQ    $32, DST
	ADDQ    $32, OFFSET
	ANDQ    $255, OFFSET
	SUBQ    $8, SOME
	JGT     one
	TESTQ   LEN, LEN
	JGE     loop
	JMP     rest

expTail:
	TAILMASK(SOME, MASK)
	VMASKMOVPS (DST), MASK, Y0
	JMP        value

expTailStore:
	VMASKMOVPS Y2, MASK, (DST)
	VANDPS     MASK, Y2, Y2 // elements that are none add +0
	VADDPS     (LANE)(OFFSET*1), Y2, Y2
	VMOVUPS    Y2, (LANE)(OFFSET*1)
	VZEROUPPER
	RET

// func scaleF32AVX2(dst *float32, n int, by float32)
//
//	for i := range n {
//		dst[i] *= by
//	}
TEXT ·scaleF32AVX2(SB), NOSPLIT, $0-20
	MOVQ         dst+0(FP), DST
	MOVQ         n+8(FP), LEN
	VBROADCASTSS by+16(FP), SCALE
	SUBQ         $8, LEN
	JLT          scaleTail

scaleLoop:
	VMULPS  (DST), SCALE, Y0
	VMOVUPS Y0, (DST)
	ADDQ    $32, DST
	SUBQ    $8, LEN
	JGE     scaleLoop

scaleTail:
	ADDQ $8, LEN
	JZ   scaled
	TAILMASK(LEN, MASK)
	VMASKMOVPS (DST), MASK, Y0
	VMULPS     Y0, SCALE, Y0
	VMASKMOVPS Y0, MASK, (DST)

scaled:
	VZEROUPPER
	RET
