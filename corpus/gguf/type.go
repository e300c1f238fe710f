package gguf

import (
	"fmt"
	"math/bits"
	"slices"
)

// Type is the storage format of a tensor's elements, numbered as in the file.
// Rows are stored as whole blocks of BlockLen elements in BlockBytes bytes.
type Type uint32

// The types that can be read and written. Ids not listed here are errors, those
// that ggml has withdrawn (4, 5, 31–33, 36–38) among them.
const (
	F32   Type = 0
	F16   Type = 1
	Q4_0  Type = 2
	Q4_1  Type = 3
	Q5_0  Type = 6
	Q5_1  Type = 7
	Q8_0  Type = 8
	Q8_1  Type = 9
	Q2K   Type = 10
	Q3K   Type = 11
	Q4K   Type = 12
	Q5K   Type = 13
	Q6K   Type = 14
	Q8K   Type = 15
	IQ4NL Type = 20
	IQ4XS Type = 23
	I8    Type = 24
	I16   Type = 25
	I32   Type = 26
	I64   Type = 27
	F64   Type = 28
	BF16  Type = 30
	MXFP4 Type = 39
	NVFP4 Type = 40
)

var types = [...]struct {
	name         string
	elems, bytes int
}{
	F32:   {"F32", 1, 4},
	F16:   {"F16", 1, 2},
	Q4_0:  {"Q4_0", 32, 18},
	Q4_1:  {"Q4_1", 32, 20},
	Q5_0:  {"Q5_0", 32, 22},
	Q5_1:  {"Q5_1", 32, 24},
	Q8_0:  {"Q8_0", 32, 34},
	Q8_1:  {"Q8_1", 32, 36},
	Q2K:   {"Q2_K", 256, 84},
	Q3K:   {"Q3_K", 256, 110},
	Q4K:   {"Q4_K", 256, 144},
	Q5K:   {"Q5_K", 256, 176},
	Q6K:   {"Q6_K", 256, 210},
	Q8K:   {"Q8_K", 256, 292},
	IQ4NL: {"IQ4_NL", 32, 18},
	IQ4XS: {"IQ4_XS", 256, 136},
	I8:    {"I8", 1, 1},
	I16:   {"I16", 1, 2},
	I32:   {"I32", 1, 4},
	I64:   {"I64", 1, 8},
	F64:   {"F64", 1, 8},
	BF16:  {"BF16", 1, 2},
	MXFP4: {"MXFP4", 32, 17},
	NVFP4: {"NVFP4", 64, 36},
}

// String returns the name of the type as ggml spells it, or Type(id) if the
// type is unknown.
func (t Type) String() string {
	if !t.known() {
		return fmt.Sprintf("Type(%d)", uint32(t))
	}
	return types[t].name
}

// BlockLen returns the number of elements of one block, or 0 if the type is
// unknown.
func (t Type) BlockLen() int {
	if !t.known() {
		return 0
	}
	return types[t].elems
}

// BlockBytes returns the size of one block in bytes, or 0 if the type is
// unknown.
func (t Type) BlockBytes() int {
	if !t.known() {
		return 0
	}
	return types[t].bytes
}

func (t Type) known() bool {
	return uint64(t) < uint64(len(types)) && types[t].elems != 0
}

// checkShape returns which part of a tensor's shape is invalid and why, or an
// empty reason.
func checkShape(t Type, dims []uint64) (part, reason string) {
	if len(dims) < 1 || len(dims) > maxDims {
		return "dims", fmt.Sprintf("are %d, want 1 to %d", len(dims), maxDims)
	}
	if !t.known() {
		return "type", fmt.Sprintf("is %d, which is no known type", uint32(t))
	}
	if slices.Contains(dims, 0) {
		return "dims", fmt.Sprintf("are %d, want none of them 0", dims)
	}
	if n := uint64(t.BlockLen()); dims[0]%n != 0 {
		return "dims", fmt.Sprintf("are %d, want the first a multiple of %v's block length %d", dims, t, n)
	}
	if _, ok := shapeBytes(t, dims); !ok {
		return "dims", fmt.Sprintf("are %d, which of %v take 2^64 bytes or more", dims, t)
	}
	return "", ""
}

// shapeBytes returns the size in bytes of a tensor of a known type whose dims
// are not zero and whose rows are whole blocks. It reports false if the size is
// 2^64 or more.
func shapeBytes(t Type, dims []uint64) (size uint64, ok bool) {
	size = dims[0] / uint64(t.BlockLen())
	carry, size := bits.Mul64(size, uint64(t.BlockBytes()))
	for _, d := range dims[1:] {
		if carry != 0 {
			break
		}
		carry, size = bits.Mul64(size, d)
	}
	return size, carry == 0
}
