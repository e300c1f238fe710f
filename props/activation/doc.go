// Package activation runs a model in float64 and keeps what its weight matrices
// are multiplied with.
//
// A kernel meets the inputs that the training of a model has made: a few
// channels a hundred times larger than the rest, sub-blocks of near-equal
// values, sums that cancel. Random data have none of that. [Collect] gives for
// each Q4_K matrix of a GGUF file the vectors that the model itself multiplies
// it with, so that every kernel can be judged on them; [Logits] gives what the
// model predicts, by which the pass itself is judged.
//
// The pass is that of Llama (H. Touvron et al., arXiv:2302.13971) and Qwen2
// (A. Yang et al., arXiv:2407.10671): per block
//
//	h = rmsnorm(x);  q, k, v = Wq·h + bq, Wk·h + bk, Wv·h + bv
//	x = x + Wo·attention(rope(q), rope(k), v)
//	h = rmsnorm(x)
//	x = x + Wdown·(silu(Wgate·h) ⊙ Wup·h)
//
// and logits = Whead·rmsnorm(x), with grouped-query attention (J. Ainslie et
// al., arXiv:2305.13245) that looks back only. The weights are taken at their
// exact values, everything is computed in float64 with the sums in order of
// their index, and only what is returned is rounded to f32: the result depends
// neither on the number of cores nor on which windows are computed together.
//
// Nothing of the pass is judged by it and no kernel runs in it. Weights that
// are not finite, or large enough to overflow, give activations that are not
// finite; kernels have class rules for those.
//
// All of a file is untrusted: whatever it holds, the answer is a result or an
// error that names the tensor or the metadata key. Weights are decoded a few
// rows at a time, so beside the file itself memory is taken only for
// activations, about 8·(2·dim + 2·q + 2·kv + 2·ffn) bytes a token for the pass
// and 4 bytes for each number returned.
package activation
