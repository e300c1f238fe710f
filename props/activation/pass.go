package activation

import (
	"context"
	"errors"
	"fmt"
	"math"
)

// A pass computes a model over windows of tokens, all of them layer by layer
// together, so that every weight is decoded once.
type pass struct {
	m       *model
	windows [][]int
	turns   []rotation // by position

	// One vector a token, the windows one after another.
	x        []float64 // the residual stream
	h        []float64 // what a projection reads or has written
	q, k, v  []float64
	mix      []float64 // what attention makes of v
	gate, up []float64

	// visit is told each activation and what is multiplied with it.
	visit func(x []float64, readers ...*linear)
}

// checkWindows checks that the model has the tokens, and that a vector of the
// width for each of them is not too much. It returns their number.
func (m *model) checkWindows(windows [][]int, width int) (tokens int, err error) {
	for _, w := range windows {
		if len(w) == 0 {
			return 0, errors.New("activation: a window without tokens")
		}
		if tokens += len(w); tokens > maxVolume/width {
			return 0, fmt.Errorf("activation: %d tokens or more of %d numbers each: more than %d numbers", tokens, width, maxVolume)
		}
		for i, t := range w {
			if t < 0 || t >= m.embed.rows {
				return 0, fmt.Errorf("activation: token %d is %d, want 0 to %d", i, t, m.embed.rows-1)
			}
		}
	}
	return tokens, nil
}

// newPass makes room for n tokens in windows that have been checked.
func newPass(m *model, windows [][]int, n int) *pass {
	p := &pass{
		m: m, windows: windows,
		x: make([]float64, n*m.dim), h: make([]float64, n*m.dim),
		q: make([]float64, n*m.qWidth()), mix: make([]float64, n*m.qWidth()),
		k: make([]float64, n*m.kvWidth()), v: make([]float64, n*m.kvWidth()),
		gate: make([]float64, n*m.ffn), up: make([]float64, n*m.ffn),
		visit: func([]float64, ...*linear) {},
	}
	longest := 0
	for _, w := range windows {
		longest = max(longest, len(w))
	}
	for pos := range longest {
		p.turns = append(p.turns, newRotation(m.pairing, m.freqs, pos))
	}
	return p
}

// run leaves the output head's activations in h.
func (p *pass) run(ctx context.Context) error {
	i := 0
	for _, w := range p.windows {
		for _, t := range w {
			p.m.embed.row(p.x[i*p.m.dim:(i+1)*p.m.dim], t)
			i++
		}
	}
	for i := range p.m.layers {
		if err := p.layer(ctx, &p.m.layers[i]); err != nil {
			return err
		}
	}
	rmsNorm(p.h, p.x, p.m.norm, p.m.eps)
	p.visit(p.h, &p.m.head)
	return ctx.Err()
}

func (p *pass) layer(ctx context.Context, l *layer) error {
	var err error
	apply := func(dst, src []float64, f *linear) {
		if err == nil {
			err = f.apply(ctx, dst, src)
		}
	}

	rmsNorm(p.h, p.x, l.attnNorm, p.m.eps)
	p.visit(p.h, &l.q, &l.k, &l.v)
	apply(p.q, p.h, &l.q)
	apply(p.k, p.h, &l.k)
	apply(p.v, p.h, &l.v)
	if err != nil {
		return err
	}
	p.attention()
	p.visit(p.mix, &l.out)
	apply(p.h, p.mix, &l.out)
	add(p.x, p.h)

	rmsNorm(p.h, p.x, l.ffnNorm, p.m.eps)
	p.visit(p.h, &l.gate, &l.up)
	apply(p.gate, p.h, &l.gate)
	apply(p.up, p.h, &l.up)
	swiGLU(p.gate, p.up)
	p.visit(p.gate, &l.down)
	apply(p.h, p.gate, &l.down)
	add(p.x, p.h)
	return err
}

// rmsNorm writes x·w/√(mean(x²) + eps) for each vector of src, as long as w.
func rmsNorm(dst, src, w []float64, eps float64) {
	for i := 0; i < len(src); i += len(w) {
		x, y := src[i:i+len(w)], dst[i:i+len(w)]
		var sum float64
		for _, v := range x {
			sum += float64(v * v)
		}
		root := math.Sqrt(sum/float64(len(w)) + eps)
		for j, v := range x {
			y[j] = v / root * w[j]
		}
	}
}

// swiGLU replaces each gate by silu(gate)·up, with silu(x) = x/(1 + e^−x).
func swiGLU(gate, up []float64) {
	for i, g := range gate {
		gate[i] = g / (1 + math.Exp(-g)) * up[i]
	}
}

func add(x, y []float64) {
	for i, v := range y {
		x[i] += v
	}
}
