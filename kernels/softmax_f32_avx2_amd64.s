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
#define MASK Y15
#define ROUND Y14
#define LOW Y13
#define HIGH Y12
#define SCALE Y11
#define TOP Y10
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
	TAILMASK(MASK)
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
	TAILMASK(MASK)
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
	VMAXPS       X0, X10, X0
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
TEXT ·softmaxExpAVX2(SB), NOSPLIT, $0-32
	MOVQ         dst+0(FP), DST
	MOVQ         n+8(FP), LEN
	VBROADCASTSS top+16(FP), TOP
	MOVQ         lanes+24(FP), LANE
	EXPCONSTANTS
	XORQ         OFFSET, OFFSET
	SUBQ         $8, LEN
	JLT          expTail

	PCALIGN $32

expLoop:
	VMOVUPS (DST), Y0
	VSUBPS  TOP, Y0, Y0
	EXP(Y0, Y1, Y2, Y3, Y4)
	VMOVUPS Y1, (DST)
	VADDPS  (LANE)(OFFSET*1), Y1, Y1
	VMOVUPS Y1, (LANE)(OFFSET*1)
	ADDQ    $32, DST
	ADDQ    $32, OFFSET
	ANDQ    $255, OFFSET
	SUBQ    $8, LEN
	JGE     expLoop

expTail:
	ADDQ $8, LEN
	JZ   done
	TAILMASK(MASK)
	VMASKMOVPS (DST), MASK, Y0
	VSUBPS     TOP, Y0, Y0
	EXP(Y0, Y1, Y2, Y3, Y4)
	VMASKMOVPS Y1, MASK, (DST)
	VANDPS     MASK, Y1, Y1 // elements that are none add +0
	VADDPS     (LANE)(OFFSET*1), Y1, Y1
	VMOVUPS    Y1, (LANE)(OFFSET*1)

done:
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
	TAILMASK(MASK)
	VMASKMOVPS (DST), MASK, Y0
	VMULPS     Y0, SCALE, Y0
	VMASKMOVPS Y0, MASK, (DST)

scaled:
	VZEROUPPER
	RET
