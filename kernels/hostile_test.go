package kernels

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"
)

// specials are values at the borders of the format's classes.
var specials = []uint32{
	0, 0x80000000, 1, 0x80000001, 0x007fffff, 0x00800000, 0x3f800000, 0xbf800000, 0x7f7fffff, 0xff7fffff,
	0x7f800000, 0xff800000, 0x7fc00000, 0xffc12345, 0x7f800001, 0xffbfffff,
}

// hostile returns n floats: for kind 0 any bits, so that every exponent occurs,
// NaN and infinities included; for 1 finite ones of every exponent; for 2
// ordinary ones with some specials; for 3 ordinary ones.
func hostile(r *rand.Rand, n, kind int) []float32 {
	x := make([]float32, n)
	for i := range x {
		b := r.Uint32()
		switch {
		case kind == 1 && b>>23&255 == 255:
			b ^= 1 << 30
		case kind == 2 && r.IntN(40) == 0:
			b = specials[r.IntN(len(specials))]
		case kind >= 2:
			b = math.Float32bits(float32(r.NormFloat64()))
		}
		x[i] = math.Float32frombits(b)
	}
	return x
}

const kinds = 4

// sameF32 is bit equality, payloads of NaN apart.
func sameF32(a, b float32) bool {
	return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b
}

func wantSame(t *testing.T, got, want []float32, format string, args ...any) {
	t.Helper()
	for i := range want {
		if !sameF32(got[i], want[i]) {
			args = append(args, i, got[i], math.Float32bits(got[i]), want[i], math.Float32bits(want[i]))
			t.Fatalf(format+": element %d is %g (%08x), want %g (%08x)", args...)
		}
	}
}

// margin is the number of elements around an operand that must stay as they are.
const margin = 40

// framed returns n elements, at an offset of up to 16, in the middle of poison;
// check tells whether the poison is still there.
func framed(r *rand.Rand, n int) (x []float32, check func() bool) {
	at := margin + r.IntN(17)
	all := make([]float32, at+n+margin)
	const poison = 0xdeadbeef
	for i := range all {
		all[i] = math.Float32frombits(poison)
	}
	return all[at : at+n : at+n], func() bool {
		for i, v := range all {
			if (i < at || i >= at+n) && math.Float32bits(v) != poison {
				return false
			}
		}
		return true
	}
}

// framedBytes is framed for bytes, at any offset.
func framedBytes(r *rand.Rand, n int) (x []byte, check func() bool) {
	at := 4*margin + r.IntN(65)
	all := make([]byte, at+n+4*margin)
	for i := range all {
		all[i] = 0xa5
	}
	return all[at : at+n : at+n], func() bool {
		for i, v := range all {
			if (i < at || i >= at+n) && v != 0xa5 {
				return false
			}
		}
		return true
	}
}

// framedCopy is x at an offset of its own.
func framedCopy(r *rand.Rand, x []float32) []float32 {
	y, _ := framed(r, len(x))
	copy(y, x)
	return y
}

func halves(x []uint16) []byte {
	var b []byte
	for _, v := range x {
		b = binary.LittleEndian.AppendUint16(b, v)
	}
	return b
}
