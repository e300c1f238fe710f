package llama2c

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"

	"assay/corpus/internal/mapped"
)

// Config is the header.
type Config struct {
	Dim, Hidden, Layers, Heads, KVHeads, Vocab, Context int
	// Shared: the token embeddings are the output head too.
	Shared bool
}

// File is a model file.
type File struct {
	Config
	// Tensors are in the order of the file: named as in run.c, all layers in one.
	Tensors []Tensor

	mapping *mapped.File // what Open has mapped, or nil
}

// Tensor is an array of little-endian f32 in C order; Data is part of the bytes that
// were parsed.
type Tensor struct {
	Name  string
	Shape []uint64
	Data  []byte
}

// headerBytes is the size of the header.
const headerBytes = 7 * 4

// Names of the tensors, as in run.c.
const (
	embedding = "token_embedding_table"
	rmsAtt    = "rms_att_weight"
	rmsFFN    = "rms_ffn_weight"
	rmsFinal  = "rms_final_weight"
	freqReal  = "freq_cis_real"
	freqImag  = "freq_cis_imag"
	head      = "wcls"
)

// layout returns the tensors of a model without their data.
func (c *Config) layout() []Tensor {
	l, dim, hidden, vocab := uint64(c.Layers), uint64(c.Dim), uint64(c.Hidden), uint64(c.Vocab)
	size := dim / uint64(c.Heads)
	kv := size * uint64(c.KVHeads)
	table := []uint64{uint64(c.Context), size / 2}
	out := []Tensor{
		{Name: embedding, Shape: []uint64{vocab, dim}},
		{Name: rmsAtt, Shape: []uint64{l, dim}},
		{Name: "wq", Shape: []uint64{l, dim, dim}}, {Name: "wk", Shape: []uint64{l, kv, dim}}, {Name: "wv", Shape: []uint64{l, kv, dim}},
		{Name: "wo", Shape: []uint64{l, dim, dim}},
		{Name: rmsFFN, Shape: []uint64{l, dim}},
		{Name: "w1", Shape: []uint64{l, hidden, dim}}, {Name: "w2", Shape: []uint64{l, dim, hidden}}, {Name: "w3", Shape: []uint64{l, hidden, dim}},
		{Name: rmsFinal, Shape: []uint64{dim}},
		{Name: freqReal, Shape: table}, {Name: freqImag, Shape: table},
	}
	if !c.Shared {
		out = append(out, Tensor{Name: head, Shape: []uint64{vocab, dim}})
	}
	return out
}

// check returns why there is no such model, or "".
func (c *Config) check() string {
	for _, f := range []struct {
		name  string
		value int
	}{
		{"dim", c.Dim}, {"hidden_dim", c.Hidden}, {"n_layers", c.Layers}, {"n_heads", c.Heads},
		{"n_kv_heads", c.KVHeads}, {"vocab_size", c.Vocab}, {"seq_len", c.Context},
	} {
		if f.value < 1 || f.value > math.MaxInt32 {
			return fmt.Sprintf("%s is %d", f.name, f.value)
		}
	}
	switch {
	case c.Dim%c.Heads != 0 || c.Dim/c.Heads%2 != 0:
		return fmt.Sprintf("dim is %d, which makes no even heads of %d", c.Dim, c.Heads)
	case c.Heads%c.KVHeads != 0:
		return fmt.Sprintf("n_heads is %d, not a multiple of n_kv_heads, %d", c.Heads, c.KVHeads)
	}
	return ""
}

// bytes returns the number of bytes of a tensor, false if it wraps.
func (t *Tensor) bytes() (uint64, bool) {
	n := uint64(4)
	for _, d := range t.Shape {
		hi, lo := bits.Mul64(n, d)
		if hi != 0 {
			return 0, false
		}
		n = lo
	}
	return n, true
}

// Tensor returns the tensor of that name, nil if there is none.
func (f *File) Tensor(name string) *Tensor {
	for i := range f.Tensors {
		if f.Tensors[i].Name == name {
			return &f.Tensors[i]
		}
	}
	return nil
}

// FormatError says what is wrong with a file.
type FormatError struct{ Reason string }

func (e *FormatError) Error() string { return "llama2c: " + e.Reason }

func bad(format string, args ...any) error { return &FormatError{fmt.Sprintf(format, args...)} }

// Open maps the file at path and parses it as [Parse] does. The data of the tensors
// may only be read, and only until [File.Close].
func Open(path string) (*File, error) {
	f, m, err := mapped.Parse("llama2c", path, Parse)
	if err != nil {
		return nil, err
	}
	f.mapping = m
	return f, nil
}

// Close gives back the memory of a file that [Open] has mapped; the data of its
// tensors must not be touched afterwards, nor those of what [File.ToGGUF] made of it.
func (f *File) Close() error { return f.mapping.Close() }

// Parse reads a file. The data of the tensors are slices of data. Any error is a
// [*FormatError].
func Parse(data []byte) (*File, error) {
	if len(data) < headerBytes {
		return nil, bad("%d bytes, the header takes %d", len(data), headerBytes)
	}
	f := &File{}
	for i, to := range []*int{&f.Dim, &f.Hidden, &f.Layers, &f.Heads, &f.KVHeads, &f.Vocab, &f.Context} {
		*to = int(int32(binary.LittleEndian.Uint32(data[4*i:])))
	}
	if f.Vocab > math.MinInt32 && f.Vocab < 0 {
		f.Vocab = -f.Vocab
	} else {
		f.Shared = true
	}
	if why := f.check(); why != "" {
		return nil, bad("header: %s", why)
	}
	rest := data[headerBytes:]
	for _, t := range f.layout() {
		n, ok := t.bytes()
		if !ok || n > uint64(len(rest)) {
			return nil, bad("%s of %d does not fit into the %d bytes that remain", t.Name, t.Shape, len(rest))
		}
		t.Data, rest = rest[:n:n], rest[n:]
		f.Tensors = append(f.Tensors, t)
	}
	if len(rest) > 0 {
		return nil, bad("%d bytes after the last tensor", len(rest))
	}
	return f, nil
}

// Bytes returns the file as stored. What [Parse] would refuse is an error.
func (f *File) Bytes() ([]byte, error) {
	if why := f.check(); why != "" {
		return nil, bad("header: %s", why)
	}
	vocab := f.Vocab
	if !f.Shared {
		vocab = -vocab
	}
	var out []byte
	for _, v := range []int{f.Dim, f.Hidden, f.Layers, f.Heads, f.KVHeads, vocab, f.Context} {
		out = binary.LittleEndian.AppendUint32(out, uint32(v))
	}
	for _, want := range f.layout() {
		n, ok := want.bytes()
		t := f.Tensor(want.Name)
		if !ok || t == nil || uint64(len(t.Data)) != n {
			return nil, bad("%s is not of shape %d", want.Name, want.Shape)
		}
		out = append(out, t.Data...)
	}
	return out, nil
}
