package spec

import "math/big"

// boundPrec is the precision at which bounds are evaluated, rounded up.
const boundPrec = 128

// maxDepth is the depth that Shape.Check allows: γ_h < 1 stays far away, and
// 1 + γ_h ≤ 2.
const maxDepth = 1 << 23

// Measure is what the error bound of one output element depends on, besides
// the depth of the tree. All values are finite and not negative; they may
// exceed the exact ones, never fall below.
type Measure struct {
	// Gauge is Σ|terms| of the sum.
	Gauge *big.Float
	// Eta counts the roundings that can underflow, each weighted by what its
	// result is multiplied with later: the underflow error is at most
	// (1+γ_h)·Eta·2^−150. Of a term's roundings only one can: the product that
	// joins a scale with the activation. Products with integers, and sums, lose
	// nothing below 2^−149.
	Eta *big.Float
	// Factors bounds what a kernel may form besides sums of terms: products of
	// scales, and sums from which a scale was factored out.
	Factors *big.Float
	// Peak is the larger of Gauge and Factors: no intermediate of any order
	// exceeds it by more than the bound.
	Peak *big.Float
}

func up() *big.Float { return new(big.Float).SetPrec(boundPrec).SetMode(big.ToPositiveInf) }

// UnitRoundoff returns u = 2^−24.
func UnitRoundoff() *big.Float { return new(big.Float).SetMantExp(big.NewFloat(1), -24) }

// UnderflowUnit returns η = 2^−150, half the smallest subnormal: the largest
// error of a rounding that underflows.
func UnderflowUnit() *big.Float { return new(big.Float).SetMantExp(big.NewFloat(1), -150) }

// Gamma returns γ_h = hu/(1 − hu), rounded up. It panics unless 0 ≤ h < 2^24.
func Gamma(h int) *big.Float {
	if h < 0 || h >= 1<<24 {
		panic("spec: Gamma: depth out of range")
	}
	// hu/(1 − hu) = h/(2^24 − h).
	return up().Quo(big.NewFloat(float64(h)), big.NewFloat(float64(1<<24-h)))
}

// Bound returns γ_h·Gauge + (1+γ_h)·Eta·2^−150, rounded up: the largest error
// of a sum whose tree has depth h.
func Bound(h int, m Measure) *big.Float {
	g := Gamma(h)
	b := up().Mul(g, m.Gauge)
	under := up().Add(g, big.NewFloat(1))
	under = up().Mul(under, m.Eta)
	under = up().Mul(under, UnderflowUnit())
	return up().Add(b, under)
}

// QuantizeError returns the largest |x − d·q| over the elements of a Q8_K
// block whose quants come from one of the two quantisers and whose scale d is
// finite and not zero: |d|·(1/2 + 2^−15) + 2^−142, rounded up. That covers the
// blocks that aprender's threshold makes zero, for their d is 1/127.
func QuantizeError(d float32) *big.Float {
	if d < 0 {
		d = -d
	}
	half := big.NewFloat(0.5 + 1.0/(1<<15))
	e := up().Mul(half, big.NewFloat(float64(d)))
	return up().Add(e, new(big.Float).SetMantExp(big.NewFloat(1), -142))
}

// QuantizeErrorF16 is QuantizeError for quantize_q8_0 and quantize_q8_1, whose
// quants follow a scale s of which d is the f16: |x − d·q| ≤ |x − s·q| + 127·|s − d|
// with |s − d| ≤ 2^−11·|d| + 2^−25, and s ≤ d + |s − d|. It holds for d finite and
// not zero, hence |d|·(1/2 + 2^−15 + 128·2^−11)+ 128·2^−25 + 2^−142.
func QuantizeErrorF16(d float32) *big.Float {
	if d < 0 {
		d = -d
	}
	e := up().Mul(big.NewFloat(0.5+1.0/(1<<15)+0.0625), big.NewFloat(float64(d)))
	e = up().Add(e, big.NewFloat(0x1p-18))
	return up().Add(e, new(big.Float).SetMantExp(big.NewFloat(1), -142))
}
