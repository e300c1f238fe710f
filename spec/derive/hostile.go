package derive

import (
	"math"
	"math/big"
	"math/rand/v2"
)

// coin is true once in n.
func coin(rng *rand.Rand, n int) bool { return rng.IntN(n) == 0 }

// between returns an integer of [lo, hi].
func between(rng *rand.Rand, lo, hi int) int { return lo + rng.IntN(hi-lo+1) }

func sign(rng *rand.Rand) int { return 1 - 2*rng.IntN(2) }

// significand returns 24 bits, the first of them set: those whose products and
// sums round badly, and random ones.
func significand(rng *rand.Rand) uint32 {
	switch rng.IntN(8) {
	case 0:
		return 1 << 23
	case 1:
		return 1<<24 - 1
	case 2:
		return 1<<23 | 1
	case 3:
		return 1<<23 | 1<<rng.IntN(23)
	case 4:
		return 1<<23 | uint32(rng.IntN(1<<11))<<12 // squares are ties
	}
	return 1<<23 | rng.Uint32N(1<<23)
}

// scaled returns an f32 of random sign in the binade of 2^e, −149 ≤ e ≤ 127.
func scaled(rng *rand.Rand, e int) float32 {
	x := float32(math.Ldexp(float64(significand(rng)), e-23)) // may lose bits, where subnormal
	if math.IsInf(float64(x), 0) {
		x = math.MaxFloat32
	}
	return float32(sign(rng)) * x
}

// pair returns two f32 whose product is about 2^p, −298 ≤ p ≤ 254.
func pair(rng *rand.Rand, p int) (a, b float32) {
	e := between(rng, max(-149, p-127), min(127, p+149))
	return scaled(rng, e), scaled(rng, p-e)
}

// exactPair returns two f32 whose product is k·2^p, for k < 2^24.
func exactPair(rng *rand.Rand, k, p int) (a, b float32) {
	e := between(rng, max(-149, p-100), min(100, p+149))
	return float32(math.Ldexp(float64(k), e)), float32(math.Ldexp(1, p-e))
}

// exponent returns e of 2^e ≤ |x| < 2^(e+1), for x ≠ 0.
func exponent(x float32) int { return math.Ilogb(float64(x)) }

// real returns a number near a point where rounding to f32 turns, in the
// binade of 2^e.
func real(rng *rand.Rand, e int) *big.Rat {
	x := scaled(rng, e)
	next := math.Nextafter32(x, float32(math.Copysign(math.Inf(1), float64(x))))
	gap := sub(float(float64(next)), float(float64(x)))
	at := half
	switch rng.IntN(4) {
	case 0:
		at = add(half, pow2(-between(rng, 20, 90)))
	case 1:
		at = sub(half, pow2(-between(rng, 20, 90)))
	case 2:
		at = big.NewRat(rng.Int64N(1<<20), 1<<20)
	}
	return add(float(float64(x)), mul(gap, at))
}

// halfGap returns half the distance from |x| to the next larger f32: added to
// an x whose last bit is 0, it is lost.
func halfGap(x float32) float64 {
	x = float32(math.Abs(float64(x)))
	return (float64(math.Nextafter32(x, math.MaxFloat32)) - float64(x)) / 2
}

// less makes a number small enough not to be a tie, and near enough to one to
// lose as much.
const less = 1 - 0x1p-22

// swampLane tells whether a leading element 0 meets element i by itself in the
// declared tree of the f32 dots: its own lane is a chain, and lanes 1, 2, 4, …
// are added at one level each.
func swampLane(i int) bool {
	l := i % 64
	return l&(l-1) == 0
}

// vectors are the operands of dot_f32.
type vectors struct{ a, b []float32 }

// drawVectors draws operands; hot ones are near overflow.
func drawVectors(rng *rand.Rand, hot bool) vectors {
	n := between(rng, 1, 12)
	switch rng.IntN(4) {
	case 0:
		n = between(rng, 1, 80)
	case 1:
		n = between(rng, 1, 400)
	}
	v := vectors{make([]float32, n), make([]float32, n)}
	at := rng.Perm(n)[:min(n, 24)]
	p := between(rng, -290, 120)
	if hot {
		p = between(rng, 120, 128)
	}
	switch rng.IntN(7) {
	case 0: // no common magnitude
		for _, i := range at {
			v.a[i], v.b[i] = pair(rng, between(rng, -298, max(p, -200)))
		}
	case 1, 2: // one magnitude, more or less
		spread := []int{0, 2, 30}[rng.IntN(3)]
		same := coin(rng, 2)
		for _, i := range at {
			v.a[i], v.b[i] = pair(rng, max(-298, p-between(rng, 0, spread)))
			if same && v.a[i] < 0 != (v.b[i] < 0) {
				v.a[i] = -v.a[i]
			}
		}
	case 3: // what is left after cancellation is of the size of the errors
		for k, i := range at {
			v.a[i], v.b[i] = pair(rng, p)
			if k%2 == 1 {
				j := at[k-1]
				v.a[i], v.b[i] = -v.a[j], math.Nextafter32(v.b[j], float32(sign(rng))*math.MaxFloat32)
			}
		}
	case 4, 5: // a leading term swamps all others, each by the same half ulp
		p = max(p, -120)
		lanes := coin(rng, 2)
		a, b := exactPair(rng, 1, p)
		v.a[0], v.b[0] = (1+0x1p-12)*a, (1+0x1p-12)*b // the product is a tie itself
		for i := 1; i < min(n, 400); i++ {
			if lanes && swampLane(i) || !lanes && i < 40 {
				v.a[i], v.b[i] = exactPair(rng, 1, p-24)
			}
		}
	case 6: // every product is halfway between 0 or multiples of the smallest subnormal
		k := 1 + 4*rng.IntN(2)*rng.IntN(3)
		for _, i := range at {
			v.a[i], v.b[i] = exactPair(rng, k, -150)
		}
		if hot {
			v.a[0], v.b[0] = pair(rng, 127)
		}
	}
	return v
}

// q4kBlock is a decoded Q4_K super-block. d and dmin are in units of 2^−24,
// of which every finite f16 is a multiple.
type q4kBlock struct {
	d, dmin int64
	sc, m   [8]int64
	q       [256]int64
}

// units returns k·2^−24.
func units(k int64) *big.Rat { return big.NewRat(k, 1<<24) }

// weight returns element i in units of 2^−24.
func (w *q4kBlock) weight(i int) int64 { return w.d*w.sc[i/32]*w.q[i] - w.dmin*w.m[i/32] }

// f16 returns a finite binary16 pattern's value in units of 2^−24.
func f16(h uint16) int64 {
	e, k := h>>10&31, int64(h&1023)
	if e > 0 {
		k = (1024 + k) << (e - 1)
	}
	if h>>15 == 1 {
		return -k
	}
	return k
}

// drawF16 draws from all finite patterns.
func drawF16(rng *rand.Rand) int64 {
	h := uint16(rng.IntN(2)) << 15
	switch rng.IntN(6) {
	case 0:
		return f16(h | uint16(rng.IntN(1024))) // zero, subnormal
	case 1:
		return f16(h | 30<<10 | 1023) // largest
	case 2:
		return f16(h | 15<<10) // 1
	}
	return f16(h | uint16(rng.IntN(31<<10)))
}

func drawQ4K(rng *rand.Rand) *q4kBlock {
	w := &q4kBlock{d: drawF16(rng), dmin: drawF16(rng)}
	extreme := coin(rng, 4)
	pick := func(most int) int64 {
		switch {
		case extreme:
			return int64(most)
		case coin(rng, 6):
			return 0
		}
		return int64(rng.IntN(most + 1))
	}
	for j := range w.sc {
		w.sc[j], w.m[j] = pick(63), pick(63)
	}
	for i := range w.q {
		w.q[i] = pick(15)
	}
	if coin(rng, 4) { // weights that cancel, wholly or nearly
		w.dmin = w.d
		for j := range w.sc {
			w.sc[j] = 1 + rng.Int64N(4)
			w.m[j] = w.sc[j] * w.q[32*j]
		}
	}
	return w
}

// q8kBlock is a decoded Q8_K super-block.
type q8kBlock struct {
	d float32
	q [256]int64
}

// lane returns I and N of the declared tree.
func lane(w *q4kBlock, x *q8kBlock, l int) (dot, mins int64) {
	for j := range w.sc {
		for i := 32*j + 4*l; i < 32*j+4*l+4; i++ {
			dot += w.sc[j] * w.q[i] * x.q[i]
		}
	}
	for i := 32 * l; i < 32*l+32; i++ {
		mins += w.m[l] * x.q[i]
	}
	return dot, mins
}

// drawQ8K draws a block whose scale is about 2^e.
func drawQ8K(rng *rand.Rand, e int) *q8kBlock {
	x := &q8kBlock{d: scaled(rng, min(127, max(-149, e)))}
	mode := rng.IntN(4)
	for i := range x.q {
		switch {
		case mode == 0:
			x.q[i] = -128
		case mode == 1 && !coin(rng, 16):
		case mode == 2:
			x.q[i] = []int64{-128, -1, 0, 1, 127}[rng.IntN(5)]
		default:
			x.q[i] = int64(rng.IntN(256)) - 128
		}
	}
	return x
}

func abs32(x float32) float32 { return float32(math.Abs(float64(x))) }
