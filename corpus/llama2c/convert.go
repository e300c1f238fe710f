package llama2c

import (
	"fmt"

	"assay/corpus/gguf"
)

// ToGGUF returns the model in GGUF, with the same bytes of data: an architecture of
// llama, whose pairs of RoPE are adjacent ones as run.c's are. The tables of RoPE are
// left out.
func (f *File) ToGGUF() *gguf.File {
	const arch = "llama"
	out := &gguf.File{Version: 3, Metadata: []gguf.KV{
		{Key: "general.architecture", Value: arch},
		{Key: arch + ".block_count", Value: uint32(f.Layers)},
		{Key: arch + ".context_length", Value: uint32(f.Context)},
		{Key: arch + ".embedding_length", Value: uint32(f.Dim)},
		{Key: arch + ".feed_forward_length", Value: uint32(f.Hidden)},
		{Key: arch + ".attention.head_count", Value: uint32(f.Heads)},
		{Key: arch + ".attention.head_count_kv", Value: uint32(f.KVHeads)},
		{Key: arch + ".attention.layer_norm_rms_epsilon", Value: float32(1e-5)},
		{Key: arch + ".rope.freq_base", Value: float32(10000)},
		{Key: arch + ".vocab_size", Value: uint32(f.Vocab)},
	}}
	// add takes the part of a tensor that is a layer's, or all of it.
	add := func(name, from string, layer int) {
		t := f.Tensor(from)
		shape, data := t.Shape, t.Data
		if layer >= 0 {
			n := len(data) / f.Layers
			shape, data = shape[1:], data[layer*n:(layer+1)*n:(layer+1)*n]
		}
		var dims []uint64 // the row length first
		for i := range shape {
			dims = append(dims, shape[len(shape)-1-i])
		}
		out.Tensors = append(out.Tensors, gguf.Tensor{Name: name, Type: gguf.F32, Dims: dims, Data: data})
	}
	add("token_embd.weight", embedding, -1)
	for layer := range f.Layers {
		for _, n := range [][2]string{
			{"attn_norm", rmsAtt}, {"attn_q", "wq"}, {"attn_k", "wk"}, {"attn_v", "wv"}, {"attn_output", "wo"},
			{"ffn_norm", rmsFFN}, {"ffn_gate", "w1"}, {"ffn_down", "w2"}, {"ffn_up", "w3"},
		} {
			add(fmt.Sprintf("blk.%d.%s.weight", layer, n[0]), n[1], layer)
		}
	}
	add("output_norm.weight", rmsFinal, -1)
	if !f.Shared {
		add("output.weight", head, -1)
	}
	return out
}
