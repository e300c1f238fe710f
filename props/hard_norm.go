package props

import (
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"

	"assay/spec"
)

// checkHardNorm normalises a row whose gains put many results beside the middle between
// two f32: within two units of the last place of binary64. A factor that is off by the
// last bit of binary64, as that of a sum in another order is, shows in them alone.
// Elements of the last 32 are larger by up to 2^7, so that the rounding of their lane
// of a sum is not lost in that of the whole. Only a row that declares its tree can be
// judged by that.
func checkHardNorm(h *harness, rng *rand.Rand) *Finding {
	if h.row.Tree != spec.TreeLanes {
		return nil
	}
	n := 256 + rng.IntN(64)
	if rng.IntN(2) == 0 {
		n |= 0x18 // all vectors of a tail have elements
	}
	x := make([]float32, n)
	sum := 0.0
	for i := range x {
		x[i] = float32(rng.NormFloat64())
		if len(x)-i <= 32 {
			x[i] *= float32(int(1) << rng.IntN(8))
		}
		sum += float64(x[i]) * float64(x[i])
	}
	factor := 1 / math.Sqrt(sum/float64(len(x)))
	gain := make([]float32, len(x))
	for i := range gain {
		gain[i] = middleGain(float64(x[i]) * factor)
	}
	c := &spec.Case{Op: h.row.Op, Shape: spec.Vector(len(x)), In: [][]byte{spec.FloatBytes(x), spec.FloatBytes(gain), spec.NormParams{}.Bytes()}}
	out, f := h.run(c, 1)
	if f == nil {
		f = sameOutput(c.Op, reference(c), out, fmt.Sprintf("results beside the middle between two f32, %d elements", len(x)))
	}
	return f
}

// middleGain returns a gain of [1, 2) whose product with y lies within two units of the
// last place of binary64 of the middle between two f32, or 1 where there is none.
//
// With y = Y·2^e and the gain (2^23 + g)·2^−23, Y of 53 bits, a product of 77 bits has
// its 24 highest in f32, so that the remainder of 2^53 has to be near 2^52.
func middleGain(y float64) float32 {
	const modulus, middle, ulp = 1 << 53, 1 << 52, 1 << 24
	if y == 0 {
		return 1
	}
	frac, _ := math.Frexp(math.Abs(y))
	m := uint64(frac * modulus)
	start := m << 23 % modulus // of g = 0
	g, ok := firstMultiple(m, modulus, (middle-2*ulp-start)%modulus, (middle+2*ulp-start)%modulus)
	if !ok || g >= 1<<23 {
		return 1
	}
	return 1 + float32(g)*0x1p-23
}

// firstMultiple returns the smallest k ≥ 0 with low ≤ k·a mod m ≤ high, if there is one,
// for a < m, and high < m ≤ 2^53: where no multiple of a lies between low and high, a
// multiple of m has to lie between −high and −low, modulo a, which is the same question
// of smaller numbers. An interval across zero holds 0·a.
func firstMultiple(a, m, low, high uint64) (uint64, bool) {
	if low == 0 || low > high {
		return 0, true
	}
	if a == 0 {
		return 0, false
	}
	if k := (low + a - 1) / a; k*a <= high {
		return k, true
	}
	n, ok := firstMultiple(m%a, a, (a-high%a)%a, (a-low%a)%a)
	if !ok {
		return 0, false
	}
	hi, lo := bits.Mul64(m, n)
	lo, carry := bits.Add64(lo, low+a-1, 0)
	k, _ := bits.Div64(hi+carry, lo, a)
	return k, true
}
