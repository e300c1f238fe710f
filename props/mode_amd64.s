//go:build !purego

#include "textflag.h"

// func getMode() uint32
TEXT ·getMode(SB), NOSPLIT, $0-4
	STMXCSR ret+0(FP)
	RET

// func setMode(m uint32)
TEXT ·setMode(SB), NOSPLIT, $0-4
	LDMXCSR m+0(FP)
	RET

// func flags() uint64
TEXT ·flags(SB), NOSPLIT, $0-8
	PUSHFQ
	POPQ AX
	MOVQ AX, ret+0(FP)
	RET

// func clearVectors()
TEXT ·clearVectors(SB), NOSPLIT, $0-0
	VZEROUPPER
	RET

// func soilVectors()
TEXT ·soilVectors(SB), NOSPLIT, $0-0
	VPCMPEQD Y0, Y0, Y0
	RET

// func tellsVectors() bool
//
// XSAVE with XGETBV of XCR1, CPUID leaf 13, subleaf 1, bit 2.
TEXT ·tellsVectors(SB), NOSPLIT, $0-1
	XORL AX, AX
	CPUID
	CMPL AX, $13
	JCS  no
	MOVL $1, AX
	CPUID
	BTL  $27, CX // OSXSAVE
	JCC  no
	MOVL $13, AX
	MOVL $1, CX
	CPUID
	SHRL $2, AX
	ANDL $1, AX
	MOVB AX, ret+0(FP)
	RET

no:
	MOVB $0, ret+0(FP)
	RET

// func vectorsInUse() uint32
TEXT ·vectorsInUse(SB), NOSPLIT, $0-4
	MOVL $1, CX
	XGETBV
	MOVL AX, ret+0(FP)
	RET
