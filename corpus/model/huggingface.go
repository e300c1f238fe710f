package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"assay/corpus/apr"
	"assay/corpus/gguf"
	"assay/corpus/safetensors"
	"assay/spec"
)

// config is what config.json says of a model.
type config struct {
	Type         string          `json:"model_type"`
	Hidden       uint32          `json:"hidden_size"`
	Intermediate uint32          `json:"intermediate_size"`
	Layers       uint32          `json:"num_hidden_layers"`
	Heads        uint32          `json:"num_attention_heads"`
	KVHeads      uint32          `json:"num_key_value_heads"`
	HeadDim      uint32          `json:"head_dim"`
	Context      uint32          `json:"max_position_embeddings"`
	Theta        float32         `json:"rope_theta"`
	Scaling      json.RawMessage `json:"rope_scaling"`
	Eps          float32         `json:"rms_norm_eps"`
	Activation   string          `json:"hidden_act"`
	Sliding      bool            `json:"use_sliding_window"`
	Tied         bool            `json:"tie_word_embeddings"`
}

const headName = "lm_head.weight"

// openFolder opens the safetensors of a folder: one file, or the shards that
// model.safetensors.index.json lists.
func openFolder(dir string) (*gguf.File, error) {
	text, err := os.ReadFile(filepath.Join(dir, "model.safetensors.index.json"))
	if errors.Is(err, os.ErrNotExist) {
		return openSafetensors(dir, []string{"model.safetensors"})
	}
	if err != nil {
		return nil, err
	}
	var index struct {
		Weights map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(text, &index); err != nil {
		return nil, fmt.Errorf("model: model.safetensors.index.json: %w", err)
	}
	var shards []string
	for name, shard := range index.Weights {
		if !filepath.IsLocal(shard) {
			return nil, fmt.Errorf("model: model.safetensors.index.json: tensor %.64q is in %.64q, outside of the folder", name, shard)
		}
		if !slices.Contains(shards, shard) {
			shards = append(shards, shard)
		}
	}
	slices.Sort(shards)
	return openSafetensors(dir, shards)
}

// openSafetensors opens a model in the layout of Hugging Face, whose pairs of RoPE
// are halves whatever the model's type: GGUF's name for such a model is qwen2.
func openSafetensors(dir string, shards []string) (*gguf.File, error) {
	text, err := os.ReadFile(filepath.Join(dir, "config.json"))
	if err != nil {
		return nil, fmt.Errorf("model: safetensors hold tensors only, the model's sizes are in config.json: %w", err)
	}
	var c config
	if err := json.Unmarshal(text, &c); err != nil {
		return nil, fmt.Errorf("model: config.json: %w", err)
	}
	if why := c.refused(); why != "" {
		return nil, fmt.Errorf("model: config.json: %s", why)
	}
	out := &gguf.File{Version: 3, Metadata: c.metadata()}
	from := map[string]string{} // the shard of each tensor
	for _, shard := range shards {
		f, err := safetensors.Open(filepath.Join(dir, shard))
		if err != nil {
			return nil, err
		}
		for _, t := range f.Tensors {
			// Old files keep RoPE's frequencies, which follow from rope_theta; where
			// the head is tied, a copy of the embeddings counts for nothing.
			if strings.HasSuffix(t.Name, ".rotary_emb.inv_freq") || c.Tied && t.Name == headName {
				continue
			}
			name := apr.GGUFName(t.Name)
			if other, ok := from[name]; ok {
				return nil, fmt.Errorf("model: tensor %.64q is in %s and in %s", t.Name, other, shard)
			}
			from[name] = shard
			dims := slices.Clone(t.Shape)
			slices.Reverse(dims)
			if len(dims) < 1 || len(dims) > 4 || slices.Contains(dims, 0) {
				return nil, fmt.Errorf("model: tensor %.64q has shape %d, GGUF takes one to four dims and none of them 0", t.Name, t.Shape)
			}
			typ := map[spec.Format]gguf.Type{spec.F32: gguf.F32, spec.F16: gguf.F16, spec.BF16: gguf.BF16}[t.Format]
			out.Tensors = append(out.Tensors, gguf.Tensor{Name: name, Type: typ, Dims: dims, Data: t.Data})
		}
	}
	if _, ok := from["output.weight"]; !ok && !c.Tied {
		return nil, fmt.Errorf("model: config.json does not say tie_word_embeddings, but there is no %s", headName)
	}
	return out, nil
}

// refused returns what makes the model one that GGUF's qwen2 does not stand for.
func (c *config) refused() string {
	switch scaling := strings.TrimSpace(string(c.Scaling)); {
	case c.Type != "llama" && c.Type != "qwen2":
		return fmt.Sprintf("model_type is %.64q, want llama or qwen2", c.Type)
	case c.Activation != "" && c.Activation != "silu":
		return fmt.Sprintf("hidden_act is %.64q, want silu", c.Activation)
	case c.Sliding:
		return "use_sliding_window is set: attention is that of all tokens here"
	case scaling != "" && scaling != "null":
		return fmt.Sprintf("rope_scaling is %.64s, which is not implemented for safetensors", scaling)
	}
	return ""
}

func (c *config) metadata() []gguf.KV {
	const arch = "qwen2"
	out := []gguf.KV{{Key: "general.architecture", Value: arch}}
	for _, k := range []struct {
		key   string
		value uint32
	}{
		{"block_count", c.Layers}, {"context_length", c.Context}, {"embedding_length", c.Hidden}, {"feed_forward_length", c.Intermediate},
		{"attention.head_count", c.Heads}, {"attention.head_count_kv", c.KVHeads}, {"attention.key_length", c.HeadDim}, {"attention.value_length", c.HeadDim},
	} {
		if k.value > 0 {
			out = append(out, gguf.KV{Key: arch + "." + k.key, Value: k.value})
		}
	}
	if c.Eps > 0 {
		out = append(out, gguf.KV{Key: arch + ".attention.layer_norm_rms_epsilon", Value: c.Eps})
	}
	if c.Theta > 0 {
		out = append(out, gguf.KV{Key: arch + ".rope.freq_base", Value: c.Theta})
	}
	return out
}
