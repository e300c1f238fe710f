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
	VMOVAPS      NEGINF, Y5
	VMOVAPS      NEGINF, Y6
	VMOVAPS      NEGINF, Y7
	VXORPS       ODD, ODD, ODD        // where a NaN was seen
	SUBQ         $32, LEN
	JLT          few

four: // vectors
	CMPQ        ADD, $0
	JZ          plainFour
	VMOVUPS     (SRC), Y0
	VMOVUPS     32(SRC), Y1
	VMOVUPS     64(SRC), Y2
	VMOVUPS     96(SRC), Y3
	VFMADD213PS (ADD), SCALE, Y0
	VFMADD213PS 32(ADD), SCALE, Y1
	VFMADD213PS 64(ADD), SCALE, Y2
	VFMADD213PS 96(ADD), SCALE, Y3
	ADDQ        $128, ADD
	JMP         storeFour

plainFour:
	VMULPS (SRC), SCALE, Y0
	VMULPS 32(SRC), SCALE, Y1
	VMULPS 64(SRC), SCALE, Y2
	VMULPS 96(SRC), SCALE, Y3

storeFour:
	VMOVUPS Y0, (DST)
	VMOVUPS Y1, 32(DST)
	VMOVUPS Y2, 64(DST)
	VMOVUPS Y3, 96(DST)
	VMAXPS  Y0, TOP, TOP
	VMAXPS  Y1, Y5, Y5
	VMAXPS  Y2, Y6, Y6
	VMAXPS  Y3, Y7, Y7
	VCMPPS  $3, Y0, Y1, Y0 // unordered: either is NaN
	VCMPPS  $3, Y2, Y3, Y2
	VORPS   Y0, ODD, ODD
	VORPS   Y2, ODD, ODD
	ADDQ    $128, SRC
	ADDQ    $128, DST
	SUBQ    $32, LEN
	JGE     four

few:
	VMAXPS Y5, TOP, TOP
	VMAXPS Y7, Y6, Y6
	VMAXPS Y6, TOP, TOP
	ADDQ   $32, LEN
	JZ     reduce

one:
	CMPQ    LEN, $8
	JLT     tail
	VMOVUPS (SRC), Y0
	CMPQ    ADD, $0
	JZ      plain
	VFMADD213PS (ADD), SCALE, Y0
	ADDQ    $32, ADD
	JMP     store

plain:
	VMULPS Y0, SCALE, Y0

store:
	VMOVUPS Y0, (DST)
	VMAXPS  Y0, TOP, TOP
	VCMPPS  $3, Y0, Y0, Y1
	VORPS   Y1, ODD, ODD
	ADDQ    $32, SRC
	ADDQ    $32, DST
	SUBQ    $8, LEN
	JGT     one
	JMP     reduce

tail:
	TAILMASK(LEN, MASK)
	VMASKMOVPS  (SRC), MASK, Y0
	CMPQ        ADD, $0
	JZ          plainTail
	VMASKMOVPS  (ADD), MASK, Y1
	VFMADD213PS Y1, SCALE, Y0
	JMP         tailStore

plainTail:
	VMULPS Y0, SCALE, Y0

tailStore:
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
	VPERMILPS    $0x4e, X0, X1
	VMAXPS       X1, X0, X0
	VPERMILPS    $0xb1, X0, X1
	VMAXPS       X1, X0, X0
	VMOVSS       X0, ret+40(FP)
	VZEROUPPER
	RET

nan:
	MOVL $0x7fc00000, ret+40(FP)
	VZEROUPPER
	RET

// func softmaxExpAVX2(dst *float32, n int, top float32) float32
//
//	for i := range n {
//		dst[i] = expF32(dst[i] − top)
//		lanes[i%64] += dst[i]
//	}
//	return sum of lanes: l and l+32, l+16, l+8, l+4, l+2, l+1
//
// The lanes are in the frame, where it is divisible by 32.
// 32 elements at a time, unless one of them is below −87: then, and at the end, SOME
// are left for the loop of one vector.
TEXT ·softmaxExpAVX2(SB), NOSPLIT, $288-28
	MOVQ         dst+0(FP), DST
	MOVQ         n+8(FP), LEN
	VBROADCASTSS top+16(FP), TOP
	LEAQ         31(SP), LANE
	ANDQ         $~31, LANE
	VXORPS       Y0, Y0, Y0
	VMOVAPS      Y0, 0(LANE)
	VMOVAPS      Y0, 32(LANE)
	VMOVAPS      Y0, 64(LANE)
	VMOVAPS      Y0, 96(LANE)
	VMOVAPS      Y0, 128(LANE)
	VMOVAPS      Y0, 160(LANE)
	VMOVAPS      Y0, 192(LANE)
	VMOVAPS      Y0, 224(LANE)
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
	VMOVAPS   Y8, (LANE)(OFFSET*1)
	VMOVAPS   Y9, 32(LANE)(OFFSET*1)
	VMOVAPS   Y10, 64(LANE)(OFFSET*1)
	VMOVAPS   Y11, 96(LANE)(OFFSET*1)
	XORQ      $128, OFFSET // from one half of the lanes to the other
	ADDQ      $128, DST
	SUBQ      $32, LEN
	JGE       loop

rest:
	MOVQ LEN, SOME
	MOVQ $-32, LEN
	ADDQ $32, SOME
	JNZ  one

sum:
	VMOVAPS      0(LANE), Y0
	VMOVAPS      32(LANE), Y1
	VMOVAPS      64(LANE), Y2
	VMOVAPS      96(LANE), Y3
	VADDPS       128(LANE), Y0, Y0
	VADDPS       160(LANE), Y1, Y1
	VADDPS       192(LANE), Y2, Y2
	VADDPS       224(LANE), Y3, Y3
	VADDPS       Y2, Y0, Y0
	VADDPS       Y3, Y1, Y1
	VADDPS       Y1, Y0, Y0
	VEXTRACTF128 $1, Y0, X1
	VADDPS       X1, X0, X0
	VPERMILPS    $0x4e, X0, X1
	VADDPS       X1, X0, X0
	VPERMILPS    $0xb1, X0, X1
	VADDSS       X1, X0, X0
	VMOVSS       X0, ret+24(FP)
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
	VCMPPS $1, minus87<>(SB), Y0, Y4 // less
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
	VMOVAPS Y2, (LANE)(OFFSET*1)
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
	VMOVAPS    Y2, (LANE)(OFFSET*1)
	JMP        sum

// func scaleF32AVX2(dst *float32, n int, by float32)
//
//	for i := range n {
//		dst[i] *= by
//	}
TEXT ·scaleF32AVX2(SB), NOSPLIT, $0-20
	MOVQ         dst+0(FP), DST
	MOVQ         n+8(FP), LEN
	VBROADCASTSS by+16(FP), SCALE
	SUBQ         $32, LEN
	JLT          scaleRest

scaleFour:
	VMULPS  (DST), SCALE, Y0
	VMULPS  32(DST), SCALE, Y1
	VMULPS  64(DST), SCALE, Y2
	VMULPS  96(DST), SCALE, Y3
	VMOVUPS Y0, (DST)
	VMOVUPS Y1, 32(DST)
	VMOVUPS Y2, 64(DST)
	VMOVUPS Y3, 96(DST)
	ADDQ    $128, DST
	SUBQ    $32, LEN
	JGE     scaleFour

scaleRest:
	ADDQ $32, LEN
	JZ   scaled

scaleOne:
	CMPQ    LEN, $8
	JLT     scaleTail
	VMULPS  (DST), SCALE, Y0
	VMOVUPS Y0, (DST)
	ADDQ    $32, DST
	SUBQ    $8, LEN
	JGT     scaleOne
	JMP     scaled

scaleTail:
	TAILMASK(LEN, MASK)
	VMASKMOVPS (DST), MASK, Y0
	VMULPS     Y0, SCALE, Y0
	VMASKMOVPS Y0, MASK, (DST)

scaled:
	VZEROUPPER
	RET
