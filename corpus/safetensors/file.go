package safetensors

import (
	"fmt"
	"math/bits"

	"assay/corpus/internal/mapped"
	"assay/spec"
)

// File is the content of a safetensors file.
type File struct {
	// Metadata are what the header says under "__metadata__"; nil if there is
	// none.
	Metadata map[string]string

	// Tensors are in the order of their data. Names are unique.
	Tensors []Tensor

	mapping *mapped.File // what Open has mapped, or nil
}

// Tensor is a named array in C order.
type Tensor struct {
	Name   string      // UTF-8, and not "__metadata__"
	Format spec.Format // F32, F16 or BF16
	Shape  []uint64    // of a matrix [rows, columns], of a number empty
	Data   []byte      // little-endian; part of the bytes that were parsed
}

// formats are the types by their names in the header.
var formats = map[string]spec.Format{"F32": spec.F32, "F16": spec.F16, "BF16": spec.BF16}

const (
	// metadataKey is the one key of the header that is no tensor.
	metadataKey = "__metadata__"

	// maxHeader is the format's own limit, in bytes.
	maxHeader = 100_000_000

	// lengthBytes is the size of the header's length.
	lengthBytes = 8
)

// Tensor returns the tensor of that name, nil if there is none.
func (f *File) Tensor(name string) *Tensor {
	for i := range f.Tensors {
		if f.Tensors[i].Name == name {
			return &f.Tensors[i]
		}
	}
	return nil
}

// shapeBytes returns the size in bytes of a tensor. It reports false if the size,
// or the product of some of the first dims, is 2^64 or more.
func shapeBytes(f spec.Format, shape []uint64) (size uint64, ok bool) {
	size = uint64(f.BlockBytes())
	for _, d := range shape {
		hi, lo := bits.Mul64(size, d)
		if hi != 0 {
			return 0, false
		}
		size = lo
	}
	return size, true
}

// FormatError says which field of a file is invalid and why.
type FormatError struct {
	// Field is such as: header length, tensor "a" data_offsets. Names are quoted,
	// and cut after 64 characters.
	Field string

	// Offset is the position in bytes at which the field begins; for the tensors
	// in the header the position where the tensor's name ends; −1 if the field was
	// not read from a file but given to Bytes.
	Offset int64

	// Reason says what is wrong with the field.
	Reason string
}

func (e *FormatError) Error() string {
	if e.Offset < 0 {
		return "safetensors: " + e.Field + " " + e.Reason
	}
	return fmt.Sprintf("safetensors: %s at byte %d %s", e.Field, e.Offset, e.Reason)
}

func bad(field string, offset int64, format string, args ...any) error {
	return &FormatError{field, offset, fmt.Sprintf(format, args...)}
}

// fieldOf names a field of a tensor in an error.
func fieldOf(tensor, field string) string {
	s := fmt.Sprintf("tensor %.64q", tensor)
	if field != "" {
		s += " " + field
	}
	return s
}
