package kernels

import "math"

// Elementary functions in binary64 that give the same bits everywhere: products
// that are added to something are rounded explicitly, or fused explicitly.
//
// Coefficients are those of Taylor and atanh series, so that a remainder is
// bounded by its first term. u = 2^−53 is half an ulp of 1.

// ln 2 = ln2Hi + ln2Lo, ln2Hi having 43 bits, so that small multiples of it are
// exact; and π/2 = halfPi1 + … + halfPi4, the first three having 22 bits or
// fewer, so that their multiples up to 2^31 are exact.
const (
	ln2Hi = 0x1.62e42fefa38p-1
	ln2Lo = math.Ln2 - ln2Hi

	halfPi1 = 0x1.921fbp+0
	halfPi2 = 0x1.5110bp-22
	halfPi3 = 0x1.184698p-44
	halfPi4 = math.Pi/2 - halfPi1 - halfPi2 - halfPi3
)

// sinCos returns the sine and cosine of x, 0 ≤ x ≤ 2^31, with an absolute error
// below 2^−51.
//
// Reduction: r = x − k·π/2 with k the integer nearest to x·2/π as computed, so
// that |r| ≤ π/4 + 2^−20. The first two differences are exact: each is a multiple of the last
// bit of x or of the product, and so small that it has at most 53 bits. The other two round
// results below 1 in magnitude: r is wrong by at most u.
//
// Series, z = r²: |r|^17/17! < 2^−54 for the sine, |r|^18/18! < 2^−58 for the
// cosine. Evaluation: the sine is r + r·z·s with |r·z·s| < 0.09, the cosine is
// 1 − (z/2 − z²·c) with |z/2| < 0.31, hence errors below u and 1.2u. Together
// less than 4u = 2^−51.
func sinCos(x float64) (sin, cos float64) {
	q := int64(float64(x*(2/math.Pi)) + 0.5)
	k := float64(q)
	r := math.FMA(-k, halfPi1, x)
	r = math.FMA(-k, halfPi2, r)
	r = math.FMA(-k, halfPi3, r)
	r = math.FMA(-k, halfPi4, r)

	z := float64(r * r)
	s := math.FMA(z, -1.0/1307674368000, 1.0/6227020800)
	s = math.FMA(z, s, -1.0/39916800)
	s = math.FMA(z, s, 1.0/362880)
	s = math.FMA(z, s, -1.0/5040)
	s = math.FMA(z, s, 1.0/120)
	s = math.FMA(z, s, -1.0/6)
	s = math.FMA(float64(r*z), s, r)

	c := math.FMA(z, 1.0/20922789888000, -1.0/87178291200)
	c = math.FMA(z, c, 1.0/479001600)
	c = math.FMA(z, c, -1.0/3628800)
	c = math.FMA(z, c, 1.0/40320)
	c = math.FMA(z, c, -1.0/720)
	c = math.FMA(z, c, 1.0/24)
	c = 1 - math.FMA(-float64(z*z), c, float64(0.5*z))

	// sin(r + qπ/2), cos(r + qπ/2): exchanged for odd q, then signed. Branches
	// would be mispredicted, for angles of neighbours have nothing in common.
	sb, cb := math.Float64bits(s), math.Float64bits(c)
	swap := (sb ^ cb) & -(uint64(q) & 1)
	sb ^= swap ^ uint64(q)>>1<<63
	cb ^= swap ^ uint64(q+1)>>1<<63
	return math.Float64frombits(sb), math.Float64frombits(cb)
}

// lnFloat64 returns ln x for a positive normal x.
func lnFloat64(x float64) float64 {
	hi, lo := lnParts(x)
	return hi + lo
}

// lnParts returns hi + lo = ln x for a positive normal x, hi being the nearest
// binary64 to the sum, with an absolute error below 2^−59·max(1, |ln x|).
//
// x = m·2^e with √½ ≤ m ≤ √2 (roughly); ln m = 2·atanh(s), s = (m−1)/(m+1),
// |s| < 0.1717. m−1 is exact; s is a sum of two parts. The series after its
// first term, in binary64, is below 0.0018, so that its roundings, and those of
// the low part of s, are below 2^−61; its remainder is below 0.18·0.0295^13/27 <
// 2^−72.
func lnParts(x float64) (hi, lo float64) {
	m, e := math.Frexp(x) // exact, m in [½, 1)
	if m < math.Sqrt2/2 {
		m *= 2
		e--
	}
	num, den := m-1, m+1
	denLo := m - (den - 1)
	s := num / den
	sLo := (math.FMA(-s, den, num) - float64(s*denLo)) / den
	z := float64(s * s)
	t := 1.0 / 25
	for d := 23.0; d >= 3; d -= 2 {
		t = float64(z*t) + 1/d
	}
	tail := 2 * (sLo + float64(float64(s*z)*t))

	n := float64(e)
	a, b := n*ln2Hi, 2*s // a is exact; |a| > |b|, or a is 0
	sum := a + b
	rest := b - (sum - a)
	rest += float64(n*ln2Lo) + tail
	hi = sum + rest
	return hi, rest - (hi - sum)
}

// expQuotient returns e^(−(hi + lo)·n/d) with a relative error below 2.5u, for
// an exponent of at most 40 in magnitude, hi + lo ≥ 0 and integers n ≥ 0, d > 0
// below 2^24.
//
// The exponent is q + qLo, with the error of hi + lo, 2^−59·21 or u/3 if they are
// lnParts of at most 2^30, and some 2^−100 relative. r = q − k·ln 2: the first
// difference is exact, the rest rounds once to a result below 0.35, by u/4. e^r is
// 1 + r·(1 + r·(½ + …)), with a remainder of 0.35^14/14! < 2^−57. Relative to a
// result of at least 0.7, the outer sum, its product and the inner sum are wrong
// by at most u, u/4 and 0.35u.
func expQuotient(hi, lo, n, d float64) float64 {
	p := hi * n
	pLo := math.FMA(hi, n, -p) + float64(lo*n)
	q := p / d
	qLo := (math.FMA(-q, d, p) + pLo) / d

	k := math.Floor(float64(q*(1/math.Ln2)) + 0.5)
	r := (q - float64(k*ln2Hi)) + (qLo - float64(k*ln2Lo))
	r = -r
	t := 1.0 / 6227020800
	for _, c := range expTaylor {
		t = float64(r*t) + c
	}
	return math.Float64frombits(math.Float64bits(t) - uint64(k)<<52) // t·2^−k
}

// expTaylor are 1/12!, 1/11!, …, 1/1!, 1/0!.
var expTaylor = [...]float64{
	1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040,
	1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 1.0 / 2, 1, 1,
}
