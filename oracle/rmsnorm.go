package oracle

import (
	"math"
	"math/big"

	"assay/oracle/real"
	"assay/spec"
)

// rmsnormSpecial returns the row's requirement where an element is not finite,
// or nothing can be divided by; nil otherwise.
func rmsnormSpecial(x, gain []float32, eps float32) []Element {
	nan, inf, zero := false, false, eps == 0
	for _, v := range x {
		nan = nan || v != v
		inf = inf || math.IsInf(float64(v), 0)
		zero = zero && v == 0
	}
	if !nan && !inf && !zero {
		return nil
	}
	out := make([]Element, len(x))
	for i, v := range x {
		g := gainAt(gain, i)
		class := spec.ClassNaN
		if !nan && !zero && v-v == 0 && g-g == 0 {
			class = spec.ClassZero // x·0
		}
		out[i] = only(class)
	}
	return out
}

func gainAt(gain []float32, i int) float64 {
	if len(gain) == 0 {
		return 1
	}
	return float64(gain[i])
}

// rmsnorm has one element's requirement, given 1/√(mean square + eps).
func rmsnormElement(tree spec.Tree, n int, x float32, gain float64, value, radius *big.Float) Element {
	if !finite(gain) {
		return only(spec.ClassOf(math.Float32bits(float32(float64(x) * gain))))
	}
	v, _ := value.Float64()
	bound := exact().Add(exactFloat(spec.RMSNormBound(tree, n, v)), radius)
	e := Element{Value: value, Bound: bound, Gauge: abs(value), Class: finiteClass(value, bound)}
	if value.Sign() == 0 {
		e.Class, e.Bound = spec.ClassZero, exact()
	}
	e.Negative = math.Signbit(float64(x)) != math.Signbit(gain)
	e.Positive = !e.Negative
	return e
}

func plainRMSNorm(c *spec.Case, tree spec.Tree) []Element {
	x, gain := spec.Floats(c.In[0]), spec.Floats(c.In[1])
	eps := spec.ReadNormParams(c.In[2]).Eps
	if special := rmsnormSpecial(x, gain, eps); special != nil || len(x) == 0 {
		return special
	}
	sum := exact()
	for _, v := range x {
		sum = exactAdd(sum, exactMul(exactFloat(float64(v)), exactFloat(float64(v))))
	}
	const prec = 128
	n := real.Int(int64(len(x)))
	mean := real.Point(sum).Quo(n, prec).Add(real.Point(exactFloat(float64(eps))), prec)
	r := real.RsqrtI(mean, prec)
	out := make([]Element, len(x))
	for i, v := range x {
		g := gainAt(gain, i)
		xg := exact()
		if finite(g) {
			xg = exactMul(exactFloat(float64(v)), exactFloat(g))
		}
		mid, radius := middle(real.Point(xg).Mul(r, prec))
		out[i] = rmsnormElement(tree, len(x), v, g, mid, radius)
	}
	return out
}

// bulkRMSNorm is the same in float64: the squares are exact there, the sum has
// n roundings, and the rest fewer than 8.
func bulkRMSNorm(c *spec.Case, tree spec.Tree) []Element {
	x, gain := spec.Floats(c.In[0]), spec.Floats(c.In[1])
	eps := spec.ReadNormParams(c.In[2]).Eps
	if special := rmsnormSpecial(x, gain, eps); special != nil || len(x) == 0 {
		return special
	}
	sum := 0.0
	for _, v := range x {
		sum += float64(float64(v) * float64(v))
	}
	r := 1 / math.Sqrt(sum/float64(len(x))+float64(eps))
	relative := float64(len(x)+8) * 0x1p-52
	out := make([]Element, len(x))
	for i, v := range x {
		g := gainAt(gain, i)
		y := 0.0
		if finite(g) {
			y = float64(v) * g * r
		}
		out[i] = rmsnormElement(tree, len(x), v, g, exactFloat(y), exactFloat(math.Abs(y)*relative))
	}
	return out
}
