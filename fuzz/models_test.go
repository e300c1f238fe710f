package fuzz_test

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"assay/corpus"
	"assay/corpus/apr"
	"assay/corpus/gguf"
	"assay/corpus/safetensors"
	"assay/fuzz"
	"assay/spec"
)

// seeds are those of a target, and what else it draws its files from.
type seeds struct {
	*testing.F
	all [][]byte
}

func (s *seeds) Add(b []byte) {
	s.F.Add(b)
	s.all = append(s.all, b)
}

// fuzzReader feeds a reader.
func fuzzReader(f *seeds, target string) {
	read, n := fuzz.Reader(target), 1
	if fuzzing() {
		n = fuzz.Batch
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := read(data, n, f.all...); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzGGUF(t *testing.F) {
	f := &seeds{F: t}
	add := func(file *gguf.File, more ...byte) []byte {
		var seed bytes.Buffer
		if err := gguf.Write(&seed, file); err != nil {
			f.Fatal(err)
		}
		f.Add(append(seed.Bytes(), more...))
		return seed.Bytes()
	}
	seed := add(&gguf.File{
		Metadata: []gguf.KV{{Key: "general.architecture", Value: "llama"}, {Key: "n", Value: uint32(7)}, {Key: "a", Value: []string{"x", ""}}},
		Tensors: []gguf.Tensor{
			{Name: "a", Dims: []uint64{256, 1}, Type: gguf.Q4K, Data: counted(144)},
			{Name: "c", Dims: []uint64{3}, Type: gguf.F32, Data: counted(12)},
		},
	})
	f.Add(seed[:len(seed)/2])
	// Every type of value, arrays as deep as they may be; where a string ends there could be an array.
	add(&gguf.File{Version: 2, Metadata: []gguf.KV{
		{Key: "a", Value: int8(-3)}, {Key: "c", Value: true}, {Key: "e", Value: []bool{true, false}}, {Key: "g", Value: float32(-.5)}, {Key: "i", Value: []uint16{1, 2}},
		{Key: "k", Value: []float64{1, -2}}, {Key: "general.alignment", Value: uint32(64)}, {Key: "m", Value: []any{[]any{[]any{[]string{""}}}}},
	}}, make([]byte, 16)...)
	add(&gguf.File{Metadata: []gguf.KV{{Key: "general.alignment", Value: uint32(64)}}, Tensors: []gguf.Tensor{
		{Name: "a", Dims: []uint64{2, 3}, Type: gguf.F16, Data: counted(12)}, {Name: "c", Dims: []uint64{64}, Type: gguf.NVFP4, Data: counted(36)},
	}})
	// With a fifth dim, its type would be that and its offset the type.
	add(&gguf.File{Tensors: []gguf.Tensor{{Name: "a", Dims: []uint64{1, 1, 1, 1}, Type: gguf.I8, Data: counted(1)}}}, counted(160)...)
	// More tensors than there are, for which the data would make room.
	promise := bytes.Clone(seed)
	binary.LittleEndian.PutUint64(promise[8:], 255)
	f.Add(append(promise, make([]byte, 10240)...))
	fuzzReader(f, "FuzzGGUF")
}

func FuzzAPR(t *testing.F) {
	f := &seeds{F: t}
	add := func(file *apr.File) {
		seed, err := file.Bytes()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(seed)
	}
	small := &apr.File{
		Flags:    apr.RowMajor,
		Metadata: []byte(`{"architecture":"llama","num_layers":1,"num_layers":2,"rope_theta":1e4,"rope_type":0}`),
		Tensors: []apr.Tensor{
			{Name: "model.layers.0.mlp.down_proj.weight", Type: apr.Q4K, Dims: []uint64{1, 256}, Data: counted(144)},
			{Name: "model.layers.2.mlp.down_proj.weight", Type: apr.F32, Dims: []uint64{3}, Data: counted(12)},
		},
	}
	add(small)
	seed, err := small.Bytes()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed[:len(seed)/2])
	small.Tensors = append(small.Tensors, apr.Tensor{Name: "x", Type: apr.U8, Dims: []uint64{0, 1, 2, 3, 4, 5, 6, 7}})
	add(small)
	add(&apr.File{Flags: apr.RowMajor, Metadata: []byte(`{"architecture":"llama"}`), Tensors: []apr.Tensor{
		{Name: "a", Type: apr.F32, Dims: []uint64{2, 3}, Data: counted(24)}, {Name: "c", Type: apr.I64, Data: counted(8)},
		{Name: "e", Type: apr.Q6K, Dims: []uint64{256}, Data: counted(210)}, {Name: "g", Type: apr.BF16, Dims: []uint64{1, 1}, Data: counted(2)},
	}})
	fuzzReader(f, "FuzzAPR")
}

// counted is n bytes of which no two neighbours are alike.
func counted(n int) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = byte(i + 1)
	}
	return out
}

func FuzzAPRT(t *testing.F) {
	f := &seeds{F: t}
	f.Add((&apr.Activation{Layer: 3, Dim: 2, Data: []float32{1, 2, 3, 4}}).Bytes())
	f.Add([]byte("APRT"))
	fuzzReader(f, "FuzzAPRT")
}

func FuzzSafetensors(t *testing.F) {
	f := &seeds{F: t}
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
	add := func(header, data string) {
		f.Add(slices.Concat(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), []byte(header), []byte(data)))
	}
	add("{}", "")
	const number = `{"dtype":"F16","shape":[],"data_offsets":[0,2]}`
	add(`{"a":`+number+`,"c":{"dtype":"BF16","shape":[1,2],"data_offsets":[2,6]}}  `, "12abcd")
	// What must be refused.
	for _, header := range []string{
		` {"a":` + number + `}`, `{"a":` + number + `} 1`, `{"a":` + number + `,"a":` + number + `}`, `{"__metadata__":{"k":1},"a":` + number + `}`, `{"__metadata__":{"k":"1","k":"2"},"a":` + number + `}`,
		`{"a":{"dtype":"F16","data_offsets":[0,2]}}`, `{"a":{"dtype":"F16","shape":[],"shape":[],"data_offsets":[0,2]}}`, `{"a":{"dtype":"F16","shape":[],"data_offsets":[0,2],"x":1}}`,
		`{"a":{"dtype":"F16","shape":[],"data_offsets":[0,2,2]}}`, `{"a":{"dtype":"F16","shape":[],"data_offsets":[null,2]}}`,
	} {
		add(header, "12")
	}
	add(`{"a":`+number+`,"c":{"dtype":"F16","shape":[],"data_offsets":[4,6]}}`, "12--ab")
	add(`{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},"c":{"dtype":"F16","shape":[2],"data_offsets":[2,6]}}`, "12abcd")
	add(`{"a":{"dtype":"F16","shape":[9223372036854775808,4],"data_offsets":[0,0]}}`, "")
	fuzzReader(f, "FuzzSafetensors")
}

func FuzzCase(t *testing.F) {
	f := &seeds{F: t}
	add := func(c spec.Case, mutant string) []byte {
		seed, err := corpus.Encode(&corpus.Entry{Case: c, Source: "seed", Note: "é", Mutant: mutant})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(seed)
		return seed
	}
	good := add(spec.Case{Op: spec.OpDotF32, Shape: spec.Vector(2), In: [][]byte{counted(8), counted(8)}}, "A01-b")
	add(spec.Case{Op: "dequant_q8_0", Shape: spec.Vector(32), In: [][]byte{counted(34)}}, "")
	add(spec.Case{Op: spec.OpSoftmaxF32, Shape: spec.Vector(1), In: [][]byte{counted(4), nil, spec.SoftmaxParams{Scale: 1}.Bytes()}}, "")
	add(spec.Case{
		Op: spec.OpAttentionF32, Shape: spec.Shape{Rows: 1, Cols: 1, Batch: 1, Heads: 2, KVHeads: 1},
		In: [][]byte{counted(8), counted(4), counted(4), spec.AttentionParams{Scale: 1}.Bytes()},
	}, "")
	// What must be refused.
	for _, edit := range [][2]string{
		{`"note"`, `"Note"`}, {`"note"`, `"note": "x", "note"`}, {`"A01-b"`, `"A01-a"`}, {`"A01-b"`, `null`}, {`"mutant": "A01-b"`, `"mutant": ""`}, {`"rows": 1`, `"rows": 1e0`}, {`"batch": 1`, `"batch": 1, "heads": 0`},
		{`"seed"`, `""`}, {`"base64": "`, `"base64": "\n`}, {`"base64": "AQ`, `"base64": " AQ`}, {`"format": "F32"`, `"format": "F32", "x": 1`}, {"}\n", "} }"}, {"}\n", "} 1"}, {`"cols": 2`, `"cols": 2, "cols": 2`},
		{"\u00e9", "\xe9"}, {"Bwg=", "Bwh="},
		{`"cols": 2`, `"cols": 123456`}, {"\n  ],", `,{"format":"F32","base64":""}],`},
	} {
		bad := bytes.Replace(good, []byte(edit[0]), []byte(edit[1]), 1)
		if bytes.Equal(bad, good) {
			f.Fatalf("no %q in the seed", edit[0])
		}
		f.Add(bad)
	}
	fuzzReader(f, "FuzzCase")
}

func FuzzLlama2c(t *testing.F) {
	f := &seeds{F: t}
	seed := func(sizes ...int32) {
		var b []byte
		for _, v := range sizes {
			b = binary.LittleEndian.AppendUint32(b, uint32(v))
		}
		f.Add(b)
	}
	seed(8, 12, 2, 2, 1, 5, 3)
	seed(8, 3, 1, 4, 2, -5, 2)
	seed(2, 1, 1, 1, 1, -1, 1)
	seed(1<<31-2, 1, 1, 1, 1, 1, 1)
	fuzzReader(f, "FuzzLlama2c")
}
