package cascade

import (
	"math"
	"math/rand/v2"

	"assay/spec"
)

// Rows about a chain of matvecs.

const chainLength = 5

// path is Path A or Path B of one matvec.
type path func(t int, x []float32) []float32

// chain applies n matvecs of 256 × 256, and RMS normalisation without eps and gain
// after each.
func chain(n int, x []float32, p path) []float32 {
	for t := range n {
		x = normalised(p(t, x))
	}
	return x
}

func normalised(x []float32) []float32 {
	sum := float32(0)
	for _, v := range x {
		sum += float32(v * v)
	}
	rms := float32(math.Sqrt(float64(sum / float32(len(x)))))
	out := make([]float32, len(x))
	for i, v := range x {
		out[i] = v / rms
	}
	return out
}

// tensors are five 256 × 256 matrices with their values.
type tensors struct {
	w      [chainLength][]byte
	values [chainLength][]float32
}

func newTensors(make func(t int) []byte) *tensors {
	var m tensors
	for t := range m.w {
		m.w[t] = make(t)
		m.values[t] = dequantized(m.w[t])
	}
	return &m
}

var published = newTensors(func(t int) []byte { return blocks(t, spec.SuperBlock) })

func (m *tensors) a(t int, x []float32) []float32 {
	y := make([]float32, len(x))
	for r := range y {
		y[r] = leftFold(m.values[t][r*len(x):(r+1)*len(x)], x)
	}
	return y
}

func (m *tensors) b(t int, x []float32) []float32 { return pathB(m.w[t], x) }

// byDepth returns the relative L2 difference of the paths after each matvec.
func (m *tensors) byDepth(x []float32) (out [chainLength]float64) {
	a, b := x, x
	for t := range out {
		a, b = normalised(m.a(t, a)), normalised(m.b(t, b))
		out[t] = relativeL2(a, b)
	}
	return out
}

func m95() Falsifier {
	growth := func(m *tensors, x []float32) (float64, float64) {
		d := m.byDepth(x)
		return d[chainLength-1] / d[0], math.NaN()
	}
	return Falsifier{
		ID:         "M95",
		Hypothesis: "The difference of the paths compounds from matvec to matvec.",
		Fixture:    "5 matvecs of 256 × 256 with RMS normalisation after each, scale bytes 7i+3+row+11t, quant bytes 13i+17+3row+19t",
		Rule:       amplification,
		Published:  []Figure{{Name: "amplification", Value: 5.70, Within: 0.05}, {Name: "relative L2 difference", Value: 0.004391, Within: 5e-7}},
		Notes: []string{
			"The published amplification divides an L2 norm over a vector by the relative difference of a single dot, M94. In one metric it is the quotient of last and first depth.",
			"The fixture's weights are nearly of rank one: other starts end in nearly the same vector.",
		},
		measure: func(*Model) ([]Figure, error) {
			d := published.byDepth(synthetic(0))
			one := relative(pathA(blocks(0, 1), synthetic(0))[0], pathB(blocks(0, 1), synthetic(0))[0])
			return []Figure{
				{Name: "amplification", Value: d[4] / one}, {Name: "relative L2 difference", Value: d[4]},
				{Name: "at depth 1", Value: d[0]}, {Name: "at depth 2", Value: d[1]}, {Name: "at depth 3", Value: d[2]},
				{Name: "at depth 4", Value: d[3]}, {Name: "amplification in one metric", Value: d[4] / d[0]},
			}, nil
		},
		populations: []source{
			{"random weights of mean zero, N(0,1) starts; last over first depth", 20_000, func(rng *rand.Rand) (float64, float64) {
				m := newTensors(func(int) []byte { return centredBlocks(rng, spec.SuperBlock) })
				return growth(m, gaussian(rng, spec.SuperBlock))
			}},
			{"the fixture's weights, N(0,1) starts; last over first depth", 20_000, func(rng *rand.Rand) (float64, float64) {
				return growth(published, gaussian(rng, spec.SuperBlock))
			}},
		},
	}
}

func m99() Falsifier {
	const tokens = 7
	// acrossTokens is the mean over components of the standard deviation.
	acrossTokens := func(x [][]float32) float64 {
		mean := 0.0
		for i := range x[0] {
			sum, squares := 0.0, 0.0
			for _, v := range x {
				sum += float64(v[i])
			}
			sum /= float64(len(x))
			for _, v := range x {
				squares += (float64(v[i]) - sum) * (float64(v[i]) - sum)
			}
			mean += math.Sqrt(squares / float64(len(x)))
		}
		return mean / float64(len(x[0]))
	}
	both := func(starts [][]float32) (a, b [][]float32, mean float64) {
		for _, x := range starts {
			ya, yb := chain(chainLength, x, published.a), chain(chainLength, x, published.b)
			a, b = append(a, ya), append(b, yb)
			mean += relativeL2(ya, yb) / float64(len(starts))
		}
		return a, b, mean
	}
	return Falsifier{
		ID: "M99", Amplifier: "A4",
		Hypothesis: "Several tokens amplify the difference of the paths.",
		Fixture:    "M95's weights on 7 tokens a = (i−128)·0.05 + ((i%7)+token)·0.01; spread across tokens of Path A over that of Path B, less one, over M94's difference",
		Rule:       coupling,
		Published: []Figure{
			{Name: "amplification", Value: 50, Within: 5}, {Name: "mean relative L2 difference", Value: 0.001147, Within: 5e-7},
			{Name: "spread of Path A", Value: 0.033416, Within: 5e-7}, {Name: "spread of Path B", Value: 0.032228, Within: 5e-7},
			{Name: "amplification of the mean", Value: 0.26, Within: 0.005},
		},
		Notes: []string{
			"The tokens do not interact: there is no attention. What is called an amplification contains M95's own.",
			"The spread is that of nearly equal vectors.",
		},
		measure: func(*Model) ([]Figure, error) {
			var starts [][]float32
			for token := range tokens {
				starts = append(starts, synthetic(token))
			}
			a, b, mean := both(starts)
			one := relative(pathA(blocks(0, 1), synthetic(0))[0], pathB(blocks(0, 1), synthetic(0))[0])
			first := relativeL2(a[0], b[0])
			return []Figure{
				{Name: "amplification", Value: (acrossTokens(a)/acrossTokens(b) - 1) / one}, {Name: "mean relative L2 difference", Value: mean},
				{Name: "spread of Path A", Value: acrossTokens(a)}, {Name: "spread of Path B", Value: acrossTokens(b)},
				{Name: "amplification of the mean", Value: mean / first},
			}, nil
		},
		populations: []source{{"7 tokens of N(0,1); mean relative L2 difference over that of the first token", 20_000, func(rng *rand.Rand) (float64, float64) {
			var starts [][]float32
			for range tokens {
				starts = append(starts, gaussian(rng, spec.SuperBlock))
			}
			a, b, mean := both(starts)
			return mean / relativeL2(a[0], b[0]), math.NaN()
		}}},
	}
}
