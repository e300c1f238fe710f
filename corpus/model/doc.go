// Package model opens a model whatever the format of its file: GGUF, APR v2,
// llama2.c's legacy layout, or safetensors with the config.json beside them that
// Hugging Face models have. All become a [gguf.File], with the same bytes of data.
//
// Files are mapped: opening one costs the memory of its index. They stay mapped until
// the process ends.
package model
