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

// rowBlocks returns the number of blocks of a dot of w bytes of the format f, in blocks of wb, and x bytes,
// in as many of xb, or panics if that is not what they are. Inlined with constants it divides by none that is
// looked up, as checkDot does, which takes 2 % of a dot of 4096 elements.
func rowBlocks(f spec.Format, w, x, wb, xb int) int {
	if w%wb != 0 || w/wb*xb != x {
		panicRow(f, w, x)
	}
	return w / wb
}

//go:noinline
func panicRow(f spec.Format, w, x int) {
	panic(fmt.Sprintf("kernels: dot of %v: %d bytes, and %d of the activation", f, w, x))
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
