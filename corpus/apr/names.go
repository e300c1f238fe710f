package apr

import (
	"strconv"
	"strings"
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

const (
	aprLayer  = "model.layers."
	ggufLayer = "blk."
)

// GGUFName maps a name of APR, which are those of Hugging Face, to GGUF's; one that is
// not in the tables stays. It also knows the name that some writers give the third
// matrix of the feed-forward network.
func GGUFName(name string) string {
	if n, rest, ok := cutLayer(name, "layers."); ok && rest == "ffn_down_weight" {
		return ggufLayer + n + ".ffn_down.weight"
	}
	return rename(name, 0, aprLayer, ggufLayer)
}

// fromGGUFName is the inverse of GGUFName, for the names that are in the tables.
func fromGGUFName(name string) string { return rename(name, 1, ggufLayer, aprLayer) }

// rename maps a name from one column of the tables to the other.
func rename(name string, from int, layer, to string) string {
	for _, n := range otherNames {
		if name == n[from] {
			return n[1-from]
		}
	}
	number, rest, ok := cutLayer(name, layer)
	if !ok {
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

// cutLayer splits a layer's tensor, such as blk.0.attn_q.weight, into the number of
// the layer and the rest.
func cutLayer(name, layer string) (number, rest string, ok bool) {
	rest, ok = strings.CutPrefix(name, layer)
	if !ok {
		return "", "", false
	}
	number, rest, ok = strings.Cut(rest, ".")
	if _, err := strconv.ParseUint(number, 10, 32); err != nil {
		return "", "", false
	}
	return number, rest, ok
}
