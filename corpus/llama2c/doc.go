// Package llama2c reads and writes model files in the first ("legacy") layout of
// karpathy/llama2.c, and turns them into GGUF.
//
// A file is seven int32, the sizes of the model, and its f32 weights in the order of
// the struct TransformerWeights of run.c: each kind of tensor for all layers, one
// layer after the other. Where the vocabulary is negative the output head has
// weights of its own. Between norm and head lie tables of RoPE's cosines and sines,
// which run.c skips: it rotates adjacent pairs with θ = 10000, and its norms have
// ε = 1e-5. Neither is in the file.
//
// Every byte of a file is untrusted: there is no magic and no checksum, so a file is
// one whose length is that of its sizes, to the byte. Memory is not taken for tensor
// data.
package llama2c
