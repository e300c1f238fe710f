package fuzz

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"assay/corpus/apr"
	"assay/corpus/gguf"
	"assay/corpus/llama2c"
	"assay/corpus/safetensors"
)

// Reader returns what a target about files holds of any bytes, or nil if the target's
// inputs are cases. A reader never panics, and what it accepts can be written and read
// again, to the same bytes ever after.
func Reader(target string) func(data []byte) error {
	switch target {
	case "FuzzGGUF":
		return readGGUF
	case "FuzzAPR":
		return readAPR
	case "FuzzAPRT":
		return readAPRT
	case "FuzzSafetensors":
		return func(data []byte) error {
			_, err := roundTrip(data, safetensors.Parse, (*safetensors.File).Bytes)
			return err
		}
	case "FuzzLlama2c":
		return readLlama2c
	}
	return nil
}

// roundTrip returns what was written of the data, nil if they were refused.
func roundTrip[F any](data []byte, parse func([]byte) (F, error), write func(F) ([]byte, error)) ([]byte, error) {
	file, err := parse(data)
	if err != nil {
		return nil, nil
	}
	first, err := write(file)
	if err != nil {
		return nil, fmt.Errorf("an accepted file cannot be written: %w", err)
	}
	again, err := parse(first)
	if err != nil {
		return nil, fmt.Errorf("a written file cannot be read: %w", err)
	}
	second, err := write(again)
	if err != nil || !bytes.Equal(first, second) {
		return nil, fmt.Errorf("writing what was read again differs (%v)", err)
	}
	return first, nil
}

func readGGUF(data []byte) error {
	_, err := roundTrip(data, gguf.Parse, func(f *gguf.File) ([]byte, error) {
		var b bytes.Buffer
		err := gguf.Write(&b, f)
		return b.Bytes(), err
	})
	return err
}

// readAPR: what becomes GGUF comes back, too. The checksums are set right, or nothing
// would come past them.
func readAPR(data []byte) error {
	data = sealAPR(bytes.Clone(data))
	out, err := roundTrip(data, apr.Parse, (*apr.File).Bytes)
	if out == nil || err != nil {
		return err
	}
	file, err := apr.Parse(data)
	if err != nil {
		return err
	}
	g, err := file.ToGGUF()
	if err != nil {
		return nil
	}
	back, err := apr.FromGGUF(g)
	if err != nil {
		return fmt.Errorf("what became GGUF does not come back: %w", err)
	}
	if len(back.Tensors) != len(file.Tensors) {
		return fmt.Errorf("%d of %d tensors came back from GGUF", len(back.Tensors), len(file.Tensors))
	}
	for _, x := range file.Tensors {
		if y := back.Tensor(x.Name); y != nil && (y.Type != x.Type || !bytes.Equal(y.Data, x.Data)) {
			return fmt.Errorf("%q came back from GGUF as another tensor", x.Name)
		}
	}
	return nil
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

// readAPRT: what is accepted is written as it was.
func readAPRT(data []byte) error {
	out, err := roundTrip(data, apr.ParseActivation, func(a *apr.Activation) ([]byte, error) { return a.Bytes(), nil })
	if err == nil && out != nil && !bytes.Equal(out, data) {
		return fmt.Errorf("%x was written as %x", data, out)
	}
	return err
}

// readLlama2c: what is accepted is written as it was and becomes GGUF. Most sizes fit no
// length, so the length is made to fit small ones.
func readLlama2c(data []byte) error {
	for _, size := range []int{len(data), len(data) + 4*llama2cWeights(data)} {
		padded := append(bytes.Clone(data), make([]byte, size-len(data))...)
		out, err := roundTrip(padded, llama2c.Parse, (*llama2c.File).Bytes)
		if err != nil {
			return err
		}
		if out == nil {
			continue
		}
		if !bytes.Equal(out, padded) {
			return errors.New("what was accepted is not written as it was")
		}
		file, err := llama2c.Parse(padded)
		if err != nil {
			return err
		}
		if err := gguf.Write(io.Discard, file.ToGGUF()); err != nil {
			return fmt.Errorf("what was accepted does not become GGUF: %w", err)
		}
	}
	return nil
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
