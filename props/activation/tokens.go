package activation

import "assay/corpus/gguf"

// Tokens returns n token ids of the model of f, or fewer.
//
// If the model has 256 tokens its vocabulary is taken to be the bytes, as that
// of the project's teacher is, and the tokens are the first n bytes of the text.
// Otherwise they are pseudo-random ids, the same ones for the same vocabulary
// size, and the text is not used: splitting it needs the model's own tokeniser.
// Arbitrary tokens are no language, but the activations are still what the
// model's weights make of the model's embeddings.
//
// The result is empty if f has no token embedding; Collect then says so.
func Tokens(f *gguf.File, text []byte, n int) []int {
	embed, err := f.Tensor(embedName)
	if err != nil || len(embed.Dims) != 2 || n <= 0 {
		return nil
	}
	vocab := embed.Dims[1]
	if vocab == 0 {
		return nil
	}
	if names, err := f.Strings("tokenizer.ggml.tokens"); err == nil && len(names) == 256 && vocab == 256 {
		text = text[:min(n, len(text))]
		tokens := make([]int, len(text))
		for i, b := range text {
			tokens[i] = int(b)
		}
		return tokens
	}
	tokens := make([]int, n)
	for i := range tokens {
		// The remainder is below 2^31 so that it fits an int everywhere.
		tokens[i] = int(splitMix64(uint64(i)) % min(vocab, 1<<31-1))
	}
	return tokens
}

// splitMix64 returns the i-th output of the SplitMix64 generator seeded with 0
// (G. Steele, D. Lea, C. Flood, OOPSLA 2014).
func splitMix64(i uint64) uint64 {
	z := (i + 1) * 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
