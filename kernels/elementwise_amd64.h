// The constants of expF32, siluF32 and geluF32, each as often as a register of 256
// bits holds it.

// CONSTANT stores v, a binary64 or a pair of f32, four times.
#define CONSTANT(name, v) \
	DATA name<>+0(SB)/8, v; \
	DATA name<>+8(SB)/8, v; \
	DATA name<>+16(SB)/8, v; \
	DATA name<>+24(SB)/8, v; \
	GLOBL name<>(SB), RODATA|NOPTR, $32

CONSTANT(expSteps, $0x4138aa3b4138aa3b) // 8·log2 e
CONSTANT(negExpSteps, $0xc138aa3bc138aa3b) // its negative
CONSTANT(expRound, $0x4b2c59004b2c5900)
CONSTANT(expStep, $0x3db172173db17217)
CONSTANT(expRest, $0xb1f7d1cfb1f7d1cf)
CONSTANT(exp1, $0x3f7fffe93f7fffe9)
CONSTANT(exp2, $0x3efffb0a3efffb0a)
CONSTANT(exp3, $0x3e2a26503e2a2650)
CONSTANT(exp4, $0x3d1d53ae3d1d53ae)
CONSTANT(expLow, $0xc2d00000c2d00000) // −104
CONSTANT(expHigh, $0x42b2000042b20000) // 89
CONSTANT(siluLow, $0xc2dc0000c2dc0000) // −110
CONSTANT(siluHigh, $0x4270000042700000) // 60
CONSTANT(one32, $0x3f8000003f800000) // 1
CONSTANT(negZero, $0x8000000080000000) // −0
CONSTANT(negInf, $0xff800000ff800000) // −Inf
CONSTANT(plus64, $0x4280000042800000) // 64
CONSTANT(minus64, $0xc2800000c2800000) // −64
CONSTANT(lowered, $0x2f8000002f800000) // 2^−32
CONSTANT(exponent64, $0x2000000020000000) // 64 of an exponent
CONSTANT(minus87, $0xc2ae0000c2ae0000) // −87; as an integer without a sign, no −x above it
CONSTANT(twice87, $0x855c0000855c0000) // 2·87, as an integer

// EXPTABLE stores the table from which the bits of 2^k·expTable[j] at n = 8·k + j are made, by
// adding (n + expRound)·2^20: that at n = j is subtracted from each entry j. EXPONENT is 2^23
// times what is added to k.
#define EXPTABLE(name, EXPONENT) \
	DATA name<>+0(SB)/4, $(0xaf8add31 + EXPONENT); \
	DATA name<>+4(SB)/4, $(0xaf876eab + EXPONENT); \
	DATA name<>+8(SB)/4, $(0xaf85235a + EXPONENT); \
	DATA name<>+12(SB)/4, $(0xaf841599 + EXPONENT); \
	DATA name<>+16(SB)/4, $(0xaf846226 + EXPONENT); \
	DATA name<>+20(SB)/4, $(0xaf862859 + EXPONENT); \
	DATA name<>+24(SB)/4, $(0xaf898a60 + EXPONENT); \
	DATA name<>+28(SB)/4, $(0xaf8ead81 + EXPONENT); \
	GLOBL name<>(SB), RODATA|NOPTR, $32

EXPTABLE(expTable, 0)
EXPTABLE(raisedTable, 0x10000000) // of e^x·2^32, a normal number from −104 to 0
EXPTABLE(loweredTable, -0x10000000) // of e^x·2^−32, one from −60 to 110

CONSTANT(gelu1, $0x3ff9884533d43651)
CONSTANT(gelu3, $0x3fb2444f2a4d8b4b)
CONSTANT(geluHigh, $0x4030000000000000) // 16
CONSTANT(invLn2, $0x3ff71547652b82fe)
CONSTANT(ln2Hi64, $0x3fe62e42fee00000)
CONSTANT(ln2Lo64, $0x3dea39ef35793c76)
CONSTANT(round64, $0x4338000000000000) // 1.5·2^52
CONSTANT(one64, $0x3ff0000000000000) // 1
CONSTANT(taylor12, $0x3e21eed8eff8d898) // 1/12!
CONSTANT(taylor11, $0x3e5ae64567f544e4) // 1/11!
CONSTANT(taylor10, $0x3e927e4fb7789f5c) // 1/10!
CONSTANT(taylor9, $0x3ec71de3a556c734) // 1/9!
CONSTANT(taylor8, $0x3efa01a01a01a01a) // 1/8!
CONSTANT(taylor7, $0x3f2a01a01a01a01a) // 1/7!
CONSTANT(taylor6, $0x3f56c16c16c16c17) // 1/6!
CONSTANT(taylor5, $0x3f81111111111111) // 1/5!
CONSTANT(taylor4, $0x3fa5555555555555) // 1/4!
CONSTANT(taylor3, $0x3fc5555555555555) // 1/3!
CONSTANT(taylor2, $0x3fe0000000000000) // 1/2!
CONSTANT(sign64, $0x8000000000000000)
CONSTANT(abs64, $0x7fffffffffffffff)
