package cascade

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"assay/corpus/gguf"
	"assay/corpus/teacher"
	"assay/props/activation"
	"assay/props/drift"
	"assay/spec"
)

// Model is a model file for the rows that need one.
type Model struct {
	Name string
	File *gguf.File
}

// errNoModel is why such a row is skipped.
var errNoModel = errors.New("needs a model file")

// downProjection returns the blocks of a layer's ffn_down.
func (m *Model) downProjection(layer int) ([]byte, error) {
	if m == nil || m.File == nil {
		return nil, errNoModel
	}
	t, err := m.File.Tensor(fmt.Sprintf("blk.%d.ffn_down.weight", layer))
	if err != nil {
		return nil, err
	}
	if t.Type != gguf.Q4K {
		return nil, fmt.Errorf("%s is of type %v, want Q4_K", t.Name, t.Type)
	}
	return t.Data, nil
}

// anyProjection is the Q4_K ffn_down of the layer nearest to the one wanted, for
// files that mix formats.
func (m *Model) anyProjection(layer int) (data []byte, at int, err error) {
	if m == nil || m.File == nil {
		return nil, 0, errNoModel
	}
	best := -1
	for i := range m.File.Tensors {
		t := &m.File.Tensors[i]
		var l int
		if n, _ := fmt.Sscanf(t.Name, "blk.%d.ffn_down.weight", &l); n != 1 || !strings.HasSuffix(t.Name, ".ffn_down.weight") || t.Type != gguf.Q4K {
			continue
		}
		if best < 0 || max(l-layer, layer-l) < max(best-layer, layer-best) {
			best, data = l, t.Data
		}
	}
	if best < 0 {
		return nil, 0, fmt.Errorf("%s has no ffn_down of type Q4_K", m.Name)
	}
	return data, best, nil
}

// mostLayers is more than any model has.
const mostLayers = 1000

func (m *Model) blocksOf(data []byte) int { return len(data) / spec.Q4KBytes }

func m100() Falsifier {
	const one = 0.00077401 // M94's relative difference
	reading := func(w []byte, x []float32) (rel, gauge float64, a, b float32) {
		a, b = pathA(w, x)[0], pathB(w, x)[0]
		return relative(a, b), overGauge(w, x, a, b), a, b
	}
	return Falsifier{
		ID: "M100", Amplifier: "A5",
		Hypothesis: "Trained weights amplify the difference of the paths.",
		Fixture:    "the first block of layer 3's ffn_down of the published teacher, on M94's activation; here of the nearest layer of the given model whose ffn_down is Q4_K",
		Rule:       amplification,
		Published:  []Figure{{Name: "amplification", Value: 5.5627}, {Name: "relative difference", Value: 0.00428329}},
		Notes: []string{
			"The published figures are those of Qwen2.5-Coder-7B-Instruct Q4_K_M; another model gives others.",
			"A quotient of two draws from a law with heavy tails.",
		},
		teacher: true,
		measure: func(m *Model) ([]Figure, error) {
			data, layer, err := m.anyProjection(3)
			if err != nil {
				return nil, err
			}
			rel, gauge, a, b := reading(data[:spec.Q4KBytes], synthetic(0))
			return []Figure{
				{Name: "amplification", Value: rel / one}, {Name: "relative difference", Value: rel}, {Name: "over the gauge", Value: gauge},
				bitsOf("Path A", a), bitsOf("Path B", b), {Name: "layer", Value: float64(layer)},
			}, nil
		},
	}
}

// populationsOf are those that need the model.
func (m *Model) populationsOf(id string) []source {
	if m == nil || m.File == nil || id != "M100" {
		return nil
	}
	data, layer, err := m.anyProjection(3)
	if err != nil {
		return nil
	}
	const one = 0.00077401
	block := func(rng *rand.Rand) []byte {
		i := rng.IntN(m.blocksOf(data))
		return data[i*spec.Q4KBytes:][:spec.Q4KBytes]
	}
	return []source{
		{fmt.Sprintf("any block of layer %d's ffn_down, the published activation", layer), 20_000, func(rng *rand.Rand) (float64, float64) {
			w, x := block(rng), synthetic(0)
			a, b := pathA(w, x)[0], pathB(w, x)[0]
			return relative(a, b) / one, overGauge(w, x, a, b)
		}},
		{fmt.Sprintf("any block of layer %d's ffn_down, N(0,1) activations", layer), 20_000, func(rng *rand.Rand) (float64, float64) {
			w, x := block(rng), gaussian(rng, spec.SuperBlock)
			a, b := pathA(w, x)[0], pathB(w, x)[0]
			return relative(a, b) / one, overGauge(w, x, a, b)
		}},
	}
}

func m102() Falsifier {
	return Falsifier{
		ID:         "M102",
		Hypothesis: "The difference of the paths grows from layer to layer.",
		Fixture:    "the first blocks of ffn_down of the first five layers that have it in Q4_K, or of as many as there are; the activation is multiplied by 1 + 0.001·min(1, max(−1, last result)) after each; last over first relative difference",
		Rule:       amplification,
		Published: []Figure{
			{Name: "growth", Value: 1.81}, {Name: "layer 0", Value: .00544}, {Name: "layer 1", Value: .00780},
			{Name: "layer 2", Value: .00029}, {Name: "layer 3", Value: .00428}, {Name: "layer 4", Value: .00774},
		},
		Notes: []string{
			"Nothing is carried from layer to layer but a factor of at most 1.001: the five figures are five draws of M100.",
			"The published growth is last over fourth layer; last over first is 1.42.",
		},
		teacher: true,
		measure: func(m *Model) ([]Figure, error) {
			if m == nil || m.File == nil {
				return nil, errNoModel
			}
			var figures []Figure
			x, found := synthetic(0), 0
			for layer := 0; found < 5 && layer < mostLayers; layer++ {
				data, err := m.downProjection(layer)
				if err != nil {
					continue
				}
				found++
				w := data[:spec.Q4KBytes]
				a, b := pathA(w, x)[0], pathB(w, x)[0]
				figures = append(figures, Figure{Name: fmt.Sprintf("layer %d", layer), Value: relative(a, b)})
				factor := 1 + 0.001*min(1, max(-1, a))
				for i := range x {
					x[i] *= factor
				}
			}
			if found < 2 {
				return nil, fmt.Errorf("%s has %d layers with an ffn_down of type Q4_K, want 2", m.Name, found)
			}
			growth := figures[found-1].Value / figures[0].Value
			return append([]Figure{{Name: "growth", Value: growth}}, figures...), nil
		},
	}
}

// spread is the standard deviation of the elements.
func spread(x []float32) float64 {
	sum, squares := 0.0, 0.0
	for _, v := range x {
		sum += float64(v)
	}
	mean := sum / float64(len(x))
	for _, v := range x {
		squares += (float64(v) - mean) * (float64(v) - mean)
	}
	return math.Sqrt(squares / float64(len(x)))
}

func m103() Falsifier {
	return Falsifier{
		ID:         "M103",
		Hypothesis: "A layer's activations spread differently in the two engines.",
		Fixture:    "the standard deviation of layer 3's ffn_swigl over the last of seven tokens, on Path A over that on Path B; here of the given model",
		Rule:       ratio,
		Published:  []Figure{{Name: "ratio at layer 3", Value: 1.245}},
		Notes: []string{
			"The 18.23 that this replaced divided the spread over seven tokens by that of the last one: samples of different shape.",
			"The published ratio is that of another model and of two engines, one of which had defects.",
		},
		teacher: true,
		measure: func(m *Model) ([]Figure, error) {
			if m == nil || m.File == nil {
				return nil, errNoModel
			}
			d, err := drift.Open(m.File)
			if err != nil {
				return nil, err
			}
			tokens := activation.Tokens(m.File, teacher.Sample(), 7)
			var traces [2]*drift.Trace
			for i, p := range []drift.Path{drift.PathA, drift.PathBAprender} {
				if traces[i], err = d.Run(context.Background(), tokens, drift.Along(p)); err != nil {
					return nil, err
				}
			}
			var all []float64
			for layer := range d.Layers {
				all = append(all, spread(traces[0].Last(layer, drift.FFNSwigl))/spread(traces[1].Last(layer, drift.FFNSwigl)))
			}
			return []Figure{
				{Name: "ratio at layer 3", Value: all[min(3, len(all)-1)]}, {Name: "smallest", Value: slices.Min(all)}, {Name: "largest", Value: slices.Max(all)},
				{Name: "all tokens of one over the last of the other", Value: spread(traces[0].Layers[min(3, len(all)-1)][drift.FFNSwigl]) / spread(traces[1].Last(min(3, len(all)-1), drift.FFNSwigl))},
			}, nil
		},
	}
}
