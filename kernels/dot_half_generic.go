package kernels

import (
	"fmt"

	"assay/spec"
)

func dotF16Generic(a, b []byte) float32 {
	return dotHalf(spec.OpDotF16, convertF16F32Generic, a, b)
}

func dotBF16Generic(a, b []byte) float32 {
	return dotHalf(spec.OpDotBF16, convertBF16F32Generic, a, b)
}

// dotHalf widens both operands, which is exact, a step of the lanes at a time.
func dotHalf(op spec.Op, widen func(dst []float32, src []byte), a, b []byte) float32 {
	checkDotHalf(op, a, b)
	var acc, x, y f32Lanes
	for len(a) > 0 {
		n := min(len(a)/2, len(acc))
		widen(x[:n], a[:2*n])
		widen(y[:n], b[:2*n])
		acc.add(x[:n], y[:n])
		a, b = a[2*n:], b[2*n:]
	}
	return acc.sum()
}

func checkDotHalf(op spec.Op, a, b []byte) {
	if len(a) != len(b) || len(a)%2 != 0 {
		panic(fmt.Sprintf("kernels: %s: %d and %d bytes", op, len(a), len(b)))
	}
}
