package llama2c

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"assay/corpus/gguf"
)

// small returns a model whose weights are 0, 1, 2, … in the order of the file.
func small(t *testing.T, c Config) (*File, []byte) {
	t.Helper()
	f := &File{Config: c}
	n := uint32(0)
	for _, l := range c.layout() {
		size, _ := l.bytes()
		for range size / 4 {
			l.Data = binary.LittleEndian.AppendUint32(l.Data, n)
			n++
		}
		f.Tensors = append(f.Tensors, l)
	}
	data, err := f.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return f, data
}

var config = Config{Dim: 8, Hidden: 12, Layers: 2, Heads: 2, KVHeads: 1, Vocab: 5, Context: 3, Shared: true}

func TestParse(t *testing.T) {
	for _, shared := range []bool{true, false} {
		c := config
		c.Shared = shared
		want, data := small(t, c)
		got, err := Parse(data)
		if err != nil {
			t.Fatal(err)
		}
		if got.Config != want.Config {
			t.Errorf("%+v, want %+v", got.Config, want.Config)
		}
		again, err := got.Bytes()
		if err != nil || !bytes.Equal(again, data) {
			t.Errorf("written again it differs (%v)", err)
		}
		for i, w := range want.Tensors {
			if g := got.Tensors[i]; g.Name != w.Name || !slices.Equal(g.Shape, w.Shape) || !bytes.Equal(g.Data, w.Data) {
				t.Errorf("tensor %d: %s %v, want %s %v", i, g.Name, g.Shape, w.Name, w.Shape)
			}
		}
	}
}

// TestToGGUF: every tensor has the dims and the first weight that the order of the
// file says, by hand.
func TestToGGUF(t *testing.T) {
	c := config
	c.Shared = false
	f, _ := small(t, c)
	g := f.ToGGUF()
	// Offsets in weights: 40 embeddings, 16 norms, wq 128, wk 64, wv 64, wo 128,
	// norms 16, w1 192, w2 192, w3 192, norm 8, tables 2·6.
	for _, want := range []struct {
		name  string
		dims  []uint64
		first uint32
	}{
		{"token_embd.weight", []uint64{8, 5}, 0},
		{"blk.1.attn_norm.weight", []uint64{8}, 40 + 8},
		{"blk.0.attn_q.weight", []uint64{8, 8}, 56},
		{"blk.1.attn_k.weight", []uint64{8, 4}, 56 + 128 + 32},
		{"blk.1.attn_v.weight", []uint64{8, 4}, 56 + 192 + 32},
		{"blk.0.attn_output.weight", []uint64{8, 8}, 56 + 256},
		{"blk.1.ffn_norm.weight", []uint64{8}, 440 + 8},
		{"blk.1.ffn_gate.weight", []uint64{8, 12}, 456 + 96},
		{"blk.0.ffn_down.weight", []uint64{12, 8}, 456 + 192},
		{"blk.1.ffn_up.weight", []uint64{8, 12}, 456 + 384 + 96},
		{"output_norm.weight", []uint64{8}, 1032},
		{"output.weight", []uint64{8, 5}, 1040 + 12},
	} {
		x, err := g.Tensor(want.name)
		if err != nil {
			t.Error(err)
			continue
		}
		if first := binary.LittleEndian.Uint32(x.Data); !slices.Equal(x.Dims, want.dims) || first != want.first {
			t.Errorf("%s: dims %v, weight %d, want %v, %d", want.name, x.Dims, first, want.dims, want.first)
		}
	}
	var b bytes.Buffer
	if err := gguf.Write(&b, g); err != nil {
		t.Fatal(err)
	}
	if _, err := gguf.Parse(b.Bytes()); err != nil {
		t.Error(err)
	}
}

func TestHostile(t *testing.T) {
	_, good := small(t, config)
	set := func(i int, v int32) []byte {
		b := bytes.Clone(good)
		binary.LittleEndian.PutUint32(b[4*i:], uint32(v))
		return b
	}
	for name, tt := range map[string]struct {
		data []byte
		want string
	}{
		"empty":           {nil, "header takes"},
		"header alone":    {good[:headerBytes], "does not fit"},
		"cut":             {good[:len(good)-1], "does not fit"},
		"longer":          {append(bytes.Clone(good), 0), "after the last"},
		"dim 0":           {set(0, 0), "dim is 0"},
		"dim negative":    {set(0, -8), "dim is -8"},
		"largest dim":     {set(0, 0x7ffffffc), "does not fit"},
		"largest layers":  {set(2, 0x7fffffff), "does not fit"},
		"heads 3":         {set(3, 3), "no even heads"},
		"odd heads":       {set(3, 8), "no even heads"},
		"kv heads 3":      {set(4, 3), "not a multiple"},
		"least vocab":     {set(5, -1<<31), "vocab_size"},
		"a head is added": {set(5, -5), "does not fit"},
		"context 0":       {set(6, 0), "seq_len is 0"},
	} {
		_, err := Parse(tt.data)
		var fe *FormatError
		if !errors.As(err, &fe) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want a FormatError with %q", name, err, tt.want)
		}
	}
}

func TestOpen(t *testing.T) {
	_, good := small(t, config)
	path := filepath.Join(t.TempDir(), "model.bin")
	if err := os.WriteFile(path, good, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path)
	if err != nil || f.Dim != 8 {
		t.Fatal(f, err)
	}
	for range 2 {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := os.WriteFile(path, good[:9], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); err == nil {
		t.Error("a cut file was opened")
	}
}
