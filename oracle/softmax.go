package oracle

import (
	"math"
	"math/big"

	"assay/oracle/real"
	"assay/spec"
)

// softmaxArgs returns t = scale·x + mask, exactly, nil where it is −Inf. all is
// a requirement for the whole row where the rule has one.
func softmaxArgs(c *spec.Case) (t []*big.Float, all *Element) {
	x, mask := spec.Floats(c.In[0]), spec.Floats(c.In[1])
	scale := spec.ReadSoftmaxParams(c.In[2]).Scale
	t = make([]*big.Float, len(x))
	some := false
	unsure := false
	for i, v := range x {
		// In float64 the product is exact and the sum right in class.
		f := float64(scale) * float64(v)
		if mask != nil && len(mask) > 0 {
			f += float64(mask[i])
		}
		if finite(f) {
			t[i] = exactMul(exactFloat(float64(scale)), exactFloat(float64(v)))
			if len(mask) > 0 {
				t[i] = exactAdd(t[i], exactFloat(float64(mask[i])))
			}
			product := exactMul(exactFloat(float64(scale)), exactFloat(float64(v)))
			if abs(t[i]).Cmp(overflowNear) >= 0 || abs(product).Cmp(overflowNear) >= 0 {
				unsure = true // f32 may overflow, here or before the mask is added
			}
			some = true
			continue
		}
		if f != f || f > 0 {
			e := only(spec.ClassNaN)
			return nil, &e
		}
	}
	switch {
	case unsure:
		e := only(spec.ClassUnspecified)
		return nil, &e
	case !some:
		e := only(spec.ClassPosZero)
		return nil, &e
	}
	return t, nil
}

// overflowNear is a little below the overflow threshold.
var overflowNear = exactFloat(0x1p127)

func repeated(e Element, n int) []Element {
	out := make([]Element, n)
	for i := range out {
		out[i] = e
	}
	return out
}

// plainSoftmax divides enclosures.
func plainSoftmax(c *spec.Case, tree spec.Tree) []Element {
	t, all := softmaxArgs(c)
	if all != nil {
		return repeated(*all, c.Shape.Cols)
	}
	var top *big.Float
	for _, v := range t {
		if v != nil && (top == nil || v.Cmp(top) > 0) {
			top = v
		}
	}
	e := make([]real.Interval, len(t))
	sum := real.Int(0)
	for i, v := range t {
		if v == nil {
			continue
		}
		d := exactAdd(v, exact().Neg(top))
		if d.Cmp(farBelow) < 0 {
			e[i] = farExp // between 0 and that
		} else {
			e[i] = real.Exp(d, enclosePrec)
		}
		sum = sum.Add(e[i], enclosePrec)
	}
	mid, radius := make([]*big.Float, len(t)), make([]*big.Float, len(t))
	for i := range t {
		if t[i] != nil {
			mid[i], radius[i] = middle(e[i].Quo(sum, enclosePrec))
		}
	}
	return softmaxElements(t, mid, radius, tree)
}

var (
	farBelow = exactInt(-1000)
	farExp   = real.Interval{Lo: new(big.Float), Hi: real.Exp(farBelow, enclosePrec).Hi}
)

// bulkSoftmax is plainSoftmax in float64. u = top − t is exact but for a relative
// 2^−52 of |top| + |t|, FastExp64 has a relative FastError, sum and quotient
// n + 2 roundings of 2^−53.
func bulkSoftmax(c *spec.Case, tree spec.Tree) []Element {
	t, all := softmaxArgs(c)
	if all != nil {
		return repeated(*all, c.Shape.Cols)
	}
	f := make([]float64, len(t))
	top := math.Inf(-1)
	for i, v := range t {
		if f[i] = math.Inf(-1); v != nil {
			f[i], _ = v.Float64()
			top = max(top, f[i])
		}
	}
	y, sum := make([]float64, len(t)), 0.0
	for i, v := range f {
		if t[i] != nil {
			y[i] = exp64(v - top)
			sum += y[i]
		}
	}
	mid, radius := make([]*big.Float, len(t)), make([]*big.Float, len(t))
	shift := 0.0 // by which the exponents of terms that count are off
	for i := range y {
		if y[i] > 0 {
			shift = max(shift, (math.Abs(top)+math.Abs(f[i]))*0x1p-51)
		}
	}
	for i := range y {
		if t[i] == nil {
			continue
		}
		v := y[i] / sum
		rel := 2*math.Expm1(min(2*shift, 1)) + 4*real.FastError + float64(len(y)+4)*0x1p-52
		mid[i], radius[i] = exactFloat(v), exactFloat(v*rel+0x1p-900)
	}
	return softmaxElements(t, mid, radius, tree)
}

// exp64 returns e^d for d ≤ 0 within FastError, or 0 for less than −700.
func exp64(d float64) float64 {
	if d < -700 {
		return 0
	}
	m, e := real.FastExp64(d)
	return math.Ldexp(m, e)
}

// softmaxElements adds the bounds.
func softmaxElements(t, mid, radius []*big.Float, tree spec.Tree) []Element {
	t64, y64 := make([]float64, len(t)), make([]float64, len(t))
	for i, v := range t {
		if t64[i] = math.Inf(-1); v != nil {
			t64[i], _ = v.Float64()
			y64[i], _ = mid[i].Float64()
		}
	}
	bounds := spec.SoftmaxBounds(tree, t64, y64)
	out := make([]Element, len(t))
	for i := range out {
		if t[i] == nil {
			out[i] = only(spec.ClassPosZero)
			continue
		}
		bound := exact().Add(exactFloat(bounds[i]), radius[i])
		out[i] = Element{Class: spec.ClassFinite, Positive: true, Value: mid[i], Gauge: mid[i], Bound: bound}
	}
	return out
}
