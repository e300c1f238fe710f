package fuzz_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
	"testing"

	"assay/corpus/apr"
	"assay/corpus/gguf"
	"assay/corpus/llama2c"
	"assay/corpus/safetensors"
	"assay/spec"
)

// roundTrip feeds a reader: it never panics, and what it accepts can be written and
// read again, to the same bytes ever after. It returns what was written, nil if
// the data were refused.
func roundTrip[F any](t *testing.T, data []byte, parse func([]byte) (F, error), write func(F) ([]byte, error)) []byte {
	t.Helper()
	file, err := parse(data)
	if err != nil {
		return nil
	}
	first, err := write(file)
	if err != nil {
		t.Fatalf("an accepted file cannot be written: %v", err)
	}
	again, err := parse(first)
	if err != nil {
		t.Fatalf("a written file cannot be read: %v", err)
	}
	second, err := write(again)
	if err != nil || !bytes.Equal(first, second) {
		t.Fatalf("writing what was read again differs (%v)", err)
	}
	return first
}

// FuzzAPR: as roundTrip, and what becomes GGUF comes back. The checksums are set
// right, or nothing would come past them.
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
	f.Fuzz(func(t *testing.T, data []byte) {
		data = sealAPR(bytes.Clone(data))
		if roundTrip(t, data, apr.Parse, (*apr.File).Bytes) == nil {
			return
		}
		file, err := apr.Parse(data)
		if err != nil {
			t.Fatal(err)
		}
		g, err := file.ToGGUF()
		if err != nil {
			return
		}
		back, err := apr.FromGGUF(g)
		if err != nil {
			t.Fatalf("what became GGUF does not come back: %v", err)
		}
		if len(back.Tensors) != len(file.Tensors) {
			t.Fatalf("%d of %d tensors came back from GGUF", len(back.Tensors), len(file.Tensors))
		}
		for _, x := range file.Tensors {
			if y := back.Tensor(x.Name); y != nil && (y.Type != x.Type || !bytes.Equal(y.Data, x.Data)) {
				t.Fatalf("%q came back from GGUF as another tensor", x.Name)
			}
		}
	})
}

// sealAPR sets the checksums of a file in APR right.
func sealAPR(b []byte) []byte {
	const header, sum = 64, 40
	if len(b) < header+4 {
		return b
	}
	le := binary.LittleEndian
	le.PutUint32(b[sum:], crc32.Update(crc32.ChecksumIEEE(b[:sum]), crc32.IEEETable, b[sum+4:header]))
	end := len(b) - 4
	le.PutUint32(b[end:], crc32.ChecksumIEEE(b[:end]))
	return b
}

// FuzzAPRT: what is accepted is written as it was.
func FuzzAPRT(f *testing.F) {
	f.Add((&apr.Activation{Layer: 3, Dim: 2, Data: []float32{1, 2, 3, 4}}).Bytes())
	f.Add([]byte("APRT"))
	f.Fuzz(func(t *testing.T, data []byte) {
		write := func(a *apr.Activation) ([]byte, error) { return a.Bytes(), nil }
		if out := roundTrip(t, data, apr.ParseActivation, write); out != nil && !bytes.Equal(out, data) {
			t.Fatalf("%x was written as %x", data, out)
		}
	})
}

// FuzzSafetensors: as roundTrip.
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
	f.Fuzz(func(t *testing.T, data []byte) {
		roundTrip(t, data, safetensors.Parse, (*safetensors.File).Bytes)
	})
}

// FuzzLlama2c: as roundTrip, and what is accepted is written as it was and becomes
// GGUF. Most sizes fit no length, so the length is made to fit small ones.
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
	f.Fuzz(func(t *testing.T, data []byte) {
		write := func(f *llama2c.File) ([]byte, error) { return f.Bytes() }
		for _, size := range []int{len(data), len(data) + 4*llama2cWeights(data)} {
			padded := append(bytes.Clone(data), make([]byte, size-len(data))...)
			out := roundTrip(t, padded, llama2c.Parse, write)
			if out == nil {
				continue
			}
			if !bytes.Equal(out, padded) {
				t.Fatal("what was accepted is not written as it was")
			}
			file, err := llama2c.Parse(padded)
			if err != nil {
				t.Fatal(err)
			}
			if err := gguf.Write(io.Discard, file.ToGGUF()); err != nil {
				t.Fatalf("what was accepted does not become GGUF: %v", err)
			}
		}
	})
}

// llama2cWeights returns how many weights follow a header of small sizes, 0 for
// others.
func llama2cWeights(header []byte) int {
	if len(header) != 28 {
		return 0
	}
	var v [7]int
	for i := range v {
		v[i] = int(int32(binary.LittleEndian.Uint32(header[4*i:])))
		if v[i] < 0 {
			v[i] = -v[i]
		}
		if v[i] < 1 || v[i] > 64 {
			return 0
		}
	}
	dim, hidden, layers, heads, kvHeads, vocab, context := v[0], v[1], v[2], v[3], v[4], v[5], v[6]
	kv := dim / heads * kvHeads
	n := vocab*dim + layers*(2*dim+2*dim*dim+2*kv*dim+3*dim*hidden) + dim + 2*context*(dim/heads/2)
	if int32(binary.LittleEndian.Uint32(header[20:])) < 0 {
		n += vocab * dim
	}
	return n
}
