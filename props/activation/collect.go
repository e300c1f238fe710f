package activation

import (
	"context"

	"assay/corpus/gguf"
)

// Site is a weight matrix of a model with the activations that the model
// multiplies it with.
type Site struct {
	// Tensor is the matrix: Tensor.Rows() outputs, each of Tensor.Dims[0]
	// weights.
	Tensor *gguf.Tensor

	// X holds one vector of Tensor.Dims[0] elements for each token, rounded to
	// f32. Sites that read the same activation share it: it must not be
	// changed.
	X []float32

	// Tokens is the number of vectors in X.
	Tokens int
}

// Collect runs the model of f over the tokens, the first of them at position 0,
// and returns a site for each matrix that is multiplied with an activation, in
// the order of the pass: the projections of attention and feed-forward network,
// and the output head, which may be the token embedding.
//
// The error wraps [ErrArchitecture] or [ErrType] if the model is one that the
// pass does not cover, and is ctx's if that ends first; it is looked at at
// least once a matrix.
func Collect(ctx context.Context, f *gguf.File, tokens []int) ([]Site, error) {
	m, err := load(f)
	if err != nil {
		return nil, err
	}
	windows := [][]int{tokens}
	n, err := m.checkWindows(windows, m.widest())
	if err != nil {
		return nil, err
	}
	p := newPass(m, windows, n)
	var sites []Site
	p.visit = func(x []float64, readers ...*linear) {
		rounded := round(x)
		for _, l := range readers {
			sites = append(sites, Site{Tensor: l.tensor, X: rounded, Tokens: n})
		}
	}
	if err := p.run(ctx); err != nil {
		return nil, err
	}
	return sites, nil
}

// Logits runs the model of f over each window of tokens on its own, the first
// token of each at position 0, and returns for each window what the model gives
// for the token after each of its tokens: len(window) vectors of as many
// logits as the model has tokens. Errors are as for [Collect].
func Logits(ctx context.Context, f *gguf.File, windows ...[]int) ([][]float64, error) {
	m, err := load(f)
	if err != nil {
		return nil, err
	}
	n, err := m.checkWindows(windows, max(m.widest(), m.head.rows))
	if err != nil {
		return nil, err
	}
	p := newPass(m, windows, n)
	if err := p.run(ctx); err != nil {
		return nil, err
	}
	all := make([]float64, n*m.head.rows)
	if err := m.head.apply(ctx, all, p.h); err != nil {
		return nil, err
	}
	logits := make([][]float64, len(windows))
	for i, w := range windows {
		n := len(w) * m.head.rows
		logits[i], all = all[:n:n], all[n:]
	}
	return logits, nil
}

// round returns x in f32, nil for nil.
func round(x []float64) []float32 {
	if x == nil {
		return nil
	}
	y := make([]float32, len(x))
	for i, v := range x {
		y[i] = float32(v)
	}
	return y
}
