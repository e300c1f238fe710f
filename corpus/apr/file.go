package apr

import (
	"encoding/json"
	"fmt"
	"math/bits"

	"assay/corpus/internal/mapped"
)

// File is a model file.
type File struct {
	Flags    Flags
	Metadata json.RawMessage // an object; where a key occurs twice the last one counts
	Tensors  []Tensor        // sorted by name

	mapping *mapped.File // what Open has mapped, or nil
}

// Tensor is a named array.
type Tensor struct {
	Name string   // 1 to 256 bytes of UTF-8
	Type Type     //
	Dims []uint64 // up to 8, the row length last: [out, in] for a matrix
	Data []byte   // part of the bytes that were parsed, rows one after another
}

// Flags say what a file is.
type Flags uint16

const (
	LZ4         Flags = 1 << iota
	Zstd              //
	Encrypted         //
	Signed            //
	Sharded           //
	Quantised         //
	FilterBank        //
	ModelCard         //
	Streaming         //
	Vocabulary        //
	RowMajor          // what writers set
	ColumnMajor       //
)

// refused says why files with a flag cannot be read.
var refused = []struct {
	flag Flags
	why  string
}{
	{LZ4, "is compressed by LZ4"}, {Zstd, "is compressed by Zstandard"}, {Encrypted, "is encrypted"}, {Signed, "is signed"},
	{Sharded, "is one shard of several"}, {ColumnMajor, "is column-major: every matrix would be transposed"},
}

// refused returns why a file with these flags is not read or written, or "".
func (f Flags) refused() string {
	for _, r := range refused {
		if f&r.flag != 0 {
			return "the file " + r.why
		}
	}
	if f >= ColumnMajor<<1 {
		return "some of them are unknown"
	}
	return ""
}

// Type is the storage format of a tensor. The numbers of F64 to U8 mean other
// formats in ggml.
type Type uint8

const (
	F32  Type = 0
	F16  Type = 1
	F64  Type = 3
	I32  Type = 4
	I64  Type = 5
	I8   Type = 6
	U8   Type = 7
	Q4K  Type = 12
	Q6K  Type = 14
	BF16 Type = 30
)

var types = map[Type]struct {
	name         string
	elems, bytes uint64 // of a block
}{
	F32: {"F32", 1, 4}, F16: {"F16", 1, 2}, F64: {"F64", 1, 8}, I32: {"I32", 1, 4}, I64: {"I64", 1, 8}, I8: {"I8", 1, 1}, U8: {"U8", 1, 1},
	Q4K: {"Q4_K", 256, 144}, Q6K: {"Q6_K", 256, 210}, BF16: {"BF16", 1, 2},
}

func (t Type) String() string {
	if x, ok := types[t]; ok {
		return x.name
	}
	return fmt.Sprintf("Type(%d)", uint8(t))
}

// size returns the number of bytes of a tensor, or why it has none.
func size(t Type, dims []uint64) (uint64, string) {
	x, ok := types[t]
	switch {
	case t == 8 || t == 9 || t == 128 || t == 129:
		return 0, fmt.Sprintf("is %d, one of APR's own quantised formats, whose layout is not specified", uint8(t))
	case !ok:
		return 0, fmt.Sprintf("is %d, which is no known type", uint8(t))
	case len(dims) > maxDims:
		return 0, fmt.Sprintf("has %d dims, at most %d", len(dims), maxDims)
	}
	n := uint64(1)
	for _, d := range dims {
		hi, lo := bits.Mul64(n, d)
		if hi != 0 {
			return 0, fmt.Sprintf("has dims %d, whose product wraps", dims)
		}
		n = lo
	}
	if last := uint64(1); len(dims) > 0 {
		if last = dims[len(dims)-1]; last%x.elems != 0 {
			return 0, fmt.Sprintf("has rows of %d, not whole blocks of %s", last, x.name)
		}
	} else if x.elems > 1 {
		return 0, fmt.Sprintf("has no dims, which %s needs", x.name)
	}
	hi, lo := bits.Mul64(n/x.elems, x.bytes)
	if hi != 0 {
		return 0, fmt.Sprintf("has dims %d, whose size wraps", dims)
	}
	return lo, ""
}

const (
	maxDims = 8
	maxName = 256
	align   = 64
	header  = 64
)

var magic = [4]byte{'A', 'P', 'R', 0}

// FormatError says which part of a file is invalid and why.
type FormatError struct {
	Part   string // such as: tensor[3] "lm_head.weight" offset
	Offset int64  // of the part in the file in bytes, −1 if it was given to Bytes
	Reason string
}

func (e *FormatError) Error() string {
	if e.Offset < 0 {
		return "apr: " + e.Part + " " + e.Reason
	}
	return fmt.Sprintf("apr: %s at byte %d %s", e.Part, e.Offset, e.Reason)
}

func bad(part string, offset uint64, format string, args ...any) error {
	return &FormatError{part, int64(offset), fmt.Sprintf(format, args...)}
}

// Tensor returns the tensor of that name, nil if there is none.
func (f *File) Tensor(name string) *Tensor {
	for i := range f.Tensors {
		if f.Tensors[i].Name == name {
			return &f.Tensors[i]
		}
	}
	return nil
}

func padded(n uint64) uint64 { return (n + align - 1) / align * align }
