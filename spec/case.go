package spec

import "fmt"

// Shape gives the sizes of one call. KindMap and KindDot have Rows = Batch = 1.
type Shape struct {
	Rows  int `json:"rows"`
	Cols  int `json:"cols"`  // elements of a row
	Batch int `json:"batch"` // activation vectors
}

// Vector is the shape of a map or dot over n elements.
func Vector(n int) Shape { return Shape{Rows: 1, Cols: n, Batch: 1} }

func (s Shape) String() string { return fmt.Sprintf("%dx%dx%d", s.Rows, s.Cols, s.Batch) }

// maxElements bounds the elements of one operand, so that sizes cannot wrap.
const maxElements int64 = 1 << 40

// Check reports whether the shape is one that op takes.
func (s Shape) Check(op Op) error {
	in, err := Lookup(op)
	if err != nil {
		return err
	}
	if s.Rows < 1 || s.Batch < 1 || s.Cols < 0 {
		return fmt.Errorf("spec: %s: shape %v: rows and batch must be positive, cols not negative", op, s)
	}
	if in.Kind != KindMatvec && (s.Rows != 1 || s.Batch != 1) {
		return fmt.Errorf("spec: %s: shape %v: rows and batch must be 1", op, s)
	}
	if most := maxElements / max(int64(s.Cols), 1); int64(s.Rows) > most || int64(s.Batch) > most || int64(s.Batch) > maxElements/int64(s.Rows) {
		return fmt.Errorf("spec: %s: shape %v: more than %d elements", op, s, maxElements)
	}
	if !in.Exact && Depth(op, TreeAny, s.Cols) >= maxDepth {
		return fmt.Errorf("spec: %s: shape %v: rows are too long for an error bound", op, s)
	}
	for _, f := range append([]Format{in.Out}, in.In...) {
		if in.Kind != KindMap && f == in.Out {
			continue // one output element a row
		}
		if s.Cols%f.BlockLen() != 0 {
			return fmt.Errorf("spec: %s: shape %v: cols must be a multiple of %d for %v", op, s, f.BlockLen(), f)
		}
	}
	return nil
}

// InBytes returns the size of operand k in bytes.
func (in Info) InBytes(k int, s Shape) int {
	n := in.In[k].Bytes(s.Cols)
	switch {
	case in.Kind != KindMatvec:
		return n
	case k == 0:
		return n * s.Rows
	default:
		return n * s.Batch
	}
}

// OutBytes returns the size of the output in bytes.
func (in Info) OutBytes(s Shape) int {
	if in.Kind == KindMap {
		return in.Out.Bytes(s.Cols)
	}
	return in.Out.Bytes(s.Rows * s.Batch)
}

// Case is one input of one op: everything that the verdict depends on.
type Case struct {
	ID    string // how to make it again: a generator's recipe or a corpus id
	Op    Op
	Shape Shape
	In    [][]byte // operands as stored, in the op's order
}

// Check reports whether the case is a valid call of its op: known op, legal
// shape, operand sizes, and consistent bsums in Q8_K operands.
func (c *Case) Check() error {
	if err := c.Shape.Check(c.Op); err != nil {
		return err
	}
	in := MustLookup(c.Op)
	if len(c.In) != len(in.In) {
		return fmt.Errorf("spec: %s: %d operands, want %d", c.Op, len(c.In), len(in.In))
	}
	for k, b := range c.In {
		if want := in.InBytes(k, c.Shape); len(b) != want {
			return fmt.Errorf("spec: %s: operand %d has %d bytes, want %d", c.Op, k, len(b), want)
		}
		if in.In[k] == Q8K {
			if i := BadBsum(b); i >= 0 {
				return fmt.Errorf("spec: %s: operand %d, block %d: bsums are not the sums of its quants", c.Op, k, i)
			}
		}
	}
	return nil
}

// BadBsum returns the index of the first Q8_K block in b whose bsums are not
// the sums of its quants, or -1.
func BadBsum(b []byte) int {
	for i := 0; (i+1)*Q8KBytes <= len(b); i++ {
		blk := b[i*Q8KBytes : (i+1)*Q8KBytes]
		for k := range Q8KBsums {
			off := Q8KOffBsums + 2*k
			if got := int16(uint16(blk[off]) | uint16(blk[off+1])<<8); got != sum16(blk, k) {
				return i
			}
		}
	}
	return -1
}

// FixBsums sets the bsums of every Q8_K block in b to the sums of its quants.
func FixBsums(b []byte) {
	for i := 0; (i+1)*Q8KBytes <= len(b); i++ {
		blk := b[i*Q8KBytes : (i+1)*Q8KBytes]
		for k := range Q8KBsums {
			s, off := sum16(blk, k), Q8KOffBsums+2*k
			blk[off], blk[off+1] = byte(s), byte(uint16(s)>>8)
		}
	}
}

func sum16(blk []byte, k int) (s int16) {
	for _, q := range blk[Q8KOffQuants+16*k : Q8KOffQuants+16*k+16] {
		s += int16(int8(q))
	}
	return s
}
