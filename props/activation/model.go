package activation

import (
	"fmt"
	"math"
	"slices"

	"assay/corpus/gguf"
)

const (
	embedName = "token_embd.weight"
	freqsName = "rope_freqs.weight"
)

// A model is a file whose tensors have been found and checked. The matrices
// are still in their stored form.
type model struct {
	config
	freqs  []float64 // RoPE's, per pair of a head
	embed  matrix
	layers []layer
	norm   []float64
	head   linear
}

type layer struct {
	attnNorm       []float64
	q, k, v, out   linear
	ffnNorm        []float64
	gate, up, down linear
}

// load finds and checks all tensors of the model.
func load(f *gguf.File) (*model, error) {
	c, err := readConfig(f)
	if err != nil {
		return nil, err
	}
	l := &loader{tensors: make(map[string]*gguf.Tensor, len(f.Tensors)), used: map[string]bool{}}
	for i := range f.Tensors {
		l.tensors[f.Tensors[i].Name] = &f.Tensors[i]
	}

	m := &model{config: c}
	m.embed = l.embedding(c.dim)
	m.freqs = ropeFrequencies(c.headDim, c.base, c.scale, l.ropeFactors(&c))
	// The count is only a promise: the first block that is missing ends it.
	for i := uint64(0); i < c.blocks && l.err == nil; i++ {
		m.layers = append(m.layers, l.layer(fmt.Sprintf("blk.%d.", i), &c))
	}
	m.norm = l.vector("output_norm.weight", c.dim)
	m.head = l.outputHead(m.embed)
	l.refuseUnused(f)
	if l.err != nil {
		return nil, l.err
	}
	return m, nil
}

// A loader looks up tensors. After the first error, which it keeps, it returns
// zero values.
type loader struct {
	tensors map[string]*gguf.Tensor
	used    map[string]bool
	err     error
}

func (l *loader) fail(name, format string, args ...any) {
	if l.err == nil {
		l.err = fmt.Errorf("activation: tensor %.64q: %w", name, fmt.Errorf(format, args...))
	}
}

// has tells whether there is an optional tensor.
func (l *loader) has(name string) bool { return l.tensors[name] != nil }

// tensor returns the tensor of that name after checking that it has the dims,
// a type that can be decoded, and all of its data. It returns nil otherwise.
func (l *loader) tensor(name string, dims ...int) *gguf.Tensor {
	t := l.tensors[name]
	if t == nil {
		l.fail(name, "%w", gguf.ErrNotFound)
	}
	if l.err != nil {
		return nil
	}
	l.used[name] = true
	same := slices.EqualFunc(t.Dims, dims, func(a uint64, b int) bool { return a == uint64(b) })
	switch {
	case !same:
		l.fail(name, "has dims %d, want %d", t.Dims, dims)
	case decoders[t.Type] == nil:
		l.fail(name, "is %v: %w", t.Type, ErrType)
	case t.Dims[0]%uint64(t.Type.BlockLen()) != 0:
		l.fail(name, "has rows of %d, not whole blocks of %v", t.Dims[0], t.Type)
	case uint64(len(t.Data))%t.RowBytes() != 0 || uint64(len(t.Data))/t.RowBytes() != t.Rows():
		l.fail(name, "has %d bytes of data, want %d rows of %d", len(t.Data), t.Rows(), t.RowBytes())
	default:
		return t
	}
	return nil
}

func (l *loader) matrix(name string, cols, rows int) matrix {
	t := l.tensor(name, cols, rows)
	if t == nil {
		return matrix{}
	}
	return matrix{tensor: t, decode: decoders[t.Type], cols: cols, rows: rows}
}

// vector returns the n numbers of a tensor of one dim.
func (l *loader) vector(name string, n int) []float64 {
	t := l.tensor(name, n)
	if t == nil {
		return nil
	}
	v := make([]float64, n)
	decoders[t.Type](v, t.Data)
	return v
}

// linear returns the matrix name.weight and the bias name.bias, if there is one.
func (l *loader) linear(name string, cols, rows int) linear {
	f := linear{matrix: l.matrix(name+".weight", cols, rows)}
	if l.has(name + ".bias") {
		f.bias = l.vector(name+".bias", rows)
	}
	return f
}

func (l *loader) layer(prefix string, c *config) layer {
	return layer{
		attnNorm: l.vector(prefix+"attn_norm.weight", c.dim),
		q:        l.linear(prefix+"attn_q", c.dim, c.qWidth()),
		k:        l.linear(prefix+"attn_k", c.dim, c.kvWidth()),
		v:        l.linear(prefix+"attn_v", c.dim, c.kvWidth()),
		out:      l.linear(prefix+"attn_output", c.qWidth(), c.dim),
		ffnNorm:  l.vector(prefix+"ffn_norm.weight", c.dim),
		gate:     l.linear(prefix+"ffn_gate", c.dim, c.ffn),
		up:       l.linear(prefix+"ffn_up", c.dim, c.ffn),
		down:     l.linear(prefix+"ffn_down", c.ffn, c.dim),
	}
}

// embedding returns the token embedding, whose number of rows is the size of
// the vocabulary.
func (l *loader) embedding(dim int) matrix {
	t := l.tensors[embedName]
	if t == nil {
		l.fail(embedName, "%w", gguf.ErrNotFound)
		return matrix{}
	}
	// A row takes a byte or more, and an int holds the number of bytes.
	if len(t.Dims) != 2 || t.Dims[1] < 1 || t.Dims[1] > uint64(len(t.Data)) {
		l.fail(embedName, "has dims %d and %d bytes of data, want %d × vocabulary", t.Dims, len(t.Data), dim)
		return matrix{}
	}
	return l.matrix(embedName, dim, int(t.Dims[1]))
}

// outputHead returns the output head, for which the token embedding stands in
// where a file has none (tied weights).
func (l *loader) outputHead(embed matrix) linear {
	if l.has("output.weight") {
		return l.linear("output", embed.cols, embed.rows)
	}
	return linear{matrix: embed}
}

// ropeFactors returns the divisors of RoPE's frequencies that Llama 3 has, or
// nil. They are tensors of llama files only.
func (l *loader) ropeFactors(c *config) []float64 {
	if c.pairing != adjacent || !l.has(freqsName) {
		return nil
	}
	v := l.vector(freqsName, c.headDim/2)
	for i, x := range v {
		if !(x > 0) || math.IsInf(x, 0) {
			l.fail(freqsName, "has %v at %d, want finite numbers above 0", x, i)
		}
	}
	return v
}

// refuseUnused fails if the file has a tensor that was not asked for: the model
// then computes something that the pass does not.
func (l *loader) refuseUnused(f *gguf.File) {
	for i := range f.Tensors {
		if name := f.Tensors[i].Name; !l.used[name] {
			l.fail(name, "has no place in the model: %w", ErrArchitecture)
		}
	}
}
