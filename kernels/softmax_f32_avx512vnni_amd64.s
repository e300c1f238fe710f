//go:build !purego

#include "textflag.h"
#include "elementwise_amd64.h"
#include "exp_avx512vnni_amd64.h"

#define DST DI
#define SRC SI
#define ADD DX
#define LANE DX
#define LEN CX
#define BITS AX
#define LIVE K1
#define LOW Z20
#define SCALE Z13
#define TOP Z12
#define NEGZERO Z13 // a product that may be subnormal is fused with −0, which is much faster
#define RAISED Z14 // table of e^x·2^32
#define UNIT Z15 // 2^−32
#define SUM0 Z16
#define SUM1 Z17
#define SUM2 Z18
#define SUM3 Z19

// func softmaxArgsAVX512(dst, x, mask *float32, n int, scale float32) float32
//
//	top := −Inf
//	for i := range n {
//		dst[i] = fma(scale, x[i], mask[i]), or f32(scale·x[i]) if mask is nil
//		top = max(top, dst[i])
//	}
//	return top
//
// Where an element is NaN what it returns is NaN or the largest of some others.
TEXT ·softmaxArgsAVX512(SB), NOSPLIT, $0-44
	MOVQ         dst+0(FP), DST
	MOVQ         x+8(FP), SRC
	MOVQ         mask+16(FP), ADD
	MOVQ         n+24(FP), LEN
	VBROADCASTSS scale+32(FP), SCALE
	VBROADCASTSS negInf<>(SB), TOP
	VMOVAPS      TOP, Z4
	VMOVAPS      TOP, Z5
	VMOVAPS      TOP, Z6
	SUBQ         $64, LEN
	JLT          few

four: // vectors
	CMPQ        ADD, $0
	JZ          plainFour
	VMOVUPS     (SRC), Z0
	VMOVUPS     64(SRC), Z1
	VMOVUPS     128(SRC), Z2
	VMOVUPS     192(SRC), Z3
	VFMADD213PS (ADD), SCALE, Z0
	VFMADD213PS 64(ADD), SCALE, Z1
	VFMADD213PS 128(ADD), SCALE, Z2
	VFMADD213PS 192(ADD), SCALE, Z3
	ADDQ        $256, ADD
	JMP         storeFour

plainFour:
	VMULPS (SRC), SCALE, Z0
	VMULPS 64(SRC), SCALE, Z1
	VMULPS 128(SRC), SCALE, Z2
	VMULPS 192(SRC), SCALE, Z3

storeFour:
	VMOVUPS Z0, (DST)
	VMOVUPS Z1, 64(DST)
	VMOVUPS Z2, 128(DST)
	VMOVUPS Z3, 192(DST)
	VMAXPS  Z0, TOP, TOP
	VMAXPS  Z1, Z4, Z4
	VMAXPS  Z2, Z5, Z5
	VMAXPS  Z3, Z6, Z6
	ADDQ    $256, SRC
	ADDQ    $256, DST
	SUBQ    $64, LEN
	JGE     four

few:
	VMAXPS Z4, TOP, TOP
	VMAXPS Z6, Z5, Z5
	VMAXPS Z5, TOP, TOP
	ADDQ   $64, LEN
	JZ     reduce

one:
	LANES(LEN)
	VMOVUPS.Z   (SRC), LIVE, Z0
	CMPQ        ADD, $0
	JZ          plain
	VMOVUPS.Z   (ADD), LIVE, Z1
	VFMADD213PS Z1, SCALE, Z0
	ADDQ        $64, ADD
	JMP         store

plain:
	VMULPS Z0, SCALE, Z0

store:
	VMOVUPS Z0, LIVE, (DST)
	VMAXPS  Z0, TOP, LIVE, TOP // elements that are none take no part
	ADDQ    $64, SRC
	ADDQ    $64, DST
	SUBQ    $16, LEN
	JGT     one

reduce:
	VEXTRACTF64X4 $1, TOP, Y0
	VMAXPS        Y0, Y12, Y0
	VEXTRACTF128  $1, Y0, X1
	VMAXPS        X1, X0, X0
	VPERMILPS     $0x4e, X0, X1
	VMAXPS        X1, X0, X0
	VPERMILPS     $0xb1, X0, X1
	VMAXPS        X1, X0, X0
	VMOVSS        X0, ret+40(FP)
	VZEROUPPER
	RET

// func softmaxExpAVX512(dst *float32, n int, top float32) float32
//
//	for i := range n {
//		dst[i] = expF32(dst[i] − top)
//		lanes[i%64] += dst[i]
//	}
//	return sum of lanes: l and l+32, l+16, l+8, l+4, l+2, l+1
//
// 64 elements at a time, where one of them is below −87 with a scale; what is left at the
// end one vector at a time, with the lanes in the frame. A NaN makes the sum NaN.
TEXT ·softmaxExpAVX512(SB), NOSPLIT, $256-28
	MOVQ            dst+0(FP), DST
	MOVQ            n+8(FP), LEN
	VBROADCASTSS    top+16(FP), TOP
	EXPCONSTANTS(expSteps)
	VBROADCASTSS    expLow<>(SB), LOW
	VBROADCASTSS    negZero<>(SB), NEGZERO
	VBROADCASTF32X8 raisedTable<>(SB), RAISED
	VBROADCASTSS    lowered<>(SB), UNIT
	VPXORD          SUM0, SUM0, SUM0
	VPXORD          SUM1, SUM1, SUM1
	VPXORD          SUM2, SUM2, SUM2
	VPXORD          SUM3, SUM3, SUM3
	SUBQ            $64, LEN
	JLT             rest

	PCALIGN $32

expLoop:
	VMOVUPS  (DST), Z0
	VMOVUPS  64(DST), Z1
	VMOVUPS  128(DST), Z2
	VMOVUPS  192(DST), Z3
	VSUBPS   TOP, Z0, Z0
	VSUBPS   TOP, Z1, Z1
	VSUBPS   TOP, Z2, Z2
	VSUBPS   TOP, Z3, Z3
	VPMAXUD  Z0, Z1, Z4
	VPMAXUD  Z2, Z3, Z5
	VPMAXUD  Z4, Z5, Z4
	VPCMPUD.BCST $6, minus87<>(SB), Z4, K3 // greater
	KORTESTW K3, K3
	JNZ      scaled
	EXP4(TABLE)

store:
	VMOVUPS  Z8, (DST)
	VMOVUPS  Z9, 64(DST)
	VMOVUPS  Z10, 128(DST)
	VMOVUPS  Z11, 192(DST)
	VADDPS   Z8, SUM0, SUM0
	VADDPS   Z9, SUM1, SUM1
	VADDPS   Z10, SUM2, SUM2
	VADDPS   Z11, SUM3, SUM3
	ADDQ     $256, DST
	SUBQ     $64, LEN
	JGE      expLoop

rest:
	ADDQ    $64, LEN
	JZ      sum
	MOVQ    SP, LANE
	VMOVUPS SUM0, 0(SP)
	VMOVUPS SUM1, 64(SP)
	VMOVUPS SUM2, 128(SP)
	VMOVUPS SUM3, 192(SP)

one:
	LANES(LEN)
	VMOVUPS.Z   (DST), LIVE, Z0
	VSUBPS      TOP, Z0, Z0
	VMAXPS      Z0, LOW, Z0 // NaN stays
	EXPPARTS(VFNMADD231PS, RAISED, Z0, Z1, Z2, Z3)
	VFMADD213PS Z3, Z3, Z2
	VFMADD213PS NEGZERO, UNIT, Z2
	VMOVUPS     Z2, LIVE, (DST)
	VMOVUPS     (LANE), Z0
	VADDPS      Z2, Z0, LIVE, Z0
	VMOVUPS     Z0, (LANE)
	ADDQ        $64, DST
	ADDQ        $64, LANE
	SUBQ        $16, LEN
	JGT         one
	VMOVUPS     0(SP), SUM0
	VMOVUPS     64(SP), SUM1
	VMOVUPS     128(SP), SUM2
	VMOVUPS     192(SP), SUM3

sum:
	VADDPS        SUM2, SUM0, SUM0
	VADDPS        SUM3, SUM1, SUM1
	VADDPS        SUM1, SUM0, SUM0
	VEXTRACTF64X4 $1, SUM0, Y0
	VADDPS        Y0, Y16, Y0
	VEXTRACTF128  $1, Y0, X1
	VADDPS        X1, X0, X0
	VPERMILPS     $0x4e, X0, X1
	VADDPS        X1, X0, X0
	VPERMILPS     $0xb1, X0, X1
	VADDSS        X1, X0, X0
	VMOVSS        X0, ret+24(FP)
	VZEROUPPER
	RET

scaled:
	VMAXPS Z0, LOW, Z0 // NaN stays
	VMAXPS Z1, LOW, Z1
	VMAXPS Z2, LOW, Z2
	VMAXPS Z3, LOW, Z3
	EXP4(RAISED)
	VFMADD213PS NEGZERO, UNIT, Z8
	VFMADD213PS NEGZERO, UNIT, Z9
	VFMADD213PS NEGZERO, UNIT, Z10
	VFMADD213PS NEGZERO, UNIT, Z11
	JMP store

// func scaleF32AVX512(dst *float32, n int, by float32)
//
//	for i := range n {
//		dst[i] *= by
//	}
TEXT ·scaleF32AVX512(SB), NOSPLIT, $0-20
	MOVQ         dst+0(FP), DST
	MOVQ         n+8(FP), LEN
	VBROADCASTSS by+16(FP), SCALE
	SUBQ         $64, LEN
	JLT          scaleRest

scaleFour:
	VMULPS  (DST), SCALE, Z0
	VMULPS  64(DST), SCALE, Z1
	VMULPS  128(DST), SCALE, Z2
	VMULPS  192(DST), SCALE, Z3
	VMOVUPS Z0, (DST)
	VMOVUPS Z1, 64(DST)
	VMOVUPS Z2, 128(DST)
	VMOVUPS Z3, 192(DST)
	ADDQ    $256, DST
	SUBQ    $64, LEN
	JGE     scaleFour

scaleRest:
	ADDQ $64, LEN
	JZ   scaleDone

scaleOne:
	LANES(LEN)
	VMOVUPS.Z (DST), LIVE, Z0
	VMULPS    Z0, SCALE, Z0
	VMOVUPS   Z0, LIVE, (DST)
	ADDQ      $64, DST
	SUBQ      $16, LEN
	JGT       scaleOne

scaleDone:
	VZEROUPPER
	RET
