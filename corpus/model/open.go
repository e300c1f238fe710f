package model

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"assay/corpus/apr"
	"assay/corpus/gguf"
	"assay/corpus/llama2c"
)

// Open opens the model at path: a file in any of the formats, or a folder with
// config.json and safetensors. The format is that of the content, not of the name;
// only llama2.c's, which has no magic, goes by its ending, .bin.
func Open(path string) (*gguf.File, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return openFolder(path)
	}
	magic, err := magicOf(path)
	if err != nil {
		return nil, err
	}
	switch ext := filepath.Ext(path); {
	case magic == "GGUF" || magic == "FUGG" || ext == ".gguf":
		return gguf.Open(path)
	case magic == "APR\x00" || ext == ".apr":
		f, err := apr.Open(path)
		if err != nil {
			return nil, err
		}
		return f.ToGGUF()
	case ext == ".safetensors":
		return openSafetensors(filepath.Dir(path), []string{filepath.Base(path)})
	case ext == ".bin":
		f, err := llama2c.Open(path)
		if err != nil {
			return nil, err
		}
		return f.ToGGUF(), nil
	}
	return nil, fmt.Errorf("model: %s begins with %q and is none of GGUF, APR, .safetensors or llama2.c's .bin", path, magic)
}

// magicOf returns the first four bytes of a file, or fewer.
func magicOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b := make([]byte, 4)
	n, err := io.ReadFull(f, b)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = nil
	}
	return string(b[:n]), err
}
