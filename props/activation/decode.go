package activation

import "assay/corpus/gguf"

// A decoder writes the exact values of the whole blocks in src to dst, one
// float64 an element. Every format here fits: the widest, Q4_K, needs 51
// significant bits. Scales that are not finite give what IEEE arithmetic gives.
type decoder func(dst []float64, src []byte)

// decoders has the types that models are stored in beside Q4_K: llama.cpp's
// Q4_K_M keeps some matrices in Q6_K, and vectors in F32.
var decoders = map[gguf.Type]decoder{
	gguf.F32:  decodeF32,
	gguf.F16:  decodeF16,
	gguf.BF16: decodeBF16,
	gguf.Q4K:  decodeQ4K,
	gguf.Q6K:  decodeQ6K,
	gguf.Q8_0: decodeQ8_0,
}
