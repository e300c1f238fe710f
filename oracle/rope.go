package oracle

import (
	"math"
	"math/big"
	"sync"

	"assay/oracle/real"
	"assay/spec"
)

// turn is cosine and sine of a pair's angle, times the magnitude, and the angle.
type turn struct {
	cos, sin         real.Interval
	theta, magnitude float64
}

const ropePrec = 128

// exactTurn evaluates the definition in spec.RopeParams.
func exactTurn(p spec.RopeParams, i int, factor float32) turn {
	f := func(x float32) real.Interval { return real.Point(exactFloat(float64(x))) }
	q := func(num, den int64) real.Interval { return real.Int(num).Quo(real.Int(den), ropePrec) }
	base := real.Log(exactFloat(float64(p.Theta)), ropePrec)
	// Pos·Theta^(−2i/Width)/factor
	a := real.ExpI(base.Mul(q(int64(-2*i), int64(p.Width)), ropePrec), ropePrec)
	a = a.Mul(real.Int(int64(p.Pos)), ropePrec).Quo(f(factor), ropePrec)
	theta := a.Mul(f(p.FreqScale), ropePrec)
	magnitude := f(p.AttnFactor)
	if p.ExtFactor != 0 {
		cd := func(beta float32) real.Interval {
			turns := real.Pi(ropePrec).Scale(1).Mul(f(beta), ropePrec)
			of := real.LogI(real.Int(int64(p.OrigContext)).Quo(turns, ropePrec), ropePrec)
			return of.Mul(real.Int(int64(p.Width)), ropePrec).Quo(base.Scale(1), ropePrec)
		}
		low, high := max(0, floorOf(cd(p.BetaFast).Lo)), min(p.Width-1, -floorOf(cd(p.BetaSlow).Neg().Lo))
		width := real.Int(int64(high - low))
		if high <= low {
			width = q(1, 1000)
		}
		ramp := unitRange(real.Int(int64(i-low)).Quo(width, ropePrec))
		mix := real.Int(1).Sub(ramp, ropePrec).Mul(f(p.ExtFactor), ropePrec)
		rest := real.Int(1).Sub(mix, ropePrec)
		theta = theta.Mul(rest, ropePrec).Add(a.Mul(mix, ropePrec), ropePrec)
		shrink := real.Log(exactFloat(float64(p.FreqScale)), ropePrec).Neg()
		magnitude = magnitude.Mul(real.Int(1).Add(shrink.Mul(q(1, 10), ropePrec), ropePrec), ropePrec)
	}
	t := turn{cos: real.CosI(theta, ropePrec).Mul(magnitude, ropePrec), sin: real.SinI(theta, ropePrec).Mul(magnitude, ropePrec)}
	t.theta, _ = theta.Hi.Float64()
	t.magnitude, _ = magnitude.Hi.Float64()
	return t
}

// unitRange returns min(1, max(0, x)).
func unitRange(x real.Interval) real.Interval {
	clamp := func(v *big.Float) *big.Float {
		switch one := big.NewFloat(1); {
		case v.Sign() < 0:
			return new(big.Float)
		case v.Cmp(one) > 0:
			return one
		}
		return v
	}
	return real.Interval{Lo: clamp(x.Lo), Hi: clamp(x.Hi)}
}

// floorOf returns ⌊x⌋. The ends of an enclosure that holds an integer would
// disagree; the correction dimensions hold none but for special parameters, for
// which floor and ceiling of one end are the same definition.
func floorOf(x *big.Float) int {
	i, _ := x.Int64()
	if x.Sign() < 0 && !x.IsInt() {
		i--
	}
	return int(i)
}

type turnKey struct {
	p      spec.RopeParams
	i      int
	factor float32
}

var turns sync.Map

// cachedTurn is exactTurn, remembered: many cases share their parameters.
func cachedTurn(p spec.RopeParams, i int, factor float32) turn {
	p.HeadDim, p.Halves = 0, false // have no influence
	key := turnKey{p, i, factor}
	if t, ok := turns.Load(key); ok {
		return t.(turn)
	}
	t := exactTurn(p, i, factor)
	turns.Store(key, t)
	return t
}

func rope(turnOf func(p spec.RopeParams, i int, factor float32) turn) func(c *spec.Case, t spec.Tree) []Element {
	return func(c *spec.Case, _ spec.Tree) []Element {
		p := spec.ReadRopeParams(c.In[2], c.Shape)
		x, factors := spec.Floats(c.In[0]), spec.Floats(c.In[1])
		table := make([]turn, p.Width/2)
		parallel(len(table), func(i int) {
			factor := float32(1)
			if len(factors) > 0 {
				factor = factors[i]
			}
			table[i] = turnOf(p, i, factor)
		})
		out := make([]Element, len(x))
		for h := 0; h < len(x); h += p.HeadDim {
			for i := h + p.Width; i < h+p.HeadDim; i++ { // copied
				out[i] = copied(x[i])
			}
			for i, t := range table {
				a, b := h+2*i, h+2*i+1
				if p.Halves {
					a, b = h+i, h+i+p.Width/2
				}
				out[a] = t.element(x[a], t.cos, x[b], t.sin.Neg())
				out[b] = t.element(x[a], t.sin, x[b], t.cos)
			}
		}
		return out
	}
}

// copied requires the very number.
func copied(x float32) Element {
	class := spec.ClassOf(math.Float32bits(x))
	if x-x != 0 {
		return only(class)
	}
	return Element{Class: class, Value: exactFloat(float64(x)), Bound: exact(), Gauge: abs(exactFloat(float64(x)))}
}

// element is x0·a + x1·b.
func (t turn) element(x0 float32, a real.Interval, x1 float32, b real.Interval) Element {
	ma, ra := middle(a)
	mb, rb := middle(b)
	fa, _ := ma.Float64()
	fb, _ := mb.Float64()
	if x0-x0 != 0 || x1-x1 != 0 {
		return only(ropeClass(float64(x0), fa, ra, float64(x1), fb, rb))
	}
	p0, p1 := exactFloat(float64(x0)), exactFloat(float64(x1))
	value := exact().Add(exact().Mul(p0, ma), exact().Mul(p1, mb))
	radius := exact().Add(exact().Mul(abs(p0), ra), exact().Mul(abs(p1), rb))
	radius.Add(radius, exact().Mul(abs(value), exactFloat(0x1p-600)))
	bound := exactFloat(spec.RopeBound(float64(x0), fa, float64(x1), fb, t.theta, t.magnitude))
	bound = exact().Add(bound, radius)
	e := Element{Value: value, Bound: bound, Class: spec.ClassFinite}
	gauge := math.Abs(float64(x0)*fa) + math.Abs(float64(x1)*fb)
	e.Gauge = exactFloat(gauge)
	if exact().Add(e.Gauge, bound).Cmp(spec.OverflowAt()) >= 0 {
		e.Class = spec.ClassUnspecified // a product may overflow before the sum cancels it
	}
	if x0 == 0 && x1 == 0 {
		e.Class, e.Bound = spec.ClassZero, exact()
	}
	return e
}

// ropeClass is IEEE's for special elements; the table may have zeros only where
// the exact values are zero or next to it.
func ropeClass(x0, a float64, ra *big.Float, x1, b float64, rb *big.Float) spec.Class {
	if x0 != x0 || x1 != x1 {
		return spec.ClassNaN
	}
	var class spec.Class
	for _, ca := range around(a) {
		for _, cb := range around(b) {
			class |= spec.ClassOf(math.Float32bits(float32(x0*ca + x1*cb)))
		}
	}
	return class
}

// around returns the values that a table entry near v may have, in class.
func around(v float64) []float64 {
	if math.Abs(v) > 0x1p-20 {
		return []float64{v}
	}
	return []float64{v, 0x1p-60, -0x1p-60, 0}
}
