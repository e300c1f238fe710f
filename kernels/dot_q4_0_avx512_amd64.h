// What the dots of Q4_0 with Q8_0 share in the tiers avx512vnni and avx512wide.

#define BYTES 18
#include "dot_blocks_avx512_amd64.h"

// Quants of the upper lanes, the high nibbles, stay where they are, so that these
// lanes are 16 times as large until they are added: exactly, for no sum comes
// near the largest float, and none has bits below 2^−48.

// Where a quant of the lower lanes is, and one of the upper ones.
DATA quants<>+0(SB)/8, $0x0f0f0f0f0f0f0f0f
DATA quants<>+8(SB)/8, $0x0f0f0f0f0f0f0f0f
DATA quants<>+16(SB)/8, $0xf0f0f0f0f0f0f0f0
DATA quants<>+24(SB)/8, $0xf0f0f0f0f0f0f0f0
GLOBL quants<>(SB), RODATA|NOPTR, $32

// 8 there.
DATA eights<>+0(SB)/8, $0x0808080808080808
DATA eights<>+8(SB)/8, $0x0808080808080808
DATA eights<>+16(SB)/8, $0x8080808080808080
DATA eights<>+24(SB)/8, $0x8080808080808080
GLOBL eights<>(SB), RODATA|NOPTR, $32

DATA sixteenth<>+0(SB)/4, $0.0625
GLOBL sixteenth<>(SB), RODATA|NOPTR, $4

#define LANES4(upper, lower) VFMADD231PS.BCST sixteenth<>(SB), upper, lower

#define PREFETCH PREFETCH288
