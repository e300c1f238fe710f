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
#define ONES BX
#define OFFSET R8
#define LIVE K1
#define ODD K2
#define ROUND Z31
#define LOW Z30
#define HIGH Z29
#define SCALE Z28
#define TOP Z27

// func softmaxArgsAVX512(dst, x, mask *float32, n int, scale float32) float32
//
//	top := −Inf
//	for i := range n {
//		dst[i] = fma(scale, x[i], mask[i]), or f32(scale·x[i]) if mask is nil
//		top = max(top, dst[i])
//	}
//	return top, or NaN if an element is NaN
TEXT ·softmaxArgsAVX512(SB), NOSPLIT, $0-44
	MOVQ         dst+0(FP), DST
	MOVQ         x+8(FP), SRC
	MOVQ         mask+16(FP), ADD
	MOVQ         n+24(FP), LEN
	VBROADCASTSS scale+32(FP), SCALE
	VBROADCASTSS negInf<>(SB), TOP
	KXORW        ODD, ODD, ODD      // where a NaN was seen
	MOVQ         $-1, ONES

loop:
	LANES(16)
	VMOVUPS.Z   (SRC), LIVE, Z0
	TESTQ       ADD, ADD
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
	VCMPPS  $3, Z0, Z0, LIVE, K3 // unordered
	KORW    K3, ODD, ODD
	ADDQ    $64, SRC
	ADDQ    $64, DST
	SUBQ    $16, LEN
	JGT     loop

	KORTESTW      ODD, ODD
	JNZ           nan
	VEXTRACTF64X4 $1, TOP, Y0
	VMAXPS        Y0, Y27, Y0
	VEXTRACTF128  $1, Y0, X1
	VMAXPS        X1, X0, X0
	VSHUFPS       $0x4e, X0, X0, X1
	VMAXPS        X1, X0, X0
	VSHUFPS       $0xb1, X0, X0, X1
	VMAXPS        X1, X0, X0
	VMOVSS        X0, ret+40(FP)
	VZEROUPPER
	RET

nan:
	MOVL $0x7fc00000, ret+40(FP)
	VZEROUPPER
	RET

// func softmaxExpAVX512(dst *float32, n int, top float32, lanes *float32)
//
//	for i := range n {
//		dst[i] = expF32(dst[i] − top)
//		lanes[i%64] += dst[i]
//	}
TEXT ·softmaxExpAVX512(SB), NOSPLIT, $0-32
	MOVQ         dst+0(FP), DST
	MOVQ         n+8(FP), LEN
	VBROADCASTSS top+16(FP), TOP
	MOVQ         lanes+24(FP), LANE
	EXPCONSTANTS
	XORQ         OFFSET, OFFSET
	MOVQ         $-1, ONES

expLoop:
	LANES(16)
	VMOVUPS.Z (DST), LIVE, Z0
	VSUBPS    TOP, Z0, Z0
	EXP(Z0, Z1, Z2, Z3, Z4)
	VMOVUPS   Z1, LIVE, (DST)
	VMOVUPS   (LANE)(OFFSET*1), Z0
	VADDPS    Z1, Z0, LIVE, Z0
	VMOVUPS   Z0, (LANE)(OFFSET*1)
	ADDQ      $64, DST
	ADDQ      $64, OFFSET
	ANDQ      $255, OFFSET
	SUBQ      $16, LEN
	JGT       expLoop
	VZEROUPPER
	RET

// func scaleF32AVX512(dst *float32, n int, by float32)
//
//	for i := range n {
//		dst[i] *= by
//	}
TEXT ·scaleF32AVX512(SB), NOSPLIT, $0-20
	MOVQ         dst+0(FP), DST
	MOVQ         n+8(FP), LEN
	VBROADCASTSS by+16(FP), SCALE
	MOVQ         $-1, ONES

scaleLoop:
	LANES(16)
	VMOVUPS.Z (DST), LIVE, Z0
	VMULPS    Z0, SCALE, Z0
	VMOVUPS   Z0, LIVE, (DST)
	ADDQ      $64, DST
	SUBQ      $16, LEN
	JGT       scaleLoop
	VZEROUPPER
	RET
