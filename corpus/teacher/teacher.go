// Package teacher holds a small trained model, embedded, so that a fresh clone
// has real weights and real activations to judge kernels on.
//
// The model is a Qwen2-style byte-level language model of Go source, made for
// this project; MODEL_CARD.md tells its sizes, training, licence and quality.
package teacher

import _ "embed"

var (
	//go:embed assay-teacher-q4_k_m.gguf
	model string
	//go:embed MODEL_CARD.md
	card string
	//go:embed sample.go.txt
	sample string
)

// GGUF returns a copy of the model file, 3.9 MB: Q4_K and Q6_K matrices, F32
// vectors.
func GGUF() []byte { return []byte(model) }

// Card returns a copy of the model card, Markdown.
func Card() []byte { return []byte(card) }

// Sample returns a copy of the text by which the model card measures the model,
// 2,140 bytes of Go source.
func Sample() []byte { return []byte(sample) }
