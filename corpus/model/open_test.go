package model

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"assay/corpus/apr"
	"assay/corpus/gguf"
	"assay/corpus/safetensors"
	"assay/corpus/teacher"
	"assay/spec"
)

func put(t *testing.T, dir, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestFormats: the teacher is the same model from GGUF and APR, by content whatever
// the name.
func TestFormats(t *testing.T) {
	dir := t.TempDir()
	want, err := gguf.Parse(teacher.GGUF())
	if err != nil {
		t.Fatal(err)
	}
	a, err := apr.FromGGUF(want)
	if err != nil {
		t.Fatal(err)
	}
	data, err := a.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"m.gguf": teacher.GGUF(), "blob": teacher.GGUF(), "m.apr": data, "blob2": data} {
		got, err := Open(put(t, dir, name, data))
		if err != nil {
			t.Error(err)
			continue
		}
		for i := range want.Tensors {
			w := &want.Tensors[i]
			if g, err := got.Tensor(w.Name); err != nil || !bytes.Equal(g.Data, w.Data) {
				t.Errorf("%s: tensor %s: %v", name, w.Name, err)
			}
		}
	}
	header := make([]byte, 28)
	for i, v := range []uint32{2, 1, 1, 1, 1, 1, 1} {
		binary.LittleEndian.PutUint32(header[4*i:], v)
	}
	weights := 2 + 2 + 4*4 + 2 + 3*2 + 2 + 2
	if _, err := Open(put(t, dir, "m.bin", append(header, make([]byte, 4*weights)...))); err != nil {
		t.Error(err)
	}
	for name, data := range map[string]string{"none.txt": "what is this", "empty": "", "m2.gguf": "what", "m2.apr": "what", "m2.bin": "what"} {
		if _, err := Open(put(t, dir, name, []byte(data))); err == nil {
			t.Errorf("%s was opened", name)
		}
	}
	if _, err := Open(filepath.Join(dir, "not there")); !os.IsNotExist(err) {
		t.Error(err)
	}
}

const good = `{"model_type":"llama","hidden_size":2,"intermediate_size":1,"num_hidden_layers":1,"num_attention_heads":1,"num_key_value_heads":1,
"rms_norm_eps":1e-6,"rope_theta":500000.0,"rope_scaling":null,"hidden_act":"silu","tie_word_embeddings":true,"torch_dtype":"bfloat16"}`

func shard(t *testing.T, names ...string) []byte {
	t.Helper()
	f := &safetensors.File{}
	for i, n := range names {
		f.Tensors = append(f.Tensors, safetensors.Tensor{Name: n, Format: spec.BF16, Shape: []uint64{2, 1}, Data: []byte{byte(i), 0, 0, 0}})
	}
	b, err := f.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSafetensors(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "config.json", []byte(good))
	one := shard(t, "model.embed_tokens.weight", "lm_head.weight", "model.layers.0.self_attn.rotary_emb.inv_freq")
	path := put(t, dir, "model.safetensors", one)
	two := shard(t, "model.layers.0.mlp.down_proj.weight", "model.layers.0.self_attn.q_proj.bias")
	put(t, dir, "two.safetensors", two)
	for _, p := range []string{dir, path} {
		f, err := Open(p)
		if err != nil {
			t.Fatal(err)
		}
		if len(f.Tensors) != 1 || f.Tensors[0].Name != "token_embd.weight" || f.Tensors[0].Dims[0] != 1 || f.Tensors[0].Dims[1] != 2 {
			t.Errorf("%s: %+v", p, f.Tensors)
		}
		if theta, err := f.Float("qwen2.rope.freq_base"); err != nil || theta != 500000 {
			t.Error(theta, err)
		}
	}
	put(t, dir, "model.safetensors.index.json", []byte(`{"weight_map":{"a":"model.safetensors","b":"two.safetensors","c":"two.safetensors"}}`))
	f, err := Open(dir)
	if err != nil || len(f.Tensors) != 3 || f.Tensors[2].Name != "blk.0.attn_q.bias" && f.Tensors[1].Name != "blk.0.attn_q.bias" {
		t.Errorf("%+v, %v", f, err)
	}

	for name, tt := range map[string]struct{ index, config, want string }{
		"outside":   {`{"weight_map":{"a":"../x.safetensors"}}`, good, "outside"},
		"twice":     {`{"weight_map":{"a":"two.safetensors","b":"three.safetensors"}}`, good, "is in"},
		"no shard":  {`{"weight_map":{"a":"four.safetensors"}}`, good, "four"},
		"no index":  {`x`, good, "index.json"},
		"type":      {"", strings.Replace(good, "llama", "gpt2", 1), "model_type"},
		"act":       {"", strings.Replace(good, `"silu"`, `"gelu"`, 1), "hidden_act"},
		"scaling":   {"", strings.Replace(good, "null", `{"rope_type":"llama3"}`, 1), "rope_scaling"},
		"sliding":   {"", strings.Replace(good, `"rms_norm_eps"`, `"use_sliding_window":true,"rms_norm_eps"`, 1), "sliding"},
		"not tied":  {`{"weight_map":{"a":"two.safetensors"}}`, strings.Replace(good, "true", "false", 1), "tie_word"},
		"no config": {"", "", "config.json"},
	} {
		d := t.TempDir()
		if tt.config != "" {
			put(t, d, "config.json", []byte(tt.config))
		}
		if tt.index != "" {
			put(t, d, "model.safetensors.index.json", []byte(tt.index))
		}
		put(t, d, "model.safetensors", one)
		put(t, d, "two.safetensors", two)
		put(t, d, "three.safetensors", two)
		if _, err := Open(d); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want an error with %q", name, err, tt.want)
		}
	}
}
