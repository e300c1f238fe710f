package activation

import (
	"encoding/binary"
	"math"
)

// decodeF16 decodes IEEE binary16, subnormals included.
func decodeF16(dst []float64, src []byte) {
	for i := range dst {
		dst[i] = f16(binary.LittleEndian.Uint16(src[2*i:]))
	}
}

// f16 returns the value of a binary16 pattern: a sign, 5 bits of exponent
// biased by 15 and 10 of fraction; exponent 0 has no hidden bit, exponent 31 is
// infinity or NaN.
func f16(bits uint16) float64 {
	exponent, fraction := int(bits>>10&31), float64(bits&1023)
	var x float64
	switch {
	case exponent == 31 && fraction != 0:
		return math.NaN()
	case exponent == 31:
		x = math.Inf(1)
	case exponent == 0:
		x = math.Ldexp(fraction, -24)
	default:
		x = math.Ldexp(1024+fraction, exponent-25)
	}
	if bits>>15 != 0 {
		return -x
	}
	return x
}
