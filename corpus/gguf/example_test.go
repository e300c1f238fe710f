package gguf_test

import (
	"bytes"
	"fmt"

	"assay/corpus/gguf"
)

func Example() {
	var b bytes.Buffer
	err := gguf.Write(&b, &gguf.File{
		Metadata: []gguf.KV{
			{Key: "general.architecture", Value: "llama"},
			{Key: "llama.block_count", Value: uint32(1)},
		},
		Tensors: []gguf.Tensor{
			{Name: "output_norm.weight", Dims: []uint64{4}, Type: gguf.F16, Data: make([]byte, 8)},
			{Name: "output.weight", Dims: []uint64{256, 3}, Type: gguf.Q4K, Data: make([]byte, 3*144)},
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	f, err := gguf.Parse(b.Bytes())
	if err != nil {
		fmt.Println(err)
		return
	}
	blocks, err := f.Uint("llama.block_count")
	fmt.Println(blocks, err)
	for _, t := range f.Tensors {
		fmt.Println(t.Name, t.Type, t.Dims, t.Offset, t.Rows(), t.RowBytes())
	}

	_, err = gguf.Parse(b.Bytes()[:200])
	fmt.Println(err)
	// Output:
	// 1 <nil>
	// output_norm.weight F16 [4] 0 1 8
	// output.weight Q4_K [256 3] 32 3 144
	// gguf: tensor[1] "output.weight" offset at byte 197: needs 8 bytes, 3 remain
}
