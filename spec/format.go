package spec

import "fmt"

// Format is the storage format of an operand. All multi-byte fields are
// little-endian.
type Format uint8

const (
	F32    Format = iota // IEEE binary32
	F16                  // IEEE binary16, subnormals included
	BF16                 // the upper half of a binary32
	Q4_0                 // blocks of 32, see layouts
	Q4_1                 //
	Q5_0                 //
	Q5_1                 //
	Q8_0                 //
	Q8_1                 //
	IQ4NL                //
	MXFP4                //
	NVFP4                // blocks of 64
	Q2K                  // super-blocks of 256
	Q3K                  //
	Q4K                  //
	Q5K                  //
	Q6K                  //
	Q8K                  //
	IQ4XS                //
	Params               // 4-byte words, each a u32 or the bits of an f32: an op's scalar parameters
)

// SuperBlock is the number of elements of a K-quant super-block, Block that of
// a block of the older formats.
const (
	SuperBlock = 256
	Block      = 32
)

// Sizes in bytes of blocks whose dots have assembly; those of Q4_K and Q8_K are below.
const (
	Q4_0Bytes = 18
	Q8_0Bytes = 34
	Q5KBytes  = 176
	Q6KBytes  = 210
)

// Layout of a Q4_K super-block, byte offsets.
//
// Element i lies in sub-block j = i/32 at lane l = i%32. Its quant is the low
// (j even) or high (j odd) nibble of qs[32·(j/2)+l], its value
// d·sc[j]·q − dmin·m[j].
const (
	Q4KBytes       = 144
	Q4KOffD        = 0
	Q4KOffDMin     = 2
	Q4KOffScales   = 4
	Q4KOffQuants   = 16
	Q4KSubBlocks   = 8
	Q4KSubBlockLen = 32
)

// Layout of a Q8_K super-block, byte offsets. Element i has the value d·qs[i],
// and bsums[k] is the sum of quants 16k to 16k+15. A block whose bsums are not
// those sums is not a valid operand.
const (
	Q8KBytes     = 292
	Q8KOffD      = 0
	Q8KOffQuants = 4
	Q8KOffBsums  = 260
	Q8KBsums     = 16
)

var formats = [...]struct {
	name, id     string // as files and papers have it, and in the names of ops
	elems, bytes int
}{
	F32:    {"F32", "f32", 1, 4},
	F16:    {"F16", "f16", 1, 2},
	BF16:   {"BF16", "bf16", 1, 2},
	Q4_0:   {"Q4_0", "q4_0", Block, Q4_0Bytes},
	Q4_1:   {"Q4_1", "q4_1", Block, 20},
	Q5_0:   {"Q5_0", "q5_0", Block, 22},
	Q5_1:   {"Q5_1", "q5_1", Block, 24},
	Q8_0:   {"Q8_0", "q8_0", Block, Q8_0Bytes},
	Q8_1:   {"Q8_1", "q8_1", Block, 36},
	IQ4NL:  {"IQ4_NL", "iq4nl", Block, 18},
	MXFP4:  {"MXFP4", "mxfp4", Block, 17},
	NVFP4:  {"NVFP4", "nvfp4", 64, 36},
	Q2K:    {"Q2_K", "q2k", SuperBlock, 84},
	Q3K:    {"Q3_K", "q3k", SuperBlock, 110},
	Q4K:    {"Q4_K", "q4k", SuperBlock, Q4KBytes},
	Q5K:    {"Q5_K", "q5k", SuperBlock, Q5KBytes},
	Q6K:    {"Q6_K", "q6k", SuperBlock, Q6KBytes},
	Q8K:    {"Q8_K", "q8k", SuperBlock, Q8KBytes},
	IQ4XS:  {"IQ4_XS", "iq4xs", SuperBlock, 136},
	Params: {"PARAMS", "params", 1, 4},
}

// Formats returns all formats of weights and activations.
func Formats() []Format {
	var out []Format
	for f := F32; f < Params; f++ {
		out = append(out, f)
	}
	return out
}

func (f Format) String() string { return formats[f].name }

// ID is the format's name in the names of ops.
func (f Format) ID() string { return formats[f].id }

// BlockLen returns the number of elements of one block.
func (f Format) BlockLen() int { return formats[f].elems }

// BlockBytes returns the size of one block in bytes.
func (f Format) BlockBytes() int { return formats[f].bytes }

// Bytes returns the size of n elements in bytes. It panics unless n is a
// whole number of blocks.
func (f Format) Bytes(n int) int {
	if n%f.BlockLen() != 0 {
		panic(fmt.Sprintf("spec: %d elements are not whole %v blocks", n, f))
	}
	return n / f.BlockLen() * f.BlockBytes()
}

// Float tells whether each element is stored by itself as a float.
func (f Format) Float() bool { return f <= BF16 }
