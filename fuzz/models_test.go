package fuzz_test

import (
	"encoding/binary"
	"testing"

	"assay/corpus/apr"
	"assay/corpus/safetensors"
	"assay/fuzz"
	"assay/spec"
)

// fuzzReader feeds a reader.
func fuzzReader(f *testing.F, target string) {
	read := fuzz.Reader(target)
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := read(data); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzAPR(f *testing.F) {
	small := &apr.File{
		Flags:    apr.RowMajor,
		Metadata: []byte(`{"architecture":"llama","num_layers":1,"num_layers":2,"rope_theta":1e4,"rope_type":0}`),
		Tensors: []apr.Tensor{
			{Name: "model.layers.0.mlp.down_proj.weight", Type: apr.Q4K, Dims: []uint64{1, 256}, Data: make([]byte, 144)},
			{Name: "model.norm.weight", Type: apr.F32, Dims: []uint64{3}, Data: make([]byte, 12)},
		},
	}
	seed, err := small.Bytes()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add(seed[:len(seed)/2])
	small.Tensors = append(small.Tensors, apr.Tensor{Name: "x", Type: apr.U8, Dims: []uint64{0, 1, 2, 3, 4, 5, 6, 7}})
	if seed, err = small.Bytes(); err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	fuzzReader(f, "FuzzAPR")
}

func FuzzAPRT(f *testing.F) {
	f.Add((&apr.Activation{Layer: 3, Dim: 2, Data: []float32{1, 2, 3, 4}}).Bytes())
	f.Add([]byte("APRT"))
	fuzzReader(f, "FuzzAPRT")
}

func FuzzSafetensors(f *testing.F) {
	small := &safetensors.File{
		Metadata: map[string]string{"format": "pt"},
		Tensors: []safetensors.Tensor{
			{Name: "a", Format: spec.F32, Shape: []uint64{2, 1}, Data: make([]byte, 8)},
			{Name: "b", Format: spec.BF16, Shape: []uint64{0}},
			{Name: "c", Format: spec.F16, Data: make([]byte, 2)},
		},
	}
	seed, err := small.Bytes()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add(seed[:len(seed)/2])
	f.Add([]byte("\x02\x00\x00\x00\x00\x00\x00\x00{}"))
	fuzzReader(f, "FuzzSafetensors")
}

func FuzzLlama2c(f *testing.F) {
	seed := func(sizes ...int32) {
		var b []byte
		for _, v := range sizes {
			b = binary.LittleEndian.AppendUint32(b, uint32(v))
		}
		f.Add(b)
	}
	seed(8, 12, 2, 2, 1, 5, 3)
	seed(2, 1, 1, 1, 1, -1, 1)
	seed(1<<31-2, 1, 1, 1, 1, 1, 1)
	fuzzReader(f, "FuzzLlama2c")
}
