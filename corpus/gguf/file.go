package gguf

import (
	"fmt"
	"math/bits"
	"unicode/utf8"

	"assay/corpus/internal/mapped"
)

const (
	defaultAlignment = 32

	// maxAlignment is the largest page size of the hosts that map such files.
	// A bound is needed because a few bytes of metadata could otherwise ask for
	// gigabytes of padding.
	maxAlignment = 64 << 10

	alignmentKey = "general.alignment"

	// maxKeyLen is the limit of the GGUF specification, in bytes.
	maxKeyLen = 1<<16 - 1

	// maxDims is ggml's limit on the number of dims of a tensor.
	maxDims = 4
)

// File is the content of a GGUF file.
type File struct {
	// Version is the version of the format, 2 or 3.
	Version uint32

	// Alignment is the alignment of the data section and of every tensor in it,
	// in bytes: a power of two, at most 64 KiB. It is what the metadata key
	// general.alignment says, or 32.
	Alignment uint64

	// Metadata and Tensors are in file order. Keys are unique, as are names.
	Metadata []KV
	Tensors  []Tensor

	mapping *mapped.File // what Open has mapped, or nil
}

// KV is one metadata entry.
type KV struct {
	// Key is at most 65535 bytes of UTF-8, and not empty.
	Key string

	// Value is a uint8, int8, uint16, int16, uint32, int32, uint64, int64,
	// float32, float64, bool or string; or, for an array, a slice of one of
	// these; or, for an array of arrays, an []any of slices, at most four
	// levels deep. Strings may hold any bytes.
	Value any
}

// Tensor is one tensor of a file.
type Tensor struct {
	// Name is UTF-8, and not empty.
	Name string

	// Dims are the one to four dimensions, none of them zero. Dims[0] is the
	// number of elements of a row, a multiple of Type.BlockLen. Rows are
	// contiguous.
	Dims []uint64

	Type Type

	// Offset is the position of Data in bytes, relative to the data section.
	Offset uint64

	// Data holds Rows() rows of RowBytes() bytes.
	Data []byte
}

// RowBytes returns the size of a row in bytes. It is 0 if the tensor has no
// dims or an unknown type.
func (t *Tensor) RowBytes() uint64 {
	if len(t.Dims) == 0 || !t.Type.known() {
		return 0
	}
	return t.Dims[0] / uint64(t.Type.BlockLen()) * uint64(t.Type.BlockBytes())
}

// Rows returns the number of rows, the product of all dims but the first.
func (t *Tensor) Rows() uint64 {
	if len(t.Dims) == 0 {
		return 0
	}
	n := uint64(1)
	for _, d := range t.Dims[1:] {
		n *= d
	}
	return n
}

// Tensor returns the tensor of the given name, or an error that wraps
// [ErrNotFound]. It searches linearly.
func (f *File) Tensor(name string) (*Tensor, error) {
	for i := range f.Tensors {
		if f.Tensors[i].Name == name {
			return &f.Tensors[i], nil
		}
	}
	return nil, fmt.Errorf("gguf: tensor %q: %w", name, ErrNotFound)
}

// Get returns the metadata value of the given key and whether there is one. It
// searches linearly, as do the typed lookups.
func (f *File) Get(key string) (value any, ok bool) {
	for i := range f.Metadata {
		if f.Metadata[i].Key == key {
			return f.Metadata[i].Value, true
		}
	}
	return nil, false
}

// Uint returns the integer of the given key, of whatever width and signedness
// it is stored. It is an error if there is no such key ([ErrNotFound]), if the
// value is not an integer, or if it is negative.
func (f *File) Uint(key string) (uint64, error) {
	v, _ := f.Get(key)
	if u, ok := asUint(v); ok {
		return u, nil
	}
	if i, ok := asInt(v); ok {
		return 0, fmt.Errorf("gguf: metadata %q: is %d, want no negative number", key, i)
	}
	return 0, f.typeError(key, "an integer")
}

// Int returns the integer of the given key, of whatever width and signedness it
// is stored. It is an error if there is no such key ([ErrNotFound]), if the
// value is not an integer, or if it is 2^63 or more.
func (f *File) Int(key string) (int64, error) {
	v, _ := f.Get(key)
	if i, ok := asInt(v); ok {
		return i, nil
	}
	if u, ok := asUint(v); ok {
		return 0, fmt.Errorf("gguf: metadata %q: is %d, want less than 2^63", key, u)
	}
	return 0, f.typeError(key, "an integer")
}

// Float returns the float32 or float64 of the given key. It is an error if
// there is no such key ([ErrNotFound]) or the value is of another type.
func (f *File) Float(key string) (float64, error) {
	v, _ := f.Get(key)
	switch v := v.(type) {
	case float32:
		return float64(v), nil
	case float64:
		return v, nil
	}
	return 0, f.typeError(key, "a float")
}

// Bool returns the boolean of the given key. It is an error if there is no such
// key ([ErrNotFound]) or the value is of another type.
func (f *File) Bool(key string) (bool, error) {
	v, _ := f.Get(key)
	if b, ok := v.(bool); ok {
		return b, nil
	}
	return false, f.typeError(key, "a bool")
}

// String returns the string of the given key. It is an error if there is no
// such key ([ErrNotFound]) or the value is of another type.
func (f *File) String(key string) (string, error) {
	v, _ := f.Get(key)
	if s, ok := v.(string); ok {
		return s, nil
	}
	return "", f.typeError(key, "a string")
}

// Strings returns the array of strings of the given key. It is an error if
// there is no such key ([ErrNotFound]) or the value is of another type. The
// slice is the file's own.
func (f *File) Strings(key string) ([]string, error) {
	v, _ := f.Get(key)
	if s, ok := v.([]string); ok {
		return s, nil
	}
	return nil, f.typeError(key, "an array of strings")
}

// typeError is the error of a typed lookup that found no value or one of
// another type.
func (f *File) typeError(key, want string) error {
	v, ok := f.Get(key)
	if !ok {
		return fmt.Errorf("gguf: metadata %q: %w", key, ErrNotFound)
	}
	return fmt.Errorf("gguf: metadata %q: is %s, want %s", key, describe(v), want)
}

func asUint(v any) (uint64, bool) {
	switch v := v.(type) {
	case uint8:
		return uint64(v), true
	case uint16:
		return uint64(v), true
	case uint32:
		return uint64(v), true
	case uint64:
		return v, true
	}
	i, ok := asInt(v)
	return uint64(i), ok && i >= 0
}

func asInt(v any) (int64, bool) {
	switch v := v.(type) {
	case int8:
		return int64(v), true
	case int16:
		return int64(v), true
	case int32:
		return int64(v), true
	case int64:
		return v, true
	case uint8:
		return int64(v), true
	case uint16:
		return int64(v), true
	case uint32:
		return int64(v), true
	case uint64:
		return int64(v), int64(v) >= 0
	}
	return 0, false
}

// checkAlignment returns the alignment that the value of general.alignment
// declares, or the reason why it is not one.
func checkAlignment(v any) (align uint64, reason string) {
	a, ok := v.(uint32)
	switch {
	case !ok:
		return 0, fmt.Sprintf("is %s, want type uint32", describe(v))
	case bits.OnesCount32(a) != 1:
		return 0, fmt.Sprintf("is %d, not a power of two", a)
	case a > maxAlignment:
		return 0, fmt.Sprintf("is %d, more than %d", a, maxAlignment)
	}
	return uint64(a), ""
}

// checkKey returns the reason why a metadata key is invalid, or "".
func checkKey(key string) string {
	if len(key) > maxKeyLen {
		return fmt.Sprintf("is %d bytes long, more than %d", len(key), maxKeyLen)
	}
	return checkName(key)
}

// checkName returns the reason why a tensor name is invalid, or "".
func checkName(name string) string {
	switch {
	case name == "":
		return "is empty"
	case !utf8.ValidString(name):
		return "is not UTF-8"
	}
	return ""
}

// padding returns the number of bytes from n to the next multiple of align,
// which is a power of two.
func padding(n, align uint64) uint64 { return -n & (align - 1) }
