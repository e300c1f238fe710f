package spec

import (
	"math"
	"math/big"
)

// Largest errors of the elementwise ops, in ulp of the exact value.
const (
	ExpUlps  = 1
	SiluUlps = 2
	GeluUlps = 4
	// AnyExpUlps is what TreeAny allows the exponential inside a softmax.
	AnyExpUlps = 2
)

// Ulp returns the spacing of f32 in the binade of v: 2^(e−23) for
// 2^e ≤ |v| < 2^(e+1), not less than 2^−149.
func Ulp(v *big.Float) *big.Float {
	e := -149
	if v.Sign() != 0 {
		e = max(e, v.MantExp(nil)-24)
	}
	return new(big.Float).SetMantExp(big.NewFloat(1), e)
}

// The bounds below are evaluated in float64 and enlarged by more than its
// roundings: fewer than 2^24 operations of a relative 2^−53 each, on numbers
// that are not negative.
const enlarged = 1 + 0x1p-28

const (
	unit = 0x1p-24  // u
	tiny = 0x1p-150 // η
)

func gamma(h int) float64 { return float64(h) / (1<<24 - float64(h)) }

// SwigluBound returns the largest error of fl(s·up) with |s − silu| ≤ SiluUlps
// ulp: |up|·δ for that error δ, and the rounding of the product.
func SwigluBound(silu, delta, up float64) float64 {
	silu, up = math.Abs(silu), math.Abs(up)
	return enlarged * (up*delta + unit*up*(silu+delta) + tiny)
}

// SoftmaxBounds returns the largest error of each element of a softmax with the
// exact arguments t (−Inf where masked) and results y.
//
// With ε = u·|t| + η the error of a rounded argument, m the computed
// maximum, and the difference d = fl(t − m), the exponent is wrong by at most
// ρ = ε + u·(|t − m| + ε + ε_m). An exponential within k ulp has a relative error
// of at most k·2^−23 and, where it is subnormal, k·2^−149. So each e^d is off by the
// factor 1 + A, A = e^ρ·(1 + k·2^−23) − 1, and by k·2^−149; m itself cancels.
// The sum is off by the factor 1 ± (Ā + 2nk·2^−149), Ā = Σ y·A, for it is at least
// 1/2, and by 1 ± γ_h for its order; reciprocal and product round once each.
// If the factor cannot be bounded the bound is 1: all results lie in [0, 1].
func SoftmaxBounds(tree Tree, t, y []float64) []float64 {
	eps := make([]float64, len(t))
	for i, v := range t {
		eps[i] = unit*math.Abs(v) + tiny
	}
	if tree == TreeAny {
		return weightBounds(t, eps, y, AnyExpUlps, max(len(t), 1))
	}
	return weightBounds(t, eps, y, ExpUlps, steps(len(t), DotLanes)+6)
}

// weightBounds is SoftmaxBounds for arguments that are off by eps.
func weightBounds(t, eps, y []float64, k float64, h int) []float64 {
	top, epsTop := math.Inf(-1), 0.0
	for i, v := range t {
		if math.IsInf(v, 0) {
			continue
		}
		epsTop = max(epsTop, eps[i])
		top = max(top, v)
	}
	a, mean := make([]float64, len(t)), 0.0
	for i, v := range t {
		if math.IsInf(v, 0) {
			continue
		}
		rho := eps[i] + unit*(top-v+eps[i]+2*epsTop)
		a[i] = math.Expm1(min(rho, 700))*(1+k*0x1p-23) + k*0x1p-23
		if y[i] > 0 {
			mean += y[i] * a[i]
		}
	}
	mean += 2 * float64(len(t)) * k * 0x1p-149
	out := make([]float64, len(t))
	g := gamma(h)
	for i := range out {
		if math.IsInf(t[i], 0) {
			continue // exactly zero
		}
		rest := (1 - mean) * (1 - g)
		if !(mean < 0.5) || g >= 0.5 {
			out[i] = 1
			continue
		}
		factor := (a[i] + mean + g + 2*unit + unit*unit + a[i]*(2*unit+unit*unit)) / rest
		out[i] = min(1, enlarged*(y[i]*factor+4*k*0x1p-149+tiny))
	}
	return out
}

// Score describes one argument of the softmax in attention, scale·Σ q·k.
type Score struct {
	Value float64 // exact; −Inf for a key that has no weight
	Gauge float64 // Σ |q·k|
	Keys  float64 // Σ |k|
}

// scoreError returns the largest error of fl(scale·x̂), x̂ being the dot of n
// elements in f32: |scale|·δ + u·(|value| + |scale|·δ) + η with δ the dot's bound.
// TreeAny: the scale may be multiplied into q before, for which a product more is
// rounded and may underflow, and so may log2 e at the end.
func scoreError(tree Tree, n int, scale float64, s Score) float64 {
	h, scale := Depth(OpDotF32, tree, n), math.Abs(scale)
	if tree == TreeAny {
		h += 2
	}
	delta := scale * (gamma(h)*s.Gauge + 2*float64(n)*tiny)
	if tree == TreeAny {
		delta += 2*float64(n)*tiny + s.Keys*tiny + 2*unit*math.Abs(s.Value)
	}
	return enlarged * (delta + unit*(math.Abs(s.Value)+delta) + tiny)
}

// AttentionWeightBounds returns the largest error of each weight that attention
// gives its keys: that of SoftmaxBounds for arguments that are off by more.
//
// TreeAny also allows the sum to be rescaled for every key, when a larger score
// turns up: each weight is then a product of up to len(s) exponentials. Their
// exponents add up to the same distance from the maximum.
func AttentionWeightBounds(tree Tree, n int, scale float64, s []Score, y []float64) []float64 {
	t, eps := make([]float64, len(s)), make([]float64, len(s))
	for i, v := range s {
		if t[i] = v.Value; !math.IsInf(v.Value, 0) {
			eps[i] = scoreError(tree, n, scale, v)
		}
	}
	if tree == TreeAny {
		return weightBounds(t, eps, y, (AnyExpUlps+1)*float64(len(s)+1), max(len(s), 1))
	}
	return weightBounds(t, eps, y, ExpUlps, steps(len(t), DotLanes)+6)
}

// AttentionBound returns the largest error of Σ y·v, a chain of fused
// multiply-adds, over weights y that are off by off: Σ off·|v| + γ_n·Σ (y + off)·|v|
// and an underflow for every term. TreeAny: two roundings more, of the products
// and of a quotient at the end, which may double an underflow.
func AttentionBound(tree Tree, y, off, v []float64) float64 {
	moved, gauge := 0.0, 0.0
	for i, x := range v {
		moved += off[i] * math.Abs(x)
		gauge += (y[i] + off[i]) * math.Abs(x)
	}
	h := len(v)
	if tree == TreeAny {
		h += 2
	}
	return enlarged * (moved + gamma(h)*gauge + 4*float64(h)*tiny)
}

// RMSNormBound returns the largest error of an element of exact value y of a
// row of n. In binary64 the sum of squares is off by γ_h with h = ⌈n/32⌉ + 5 of
// unit 2^−53; the quotient by n, the sum with eps, the root, the reciprocal and
// two products add one each, the root halves what is before it. The result is
// rounded to f32 once. TreeAny: the same in f32, with h = n.
func RMSNormBound(tree Tree, n int, y float64) float64 {
	relative := unit + float64(steps(n, 32)+5+8)*0x1p-53
	if tree == TreeAny {
		relative = gamma(n/2 + 8)
	}
	return enlarged * (math.Abs(y)*relative + 4*tiny)
}

// RopeBound returns the largest error of x0·a + x1·b, a and b being cosine and
// sine of the angle theta (of either sign) times magnitude: the angle is computed
// in binary64 with a relative error of at most 2^−46, cosine and sine are rounded
// to f32, then there are two roundings of the sum, one of which a product
// may share.
func RopeBound(x0, a, x1, b, theta, magnitude float64) float64 {
	x0, x1, a, b = math.Abs(x0), math.Abs(x1), math.Abs(a), math.Abs(b)
	delta := magnitude * (math.Abs(theta)*0x1p-46 + 0x1p-46)
	table := x0*(unit*a+2*delta+tiny) + x1*(unit*b+2*delta+tiny)
	sum := x0*a + x1*b + table
	return enlarged * (table + gamma(2)*sum + 4*tiny)
}
