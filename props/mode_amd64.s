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
