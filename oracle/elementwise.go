package oracle

import (
	"math"
	"math/big"

	"assay/oracle/real"
	"assay/spec"
)

// unary is an elementwise op: its value by an enclosure, and by a certified
// float64.
type unary struct {
	exact func(x *big.Float, prec uint) real.Interval
	fast  func(x float32) (m float64, e int)
	ulps  int64
	// far is a magnitude from which on the value is below 2^−300 or above 2^300,
	// or differs by a relative 2^−300 from x.
	far float32
}

var unaries = map[spec.Op]unary{
	spec.OpExpF32:  {real.Exp, real.FastExp, spec.ExpUlps, 250},
	spec.OpSiluF32: {real.Silu, real.FastSilu, spec.SiluUlps, 250},
	spec.OpGeluF32: {real.Gelu, real.FastGelu, spec.GeluUlps, 20},
}

// enclosePrec is the precision of enclosures: their width is far below a bound.
const enclosePrec = 96

func plainUnary(c *spec.Case, _ spec.Tree) []Element {
	op := unaries[c.Op]
	x := spec.Floats(c.In[0])
	out := make([]Element, len(x))
	parallel(len(x), func(i int) {
		if e, special := specialUnary(c.Op, x[i]); special {
			out[i] = e
			return
		}
		at := x[i]
		if at > op.far || at < -op.far { // as good as there
			if c.Op != spec.OpExpF32 && at > 0 {
				out[i] = op.element(c.Op, at, exactFloat(float64(at)), exactFloat(float64(at)*0x1p-300))
				return
			}
			at = float32(math.Copysign(float64(op.far), float64(at)))
		}
		v := op.exact(big.NewFloat(float64(at)), enclosePrec)
		mid, radius := middle(v)
		out[i] = op.element(c.Op, x[i], mid, radius)
	})
	return out
}

// upAdd returns x + y, rounded up where exponents lie too far apart.
func upAdd(x, y *big.Float) *big.Float { return exact().SetMode(big.ToPositiveInf).Add(x, y) }

// middle returns the middle of an interval and an upper bound of its radius.
func middle(v real.Interval) (mid, radius *big.Float) {
	mid = exact().Add(v.Lo, v.Hi)
	mid.SetMantExp(mid, -1)
	return mid, v.Width()
}

func bulkUnary(c *spec.Case, _ spec.Tree) []Element {
	op := unaries[c.Op]
	x := spec.Floats(c.In[0])
	out := make([]Element, len(x))
	for i, v := range x {
		if e, special := specialUnary(c.Op, v); special {
			out[i] = e
			continue
		}
		m, e := op.fast(v)
		value := exactFloat(m)
		value.SetMantExp(value, e)
		radius := exactMul(abs(value), exactFloat(real.FastError))
		out[i] = op.element(c.Op, v, value, radius)
	}
	return out
}

// element is the requirement for an enclosure of a finite value.
func (u unary) element(op spec.Op, x float32, value, radius *big.Float) Element {
	ulp := exact().Set(spec.Ulp(upAdd(abs(value), radius)))
	e := Element{Value: value, Bound: upAdd(exactMul(ulp, exactInt(u.ulps)), radius), Gauge: abs(value)}
	e.Positive = op == spec.OpExpF32 || x > 0
	e.Negative = !e.Positive
	if e.Class = finiteClass(e.Value, e.Bound); e.Class&spec.ClassFinite == 0 {
		e.Value = nil
	}
	return e
}

// finiteClass is the class of a result with this value and bound: finite, or
// infinite where the bound reaches the overflow threshold.
func finiteClass(value, bound *big.Float) spec.Class {
	inf := spec.ClassPosInf
	if value.Signbit() {
		inf = spec.ClassNegInf
	}
	lo, hi := exact().Sub(abs(value), bound), exact().Add(abs(value), bound)
	switch {
	case lo.Cmp(spec.OverflowAt()) >= 0:
		return inf
	case hi.Cmp(spec.OverflowAt()) >= 0:
		return spec.ClassFinite | inf
	}
	return spec.ClassFinite
}

// only is an element without a value.
func only(c spec.Class) Element { return Element{Class: c} }

// specialUnary returns what the op's rule says of NaN, infinities and zeros.
func specialUnary(op spec.Op, x float32) (Element, bool) {
	isExp := op == spec.OpExpF32
	switch {
	case x != x:
		return only(spec.ClassNaN), true
	case math.IsInf(float64(x), 1):
		return only(spec.ClassPosInf), true
	case math.IsInf(float64(x), -1) && isExp:
		return only(spec.ClassPosZero), true
	case math.IsInf(float64(x), -1):
		return only(spec.ClassZero | spec.ClassNaN), true
	case x == 0 && isExp:
		return Element{Class: spec.ClassNonzero, Value: exactInt(1), Bound: exact(), Gauge: exactInt(1)}, true
	case x == 0:
		return only(spec.ClassOf(math.Float32bits(x))), true
	}
	return Element{}, false
}

// swiglu takes silu's requirement, by either derivation, times up.
func swiglu(silu func(c *spec.Case, t spec.Tree) []Element) func(c *spec.Case, t spec.Tree) []Element {
	return func(c *spec.Case, t spec.Tree) []Element {
		gate := silu(&spec.Case{Op: spec.OpSiluF32, Shape: c.Shape, In: c.In[:1]}, t)
		out := make([]Element, len(gate))
		for i, s := range gate {
			out[i] = timesUp(s, spec.GetF32(c.In[0], i), spec.GetF32(c.In[1], i))
		}
		return out
	}
}

func timesUp(s Element, gate, up float32) Element {
	var class spec.Class
	if s.Value == nil || up-up != 0 {
		// By the classes that silu may have, as IEEE multiplies them.
		for _, v := range representatives(s, gate) {
			class |= spec.ClassOf(math.Float32bits(v * up))
		}
		return only(class)
	}
	value := exactMul(s.Value, exactFloat(float64(up)))
	sv, _ := s.Value.Float64()
	delta, _ := s.Bound.Float64()
	bound := exactFloat(spec.SwigluBound(sv, delta*(1+0x1p-40), float64(up)))
	e := Element{Value: value, Bound: bound, Gauge: abs(value), Class: finiteClass(value, bound)}
	if up == 0 {
		e.Bound = exact()
	}
	minus := s.Negative != math.Signbit(float64(up))
	e.Negative, e.Positive = minus, !minus
	if up == 0 {
		e.Class = spec.ClassZero
	}
	if e.Class&spec.ClassFinite == 0 {
		e.Value = nil
	}
	return e
}

// representatives returns an f32 of each class that silu may have.
func representatives(s Element, gate float32) []float32 {
	negZero := float32(math.Copysign(0, -1))
	if s.Value != nil {
		one := float32(math.Copysign(1, float64(gate)))
		if exact().Sub(abs(s.Value), s.Bound).Sign() <= 0 { // may be rounded to zero
			return []float32{one, float32(math.Copysign(0, float64(gate)))}
		}
		return []float32{one}
	}
	var out []float32
	for class, v := range map[spec.Class]float32{
		spec.ClassNaN: float32(math.NaN()), spec.ClassPosInf: float32(math.Inf(1)), spec.ClassPosZero: 0, spec.ClassNegZero: negZero,
	} {
		if s.Class&class != 0 {
			out = append(out, v)
		}
	}
	return out
}

var plainOthers = map[spec.Op]func(c *spec.Case, t spec.Tree) []Element{
	spec.OpExpF32: plainUnary, spec.OpSiluF32: plainUnary, spec.OpGeluF32: plainUnary,
	spec.OpSwigluF32:  swiglu(plainUnary),
	spec.OpSoftmaxF32: plainSoftmax, spec.OpRMSNormF32: plainRMSNorm, spec.OpRopeF32: rope(exactTurn),
	spec.OpAttentionF32: attention(plainAttend),
}

var bulkOthers = map[spec.Op]func(c *spec.Case, t spec.Tree) []Element{
	spec.OpExpF32: bulkUnary, spec.OpSiluF32: bulkUnary, spec.OpGeluF32: bulkUnary,
	spec.OpSwigluF32:  swiglu(bulkUnary),
	spec.OpSoftmaxF32: bulkSoftmax, spec.OpRMSNormF32: bulkRMSNorm, spec.OpRopeF32: rope(cachedTurn),
	spec.OpAttentionF32: attention(bulkAttend),
}
