package drift

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/big"
	"runtime"
	"sync"

	"assay/oracle/real"
	"assay/props/activation"
	"assay/spec"
)

// Certified is the model on real numbers, enclosed: no number of a stage is further
// from its middle than the stage's radius. Weights are those of the file in f32, each
// rounded once.
type Certified struct {
	Reference // the middles, rounded to float64
	// Radius of a stage, with that rounding: of every element.
	Radius []map[Stage]float64
	Bits   uint // after the point, that it took
}

// leastSize stands for the largest number of a stage that is nearly zero throughout:
// the least normal f32.
const leastSize = 0x1p-126

var errWide = errors.New("drift: enclosures grew too wide")

// Certify encloses the model over the tokens. Radii grow from stage to stage by what
// the weights could do to them, which is far more than they do; the precision is
// doubled until no radius is more than 2^−48 of its stage's largest number, or of 2^−126. Twice in
// vain is enough: radii are float64, in which 2^−1000 is as small as they get.
func (m *Model) Certify(ctx context.Context, tokens []int) (*Certified, error) {
	for bits := uint(256); bits <= 1024; bits *= 2 {
		c, err := m.certify(ctx, tokens, bits)
		if !errors.Is(err, errWide) {
			return c, err
		}
	}
	return nil, errWide
}

func (m *Model) certify(ctx context.Context, tokens []int, bits uint) (*Certified, error) {
	p := &certifier{Model: m, arith: newArith(bits), n: len(tokens)}
	rows := int(m.Embed.Rows())
	embed := spec.Floats(m.floats(m.Embed))
	var x []ball
	for _, t := range tokens {
		if t < 0 || t >= rows {
			return nil, fmt.Errorf("drift: token %d: the model has %d", t, rows)
		}
		for _, v := range embed[t*m.Dim : (t+1)*m.Dim] {
			x = append(x, p.exact(v))
		}
	}
	p.turns()
	out := &Certified{Bits: bits}
	for layer := range len(m.Layers) + 1 {
		done := map[Stage][]ball{}
		middles, radii := map[Stage][]float64{}, map[Stage]float64{}
		out.Layers, out.Radius = append(out.Layers, middles), append(out.Radius, radii)
		for _, g := range graph(m, layer) {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			var in [][]ball
			for _, s := range g.from {
				if s == input {
					in = append(in, x)
				} else {
					in = append(in, done[s])
				}
			}
			b, err := p.stage(layer, g.stage, in)
			if err != nil {
				return nil, err
			}
			done[g.stage] = b
			largest, radius := 0.0, 0.0
			for _, v := range b {
				f, _ := p.number(v).Float64()
				middles[g.stage] = append(middles[g.stage], f)
				largest = max(largest, math.Abs(f))
				radius = max(radius, up(v.r+math.Abs(f)*0x1p-53))
			}
			if radii[g.stage] = radius; !(radius <= max(largest, leastSize)*0x1p-48) {
				return nil, errWide
			}
		}
		x = done[Output]
	}
	out.measure(m, tokens)
	return out, nil
}

// Width returns the largest radius of all stages, relative to the stage's largest
// number.
func (c *Certified) Width() float64 {
	width := 0.0
	for layer, radii := range c.Radius {
		for s, r := range radii {
			largest := leastSize
			for _, v := range c.Layers[layer][s] {
				largest = max(largest, math.Abs(v))
			}
			width = max(width, r/largest)
		}
	}
	return width
}

// certifier is one pass.
type certifier struct {
	*Model
	*arith
	n        int
	cos, sin []ball // of each position and pair
}

// each calls f for 0 to n − 1, in parallel; it reports whether all returned true.
func each(n int, f func(i int) bool) bool {
	var wg sync.WaitGroup
	var mu sync.Mutex
	ok, workers := true, runtime.GOMAXPROCS(0)
	for w := range workers {
		wg.Go(func() {
			for i := w; i < n; i += workers {
				if !f(i) {
					mu.Lock()
					ok = false
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	return ok
}

// turns encloses the cosines and sines of RoPE: the angle is
// Scale·pos·Theta^(−2i/HeadDim), over the pair's factor.
func (p *certifier) turns() {
	prec, pairs := p.bits+64, p.HeadDim/2
	p.cos, p.sin = make([]ball, p.n*pairs), make([]ball, p.n*pairs)
	log := real.Log(big.NewFloat(float64(float32(p.Theta))), prec)
	each(pairs, func(i int) bool {
		f := real.ExpI(log.Mul(real.Int(int64(-2*i)).Quo(real.Int(int64(p.HeadDim)), prec), prec), prec)
		f = f.Mul(real.Point(big.NewFloat(p.Scale)), prec)
		if p.Factors != nil {
			f = f.Quo(real.Point(big.NewFloat(float64(p.Factors[i]))), prec)
		}
		for t := range p.n {
			angle := f.Mul(real.Int(int64(t)), prec)
			p.cos[t*pairs+i], p.sin[t*pairs+i] = p.enclose(real.CosI(angle, prec)), p.enclose(real.SinI(angle, prec))
		}
		return true
	})
}

func (p *certifier) stage(layer int, s Stage, in [][]ball) ([]ball, error) {
	n, size := p.n, p.HeadDim
	group := p.Heads / p.KVHeads
	ok := true
	var out []ball
	switch s {
	case AttnNorm, FFNNorm, Norm:
		out = make([]ball, len(in[0]))
		gain := p.gain(layer, s)
		ok = each(n, func(t int) bool {
			x := in[0][t*p.Dim : (t+1)*p.Dim]
			mean, _ := p.quo(p.dot(x, x), p.exact(float32(p.Dim)))
			root, ok := p.rsqrt(p.add(mean, p.exact(float32(p.Eps))))
			if ok {
				for i, v := range x {
					out[t*p.Dim+i] = p.mul(p.mul(v, root), p.exact(gain[i]))
				}
			}
			return ok
		})
	case Rope:
		for k, heads := range []int{p.Heads, p.KVHeads} {
			part := make([]ball, len(in[k]))
			each(n*heads, func(j int) bool {
				p.turn(part[j*size:(j+1)*size], in[k][j*size:(j+1)*size], j/heads)
				return true
			})
			out = append(out, part...)
		}
	case Scores:
		keys := in[0][n*p.Heads*size:]
		out = make([]ball, p.Heads*n*(n+1)/2)
		each(n*p.Heads, func(j int) bool {
			t, h := j/p.Heads, j%p.Heads
			for k := range t + 1 {
				out[p.at(t, h)+k] = p.dot(in[0][j*size:(j+1)*size], keys[(k*p.KVHeads+h/group)*size:][:size])
			}
			return true
		})
	case Softmax:
		scale := p.exact(float32(1 / math.Sqrt(float64(size))))
		out = make([]ball, len(in[0]))
		ok = each(n*p.Heads, func(j int) bool {
			t, h := j/p.Heads, j%p.Heads
			at := p.at(t, h)
			return p.softmax(out[at:at+t+1], in[0][at:at+t+1], scale)
		})
	case AttnMix:
		out = make([]ball, n*p.Heads*size)
		each(n*p.Heads, func(j int) bool {
			t, h := j/p.Heads, j%p.Heads
			column := make([]ball, t+1)
			for d := range size {
				for k := range column {
					column[k] = in[1][(k*p.KVHeads+h/group)*size+d]
				}
				out[j*size+d] = p.dot(in[0][p.at(t, h):][:t+1], column)
			}
			return true
		})
	case FFNSilu:
		out = make([]ball, len(in[0]))
		each(len(out), func(i int) bool { out[i] = p.silu(in[0][i]); return true })
	case FFNSwigl:
		out = make([]ball, len(in[0]))
		each(len(out), func(i int) bool { out[i] = p.mul(in[0][i], in[1][i]); return true })
	case AttnAdd, Output:
		for i, v := range in[0] {
			out = append(out, p.add(v, in[1][i]))
		}
	default:
		out = p.matrix(p.linear(layer, s), in[0])
	}
	if !ok {
		return nil, errWide
	}
	return out, nil
}

// at is where the scores of a token's head begin.
func (p *certifier) at(t, h int) int { return p.Heads*t*(t+1)/2 + h*(t+1) }

// turn is RoPE of one head.
func (p *certifier) turn(out, x []ball, pos int) {
	half := len(x) / 2
	for i := range half {
		j, k := 2*i, 2*i+1
		if p.Halves {
			j, k = i, i+half
		}
		cos, sin := p.cos[pos*half+i], p.sin[pos*half+i]
		minus := ball{new(big.Int).Neg(sin.m), sin.r}
		out[j] = p.add(p.mul(x[j], cos), p.mul(x[k], minus))
		out[k] = p.add(p.mul(x[j], sin), p.mul(x[k], cos))
	}
}

// softmax subtracts the middle of one of the scaled scores, which is exact and
// changes nothing.
func (p *certifier) softmax(out, x []ball, scale ball) bool {
	top := new(big.Int)
	for i, v := range x {
		out[i] = p.mul(v, scale)
		if i == 0 || out[i].m.Cmp(top) > 0 {
			top = out[i].m
		}
	}
	sum := ball{new(big.Int), 0}
	for i, v := range out {
		e, ok := p.exp(ball{new(big.Int).Sub(v.m, top), v.r})
		if !ok {
			return false
		}
		out[i] = e
		sum = p.add(sum, e)
	}
	for i := range out {
		var ok bool
		if out[i], ok = p.quo(out[i], sum); !ok {
			return false
		}
	}
	return true
}

// weightBits is a scale at which every f32 is an integer.
const weightBits = 149

// matrix multiplies a matrix with the vectors of all tokens. The sum of products is
// exact, and is shifted once.
func (p *certifier) matrix(l *activation.Linear, x []ball) []ball {
	cols, rows := int(l.Tensor.Dims[0]), int(l.Tensor.Rows())
	w := spec.Floats(p.floats(l.Tensor))
	out := make([]ball, p.n*rows)
	each(rows, func(r int) bool {
		// Integers at a scale of the row's own are short.
		least := 0
		row := w[r*cols : (r+1)*cols]
		for i, v := range row {
			if _, e := math.Frexp(float64(v)); i == 0 || e < least {
				least = e
			}
		}
		shift := min(weightBits, 24-least)
		weights, sizes := make([]*big.Int, cols), make([]float64, cols)
		for i, v := range row {
			f := new(big.Float).SetMantExp(big.NewFloat(float64(v)), shift)
			weights[i], _ = f.Int(nil)
			sizes[i] = math.Abs(float64(v))
		}
		sum, t := new(big.Int), new(big.Int)
		for k := range p.n {
			sum.SetInt64(0)
			radius := 0.0
			for i, v := range x[k*cols : (k+1)*cols] {
				sum.Add(sum, t.Mul(weights[i], v.m))
				radius += sizes[i] * v.r
			}
			m := new(big.Int)
			if shift >= 0 {
				m.Rsh(sum, uint(shift))
			} else {
				m.Lsh(sum, uint(-shift))
			}
			b := ball{m, up(radius + p.unit)}
			if l.Bias != nil {
				b = p.add(b, p.exact(l.Bias[r]))
			}
			out[k*rows+r] = b
		}
		return true
	})
	return out
}
