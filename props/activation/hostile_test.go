package activation

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"assay/corpus/gguf"
)

// set replaces or adds a metadata value.
func set(f *gguf.File, key string, value any) {
	for i := range f.Metadata {
		if f.Metadata[i].Key == key {
			f.Metadata[i].Value = value
			return
		}
	}
	f.Metadata = append(f.Metadata, gguf.KV{Key: key, Value: value})
}

func drop(f *gguf.File, name string) {
	f.Metadata = slices.DeleteFunc(f.Metadata, func(kv gguf.KV) bool { return kv.Key == name })
	f.Tensors = slices.DeleteFunc(f.Tensors, func(t gguf.Tensor) bool { return t.Name == name })
}

func find(f *gguf.File, name string) *gguf.Tensor {
	t, err := f.Tensor(name)
	if err != nil {
		panic(err)
	}
	return t
}

// Each file is a valid model but for one thing, which the error must name.
func TestInvalidModels(t *testing.T) {
	type file = *gguf.File
	value := func(key string, v any) func(file) { return func(f file) { set(f, key, v) } }
	without := func(name string) func(file) { return func(f file) { drop(f, name) } }
	dims := func(name string, dims ...uint64) func(file) {
		return func(f file) { find(f, name).Dims = dims }
	}
	for _, tt := range []struct {
		name  string
		spoil func(f file)
		want  string // both in the error
		about string
		is    error // nil if the model is invalid rather than not covered
	}{
		{"no architecture", without("general.architecture"), "general.architecture", "not found", gguf.ErrNotFound},
		{"architecture a number", value("general.architecture", uint32(1)), "general.architecture", "want a string", nil},
		{"other architecture", value("general.architecture", "gemma3"), "general.architecture", `"gemma3"`, ErrArchitecture},

		{"no block count", without("llama.block_count"), "llama.block_count", "not found", gguf.ErrNotFound},
		{"no blocks", value("llama.block_count", uint32(0)), "llama.block_count", "is 0", nil},
		{"negative block count", value("llama.block_count", int32(-1)), "llama.block_count", "is -1", nil},
		{"more blocks than there are", value("llama.block_count", uint64(math.MaxUint64)), "blk.2.attn_norm.weight", "not found", gguf.ErrNotFound},
		{"fewer blocks than there are", value("llama.block_count", uint8(1)), "blk.1.attn_norm.weight", "no place", ErrArchitecture},

		{"no embedding length", without("llama.embedding_length"), "llama.embedding_length", "not found", gguf.ErrNotFound},
		{"embedding length 0", value("llama.embedding_length", uint32(0)), "llama.embedding_length", "is 0", nil},
		{"embedding length absurd", value("llama.embedding_length", uint64(math.MaxUint64)), "llama.embedding_length", "is 18446744073709551615", nil},
		{"embedding length not the tensors'", value("llama.embedding_length", uint32(16)), "token_embd.weight", "dims [8 11], want [16 11]", nil},
		{"embedding length a float", value("llama.embedding_length", float32(8)), "llama.embedding_length", "want an integer", nil},
		{"feed-forward length absurd", value("llama.feed_forward_length", uint64(1<<40)), "llama.feed_forward_length", "is 1099511627776", nil},
		{"feed-forward lengths by block", value("llama.feed_forward_length", []uint32{12, 12}), "llama.feed_forward_length", "array", nil},
		{"feed-forward length not the tensors'", value("llama.feed_forward_length", uint32(13)), "blk.0.ffn_gate.weight", "want [8 13]", nil},

		{"no eps", without("llama.attention.layer_norm_rms_epsilon"), "llama.attention.layer_norm_rms_epsilon", "not found", gguf.ErrNotFound},
		{"eps NaN", value("llama.attention.layer_norm_rms_epsilon", math.NaN()), "llama.attention.layer_norm_rms_epsilon", "is NaN", nil},
		{"eps negative", value("llama.attention.layer_norm_rms_epsilon", -1.0), "llama.attention.layer_norm_rms_epsilon", "is -1", nil},

		{"no heads", value("llama.attention.head_count", uint32(0)), "llama.attention.head_count", "is 0", nil},
		{"heads that do not divide", value("llama.attention.head_count", uint32(6)), "llama.attention.head_count", "does not divide the embedding length 8", nil},
		{"heads that do not divide evenly", value("llama.attention.head_count_kv", uint32(3)), "llama.attention.head_count", "not a multiple of the 3", nil},
		{"more heads of keys", value("llama.attention.head_count_kv", uint32(8)), "llama.attention.head_count", "not a multiple of the 8", nil},
		{"no heads of keys", value("llama.attention.head_count_kv", uint32(0)), "llama.attention.head_count_kv", "is 0", nil},
		{"more heads than numbers", value("llama.attention.head_count", uint32(16)), "llama.attention.head_count", "does not divide", nil},
		{"heads of one", value("llama.attention.head_count", uint32(8)), "llama.attention.head_count", "heads of 1", nil},
		{"heads too wide together", value("llama.attention.key_length", uint32(1<<16)), "llama.attention.head_count", "4 heads of 65536", nil},
		{"key length 0", value("llama.attention.key_length", uint32(0)), "llama.attention.key_length", "is 0", nil},
		{"key length not the tensors'", value("llama.attention.key_length", uint32(4)), "blk.0.attn_q.weight", "want [8 16]", nil},
		{"other value length", value("llama.attention.value_length", uint32(4)), "llama.attention.value_length", "is 4", ErrArchitecture},
		{"partial RoPE", value("llama.rope.dimension_count", uint32(1)), "llama.rope.dimension_count", "is 1 of the 2", ErrArchitecture},
		{"RoPE base 0", value("llama.rope.freq_base", float32(0)), "llama.rope.freq_base", "is 0", nil},
		{"RoPE base infinite", value("llama.rope.freq_base", math.Inf(1)), "llama.rope.freq_base", "is +Inf", nil},
		{"RoPE factor negative", value("llama.rope.scaling.factor", float32(-2)), "llama.rope.scaling.factor", "is -2", nil},
		{"RoPE factor of old", value("llama.rope.scale_linear", uint32(2)), "llama.rope.scale_linear", "want a float", nil},
		{"RoPE scaled by YaRN", value("llama.rope.scaling.type", "yarn"), "llama.rope.scaling.type", `"yarn"`, ErrArchitecture},
		{"RoPE scaling a number", value("llama.rope.scaling.type", uint32(1)), "llama.rope.scaling.type", "want a string", nil},
		{"experts", value("llama.expert_count", uint32(8)), "llama.expert_count", "is 8", ErrArchitecture},
		{"not causal", value("llama.attention.causal", false), "llama.attention.causal", "is false", ErrArchitecture},

		{"no embedding", without("token_embd.weight"), "token_embd.weight", "not found", gguf.ErrNotFound},
		{"embedding of one dim", dims("token_embd.weight", 88), "token_embd.weight", "dims [88]", nil},
		{"embedding of more rows than bytes", dims("token_embd.weight", 8, 1<<60), "token_embd.weight", "352 bytes of data", nil},
		{"embedding of no rows", dims("token_embd.weight", 8, 0), "token_embd.weight", "dims [8 0]", nil},
		{"head of another vocabulary", dims("output.weight", 8, 10), "output.weight", "dims [8 10], want [8 11]", nil},
		{"no norm", without("output_norm.weight"), "output_norm.weight", "not found", gguf.ErrNotFound},
		{"norm too short", dims("output_norm.weight", 7), "output_norm.weight", "dims [7], want [8]", nil},
		{"norm a matrix", dims("blk.0.ffn_norm.weight", 8, 1), "blk.0.ffn_norm.weight", "dims [8 1], want [8]", nil},
		{"no matrix", without("blk.1.ffn_down.weight"), "blk.1.ffn_down.weight", "not found", gguf.ErrNotFound},
		{"matrix transposed", dims("blk.1.ffn_down.weight", 8, 12), "blk.1.ffn_down.weight", "dims [8 12], want [12 8]", nil},
		{"matrix of three dims", dims("blk.1.attn_q.weight", 8, 8, 1), "blk.1.attn_q.weight", "want [8 8]", nil},
		{"bias too long", func(f file) {
			f.Tensors = append(f.Tensors, gguf.Tensor{Name: "blk.0.attn_k.bias", Dims: []uint64{8}, Type: gguf.F32, Data: make([]byte, 32)})
		}, "blk.0.attn_k.bias", "dims [8], want [4]", nil},
		{"type without decoder", func(f file) {
			t := find(f, "blk.0.attn_v.weight")
			t.Type, t.Data = gguf.F64, make([]byte, 8*8*4)
		}, "blk.0.attn_v.weight", "F64", ErrType},
		{"type unknown", func(f file) { find(f, "blk.0.attn_v.weight").Type = 99 }, "blk.0.attn_v.weight", "Type(99)", ErrType},
		{"row of half a block", func(f file) { find(f, "blk.0.attn_v.weight").Type = gguf.Q4K }, "blk.0.attn_v.weight", "not whole blocks of Q4_K", nil},
		{"data too short", func(f file) {
			t := find(f, "blk.0.attn_v.weight")
			t.Data = t.Data[:len(t.Data)-1]
		}, "blk.0.attn_v.weight", "127 bytes of data, want 4 rows of 32", nil},
		{"data a row too long", func(f file) {
			t := find(f, "blk.0.attn_v.weight")
			t.Data = append(t.Data[:len(t.Data):len(t.Data)], make([]byte, 32)...)
		}, "blk.0.attn_v.weight", "160 bytes of data, want 4 rows of 32", nil},
		{"RoPE factor 0", func(f file) {
			f.Tensors = append(f.Tensors, gguf.Tensor{Name: "rope_freqs.weight", Dims: []uint64{1}, Type: gguf.F32, Data: make([]byte, 4)})
		}, "rope_freqs.weight", "has 0 at 0", nil},
		{"another tensor", func(f file) {
			f.Tensors = append(f.Tensors, gguf.Tensor{Name: "blk.0.attn_q_norm.weight", Dims: []uint64{2}, Type: gguf.F32, Data: make([]byte, 8)})
		}, "blk.0.attn_q_norm.weight", "no place", ErrArchitecture},
		{"long name", func(f file) { f.Tensors = append(f.Tensors, gguf.Tensor{Name: strings.Repeat("x", 1000)}) }, "xxx", "no place", ErrArchitecture},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := tiny("llama").file(t)
			tt.spoil(f)
			_, err := Collect(t.Context(), f, []int{1, 2})
			if err == nil {
				t.Fatal("no error")
			}
			if s := err.Error(); !strings.HasPrefix(s, "activation: ") || !strings.Contains(s, tt.want) || !strings.Contains(s, tt.about) || len(s) > 300 {
				t.Errorf("error %q, want one about %q: %q", s, tt.want, tt.about)
			}
			for _, sentinel := range []error{ErrArchitecture, ErrType, gguf.ErrNotFound} {
				if got, want := errors.Is(err, sentinel), sentinel == tt.is; got != want {
					t.Errorf("error %q wraps %q: %v", err, sentinel, got)
				}
			}
			if _, again := Logits(t.Context(), f, []int{1, 2}); again == nil || again.Error() != err.Error() {
				t.Errorf("Logits' error %v, want %v", again, err)
			}
		})
	}
}

// What is optional may be missing, or say what is assumed.
func TestOptionalMetadata(t *testing.T) {
	run := func(f *gguf.File) []float64 {
		t.Helper()
		logits, err := Logits(t.Context(), f, []int{1, 2, 3})
		if err != nil {
			t.Fatal(err)
		}
		return logits[0]
	}
	b := tiny("llama")
	b.kvHeads = 4
	f := b.file(t)
	want := run(f)
	drop(f, "llama.attention.head_count_kv")
	set(f, "llama.attention.key_length", uint32(2))
	set(f, "llama.attention.value_length", uint64(2))
	set(f, "llama.rope.dimension_count", int8(2))
	set(f, "llama.rope.scaling.type", "none")
	set(f, "llama.rope.scaling.factor", float32(1))
	set(f, "llama.expert_count", uint32(0))
	set(f, "llama.attention.causal", true)
	if got := run(f); !slices.Equal(got, want) {
		t.Error("other logits")
	}
	set(f, "llama.rope.freq_base", float32(10000))
	want = run(f)
	drop(f, "llama.rope.freq_base")
	if got := run(f); !slices.Equal(got, want) {
		t.Error("other logits without a base of 10000")
	}

	// Linear scaling by 2, under both names, is half the angle; with one pair
	// a head, so is a factor of 2.
	set(f, "llama.rope.scaling.type", "linear")
	set(f, "llama.rope.scaling.factor", float32(2))
	scaled := run(f)
	if slices.Equal(scaled, want) {
		t.Error("scaling changes nothing")
	}
	drop(f, "llama.rope.scaling.factor")
	drop(f, "llama.rope.scaling.type")
	set(f, "llama.rope.scale_linear", float32(2))
	if got := run(f); !slices.Equal(got, scaled) {
		t.Error("other logits by the old name of the factor")
	}
	drop(f, "llama.rope.scale_linear")
	f.Tensors = append(f.Tensors, gguf.Tensor{Name: "rope_freqs.weight", Dims: []uint64{1}, Type: gguf.F32, Data: []byte{0, 0, 0, 0x40}})
	if got := run(f); !slices.Equal(got, scaled) {
		t.Error("other logits by a factor of the frequency")
	}
}

func TestInvalidTokens(t *testing.T) {
	f := tiny("llama").file(t)
	for _, tt := range []struct {
		tokens []int
		want   string
	}{
		{nil, "without tokens"},
		{[]int{0, -1}, "token 1 is -1, want 0 to 10"},
		{[]int{11}, "token 0 is 11, want 0 to 10"},
	} {
		if _, err := Collect(t.Context(), f, tt.tokens); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%d tokens: error %v, want %q", len(tt.tokens), err, tt.want)
		}
	}
	const huge = maxVolume/12 + 1 // for the feed-forward network's 12 numbers
	windows := slices.Repeat([][]int{make([]int, 1<<12)}, huge>>12+1)
	if _, err := Logits(t.Context(), f, windows...); err == nil || !strings.Contains(err.Error(), "more than 134217728 numbers") {
		t.Errorf("%d windows of %d tokens: error %v", len(windows), len(windows[0]), err)
	}
	if _, err := Logits(t.Context(), f, []int{1}, nil); err == nil {
		t.Error("an empty second window is no error")
	}
	if logits, err := Logits(t.Context(), f); len(logits) != 0 || err != nil {
		t.Errorf("no windows give %d logits and %v", len(logits), err)
	}
}

// Weights of any bits give some result; values that are not finite pass through.
func TestNonFiniteWeights(t *testing.T) {
	for _, fill := range []byte{0, 0x7f, 0xff} {
		b := tiny("qwen2")
		b.dim, b.heads, b.ffn = 256, 2, 256
		b.typeOf = allQ4K
		f := b.file(t)
		for i := range f.Tensors {
			for j := range f.Tensors[i].Data {
				f.Tensors[i].Data[j] = fill
			}
		}
		if sites, err := Collect(t.Context(), f, []int{1, 2}); err != nil || len(sites) != 15 {
			t.Errorf("all bytes %#x: %d sites, %v", fill, len(sites), err)
		}
	}
}

// One changed byte anywhere outside the weights never makes the pass panic, nor
// take much memory.
func TestChangedBytes(t *testing.T) {
	var buf bytes.Buffer
	b := tiny("llama")
	b.layers = 1
	if err := gguf.Write(&buf, b.build()); err != nil {
		t.Fatal(err)
	}
	data := buf.Bytes()
	header := bytes.Index(data, []byte("token_embd.weight")) + 64
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var parsed, ran int
	for i := range header {
		for _, v := range []byte{0, 1, 3, 8, 12, 0x7f, 0xff, data[i] ^ 1, data[i] + 1} {
			changed := bytes.Clone(data)
			changed[i] = v
			f, err := gguf.Parse(changed)
			if err != nil {
				continue
			}
			parsed++
			if _, err := Collect(t.Context(), f, Tokens(f, nil, 3)); err == nil {
				ran++
			}
		}
	}
	runtime.ReadMemStats(&after)
	t.Logf("%d files could be parsed, %d run", parsed, ran)
	if parsed < header || ran < 100 {
		t.Errorf("only %d files of %d changed bytes could be parsed, and %d run", parsed, header, ran)
	}
	if n := (after.TotalAlloc - before.TotalAlloc) / uint64(parsed); n > 1<<18 {
		t.Errorf("%d bytes allocated a file of %d", n, len(data))
	}
}

func FuzzCollect(f *testing.F) {
	for _, arch := range []string{"llama", "qwen2"} {
		b := tiny(arch)
		b.layers, b.bias, b.factors = 1, true, arch == "llama"
		var buf bytes.Buffer
		if err := gguf.Write(&buf, b.build()); err != nil {
			f.Fatal(err)
		}
		f.Add(buf.Bytes())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := gguf.Parse(data)
		if err != nil {
			return
		}
		tokens := Tokens(file, []byte("text"), 2)
		sites, err := Collect(t.Context(), file, tokens)
		if err != nil && !strings.HasPrefix(err.Error(), "activation: ") {
			t.Errorf("error %q", err)
		}
		for _, s := range sites {
			if uint64(len(s.X)) != s.Tensor.Dims[0]*uint64(len(tokens)) {
				t.Error(fmt.Sprintf("%q: %d numbers of %d tokens", s.Tensor.Name, len(s.X), len(tokens)))
			}
		}
	})
}
