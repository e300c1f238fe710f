package kernels

import (
	"fmt"

	"assay/spec"
)

var dequantQ4K = Dispatched(spec.OpDequantQ4K).Func.(spec.Dequantize)

// DequantQ4K writes the values of the Q4_K blocks src to dst. len(dst) is a
// multiple of 256, len(src) 144 bytes for each 256. The result is the
// correctly rounded value of d·sc·q − dmin·m.
func DequantQ4K(dst []float32, src []byte) { dequantQ4K(dst, src) }

// checkBlocks returns the number of blocks, or panics if the quantised operand
// does not match n elements.
func checkBlocks(op spec.Op, n, size int, f spec.Format) int {
	if n%f.BlockLen() != 0 || size != f.Bytes(n) {
		panic(fmt.Sprintf("kernels: %s: %d bytes of %v for %d elements", op, size, f, n))
	}
	return n / f.BlockLen()
}
