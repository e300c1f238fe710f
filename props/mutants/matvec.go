package mutants

import (
	"assay/spec"
)

// matvec is the base of both matvecs, whose activations are bytes or f32.
//
// Chunks of rows that would go to different threads are done one after the
// other: a split that overlaps or leaves a gap is as wrong then, and does not
// depend on timing.
type matvec[T byte | float32] struct {
	dot func(w []byte, x []T) float32
	// cut returns the rows of thread t.
	cut func(rows, threads, t int) (lo, hi int)
	// row and vector return the operands of one element, and at its index in
	// the output.
	row     func(c *product[T], r int) []byte
	vector  func(c *product[T], b int) []T
	at      func(c *product[T], b, r int) int
	element func(c *product[T], b, r int) float32
	chunk   func(c *product[T], lo, hi int)
}

// product is one call of a matvec.
type product[T byte | float32] struct {
	spec.Shape
	dst     []float32
	w       []byte
	x       []T
	wLen    int // of a row of weights
	xLen    int // of an activation
	threads int
}

func newMatvec[T byte | float32](dot func(w []byte, x []T) float32) *matvec[T] {
	k := &matvec[T]{
		dot:    dot,
		cut:    func(rows, threads, t int) (lo, hi int) { return rows * t / threads, rows * (t + 1) / threads },
		row:    func(c *product[T], r int) []byte { return c.w[r*c.wLen:][:c.wLen] },
		vector: func(c *product[T], b int) []T { return c.x[b*c.xLen:][:c.xLen] },
		at:     func(c *product[T], b, r int) int { return b*c.Rows + r },
	}
	k.element = func(c *product[T], b, r int) float32 { return k.dot(k.row(c, r), k.vector(c, b)) }
	k.chunk = func(c *product[T], lo, hi int) {
		for b := range c.Batch {
			for r := lo; r < hi; r++ {
				c.dst[k.at(c, b, r)] = k.element(c, b, r)
			}
		}
	}
	return k
}

func (k *matvec[T]) run(dst []float32, w []byte, x []T, s spec.Shape, threads int) {
	c := &product[T]{Shape: s, dst: dst, w: w, x: x, wLen: len(w) / s.Rows, xLen: len(x) / s.Batch, threads: threads}
	for t := range threads {
		lo, hi := k.cut(s.Rows, threads, t)
		k.chunk(c, lo, hi)
	}
}

// upToMultiple rounds n up to a multiple of m.
func upToMultiple(n, m int) int { return (n + m - 1) / m * m }
