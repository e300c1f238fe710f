// Package engine stands for somebody else's inference engine: it has a Q4_K
// kernel of its own and asks assay whether it is right.
package engine

import (
	"encoding/binary"
	"math"
)

// DotQ4K returns the dot of a row of Q4_K weights and a Q8_K activation. It
// sums sub-block by sub-block in float64, unlike any kernel of assay.
func DotQ4K(w, x []byte) float32 {
	sum := 0.0
	for ; len(w) >= 144; w, x = w[144:], x[292:] {
		d, dmin := half(w), half(w[2:])
		dx := float64(math.Float32frombits(binary.LittleEndian.Uint32(x)))
		for j := range 8 {
			sc, m := scales(w[4:16], j)
			dot, total := 0, 0
			for l := range 32 {
				q := int(w[16+32*(j/2)+l]) >> (4 * (j % 2)) & 15
				a := int(int8(x[4+32*j+l]))
				dot, total = dot+q*a, total+a
			}
			sum += d*dx*float64(sc*dot) - dmin*dx*float64(m*total)
		}
	}
	return float32(sum)
}

// DotQ4KBroken gives every pair of sub-blocks the first one's scale.
func DotQ4KBroken(w, x []byte) float32 {
	broken := append([]byte(nil), w...)
	for b := 0; b < len(w); b += 144 {
		broken[b+5] = broken[b+5]&^63 | broken[b+4]&63
	}
	return DotQ4K(broken, x)
}

func scales(s []byte, j int) (sc, m int) {
	if j < 4 {
		return int(s[j] & 63), int(s[j+4] & 63)
	}
	return int(s[j+4]&15 | s[j-4]>>6<<4), int(s[j+4]>>4 | s[j]>>6<<4)
}

func half(b []byte) float64 {
	h := binary.LittleEndian.Uint16(b)
	sign, exp, frac := 1-2*float64(h>>15), int(h>>10&31), float64(h&1023)
	switch {
	case exp == 0:
		return sign * math.Ldexp(frac, -24)
	case exp < 31:
		return sign * math.Ldexp(1024+frac, exp-25)
	case frac == 0:
		return sign * math.Inf(1)
	}
	return math.NaN()
}
