package spec

import "fmt"

// Format is the storage format of an operand. All multi-byte fields are
// little-endian.
type Format uint8

const (
	F32 Format = iota // IEEE binary32
	F16               // IEEE binary16, subnormals included
	Q4K               // super-block of 256: f16 d, f16 dmin, 12 packed 6-bit scales and mins, 128 nibble pairs
	Q8K               // super-block of 256: f32 d, 256 int8 quants, 16 int16 sums of 16 quants each
)

// SuperBlock is the number of elements of a K-quant super-block.
const SuperBlock = 256

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
	name         string
	elems, bytes int
}{
	F32: {"F32", 1, 4},
	F16: {"F16", 1, 2},
	Q4K: {"Q4_K", SuperBlock, Q4KBytes},
	Q8K: {"Q8_K", SuperBlock, Q8KBytes},
}

func (f Format) String() string { return formats[f].name }

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
