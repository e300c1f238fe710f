// The constants of expF32, siluF32 and geluF32, each as often as a register of 256
// bits holds it.

// CONSTANT stores v, a binary64 or a pair of f32, four times.
#define CONSTANT(name, v) \
	DATA name<>+0(SB)/8, v; \
	DATA name<>+8(SB)/8, v; \
	DATA name<>+16(SB)/8, v; \
	DATA name<>+24(SB)/8, v; \
	GLOBL name<>(SB), RODATA|NOPTR, $32

CONSTANT(log2e, $0x3fb8aa3b3fb8aa3b) // log2 e
CONSTANT(negLn2Hi, $0xbf317200bf317200) // −expLn2Hi
CONSTANT(negLn2Lo, $0xb5bfbe8eb5bfbe8e) // −expLn2Lo
CONSTANT(expQ0, $0x3f0000003f000000)
CONSTANT(expQ1, $0x3e2aaaab3e2aaaab)
CONSTANT(expQ2, $0x3d2aaa743d2aaa74)
CONSTANT(expQ3, $0x3c0888703c088870)
CONSTANT(expQ4, $0x3ab6a1b13ab6a1b1)
CONSTANT(expQ5, $0x3950929439509294)
CONSTANT(expRound, $0x4b4000004b400000) // 1.5·2^23: adding it rounds to an integer
CONSTANT(expLow, $0xc2d00000c2d00000) // −104
CONSTANT(expHigh, $0x42b2000042b20000) // 89
CONSTANT(siluHigh, $0x42f0000042f00000) // 120
CONSTANT(one32, $0x3f8000003f800000) // 1
CONSTANT(negInf, $0xff800000ff800000) // −Inf
CONSTANT(bias32, $0x0000007f0000007f) // of exponents
CONSTANT(sign32, $0x8000000080000000)

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
