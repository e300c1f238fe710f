package activation

import "assay/corpus/gguf"

// Model is a checked model, for passes other than this package's: its shape and
// its tensors as stored.
type Model struct {
	Dim, FFN, Heads, KVHeads, HeadDim int

	Eps    float64 // of all norms
	Theta  float64 // RoPE's base
	Scale  float64 // of RoPE's positions
	Halves bool    // RoPE's pairs are elements i and i + HeadDim/2

	// Factors divide RoPE's frequencies, one for each pair of a head; nil if there
	// are none.
	Factors []float32

	Embed  *gguf.Tensor // a row for each token
	Layers []Layer
	Norm   []float32
	Head   Linear
}

// Layer is the tensors of one block.
type Layer struct {
	AttnNorm       []float32
	Q, K, V, Out   Linear
	FFNNorm        []float32
	Gate, Up, Down Linear
}

// Linear is W·x + b.
type Linear struct {
	Tensor *gguf.Tensor
	Bias   []float32 // nil if there is none
}

// Open checks the model of f. Errors are as for [Collect].
func Open(f *gguf.File) (*Model, error) {
	m, err := load(f)
	if err != nil {
		return nil, err
	}
	l := &loader{tensors: map[string]*gguf.Tensor{}, used: map[string]bool{}}
	for i := range f.Tensors {
		l.tensors[f.Tensors[i].Name] = &f.Tensors[i]
	}
	out := &Model{
		Dim: m.dim, FFN: m.ffn, Heads: m.heads, KVHeads: m.kvHeads, HeadDim: m.headDim,
		Eps: m.eps, Theta: m.base, Scale: m.scale, Halves: m.pairing == halves,
		Factors: round(l.ropeFactors(&m.config)), Embed: m.embed.tensor, Norm: round(m.norm), Head: m.head.open(),
	}
	for i := range m.layers {
		b := &m.layers[i]
		out.Layers = append(out.Layers, Layer{
			AttnNorm: round(b.attnNorm), Q: b.q.open(), K: b.k.open(), V: b.v.open(), Out: b.out.open(),
			FFNNorm: round(b.ffnNorm), Gate: b.gate.open(), Up: b.up.open(), Down: b.down.open(),
		})
	}
	return out, nil
}

func (l *linear) open() Linear { return Linear{l.tensor, round(l.bias)} }
