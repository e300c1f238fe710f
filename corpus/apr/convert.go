package apr

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"assay/corpus/gguf"
)

// layerNames are the tensors of a layer: model.layers.N.… in APR, blk.N.… in GGUF.
var layerNames = [][2]string{
	{"input_layernorm.weight", "attn_norm.weight"},
	{"post_attention_layernorm.weight", "ffn_norm.weight"},
	{"self_attn.q_proj", "attn_q"}, {"self_attn.k_proj", "attn_k"}, {"self_attn.v_proj", "attn_v"}, {"self_attn.o_proj", "attn_output"},
	{"mlp.gate_proj", "ffn_gate"}, {"mlp.up_proj", "ffn_up"}, {"mlp.down_proj", "ffn_down"},
}

var otherNames = [][2]string{
	{"model.embed_tokens.weight", "token_embd.weight"}, {"model.norm.weight", "output_norm.weight"}, {"lm_head.weight", "output.weight"},
}

// rename maps a name from one column of the tables to the other; unknown names
// stay.
func rename(name string, from int, layer, to string) string {
	for _, n := range otherNames {
		if name == n[from] {
			return n[1-from]
		}
	}
	rest, ok := strings.CutPrefix(name, layer)
	number, rest, found := strings.Cut(rest, ".")
	if _, err := strconv.ParseUint(number, 10, 32); !ok || !found || err != nil {
		return name
	}
	for _, n := range layerNames {
		if rest == n[from] {
			return to + number + "." + n[1-from]
		}
		for _, end := range []string{".weight", ".bias"} {
			if rest == n[from]+end {
				return to + number + "." + n[1-from] + end
			}
		}
	}
	return name
}

// toGGUFName also knows the name that some writers give the third matrix of the
// feed-forward network.
func toGGUFName(name string) string {
	var layer int
	if n, _ := fmt.Sscanf(name, "layers.%d.ffn_down_weight", &layer); n == 1 && name == fmt.Sprintf("layers.%d.ffn_down_weight", layer) {
		return fmt.Sprintf("blk.%d.ffn_down.weight", layer)
	}
	return rename(name, 0, "model.layers.", "blk.")
}

var ggufTypes = map[Type]gguf.Type{
	F32: gguf.F32, F16: gguf.F16, F64: gguf.F64, I32: gguf.I32, I64: gguf.I64, I8: gguf.I8, Q4K: gguf.Q4K, Q6K: gguf.Q6K, BF16: gguf.BF16,
}

// metadata are the keys that describe a model.
type metadata struct {
	Architecture string   `json:"architecture"`
	Hidden       uint32   `json:"hidden_size"`
	Intermediate uint32   `json:"intermediate_size"`
	Layers       uint32   `json:"num_layers"`
	Heads        uint32   `json:"num_heads"`
	KVHeads      uint32   `json:"num_kv_heads"`
	HeadDim      uint32   `json:"head_dim"`
	Theta        *float32 `json:"rope_theta"`
	RopeType     *int     `json:"rope_type"`
	Eps          float32  `json:"rms_norm_eps"`
}

// ToGGUF returns the file in GGUF: the same bytes of data, GGUF's names, dims the
// other way round. The architecture is the metadata's, or follows from the pairs of
// RoPE: qwen2 for halves, llama for adjacent ones; where both are given they must
// agree.
func (f *File) ToGGUF() (*gguf.File, error) {
	var m metadata
	if err := json.Unmarshal(f.Metadata, &m); err != nil {
		return nil, fmt.Errorf("apr: metadata: %w", err)
	}
	arch := strings.ToLower(m.Architecture)
	if m.RopeType != nil {
		byPairs, ok := map[int]string{0: "llama", 2: "qwen2"}[*m.RopeType]
		switch {
		case !ok:
			return nil, fmt.Errorf("apr: metadata: rope_type is %d, want 0 for adjacent pairs or 2 for halves", *m.RopeType)
		case (arch == "llama" || arch == "qwen2") && arch != byPairs:
			return nil, fmt.Errorf("apr: metadata: rope_type %d is not that of %s in GGUF, whose converter permutes the rows of queries and keys", *m.RopeType, arch)
		case arch == "":
			arch = byPairs
		}
	}
	if arch == "" {
		return nil, fmt.Errorf("apr: metadata: neither architecture nor rope_type")
	}
	out := &gguf.File{Version: 3}
	set := func(key string, value any) { out.Metadata = append(out.Metadata, gguf.KV{Key: key, Value: value}) }
	set("general.architecture", arch)
	for _, k := range []struct {
		key   string
		value uint32
	}{
		{"block_count", m.Layers}, {"embedding_length", m.Hidden}, {"feed_forward_length", m.Intermediate},
		{"attention.head_count", m.Heads}, {"attention.head_count_kv", m.KVHeads}, {"attention.key_length", m.HeadDim}, {"attention.value_length", m.HeadDim},
	} {
		if k.value > 0 {
			set(arch+"."+k.key, k.value)
		}
	}
	if m.Eps > 0 {
		set(arch+".attention.layer_norm_rms_epsilon", m.Eps)
	}
	if m.Theta != nil {
		set(arch+".rope.freq_base", *m.Theta)
	}
	for _, t := range f.Tensors {
		typ, ok := ggufTypes[t.Type]
		if !ok {
			return nil, fmt.Errorf("apr: tensor %.64q is of type %v, which GGUF does not have", t.Name, t.Type)
		}
		dims := slices.Clone(t.Dims)
		slices.Reverse(dims)
		if len(dims) == 0 {
			dims = []uint64{1}
		}
		out.Tensors = append(out.Tensors, gguf.Tensor{Name: toGGUFName(t.Name), Type: typ, Dims: dims, Data: t.Data})
	}
	return out, nil
}

// FromGGUF returns a GGUF file in APR, with the metadata that describe the model.
func FromGGUF(g *gguf.File) (*File, error) {
	arch, err := g.String("general.architecture")
	if err != nil {
		return nil, err
	}
	uint := func(key string) uint32 {
		v, err := g.Uint(arch + "." + key)
		if err != nil {
			return 0 // not there
		}
		return uint32(v)
	}
	m := metadata{
		Architecture: arch, Layers: uint("block_count"), Hidden: uint("embedding_length"), Intermediate: uint("feed_forward_length"),
		Heads: uint("attention.head_count"), KVHeads: uint("attention.head_count_kv"), HeadDim: uint("attention.key_length"),
	}
	if v, err := g.Float(arch + ".attention.layer_norm_rms_epsilon"); err == nil {
		m.Eps = float32(v)
	}
	if v, err := g.Float(arch + ".rope.freq_base"); err == nil {
		theta := float32(v)
		m.Theta = &theta
	}
	if pairs, ok := map[string]int{"llama": 0, "qwen2": 2}[arch]; ok {
		m.RopeType = &pairs
	}
	text, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("apr: metadata: %w", err)
	}
	out := &File{Flags: RowMajor, Metadata: text}
	for _, t := range g.Tensors {
		found := false
		dims := slices.Clone(t.Dims)
		slices.Reverse(dims)
		for typ, other := range ggufTypes {
			if other == t.Type {
				out.Tensors = append(out.Tensors, Tensor{Name: rename(t.Name, 1, "blk.", "model.layers."), Type: typ, Dims: dims, Data: t.Data})
				found = true
			}
		}
		if !found {
			return nil, fmt.Errorf("apr: tensor %.64q is of type %v, which APR does not have", t.Name, t.Type)
		}
	}
	slices.SortFunc(out.Tensors, func(a, b Tensor) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}
