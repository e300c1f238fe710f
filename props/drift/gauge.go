package drift

import "math"

// measure fills in the gauges of the stages, on the reference's own numbers.
func (r *Reference) measure(m *Model, tokens []int) {
	m.walk(tokens, func(layer int, s Stage, in [][]float64) []float64 {
		if len(r.Gauge) == layer {
			r.Gauge = append(r.Gauge, map[Stage]float64{})
		}
		r.Gauge[layer][s] = norm(m.gauge(layer, s, in, r.Layers[layer][s], len(tokens)))
		return r.Layers[layer][s]
	})
}

// gauge returns Σ|terms| for each of a stage's elements: for a product or a function
// of one number, that is its size.
func (m *Model) gauge(layer int, s Stage, in [][]float64, out []float64, n int) []float64 {
	var sizes [][]float64
	for _, x := range in {
		sizes = append(sizes, magnitudes(x))
	}
	switch s {
	case Scores, AttnMix, AttnAdd, Output:
		return m.real(layer, s, sizes, n) // sums of products of what they read
	case Rope:
		var g []float64
		for _, x := range sizes {
			for at := 0; at < len(x); at += m.HeadDim {
				g = append(g, m.turnedGauge(x[at:at+m.HeadDim], at/(len(x)/n))...)
			}
		}
		return g
	case AttnNorm, FFNNorm, Norm, Softmax, FFNSilu, FFNSwigl:
		return magnitudes(out)
	}
	return m.product(m.linear(layer, s), sizes[0], n, math.Abs)
}

func (m *Model) turnedGauge(x []float64, pos int) []float64 {
	g := make([]float64, len(x))
	for i := range len(x) / 2 {
		a, b, cos, sin := m.turn(i, len(x), pos)
		cos, sin = math.Abs(cos), math.Abs(sin)
		g[a], g[b] = x[a]*cos+x[b]*sin, x[a]*sin+x[b]*cos
	}
	return g
}

func magnitudes(x []float64) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = math.Abs(v)
	}
	return out
}
