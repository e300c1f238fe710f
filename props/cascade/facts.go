package cascade

import (
	"fmt"
	"math"
	"math/big"

	"assay/oracle"
	"assay/props/mutants"
	"assay/spec"
)

// Fact is something that the published figures do not show.
type Fact struct {
	Says    string   `json:"says"`
	Figures []Figure `json:"figures"`
	Skipped string   `json:"skipped,omitempty"`
}

// Facts recomputes them, some of them from the reports of the rows.
func Facts(m *Model, reports []Report) []Fact {
	return []Fact{
		sameShape(reports),
		residual(reports),
		lot(),
		saturated(),
		hiddenEps(),
		luck(reports),
		blind(m),
		origin(),
	}
}

// sameShape: a spread over several tokens is not that of one.
func sameShape(reports []Report) Fact {
	f := Fact{Says: "18.23 was not numerical: one side took the spread over seven tokens, the other over the last one."}
	for _, r := range reports {
		if r.ID == "M103" && len(r.Reproduced) > 3 {
			f.Figures = []Figure{r.Reproduced[0], r.Reproduced[3]}
		}
	}
	if f.Figures == nil {
		f.Skipped = "M103 was not run"
	}
	return f
}

func residual(reports []Report) Fact {
	parts := Decomposition(reports)
	last := parts[len(parts)-1]
	f := Fact{
		Says:    "The product of the decomposition equals the measured 1723 % because its last factor is 1723 % over the product of the others.",
		Figures: []Figure{{Name: "published residual", Value: 14}, {Name: "1723 over the published factors", Value: last.Published}},
	}
	if last.Measured > 0 {
		f.Figures = append(f.Figures, Figure{Name: "1723 over the factors measured here", Value: last.Measured})
	}
	return f
}

// lot: M94 and its like are ordinary draws of noise.
func lot() Fact {
	w, x := blocks(0, 1), synthetic(0)
	a, b := pathA(w, x)[0], pathB(w, x)[0]
	most, ww, xx, wx := 0.0, 0.0, 0.0, 0.0
	for i, v := range dequantized(w) {
		w, x := float64(v), float64(x[i])
		most = max(most, math.Abs(x))
		ww, xx, wx = ww+w*w, xx+x*x, wx+w*x
	}
	sigma := most / 127 * math.Sqrt(ww/12)
	return Fact{
		Says: "M94 is an ordinary draw: the noise of rounding activations has the standard deviation s·‖w‖/√12, and its relative size is the angle between weights and activation.",
		Figures: []Figure{
			{Name: "difference in standard deviations", Value: math.Abs(float64(a)-float64(b)) / sigma},
			{Name: "cosine of the angle", Value: math.Abs(wx) / math.Sqrt(ww*xx)},
		},
	}
}

func saturated() Fact {
	figure := func(a, b float64) Figure {
		in, out := softmaxDrift([]float64{-1.5, .5, -.8, a, 1.2, -.3, b}, 3, step*a)
		return Figure{Name: fmt.Sprintf("logits %g and %g", a, b), Value: out / in}
	}
	return Fact{
		Says:    "Softmax amplifies where logits nearly tie, which M97's do not.",
		Figures: []Figure{figure(10, 9.9), figure(100, 100)},
	}
}

func hiddenEps() Fact {
	x := make([]float64, 256)
	twice := make([]float64, len(x))
	for i := range x {
		x[i] = 1e-3 * float64(1-2*(i%2))
		twice[i] = 2 * x[i]
	}
	norm := func(x []float64, eps float64) float64 { return math.Abs(rmsNorm(x, eps)[0]) }
	return Fact{
		Says: "At a mean square of 1e-6 RMSNorm is not homogeneous, and eps decides.",
		Figures: []Figure{
			{Name: "twice the argument changes the result by", Value: norm(twice, 1e-6)/norm(x, 1e-6) - 1},
			{Name: "eps 1e-5 for 1e-6 gives the result times", Value: norm(x, 1e-5) / norm(x, 1e-6)},
		},
	}
}

func luck(reports []Report) Fact {
	f := Fact{Says: "M92's equal bits are luck: how often an eight-lane dot equals the scalar one."}
	for _, r := range reports {
		if r.ID == "M92" && len(r.Populations) > 0 {
			p := r.Populations[0]
			f.Figures = append(f.Figures, Figure{Name: "share of draws", Value: float64(p.Zeros) / float64(p.Draws)})
		}
	}
	if len(f.Figures) == 0 {
		f.Skipped = "M92 was not run"
	}
	return f
}

// blind: what M94 reads with a real defect injected, and what that does to
// trained weights.
func blind(m *Model) Fact {
	f := Fact{Says: "M94's assertion (different bits, less than 10 %) passes on kernels with real defects."}
	data, _, err := m.anyProjection(3)
	for _, mutant := range mutants.All() {
		if mutant.Op != spec.OpMatvecQ4KQ8K && mutant.Op != spec.OpDotQ4KQ8K || mutant.Defect != "paiml/aprender#3105" {
			continue
		}
		if mutant.Op != spec.OpDotQ4KQ8K {
			continue
		}
		dot := func(w []byte, x []float32) float32 {
			q := call(generic(spec.OpQuantizeQ8KAprender), spec.Vector(len(x)), spec.FloatBytes(x))
			out := make([]byte, 4)
			mutant.Func.Run(&spec.Call{Shape: spec.Vector(len(x)), Threads: 1, In: [][]byte{w, q}, Out: out})
			return spec.GetF32(out, 0)
		}
		w, x := blocks(0, 1), synthetic(0)
		f.Figures = append(f.Figures, Figure{Name: mutant.ID + " on M94", Value: relative(pathA(w, x)[0], dot(w, x))})
		if err != nil {
			continue
		}
		errors, sizes := 0.0, 0.0
		for i := range min(1000, len(data)/spec.Q4KBytes) {
			w := data[i*spec.Q4KBytes:][:spec.Q4KBytes]
			a := float64(pathA(w, x)[0])
			d := float64(dot(w, x)) - a
			errors, sizes = errors+d*d, sizes+a*a
		}
		f.Figures = append(f.Figures, Figure{Name: mutant.ID + " on the model's blocks, root mean square", Value: math.Sqrt(errors / sizes)})
	}
	return f
}

// origin: what A − B of M94 is made of, exactly.
func origin() Fact {
	w, x := blocks(0, 1), synthetic(0)
	q := call(generic(spec.OpQuantizeQ8KAprender), spec.Vector(len(x)), spec.FloatBytes(x))
	a, b := float64(pathA(w, x)[0]), float64(pathB(w, x)[0])
	want, err := oracle.Eval(&spec.Case{Op: spec.OpDotQ4KQ8K, Shape: spec.Vector(len(x)), In: [][]byte{w, q}}, spec.TreeLanes)
	if err != nil {
		return Fact{Says: "What the difference is made of.", Skipped: err.Error()}
	}
	moved, _ := oracle.Displacement(spec.Q4K, w, spec.FloatBytes(x), q).Float64()
	own, _ := new(big.Float).Sub(big.NewFloat(b), want.Elements[0].Value).Float64()
	return Fact{
		Says: "The difference of the paths is the rounding of the activation, Σ w·(x − x̂), known exactly; the rest are the roundings of the two kernels.",
		Figures: []Figure{
			{Name: "share of that rounding", Value: moved / (a - b)},
			{Name: "share of Path A's left fold", Value: math.Abs((a - b - moved + own) / (a - b))},
			{Name: "share of the fused kernel", Value: math.Abs(own / (a - b))},
			{Name: "share of that rounding, Path A being exact", Value: moved / (moved - own)},
		},
	}
}
