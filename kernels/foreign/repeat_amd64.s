//go:build linux && !purego

#include "textflag.h"

// repeat is called by C's rules, with the address of a repeated in DI. It calls
//
//	for ; r.n > 0; r.n-- {
//		r.f(r.args[0], …, r.args[7])
//		for k := range r.args {
//			r.args[k] += r.step[k]
//		}
//	}
TEXT ·repeat(SB), NOSPLIT|NOFRAME, $0
	PUSHQ BX
	SUBQ  $16, SP // the last two arguments; 16-byte aligned with BX and the return address
	MOVQ  DI, BX

loop:
	MOVQ 16(BX), DI
	MOVQ 24(BX), SI
	MOVQ 32(BX), DX
	MOVQ 40(BX), CX
	MOVQ 48(BX), R8
	MOVQ 56(BX), R9
	MOVQ 64(BX), AX
	MOVQ AX, 0(SP)
	MOVQ 72(BX), AX
	MOVQ AX, 8(SP)
	MOVQ 0(BX), R11
	CALL R11
	MOVQ 80(BX), AX
	ADDQ AX, 16(BX)
	MOVQ 88(BX), AX
	ADDQ AX, 24(BX)
	MOVQ 96(BX), AX
	ADDQ AX, 32(BX)
	MOVQ 104(BX), AX
	ADDQ AX, 40(BX)
	MOVQ 112(BX), AX
	ADDQ AX, 48(BX)
	MOVQ 120(BX), AX
	ADDQ AX, 56(BX)
	MOVQ 128(BX), AX
	ADDQ AX, 64(BX)
	MOVQ 136(BX), AX
	ADDQ AX, 72(BX)
	DECQ 8(BX)
	JNZ  loop

	ADDQ $16, SP
	POPQ BX
	RET

// func repeatAddress() uintptr
TEXT ·repeatAddress(SB), NOSPLIT, $0-8
	LEAQ ·repeat(SB), AX
	MOVQ AX, ret+0(FP)
	RET
