package oracle

import (
	"math"
	"math/big"

	"assay/oracle/real"
	"assay/spec"
)

// scoreKind is what is known of scale·Σ q·k before it is evaluated.
type scoreKind uint8

const (
	scoreFinite scoreKind = iota
	scoreHidden           // −Inf: no weight
	scoreSpoils           // NaN or +Inf: the row is NaN
	scoreUnsure           // something may overflow
)

// overflowsNear is a magnitude that no rounded sum of a gauge below it exceeds.
const overflowsNear = 0x1p127

func kindOfScore(q, k []float32, scale float32, tree spec.Tree) scoreKind {
	gauge, sum := 0.0, 0.0
	special, unsure := false, false
	for d, x := range q {
		p := float64(x) * float64(k[d])
		early := math.Abs(float64(scale) * float64(x)) // TreeAny may form it first
		if !finite(p) {
			special = true
			sum += p
			unsure = unsure || tree == spec.TreeAny && early < 0x1p-120
			continue
		}
		unsure = unsure || tree == spec.TreeAny && early >= overflowsNear
		gauge += math.Abs(p)
	}
	unsure = unsure || gauge >= overflowsNear
	switch t := float64(scale) * sum; {
	case sum != sum, special && t != t:
		return scoreSpoils
	case unsure:
		return scoreUnsure
	case special && t > 0:
		return scoreSpoils
	case special:
		return scoreHidden
	case math.Abs(float64(scale))*gauge >= overflowsNear:
		return scoreUnsure
	}
	return scoreFinite
}

// attended is what one query and head sees: the weights, with enclosures.
type attended struct {
	scores  []spec.Score
	y       []real.Interval // plain
	mid     []float64       // bulk; y lies within the relative radius of it
	radius  float64
	weights []float64 // either, rounded
}

// attend evaluates the weights of finite scores; the others are hidden.
type attend func(q []float32, k [][]float32, hidden []bool, scale float32) attended

func attention(weigh attend) func(c *spec.Case, t spec.Tree) []Element {
	return func(c *spec.Case, tree spec.Tree) []Element {
		p := spec.ReadAttentionParams(c.In[3], c.Shape)
		q, k, v := spec.Floats(c.In[0]), spec.Floats(c.In[1]), spec.Floats(c.In[2])
		dim := p.HeadDim
		out := make([]Element, len(q))
		parallel(p.Queries*p.Heads, func(j int) {
			group := j % p.Heads / (p.Heads / p.KVHeads)
			rows := func(x []float32) [][]float32 {
				var out [][]float32
				for t := range p.Visible(j / p.Heads) {
					at := (t*p.KVHeads + group) * dim
					out = append(out, x[at:at+dim])
				}
				return out
			}
			attendHead(out[j*dim:(j+1)*dim], q[j*dim:(j+1)*dim], rows(k), rows(v), p.Scale, tree, weigh)
		})
		return out
	}
}

func attendHead(out []Element, q []float32, k, v [][]float32, scale float32, tree spec.Tree, weigh attend) {
	fill := func(class spec.Class) {
		for i := range out {
			out[i] = only(class)
		}
	}
	hidden, all, unsure := make([]bool, len(k)), true, false
	for t := range k {
		switch kindOfScore(q, k[t], scale, tree) {
		case scoreSpoils:
			fill(spec.ClassNaN)
			return
		case scoreUnsure:
			unsure = true
		case scoreHidden:
			hidden[t] = true
			continue
		}
		all = false
	}
	if unsure {
		fill(spec.ClassUnspecified)
		return
	}
	var w attended
	var off []float64
	if !all {
		w = weigh(q, k, hidden, scale)
		off = spec.AttentionWeightBounds(tree, len(q), float64(scale), w.scores, w.weights)
	}
	column := make([]float32, len(v))
	for d := range out {
		ignored := false
		for t := range v {
			column[t] = v[t][d]
			ignored = ignored || hidden[t] && !finite(float64(column[t]))
		}
		switch {
		case ignored:
			out[d] = only(spec.ClassUnspecified)
		case all:
			out[d] = only(spec.ClassZero)
		default:
			out[d] = w.element(column, off, tree)
		}
	}
}

// element is Σ y·v. Hidden keys have the weight 0 and a finite v.
func (w attended) element(v []float32, off []float64, tree spec.Tree) Element {
	nan, inf, sure := false, 0.0, true
	all, zero := 0.0, true
	for t, x := range v {
		x := float64(x)
		nan = nan || x != x
		if math.IsInf(x, 0) {
			inf += x
			sure = sure && w.weights[t]-off[t] > 0x1p-120
		}
		all += math.Abs(x)
		zero = zero && x == 0
	}
	calm := !(all >= overflowsNear)
	switch {
	case nan:
		return only(spec.ClassNaN)
	case inf == 0: // all finite
	case sure && inf != inf:
		return only(spec.ClassNaN)
	case !sure:
		return only(spec.ClassNonFinite)
	default: // finite terms of any size do not change it, unless they overflow
		rest := 0.0
		for _, x := range v {
			if finite(float64(x)) {
				rest += math.Abs(float64(x))
			}
		}
		switch {
		case rest >= overflowsNear:
			return only(spec.ClassNonFinite)
		case inf > 0:
			return only(spec.ClassPosInf)
		}
		return only(spec.ClassNegInf)
	}
	if zero {
		e := only(spec.ClassZero)
		e.Value, e.Gauge, e.Bound = exact(), exact(), exact()
		return e
	}
	values := make([]float64, len(v))
	gauge := 0.0
	for t, x := range v {
		values[t] = float64(x)
		gauge += w.weights[t] * math.Abs(values[t])
	}
	value, radius := w.sum(values, gauge)
	bound := upAdd(exactFloat(spec.AttentionBound(tree, w.weights, off, values)), radius)
	e := Element{Value: value, Gauge: exactFloat(gauge), Bound: bound, Class: spec.ClassFinite}
	if !calm && (tree == spec.TreeAny || upAdd(e.Gauge, bound).Cmp(spec.OverflowAt()) >= 0) {
		e.Class = spec.ClassUnspecified
	}
	return e
}

// sum returns the middle of an enclosure of Σ y·v and its radius.
func (w attended) sum(v []float64, gauge float64) (mid, radius *big.Float) {
	if w.y == nil {
		s := 0.0
		for t, x := range v {
			s += w.mid[t] * x
		}
		return exactFloat(s), exactFloat(gauge*(w.radius+float64(len(v)+4)*0x1p-52) + 0x1p-700)
	}
	sum := real.Int(0)
	for t, x := range v {
		if x != 0 {
			sum = sum.Add(w.y[t].Mul(real.Point(exactFloat(x)), enclosePrec), enclosePrec)
		}
	}
	return middle(sum)
}

// plainAttend divides enclosures.
func plainAttend(q []float32, k [][]float32, hidden []bool, scale float32) attended {
	w := attended{scores: make([]spec.Score, len(k)), y: make([]real.Interval, len(k)), weights: make([]float64, len(k))}
	s := exactFloat(float64(scale))
	t := make([]*big.Float, len(k))
	var top *big.Float
	for j := range k {
		if hidden[j] {
			w.scores[j].Value = math.Inf(-1)
			continue
		}
		sum, gauge, keys := exact(), exact(), exact()
		for d, x := range q {
			p := exactMul(exactFloat(float64(x)), exactFloat(float64(k[j][d])))
			sum, gauge, keys = exactAdd(sum, p), exactAdd(gauge, abs(p)), exactAdd(keys, abs(exactFloat(float64(k[j][d]))))
		}
		t[j] = exactMul(s, sum)
		w.scores[j].Value, _ = t[j].Float64()
		w.scores[j].Gauge, _ = gauge.Float64()
		w.scores[j].Keys, _ = keys.Float64()
		if top == nil || t[j].Cmp(top) > 0 {
			top = t[j]
		}
	}
	sum := real.Int(0)
	for j, v := range t {
		if v == nil {
			w.y[j] = real.Int(0)
			continue
		}
		w.y[j] = farExp
		if d := exactAdd(v, exact().Neg(top)); d.Cmp(farBelow) >= 0 {
			w.y[j] = real.Exp(d, enclosePrec)
		}
		sum = sum.Add(w.y[j], enclosePrec)
	}
	for j := range k {
		w.y[j] = w.y[j].Quo(sum, enclosePrec)
		mid, _ := middle(w.y[j])
		w.weights[j], _ = mid.Float64()
	}
	return w
}

// bulkAttend is plainAttend in float64. Products of two f32 are exact there, so a
// score is off by n + 2 roundings of |scale|·gauge; the rest is as in bulkSoftmax.
// Where that is too much to be of use it is plainAttend.
func bulkAttend(q []float32, k [][]float32, hidden []bool, scale float32) attended {
	w := attended{scores: make([]spec.Score, len(k)), mid: make([]float64, len(k))}
	top, size := math.Inf(-1), 0.0
	for j := range k {
		if hidden[j] {
			w.scores[j].Value = math.Inf(-1)
			continue
		}
		var s spec.Score
		for d, x := range q {
			p := float64(x) * float64(k[j][d])
			s.Value += p
			s.Gauge += math.Abs(p)
			s.Keys += math.Abs(float64(k[j][d]))
		}
		s.Value *= float64(scale)
		w.scores[j] = s
		top = max(top, s.Value)
		size = max(size, math.Abs(float64(scale))*s.Gauge)
	}
	shift := size * float64(len(q)+4) * 0x1p-51
	if shift > 0x1p-30 {
		return plainAttend(q, k, hidden, scale)
	}
	sum := 0.0
	for j, s := range w.scores {
		if !hidden[j] {
			w.mid[j] = exp64(s.Value - top)
			sum += w.mid[j]
		}
	}
	for j := range w.mid {
		w.mid[j] /= sum
	}
	w.radius = 2*math.Expm1(2*shift) + 4*real.FastError + float64(len(k)+4)*0x1p-52
	w.weights = w.mid
	return w
}
