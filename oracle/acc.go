package oracle

import (
	"math"
	"math/big"
	"math/bits"
)

// Acc is a super-accumulator: it sums floating-point numbers without error.
//
// It takes float64 values of at most 48 significant bits and magnitudes from
// 2^−298 to 2^300 (products of two f32 among them), or zero. A value goes to
// the bin of its exponent as a signed integer; bins are carried into one
// fixed-point number before they can overflow (exponent binning as in
// R. M. Neal, "Fast exact summation using small and large superaccumulators",
// arXiv:1505.05571). The zero Acc is an empty sum.
type Acc struct {
	// Two sets of bins, filled in turn, so that an addition need not wait for
	// the one before to reach memory.
	bins  [2][2048]int64
	count int // values since the last carry
	fixed [accWords]uint64
}

const (
	accBits   = 48         // significant bits of a value
	accMax    = 1<<15 - 64 // values before a bin of 2^48-sized integers could overflow
	accMinExp = 1023 - 298 // biased exponents of the smallest and largest value
	accMaxExp = 1023 + 300
	accOrigin = -352 // weight of bit 0 of fixed is 2^accOrigin
	accWords  = 12   // 768 bits: up to 2^415
)

// Add adds x.
func (a *Acc) Add(x float64) {
	if a.count >= accMax {
		a.carry()
	}
	a.count++
	a.put(a.count&1, x)
}

func (a *Acc) put(set int, x float64) {
	b := math.Float64bits(x)
	m := int64(b&(1<<52-1)|1<<52) >> (53 - accBits)
	sign := int64(b) >> 63
	a.bins[set][b>>52&2047] += (m ^ sign) - sign
}

// AddDot adds Σ x[i]·y[i] over finite f32 values.
func (a *Acc) AddDot(x, y []float32) {
	for len(x) > 0 {
		n := min(len(x), accMax)
		if a.count+n > accMax {
			a.carry()
		}
		a.count += n
		u, v := x[:n], y[:n]
		for len(u) >= 2 && len(v) >= 2 {
			a.put(0, float64(u[0])*float64(v[0]))
			a.put(1, float64(u[1])*float64(v[1]))
			u, v = u[2:], v[2:]
		}
		if len(u) > 0 {
			a.put(0, float64(u[0])*float64(v[0]))
		}
		x, y = x[n:], y[n:]
	}
}

// Reset empties the sum.
func (a *Acc) Reset() {
	a.carry()
	clear(a.fixed[:])
}

// carry moves the bins into the fixed-point number.
func (a *Acc) carry() {
	for e := accMinExp; e <= accMaxExp; e++ {
		v, w := a.bins[0][e], a.bins[1][e]
		if v|w == 0 {
			continue
		}
		a.bins[0][e], a.bins[1][e] = 0, 0
		at := e - 1023 - (accBits - 1) - accOrigin
		a.addAt(v, at)
		a.addAt(w, at)
	}
	a.bins[0][0], a.bins[1][0] = 0, 0 // zeros, whose implicit bit is not there
	a.count = 0
}

// addAt adds v·2^at to the two's-complement number fixed.
func (a *Acc) addAt(v int64, at int) {
	if v == 0 {
		return
	}
	word, shift := at/64, uint(at%64)
	ext := uint64(v >> 63)
	lo := uint64(v) << shift
	hi := ext
	if shift > 0 {
		hi = uint64(v >> (64 - shift))
	}
	var c uint64
	a.fixed[word], c = bits.Add64(a.fixed[word], lo, 0)
	a.fixed[word+1], c = bits.Add64(a.fixed[word+1], hi, c)
	for i := word + 2; i < accWords; i++ {
		a.fixed[i], c = bits.Add64(a.fixed[i], ext, c)
	}
}

// Value returns the exact sum.
func (a *Acc) Value() *big.Float {
	a.carry()
	mag := a.fixed
	neg := int64(mag[accWords-1]) < 0
	if neg {
		var c uint64 = 1
		for i := range mag {
			mag[i], c = bits.Add64(^mag[i], 0, c)
		}
	}
	var be [8 * accWords]byte
	for i, w := range mag {
		for k := range 8 {
			be[len(be)-1-8*i-k] = byte(w >> (8 * k))
		}
	}
	v := exact().SetInt(new(big.Int).SetBytes(be[:]))
	mustExact(v)
	v.SetMantExp(v, accOrigin)
	if neg {
		v.Neg(v)
	}
	return v
}
