package activation

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"assay/corpus/gguf"
)

// mixed gives the matrices of a model every type that can be decoded, Q4_K
// most of all.
func mixed(name string) gguf.Type {
	switch {
	case name == "token_embd":
		return gguf.Q8_0
	case name == "output", name == "blk.0.attn_v":
		return gguf.Q6K
	case name == "blk.1.attn_k":
		return gguf.F16
	case name == "blk.1.ffn_down":
		return gguf.BF16
	case name == "blk.1.ffn_up":
		return gguf.F32
	}
	return gguf.Q4K
}

func allQ4K(string) gguf.Type { return gguf.Q4K }

// The pass is compared with a naive one on models of random weights.
func TestAgainstNaive(t *testing.T) {
	big := func(arch string) *builder {
		return &builder{arch: arch, dim: 256, ffn: 512, heads: 4, kvHeads: 2, layers: 2, vocab: 40, rng: rand.New(rand.NewPCG(3, 4))}
	}
	with := func(b *builder, f func(b *builder)) *builder { f(b); return b }
	for _, tt := range []struct {
		name string
		b    *builder
	}{
		{"llama", with(big("llama"), func(b *builder) { b.typeOf = mixed })},
		{"qwen2 with biases", with(big("qwen2"), func(b *builder) { b.typeOf, b.bias = mixed, true })},
		{"tied Q4_K", with(big("qwen2"), func(b *builder) { b.typeOf, b.tied = allQ4K, true })},
		{"untied Q4_K", with(big("llama"), func(b *builder) { b.typeOf = allQ4K })},
		{"long heads", with(big("llama"), func(b *builder) { b.typeOf, b.headDim = allQ4K, 128 })},
		{"odd sizes", with(tiny("llama"), func(b *builder) { b.bias = true })},
		{"one head", with(tiny("qwen2"), func(b *builder) { b.heads, b.kvHeads, b.layers = 1, 1, 1 })},
		{"as many heads of keys", with(tiny("qwen2"), func(b *builder) { b.kvHeads = 4 })},
		{"RoPE factors", with(tiny("llama"), func(b *builder) { b.heads, b.kvHeads, b.factors = 1, 1, true })},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := tt.b.file(t)
			tokens := []int{3, 1, 4, 1, 5, 9, 2}
			want := newNaive(tt.b)
			want.run(tokens)

			logits, err := Logits(t.Context(), f, tokens)
			if err != nil {
				t.Fatal(err)
			}
			// Both passes are a few hundred roundings deep and no sum cancels
			// much, so that nine of sixteen digits are not asking too much.
			compare(t, "logits", logits[0], slices.Concat(want.logits...), 1e-9)

			sites, err := Collect(t.Context(), f, tokens)
			if err != nil {
				t.Fatal(err)
			}
			if want := 7*tt.b.layers + 1; len(sites) != want {
				t.Errorf("%d sites, want %d", len(sites), want)
			}
			var order []string
			for _, s := range sites {
				order = append(order, s.Tensor.Name)
				if s.Tokens != len(tokens) {
					t.Errorf("%s: %d tokens, want %d", s.Tensor.Name, s.Tokens, len(tokens))
				}
				if own, err := f.Tensor(s.Tensor.Name); err != nil || own != s.Tensor {
					t.Errorf("%s: not the file's own tensor", s.Tensor.Name)
				}
				var x []float64
				for _, v := range s.X {
					x = append(x, float64(v))
				}
				read := want.reads[strings.TrimSuffix(s.Tensor.Name, ".weight")]
				compare(t, s.Tensor.Name, x, slices.Concat(read...), 1.0/(1<<24))
			}
			var inPass []string
			for i := range tt.b.layers {
				for _, name := range []string{"attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"} {
					inPass = append(inPass, fmt.Sprintf("blk.%d.%s.weight", i, name))
				}
			}
			inPass = append(inPass, "output.weight", "token_embd.weight")
			inPass = slices.DeleteFunc(inPass, func(name string) bool { return !slices.Contains(order, name) })
			if !slices.Equal(order, inPass) {
				t.Errorf("sites in order %q, want %q", order, inPass)
			}
		})
	}
}

// compare allows each element a part of the largest.
func compare(t *testing.T, name string, got, want []float64, part float64) {
	t.Helper()
	if len(got) != len(want) || len(got) == 0 {
		t.Errorf("%s: %d elements, want %d", name, len(got), len(want))
		return
	}
	var largest float64
	for _, v := range want {
		largest = max(largest, math.Abs(v))
	}
	for i := range got {
		if d := math.Abs(got[i] - want[i]); !(d <= part*largest) {
			t.Errorf("%s: element %d is %v, want %v, of at most %v", name, i, got[i], want[i], largest)
			return
		}
	}
}

// Sites that read one activation share it, the others do not.
func TestCollectShares(t *testing.T) {
	b := &builder{arch: "llama", dim: 256, ffn: 256, heads: 2, kvHeads: 1, layers: 1, vocab: 2, typeOf: allQ4K, rng: rand.New(rand.NewPCG(5, 6))}
	sites, err := Collect(t.Context(), b.file(t), []int{1, 0})
	if err != nil {
		t.Fatal(err)
	}
	group := []int{0, 0, 0, 1, 2, 2, 3, 4} // q k v, output, gate up, down, head
	for i := range sites {
		for j := range sites {
			if shared := &sites[i].X[0] == &sites[j].X[0]; shared != (group[i] == group[j]) {
				t.Errorf("%s and %s share their activations: %v", sites[i].Tensor.Name, sites[j].Tensor.Name, shared)
			}
		}
	}
}

// The result depends neither on the cores nor on the other windows.
func TestBitEqual(t *testing.T) {
	f := parseTeacher(t)
	windows := [][]int{{'f', 'u', 'n', 'c'}, {'i'}, {'i', 'f', ' '}}
	together, err := Logits(t.Context(), f, windows...)
	if err != nil {
		t.Fatal(err)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for i, w := range windows {
		alone, err := Logits(t.Context(), f, w)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(alone[0], together[i]) {
			t.Errorf("window %d alone on one core differs", i)
		}
	}
}

// A llama file holds the rows of q and k permuted so that pairing neighbours
// does what pairing halves did: the teacher permuted is the teacher.
func TestPermutedTeacher(t *testing.T) {
	f := parseTeacher(t)
	tokens := Tokens(f, []byte("package main\n"), 13)
	want, err := Logits(t.Context(), f, tokens)
	if err != nil {
		t.Fatal(err)
	}
	for i, kv := range f.Metadata {
		if kv.Key == "general.architecture" {
			f.Metadata[i].Value = "llama"
		}
		f.Metadata[i].Key = strings.Replace(kv.Key, "qwen2.", "llama.", 1)
	}
	const headDim = 32
	for i := range f.Tensors {
		s := &f.Tensors[i]
		if !strings.Contains(s.Name, "attn_q") && !strings.Contains(s.Name, "attn_k") {
			continue
		}
		rows, size := int(s.Rows()), int(s.RowBytes())
		if len(s.Dims) == 1 { // a bias
			rows, size = int(s.Dims[0]), 4
		}
		var data []byte
		for r := range rows {
			head, l := r/headDim, r%headDim
			from := head*headDim + l%2*headDim/2 + l/2
			data = append(data, s.Data[from*size:(from+1)*size]...)
		}
		s.Data = data
	}
	got, err := Logits(t.Context(), f, tokens)
	if err != nil {
		t.Fatal(err)
	}
	compare(t, "logits", got[0], want[0], 1e-9)
}

// An endingContext ends after it has been looked at n times.
type endingContext struct {
	context.Context
	n int
}

func (c *endingContext) Err() error {
	if c.n--; c.n < 0 {
		return context.Canceled
	}
	return nil
}

func TestCancel(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // endingContext is for one goroutine
	f := tiny("llama").file(t)
	for n := 0; ; n++ {
		_, err := Collect(&endingContext{t.Context(), n}, f, []int{1, 2})
		if err == nil {
			if n < 2*7 {
				t.Errorf("a pass looked at the context %d times, less than once a matrix", n)
			}
			break
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("ended at look %d: error %v", n, err)
		}
		if _, err := Logits(&endingContext{t.Context(), n}, f, []int{1, 2}); !errors.Is(err, context.Canceled) {
			t.Fatalf("ended at look %d: Logits' error %v", n, err)
		}
	}
}
