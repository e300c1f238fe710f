package activation

import (
	"slices"
	"testing"

	"assay/corpus/gguf"
)

func TestTokens(t *testing.T) {
	model := func(embeddings, names int) *gguf.File {
		f := &gguf.File{Metadata: []gguf.KV{{Key: "tokenizer.ggml.tokens", Value: make([]string, names)}}}
		if embeddings >= 0 {
			f.Tensors = []gguf.Tensor{{Name: embedName, Dims: []uint64{1, uint64(embeddings)}}}
		}
		return f
	}
	for _, tt := range []struct {
		name string
		f    *gguf.File
		text string
		n    int
		want []int
	}{
		{"bytes", model(256, 256), "a\xffb", 2, []int{'a', 255}},
		{"bytes, short text", model(256, 256), "ab", 5, []int{'a', 'b'}},
		{"bytes, no text", model(256, 256), "", 5, []int{}},
		{"none asked for", model(256, 256), "ab", 0, nil},
		{"fewer than none", model(256, 256), "ab", -1, nil},
		{"no embedding", model(-1, 256), "ab", 2, nil},
		{"no rows", model(0, 256), "ab", 2, nil},
		// From the published first outputs of SplitMix64 seeded with 0.
		{"large vocabulary", model(1000, 1000), "ab", 2, []int{0xe220a8397b1dcdaf % 1000, 0x6e789e6aa1b965f4 % 1000}},
		{"256 names for other embeddings", model(1000, 256), "ab", 1, []int{0xe220a8397b1dcdaf % 1000}},
		{"one token", model(1, 1), "", 3, []int{0, 0, 0}},
	} {
		if got := Tokens(tt.f, []byte(tt.text), tt.n); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
	f := model(300, 300)
	long := Tokens(f, nil, 1000)
	for _, v := range long {
		if v < 0 || v >= 300 {
			t.Fatalf("token %d of a vocabulary of 300", v)
		}
	}
	if !slices.Equal(long[:10], Tokens(f, []byte("other"), 10)) {
		t.Error("fewer tokens are not the first ones")
	}
}
