package kernels

import "math"

// fma32 returns a·b + c with one rounding to f32.
//
// The product is exact in float64. The sum is rounded there to odd, which
// makes the second rounding, to f32, the same as one rounding of the exact
// value (S. Boldo and G. Melquiond, "Emulation of FMA and correctly rounded
// sums", IEEE Trans. Computers 57(4), 2008).
func fma32(a, b, c float32) float32 {
	p, z := float64(a)*float64(b), float64(c)
	s := p + z
	t := s - p
	e := (p - (s - t)) + (z - t) // s + e = p + z exactly
	if e != 0 && e == e {
		if bits := math.Float64bits(s); bits&1 == 0 {
			if (e > 0) == (s > 0) {
				bits++
			} else {
				bits--
			}
			s = math.Float64frombits(bits)
		}
	}
	return float32(s)
}
