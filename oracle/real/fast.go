package real

import (
	"math"
	"math/bits"
)

// FastError bounds the relative error of FastExp, FastSilu and FastGelu: each
// returns m and e with |m·2^e − v| ≤ FastError·|v|. The error is less than
// 9·2^-52; see fastExp, fastSigmoid and FastGelu.
const FastError = 0x1p-48

// Fixed-point constants, each within half a unit; a test derives them from the
// enclosures of ln 2 and π.
const (
	fixLog2e = 0xb8aa3b295c17f0bc // log2 e · 2^63
	fixLn2   = 0xb17217f7d1cf79ac // ln 2 · 2^64
	fixGelu1 = 0x33108a67a86ca12  // 2·√(2/π) · 2^57
	fixGelu3 = 0x922279526c5a57a5 // 2·√(2/π)·0.044715 · 2^67
)

// fixBits are the bits after the point of the fixed-point arguments of fastExp.
const fixBits = 52

// farExp is the exponent of the stand-ins for values out of range: far above or
// below all f32.
const farExp = 2954

// fastExp returns e^u, or e^-u if neg, as m·2^k with m about between 0.7 and 1.42,
// for u = v·2^-52 and v < 2^63. The relative error is below 4.95·2^-52 (and 1·2^-52
// more for every 2^-52 by which v·2^-52 is off the intended argument):
//
// Reduction, in integers. k is within ½ + 2^-50 of u·log2 e, since the product has
// at most 1.25 units of 2^-51 of error. It is at most 2955, so k·ln 2 has an error
// of at most 2955·2^-65 + 2^-52 ≤ 1.36·2^-52, and r = u − k·ln 2 none besides;
// |r| < 0.3466, its conversion is exact. That makes e^r off by 1.37·2^-52.
//
// Polynomial: Taylor's of degree 13, e^|r|·|r|^14/14! < 2^-57 relative to e^r.
//
// Roundings, u = 2^-53 each: z = r² has one; in the two Horner schemes in z a term
// r^n/n! takes at most 3·⌊n/2⌋ + 2 (its coefficient, its powers of z, a product
// and a sum a step), and then at most two (times r, the last sum): 1.5·n + 3. In all
// Σ (1.5n + 3)·|r|^n/n!·u = e^|r|·(3 + 1.5·|r|)·u < 4.98·u, relative to e^r ≥ e^-|r|
// at most 7.05·u = 3.53·2^-52. All terms of second order are below 2^-100.
func fastExp(v uint64, neg bool) (m float64, k int) {
	hi, _ := bits.Mul64(v, fixLog2e)
	n := (hi + 1<<50) >> 51
	hi, lo := bits.Mul64(n, fixLn2)
	fix := int64(v) - int64(hi<<fixBits|lo>>(64-fixBits))
	k = int(n)
	if neg {
		fix, k = -fix, -k
	}
	r := float64(float64(fix) * 0x1p-52)
	z := float64(r * r)
	even := float64(z*(1.0/479001600)) + 1.0/3628800
	odd := float64(z*(1.0/6227020800)) + 1.0/39916800
	even = float64(even*z) + 1.0/40320
	odd = float64(odd*z) + 1.0/362880
	even = float64(even*z) + 1.0/720
	odd = float64(odd*z) + 1.0/5040
	even = float64(even*z) + 1.0/24
	odd = float64(odd*z) + 1.0/120
	even = float64(even*z) + 1.0/2
	odd = float64(odd*z) + 1.0/6
	even = float64(even*z) + 1
	odd = float64(odd*z) + 1
	return even + float64(odd*r), k
}

// FastExp returns e^x as m·2^e for |x| < 2^11, with a relative error below
// 6·2^-52: that of fastExp, and x·2^52 loses less than 1 if |x| < 2^-28 and
// nothing otherwise. Beyond, and for infinities, it returns 2^±2954; NaN for NaN.
func FastExp(x float32) (m float64, e int) {
	a := math.Abs(float64(x))
	switch {
	case x != x:
		return float64(x), 0
	case a < 1<<11:
		return fastExp(uint64(a*0x1p52), x < 0)
	case x < 0:
		return 1, -farExp
	}
	return 1, farExp
}

// FastExp64 is FastExp for a binary64 x with |x| < 2^11, of which what lies below
// 2^-52 is cut off: that is 1·2^-52 more.
func FastExp64(x float64) (m float64, e int) {
	a := math.Abs(x)
	switch {
	case x != x:
		return x, 0
	case a < 1<<11:
		return fastExp(uint64(a*0x1p52), x < 0)
	case x < 0:
		return 1, -farExp
	}
	return 1, farExp
}

// FastSilu returns x/(1 + e^-x) as m·2^e for |x| < 2^11, with a relative error
// below 7.5·2^-52: that of e^-|x| as in FastExp, and fastSigmoid. Beyond it returns
// x (the value is less than 2^-2900 of that smaller) or, below, −2^-2954; NaN for
// NaN. Zeros keep their sign.
func FastSilu(x float32) (m float64, e int) {
	a := math.Abs(float64(x))
	switch {
	case x != x:
		return float64(x), 0
	case a < 1<<11:
		return fastSigmoid(float64(x), uint64(a*0x1p52))
	case x < 0:
		return -1, -farExp
	}
	return float64(x), 0
}

// fastSigmoid returns x·σ(±v·2^-52), with the sign of x.
//
// With E = e^-u of relative error ε, 1/(1+E) and E/(1+E) change by less than
// ε·(E/(1+E)) and ε·(1/(1+E)), at most by ε; leaving E out of the sum below
// 2^-60 adds 2^-59 at most; a product, a sum and a quotient round once each: ε
// + 1.5·2^-52 + 2^-59.
func fastSigmoid(x float64, v uint64) (m float64, e int) {
	q, k := fastExp(v, true)
	d := 1.0
	if k >= -60 {
		d += float64(q * math.Float64frombits(uint64(k+1023)<<52))
	}
	if x < 0 {
		return float64(x*q) / d, k
	}
	return x / d, 0
}

// FastGelu returns x·σ(2·√(2/π)·(x + 0.044715·x³)) as m·2^e for |x| < 16, with a
// relative error below 8.7·2^-52. Beyond it returns x (the value is less than
// 2^-450 of that smaller) or, below, −2^-2954 (the value is above −2^-450 there);
// NaN for NaN. Zeros keep their sign.
//
// σ needs its argument u to a small absolute error, so that is computed in
// integers, u = |x|·(c + d·x²), rounding down: |x| in units of 2^-59 is exact from
// 2^-36 on, and less than one off below, where that counts for less than 2^-58 in
// u; x² in units of 2^-54 is one off, d·x² in units of 2^-57 by 8·d + 1 and 2^8/2^11
// for d, c by ½: less than 2.2·2^-57 in all, 2.2·2^-53 after the product with |x| <
// 16, and one unit of 2^-52 for that: 2.12·2^-52 on top of fastExp's 4.95 and
// fastSigmoid's 1.51.
func FastGelu(x float32) (m float64, e int) {
	a := math.Abs(float64(x))
	switch {
	case x != x:
		return float64(x), 0
	case a < 16:
		fix := uint64(a * 0x1p59)
		sq, _ := bits.Mul64(fix, fix)          // 2^(59+59−64) = 2^54
		poly, _ := bits.Mul64(sq, fixGelu3)    // 2^(54+67−64) = 2^57
		v, _ := bits.Mul64(fix, poly+fixGelu1) // 2^(59+57−64) = 2^52
		return fastSigmoid(float64(x), v)
	case x < 0:
		return -1, -farExp
	}
	return float64(x), 0
}

// Nearest32 returns the f32 nearest to every number within FastError of m·2^e,
// ties to even, or false if they do not all round to one: then Round32 decides.
// That is rare but for SiLU and GELU of |x| < 2^-125, where x/2 may be a midpoint
// of subnormals and the value is just beside it.
// e is between −4000 and 4000.
func Nearest32(m float64, e int) (float32, bool) {
	v := scale(m, e)
	if v-v != 0 || v == 0 { // infinite, zero or no number
		return float32(v), v == v
	}
	slack := float64(v * (2 * FastError)) // twice, for the roundings here
	lo, hi := float32(v-slack), float32(v+slack)
	return hi, math.Float32bits(lo) == math.Float32bits(hi)
}

// scale returns m·2^e, or with exponents out of reach a number of the same sign
// that is as far from all f32.
func scale(m float64, e int) float64 {
	e = min(max(e, -400), 400)
	return m * math.Float64frombits(uint64(e+1023)<<52)
}

// Ulps32 is ErrorUlps32 for a value known to be within FastError of m·2^e: an
// upper bound of |got − v|/ulp(v), by 2^-22 or less above it where got is near v
// (twice as large if v is that near to a power of two).
func Ulps32(got float32, m float64, e int) float64 {
	const overflow = 0x1p128 - 0x1p103
	v, g := scale(m, e), float64(got)
	slack := math.Abs(float64(v * (2 * FastError)))
	least := math.Abs(v) - slack
	switch {
	case got != got || v != v:
		return math.Inf(1)
	case math.IsInf(g, 0) && (g < 0) == (v < 0) && least >= overflow:
		return 0
	case math.IsInf(g, 0):
		g = math.Copysign(0x1p128, g)
	}
	// The spacing of f32 at least, which is no more than |v|, from the exponent of the binary64.
	ulp := int(math.Float64bits(least)>>52) - 1023 - 23
	// The difference and the sums round up to 2^-53 each.
	return (math.Abs(g-v) + slack) * (1 + 0x1p-50) / scale(1, max(ulp, -149))
}
