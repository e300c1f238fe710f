package kernels

import (
	"fmt"

	"assay/spec"
)

// checkBlocks returns the number of blocks, or panics if an operand of size
// bytes does not hold n elements of the format.
func checkBlocks(op spec.Op, n, size int, f spec.Format) int {
	if n%f.BlockLen() != 0 || size != f.Bytes(n) {
		panic(fmt.Sprintf("kernels: %s: %d bytes of %v for %d elements", op, size, f, n))
	}
	return n / f.BlockLen()
}

// checkDot returns the number of blocks of weights, or panics if the rows do not
// match.
func checkDot(w, x spec.Format, wb, xb []byte) int {
	n := len(wb) / w.BlockBytes()
	if len(wb) != n*w.BlockBytes() || len(xb)*x.BlockLen() != n*w.BlockLen()*x.BlockBytes() {
		panic(fmt.Sprintf("kernels: %s: %d bytes of %v and %d of %v", spec.OpDot(w, x), len(wb), w, len(xb), x))
	}
	return n
}
