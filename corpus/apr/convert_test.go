package apr

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/corpus/gguf"
	"assay/corpus/teacher"
)

// model is an APR file with every name of the tables, of every type that GGUF has.
func model() *File {
	f := &File{
		Flags:    RowMajor,
		Metadata: []byte(`{"architecture":"llama","num_layers":13,"vocab_size":7,"rope_theta":10000,"rope_type":0,"rms_norm_eps":0.00001}`),
	}
	add := func(name string, typ Type, dims ...uint64) {
		n, why := size(typ, dims)
		if why != "" {
			panic(why)
		}
		data := make([]byte, n)
		for i := range data {
			data[i] = byte(i + len(f.Tensors))
		}
		f.Tensors = append(f.Tensors, Tensor{name, typ, dims, data})
	}
	for _, n := range otherNames {
		add(n[0], F16, 7, 256)
	}
	for _, layer := range []string{"0", "12"} {
		for i, n := range layerNames {
			if strings.HasSuffix(n[0], ".weight") {
				add(aprLayer+layer+"."+n[0], F32, 256)
				continue
			}
			add(aprLayer+layer+"."+n[0]+".weight", []Type{Q4K, Q6K, BF16, F16, F64}[i%5], 3, 256)
			add(aprLayer+layer+"."+n[0]+".bias", F32, 3)
		}
	}
	add("other", I8, 1, 2, 3, 4)
	add("rope.ids", I32, 5)
	add("positions", I64, 2)
	return f
}

// sameTensors reports what differs between two files' tensors.
func sameTensors(t *testing.T, got, want *File) {
	t.Helper()
	if len(got.Tensors) != len(want.Tensors) {
		t.Fatalf("%d tensors, want %d", len(got.Tensors), len(want.Tensors))
	}
	for i, want := range want.Tensors {
		got := got.Tensors[i]
		if got.Name != want.Name || got.Type != want.Type || !cmp.Equal(got.Dims, want.Dims) || !bytes.Equal(got.Data, want.Data) {
			t.Errorf("%s %v %d became %s %v %d", want.Name, want.Type, want.Dims, got.Name, got.Type, got.Dims)
		}
	}
}

// TestAPRToGGUF: APR → GGUF → GGUF file → APR → APR file returns every tensor.
func TestAPRToGGUF(t *testing.T) {
	want, err := Parse(mustBytes(t, model())) // sorts the tensors
	if err != nil {
		t.Fatal(err)
	}
	g, err := want.ToGGUF()
	if err != nil {
		t.Fatal(err)
	}
	var stored bytes.Buffer
	if err := gguf.Write(&stored, g); err != nil {
		t.Fatal(err)
	}
	read, err := gguf.Parse(stored.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	back, err := FromGGUF(read)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Parse(mustBytes(t, back))
	if err != nil {
		t.Fatal(err)
	}
	sameTensors(t, got, want)
	if d := cmp.Diff(mustModel(t, want), mustModel(t, got)); d != "" {
		t.Error(d)
	}
	// What is in the file at the names and dims of GGUF, once more by hand.
	for name, dims := range map[string][]uint64{
		"token_embd.weight": {256, 7}, "output.weight": {256, 7}, "output_norm.weight": {256, 7},
		"blk.12.attn_norm.weight": {256}, "blk.12.ffn_norm.weight": {256}, "blk.0.attn_output.weight": {256, 3},
		"blk.0.attn_q.bias": {3}, "blk.12.ffn_down.weight": {256, 3}, "blk.12.ffn_gate.weight": {256, 3}, "blk.12.ffn_up.bias": {3},
		"other": {4, 3, 2, 1},
	} {
		if x, err := read.Tensor(name); err != nil || !cmp.Equal(x.Dims, dims) {
			t.Errorf("%s: %v, %v, want dims %d", name, x, err, dims)
		}
	}
}

func mustModel(t *testing.T, f *File) *metadata {
	t.Helper()
	m, err := f.model()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestGGUF: GGUF → APR → file → GGUF → APR keeps every tensor's bytes, names and
// dims.
func TestGGUF(t *testing.T) {
	g, err := gguf.Parse(teacher.GGUF())
	if err != nil {
		t.Fatal(err)
	}
	first, err := FromGGUF(g)
	if err != nil {
		t.Fatal(err)
	}
	read, err := Parse(mustBytes(t, first))
	if err != nil {
		t.Fatal(err)
	}
	back, err := read.ToGGUF()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range g.Tensors {
		got, err := back.Tensor(want.Name)
		if err != nil || got.Type != want.Type || !cmp.Equal(got.Dims, want.Dims) || !bytes.Equal(got.Data, want.Data) {
			t.Errorf("%s: not the same after the way there and back (%v)", want.Name, err)
		}
	}
	again, err := FromGGUF(back)
	if err != nil {
		t.Fatal(err)
	}
	sameTensors(t, again, read)
	if read.Tensor("model.layers.3.mlp.down_proj.weight") == nil || read.Tensor("lm_head.weight") == nil || read.Tensor("blk.3.ffn_down.weight") != nil {
		t.Error("names are not APR's")
	}
	a, _ := g.String("general.architecture")
	for _, key := range []string{"block_count", "attention.head_count", "attention.head_count_kv", "embedding_length", "feed_forward_length"} {
		x, err1 := g.Uint(a + "." + key)
		y, err2 := back.Uint(a + "." + key)
		if x != y || err1 != nil || err2 != nil {
			t.Errorf("%s: %d, then %d (%v, %v)", key, x, y, err1, err2)
		}
	}
	for _, key := range []string{"attention.layer_norm_rms_epsilon", "rope.freq_base"} {
		x, err1 := g.Float(a + "." + key)
		y, err2 := back.Float(a + "." + key)
		if x != y || (err1 == nil) != (err2 == nil) {
			t.Errorf("%s: %g, then %g (%v, %v)", key, x, y, err1, err2)
		}
	}
	embd, err := g.Tensor("token_embd.weight")
	if v, err2 := back.Uint(a + ".vocab_size"); err != nil || err2 != nil || v != embd.Rows() {
		t.Errorf("vocab_size: %d (%v, %v)", v, err, err2)
	}
}

// TestMetadataTwice: of two keys the last one counts, even if it is null; keys
// that differ in case are other keys.
func TestMetadataTwice(t *testing.T) {
	f := &File{Metadata: []byte(`{"architecture":"qwen2","num_layers":1,"num_heads":8,"architecture":"llama","num_layers":2,"NUM_LAYERS":3,"rope_type":2,"rope_type":null,"num_heads":null}`)}
	g, err := f.ToGGUF()
	if err != nil {
		t.Fatal(err)
	}
	want := []gguf.KV{{Key: "general.architecture", Value: "llama"}, {Key: "llama.block_count", Value: uint32(2)}}
	if d := cmp.Diff(want, g.Metadata); d != "" {
		t.Error(d)
	}
}

func TestToGGUFRefuses(t *testing.T) {
	for meta, says := range map[string]string{
		`{}`: "neither", `{"rope_type": 1}`: "rope_type", `{"architecture": "llama", "rope_type": 2}`: "rope_type", `{"architecture": 7}`: "metadata",
		`{"architecture": "llama", "num_layers": -1}`: "num_layers", `{"architecture": "llama", "num_heads": 1.5}`: "num_heads", `{"architecture": "llama", "rope_theta": 1e99}`: "rope_theta",
	} {
		f := &File{Metadata: []byte(meta)}
		if _, err := f.ToGGUF(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", meta, err, says)
		}
	}
	for says, tensors := range map[string][]Tensor{
		"U8":        {{Name: "u", Type: U8, Dims: []uint64{1}, Data: []byte{1}}},
		"one to":    {{Name: "u", Type: I8, Dims: []uint64{1, 1, 1, 1, 1}, Data: []byte{1}}},
		"of them 0": {{Name: "u", Type: I8, Dims: []uint64{1, 0}}},
		"both be": {
			{Name: "layers.3.ffn_down_weight", Type: I8, Dims: []uint64{1}, Data: []byte{1}},
			{Name: "model.layers.3.mlp.down_proj.weight", Type: I8, Dims: []uint64{1}, Data: []byte{1}},
		},
	} {
		f := &File{Metadata: []byte(`{"rope_type": 0}`), Tensors: tensors}
		if _, err := f.ToGGUF(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
}

func TestFromGGUFRefuses(t *testing.T) {
	kv := func(key string, value any) []gguf.KV {
		return []gguf.KV{{Key: "general.architecture", Value: "llama"}, {Key: key, Value: value}}
	}
	tensor := func(name string, typ gguf.Type) gguf.Tensor {
		return gguf.Tensor{Name: name, Type: typ, Dims: []uint64{32}}
	}
	for says, f := range map[string]*gguf.File{
		"general.architecture": {},
		"block_count":          {Metadata: kv("llama.block_count", uint64(1<<32))},
		"an array":             {Metadata: kv("llama.attention.head_count", []uint32{1})},
		"freq_base":            {Metadata: kv("llama.rope.freq_base", "x")},
		"rms_epsilon":          {Metadata: kv("llama.attention.layer_norm_rms_epsilon", true)},
		"Q4_0":                 {Metadata: kv("a", true), Tensors: []gguf.Tensor{tensor("a", gguf.Q4_0)}},
		"two tensors":          {Metadata: kv("a", true), Tensors: []gguf.Tensor{tensor("output.weight", gguf.F32), tensor("lm_head.weight", gguf.F32)}},
	} {
		if _, err := FromGGUF(f); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
}

func TestNames(t *testing.T) {
	for apr, g := range map[string]string{
		"layers.12.ffn_down_weight":                        "blk.12.ffn_down.weight",
		"model.layers.12.mlp.down_proj.weight":             "blk.12.ffn_down.weight",
		"model.layers.4294967295.self_attn.q_proj.weight":  "blk.4294967295.attn_q.weight",
		"model.layers.4294967296.self_attn.q_proj.weight":  "model.layers.4294967296.self_attn.q_proj.weight",
		"model.layers.-1.self_attn.q_proj.weight":          "model.layers.-1.self_attn.q_proj.weight",
		"layers.-1.ffn_down_weight":                        "layers.-1.ffn_down_weight",
		"layers.1.ffn_down_weight.x":                       "layers.1.ffn_down_weight.x",
		"model.layers.1.self_attn.q_proj.scale":            "model.layers.1.self_attn.q_proj.scale",
		"model.layers.1":                                   "model.layers.1",
		"model.layers.":                                    "model.layers.",
		"":                                                 "",
		"model.layers.2.post_attention_layernorm.weight":   "blk.2.ffn_norm.weight",
		"model.layers.2.post_attention_layernorm.weight.x": "model.layers.2.post_attention_layernorm.weight.x",
	} {
		if got := GGUFName(apr); got != g {
			t.Errorf("%q became %q, want %q", apr, got, g)
		}
		if strings.HasPrefix(apr, "layers.12") {
			continue
		}
		if got := fromGGUFName(g); got != apr {
			t.Errorf("%q became %q, want %q", g, got, apr)
		}
	}
}
