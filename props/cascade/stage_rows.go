package cascade

import (
	"math"
	"math/rand/v2"
)

// Rows about the stages between matvecs, in float64: they are about functions, not
// about their implementations.

const step = 0.00077 // the relative perturbation of M98 and M101

func softmax(x []float64) []float64 {
	top, sum := math.Inf(-1), 0.0
	for _, v := range x {
		top = max(top, v)
	}
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = math.Exp(v - top)
		sum += out[i]
	}
	for i := range out {
		out[i] /= sum
	}
	return out
}

// softmaxDrift returns relative L1 drifts of argument and result when element i
// grows by d.
func softmaxDrift(x []float64, i int, d float64) (in, out float64) {
	y := append([]float64(nil), x...)
	y[i] += d
	return relativeL1(x, y), relativeL1(softmax(x), softmax(y))
}

func m97() Falsifier {
	logits := []float64{-1.5, .5, -.8, 10, 1.2, -.3, .7}
	quotient := func(x []float64, i int) (float64, float64) {
		in, out := softmaxDrift(x, i, step*x[i])
		return out / in, math.NaN()
	}
	// tied draws seven logits, two of which lead with nearly the same size.
	tied := func(size float64) func(rng *rand.Rand) (float64, float64) {
		return func(rng *rand.Rand) (float64, float64) {
			x := make([]float64, len(logits))
			for i := range x {
				x[i] = rng.NormFloat64()
			}
			x[0], x[1] = size, size-0.1*rng.Float64()
			return quotient(x, 0)
		}
	}
	return Falsifier{
		ID: "M97", Amplifier: "A2",
		Hypothesis: "Softmax amplifies the drift of its logits.",
		Fixture:    "softmax of (−1.5, 0.5, −0.8, 10, 1.2, −0.3, 0.7), 0.0077 added to the 10; quotient of the relative L1 drifts of result and argument",
		Rule:       saturation,
		Published: []Figure{
			{Name: "amplification", Value: 0.0113, Within: 1e-4}, {Name: "drift of the argument", Value: 0.00051333, Within: 5e-9},
			{Name: "drift of the result", Value: 0.00000578, Within: 1e-7},
		},
		Notes: []string{
			"One logit leads by far, which is where softmax does the least.",
			"The published drift of the result is 1 % less than the exact one.",
		},
		measure: func(*Model) ([]Figure, error) {
			in, out := softmaxDrift(logits, 3, 0.0077)
			return []Figure{{Name: "amplification", Value: out / in}, {Name: "drift of the argument", Value: in}, {Name: "drift of the result", Value: out}}, nil
		},
		populations: []source{
			{"seven logits N(0, 3), the largest times 1.00077", 20_000, func(rng *rand.Rand) (float64, float64) {
				x, top := make([]float64, len(logits)), 0
				for i := range x {
					x[i] = 3 * rng.NormFloat64()
					if x[i] > x[top] {
						top = i
					}
				}
				return quotient(x, top)
			}},
			{"two leading logits near 10 within 0.1", 20_000, tied(10)},
			{"two leading logits near 100 within 0.1", 20_000, tied(100)},
		},
	}
}

// rotated turns a head at a position, pairs being halves.
func rotated(x []float64, pos int) []float64 {
	out, half := make([]float64, len(x)), len(x)/2
	for i := range half {
		sin, cos := math.Sincos(float64(pos) * math.Pow(1e4, -2*float64(i)/float64(len(x))))
		out[i], out[i+half] = x[i]*cos-x[i+half]*sin, x[i]*sin+x[i+half]*cos
	}
	return out
}

// scoreDrift returns the relative drift of ⟨R q, R k⟩ over that of q.
func scoreDrift(q, k, moved []float64, posQ, posK int) float64 {
	dot := func(a, b []float64) float64 {
		sum := 0.0
		for i := range a {
			sum += a[i] * b[i]
		}
		return sum
	}
	rk := rotated(k, posK)
	before, after := dot(rotated(q, posQ), rk), dot(rotated(moved, posQ), rk)
	diff, size := 0.0, 0.0
	for i := range q {
		diff += (moved[i] - q[i]) * (moved[i] - q[i])
		size += q[i] * q[i]
	}
	return math.Abs(after-before) / math.Abs(before) / math.Sqrt(diff/size)
}

func m98() Falsifier {
	const dim = 64
	perturbed := func(x []float64, sign func(i int) float64) []float64 {
		out := make([]float64, len(x))
		for i, v := range x {
			out[i] = v * (1 + step*sign(i))
		}
		return out
	}
	draw := func(rng *rand.Rand) (q, k []float64) {
		for range dim {
			q, k = append(q, rng.NormFloat64()), append(k, rng.NormFloat64())
		}
		return q, k
	}
	return Falsifier{
		ID: "M98", Amplifier: "A1",
		Hypothesis: "RoPE's phases amplify the drift of queries in the scores.",
		Fixture:    "a head of 64, theta 10000, positions 0 and 1, q = (i−32)·0.05 + (i%5)·0.02, k = (i−32)·0.04 + (i%7)·0.015, q times 1.00077; quotient of the drifts of score and query",
		Rule:       amplification,
		Published:  []Figure{{Name: "amplification", Value: 0.9999, Within: 5e-4}},
		Notes:      []string{"At position 0 RoPE is the identity, and a common factor of q is one of the score: the fixture cannot give another figure than 1."},
		measure: func(*Model) ([]Figure, error) {
			q, k := make([]float64, dim), make([]float64, dim)
			for i := range q {
				q[i] = float64(i-32)*.05 + float64(i%5)*.02
				k[i] = float64(i-32)*.04 + float64(i%7)*.015
			}
			return []Figure{{Name: "amplification", Value: scoreDrift(q, k, perturbed(q, func(int) float64 { return 1 }), 0, 1)}}, nil
		},
		populations: []source{
			{"N(0,1) heads, positions to 4095, each element of q times 1 ± 0.00077", 20_000, func(rng *rand.Rand) (float64, float64) {
				q, k := draw(rng)
				moved := perturbed(q, func(int) float64 { return float64(1 - 2*rng.IntN(2)) })
				return scoreDrift(q, k, moved, rng.IntN(4096), rng.IntN(4096)), math.NaN()
			}},
			{"N(0,1) heads, positions to 4095, q times 1.00077", 20_000, func(rng *rand.Rand) (float64, float64) {
				q, k := draw(rng)
				return scoreDrift(q, k, perturbed(q, func(int) float64 { return 1 }), rng.IntN(4096), rng.IntN(4096)), math.NaN()
			}},
		},
	}
}

// rmsNorm is x/√(mean square + eps).
func rmsNorm(x []float64, eps float64) []float64 {
	sum := 0.0
	for _, v := range x {
		sum += v * v
	}
	r := 1 / math.Sqrt(sum/float64(len(x))+eps)
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = v * r
	}
	return out
}

func drift64(a, b []float64) float64 {
	diff, size := 0.0, 0.0
	for i := range a {
		diff += (a[i] - b[i]) * (a[i] - b[i])
		size += a[i] * a[i]
	}
	return math.Sqrt(diff / size)
}

func m101() Falsifier {
	const eps = 1e-6
	quotient := func(x []float64, sign func(i int) float64) float64 {
		y := make([]float64, len(x))
		for i, v := range x {
			y[i] = v * (1 + step*sign(i))
		}
		return drift64(rmsNorm(x, eps), rmsNorm(y, eps)) / drift64(x, y)
	}
	random := func(size float64) func(rng *rand.Rand) (float64, float64) {
		return func(rng *rand.Rand) (float64, float64) {
			x := make([]float64, 256)
			for i := range x {
				x[i] = size * rng.NormFloat64()
			}
			return quotient(x, func(int) float64 { return float64(1 - 2*rng.IntN(2)) }), math.NaN()
		}
	}
	return Falsifier{
		ID: "M101", Amplifier: "A6",
		Hypothesis: "The reciprocal root of RMSNorm amplifies the drift of its argument.",
		Fixture:    "M94's activation, eps 1e-6, each element times 1 ± 0.00077, minus where (13i+7)%17 < 8; quotient of the drifts of result and argument",
		Rule:       coupling,
		Published:  []Figure{{Name: "amplification", Value: 1, Within: 5e-3}},
		Notes:      []string{"A mean square of 13.7 hides eps: see what it does at a mean square of 1e-6 among the facts."},
		measure: func(*Model) ([]Figure, error) {
			var x []float64
			for _, v := range synthetic(0) {
				x = append(x, float64(v))
			}
			return []Figure{{Name: "amplification", Value: quotient(x, func(i int) float64 {
				if (13*i+7)%17 < 8 {
					return -1
				}
				return 1
			})}}, nil
		},
		populations: []source{
			{"N(0,1) of 256, each element times 1 ± 0.00077", 20_000, random(1)},
			{"mean square 1e-6, each element times 1 ± 0.00077", 20_000, random(1e-3)},
		},
	}
}
