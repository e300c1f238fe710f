package drift

import (
	"math"

	"assay/props/activation"
	"assay/spec"
)

// Reference is what a model computes on real numbers, as near as float64 gives it:
// the drift of f32 and quantised runs is measured from it. It is no oracle;
// stages are judged by that.
type Reference struct {
	Layers []map[Stage][]float64
	// Gauge of a stage is ‖Σ|terms|‖ of its elements.
	Gauge []map[Stage]float64
}

// Reference computes the model over the tokens in float64.
func (m *Model) Reference(tokens []int) *Reference {
	r := &Reference{}
	m.walk(tokens, func(layer int, s Stage, in [][]float64) []float64 {
		if len(r.Layers) == layer {
			r.Layers = append(r.Layers, map[Stage][]float64{})
		}
		out := m.real(layer, s, in, len(tokens))
		r.Layers[layer][s] = out
		return out
	})
	r.measure(m, tokens)
	return r
}

// walk calls f for every stage of a run on real numbers, with the outputs of f for
// the stages that it reads.
func (m *Model) walk(tokens []int, f func(layer int, s Stage, in [][]float64) []float64) {
	embed := spec.Floats(m.floats(m.Embed))
	var x []float64
	for _, t := range tokens {
		x = append(x, widen(embed[t*m.Dim:(t+1)*m.Dim])...)
	}
	for layer := range len(m.Layers) + 1 {
		out := map[Stage][]float64{}
		for _, g := range graph(m, layer) {
			var in [][]float64
			for _, s := range g.from {
				if s == input {
					in = append(in, x)
				} else {
					in = append(in, out[s])
				}
			}
			out[g.stage] = f(layer, g.stage, in)
		}
		x = out[Output]
	}
}

func widen(x []float32) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = float64(v)
	}
	return out
}

// real is one stage on n tokens.
func (m *Model) real(layer int, s Stage, in [][]float64, n int) []float64 {
	var out []float64
	switch s {
	case AttnNorm, FFNNorm, Norm:
		gain := m.gain(layer, s)
		for t := range n {
			x := in[0][t*m.Dim : (t+1)*m.Dim]
			sum := 0.0
			for _, v := range x {
				sum += v * v
			}
			root := math.Sqrt(sum/float64(m.Dim) + float64(float32(m.Eps)))
			for i, v := range x {
				out = append(out, v/root*float64(gain[i]))
			}
		}
	case Rope:
		for k, heads := range []int{m.Heads, m.KVHeads} {
			for t := range n {
				for h := range heads {
					at := (t*heads + h) * m.HeadDim
					out = append(out, m.turned(in[k][at:at+m.HeadDim], t)...)
				}
			}
		}
	case Scores:
		keys := in[0][n*m.Heads*m.HeadDim:]
		for t := range n {
			for h := range m.Heads {
				q := in[0][(t*m.Heads+h)*m.HeadDim:][:m.HeadDim]
				for p := range t + 1 {
					out = append(out, dot(q, keys[(p*m.KVHeads+h/(m.Heads/m.KVHeads))*m.HeadDim:]))
				}
			}
		}
	case Softmax:
		scale, at := float64(float32(1/math.Sqrt(float64(m.HeadDim)))), 0
		for t := range n {
			for range m.Heads {
				out = append(out, softmax(in[0][at:at+t+1], scale)...)
				at += t + 1
			}
		}
	case AttnMix:
		at := 0
		for t := range n {
			for h := range m.Heads {
				mixed := make([]float64, m.HeadDim)
				for p := range t + 1 {
					v := in[1][(p*m.KVHeads+h/(m.Heads/m.KVHeads))*m.HeadDim:]
					for d := range mixed {
						mixed[d] += in[0][at] * v[d]
					}
					at++
				}
				out = append(out, mixed...)
			}
		}
	case FFNSilu:
		for _, v := range in[0] {
			out = append(out, v/(1+math.Exp(-v)))
		}
	case FFNSwigl:
		for i, v := range in[0] {
			out = append(out, v*in[1][i])
		}
	case AttnAdd, Output:
		for i, v := range in[0] {
			out = append(out, v+in[1][i])
		}
	default:
		out = m.product(m.linear(layer, s), in[0], n, func(v float64) float64 { return v })
	}
	return out
}

// product is a matrix, with f of its elements and biases, on n vectors.
func (m *Model) product(l *activation.Linear, x []float64, n int, f func(float64) float64) []float64 {
	w := spec.Floats(m.floats(l.Tensor))
	cols, rows := int(l.Tensor.Dims[0]), int(l.Tensor.Rows())
	out := make([]float64, n*rows)
	row := make([]float64, cols)
	for r := range rows {
		for i, v := range w[r*cols : (r+1)*cols] {
			row[i] = f(float64(v))
		}
		for t := range n {
			out[t*rows+r] = dot(row, x[t*cols:])
			if l.Bias != nil {
				out[t*rows+r] += f(float64(l.Bias[r]))
			}
		}
	}
	return out
}

// turned is RoPE of one head.
func (m *Model) turned(x []float64, pos int) []float64 {
	out := make([]float64, len(x))
	for i := range len(x) / 2 {
		a, b, cos, sin := m.turn(i, len(x), pos)
		out[a], out[b] = x[a]*cos-x[b]*sin, x[a]*sin+x[b]*cos
	}
	return out
}

// turn is RoPE's pair i of a head of n elements: which two they are, and by what they
// are turned.
func (m *Model) turn(i, n, pos int) (a, b int, cos, sin float64) {
	angle := m.Scale * float64(pos) * math.Pow(float64(float32(m.Theta)), -2*float64(i)/float64(n))
	if m.Factors != nil {
		angle /= float64(m.Factors[i])
	}
	sin, cos = math.Sincos(angle)
	if m.Halves {
		return i, i + n/2, cos, sin
	}
	return 2 * i, 2*i + 1, cos, sin
}

func dot(x, y []float64) (sum float64) {
	for i, v := range x {
		sum += v * y[i]
	}
	return sum
}

func softmax(x []float64, scale float64) []float64 {
	top, sum := math.Inf(-1), 0.0
	for _, v := range x {
		top = max(top, v*scale)
	}
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = math.Exp(v*scale - top)
		sum += out[i]
	}
	for i := range out {
		out[i] /= sum
	}
	return out
}

// Drift is how far a stage of a run is from the reference, over all tokens:
// ‖run − reference‖/‖reference‖.
func (r *Reference) Drift(t *Trace, layer int, s Stage) float64 {
	return r.error(t, layer, s) / norm(r.Layers[layer][s])
}

// GaugeDrift is ‖run − reference‖/‖gauge‖: unlike Drift it is not large where terms
// cancel, which is no fault of the run.
func (r *Reference) GaugeDrift(t *Trace, layer int, s Stage) float64 {
	return r.error(t, layer, s) / r.Gauge[layer][s]
}

func (r *Reference) error(t *Trace, layer int, s Stage) float64 {
	diff := widen(t.Layers[layer][s])
	for i, v := range r.Layers[layer][s] {
		diff[i] -= v
	}
	return norm(diff)
}

func norm(x []float64) float64 { return math.Sqrt(dot(x, x)) }
