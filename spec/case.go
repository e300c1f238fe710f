package spec

import "fmt"

// Shape gives the sizes of one call. KindMap, KindRow and KindDot have Rows =
// Batch = 1, KindHeads Batch = 1; only KindAttention has Heads and KVHeads.
type Shape struct {
	Rows  int `json:"rows"`
	Cols  int `json:"cols"`  // elements of a row, of a head for attention
	Batch int `json:"batch"` // activation vectors; keys for attention
	// Heads is the number of query heads, KVHeads that of key and value heads,
	// of which Heads is a multiple.
	Heads   int `json:"heads,omitempty"`
	KVHeads int `json:"kvheads,omitempty"`
}

// Vector is the shape of a map, row or dot over n elements.
func Vector(n int) Shape { return Shape{Rows: 1, Cols: n, Batch: 1} }

func (s Shape) String() string {
	out := fmt.Sprintf("%dx%dx%d", s.Rows, s.Cols, s.Batch)
	if s.Heads > 0 {
		out += fmt.Sprintf("x%dx%d", s.Heads, s.KVHeads)
	}
	return out
}

// maxElements bounds the elements of one operand, so that sizes cannot wrap.
const maxElements int64 = 1 << 40

// Check reports whether the shape is one that op takes.
func (s Shape) Check(op Op) error {
	in, err := Lookup(op)
	if err != nil {
		return err
	}
	bad := func(format string, args ...any) error {
		return fmt.Errorf("spec: %s: shape %v: "+format, append([]any{op, s}, args...)...)
	}
	if s.Rows < 1 || s.Batch < 1 || s.Cols < 0 || s.Heads < 0 || s.KVHeads < 0 {
		return bad("rows and batch must be positive, the rest not negative")
	}
	switch {
	case in.Kind == KindAttention:
		if s.KVHeads < 1 || s.Heads%s.KVHeads != 0 || s.Heads < 1 || s.Cols < 1 {
			return bad("heads must be a positive multiple of kvheads, cols positive")
		}
	case s.Heads != 0 || s.KVHeads != 0:
		return bad("heads are for attention")
	case in.Kind == KindMatvec:
	case in.Kind == KindHeads:
		if s.Batch != 1 || s.Cols < 2 || s.Cols%2 != 0 {
			return bad("batch must be 1, cols even and positive")
		}
	case s.Rows != 1 || s.Batch != 1:
		return bad("rows and batch must be 1")
	}
	n := int64(1)
	for _, k := range []int{s.Rows, s.Batch, s.Cols, s.Heads} {
		if k > 0 && n > maxElements/int64(k) {
			return bad("more than %d elements", maxElements)
		}
		n *= max(int64(k), 1)
	}
	if n := in.Unit(); s.Cols%n != 0 {
		return bad("cols must be a multiple of %d", n)
	}
	if in.Sums() && Depth(op, TreeAny, s.Cols) >= maxDepth || max(s.Cols, s.Batch) >= maxDepth {
		return bad("rows are too long for an error bound")
	}
	return nil
}

// Unit returns the number of elements that a row is a multiple of: the longest
// block of operands and output, which all others divide.
func (in Info) Unit() int {
	n := in.Out.BlockLen()
	for _, o := range in.In {
		n = max(n, o.Format.BlockLen())
	}
	return n
}

// Sums tells whether an output element is one sum of products: the dots and
// matvecs.
func (in Info) Sums() bool { return in.Kind == KindDot || in.Kind == KindMatvec }

// InBytes returns the size of operand k in bytes, if it is there.
func (in Info) InBytes(k int, s Shape) int {
	f := in.In[k].Format
	switch in.In[k].Extent {
	case ExtentCols:
		return f.Bytes(s.Cols)
	case ExtentRows:
		return f.Bytes(s.Cols) * s.Rows
	case ExtentBatch:
		return f.Bytes(s.Cols) * s.Batch
	case ExtentHalf:
		return f.Bytes(s.Cols / 2)
	case ExtentHeads:
		return f.Bytes(s.Cols) * s.Rows * s.Heads
	case ExtentKVHeads:
		return f.Bytes(s.Cols) * s.Batch * s.KVHeads
	}
	return f.Bytes(paramWords[in.In[k].Extent])
}

// OutBytes returns the size of the output in bytes.
func (in Info) OutBytes(s Shape) int {
	switch in.Kind {
	case KindMap, KindRow:
		return in.Out.Bytes(s.Cols)
	case KindHeads:
		return in.Out.Bytes(s.Rows * s.Cols)
	case KindAttention:
		return in.Out.Bytes(s.Rows * s.Heads * s.Cols)
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
// shape, operand sizes, parameters within range, and consistent bsums in Q8_K
// operands.
func (c *Case) Check() error {
	if err := c.Shape.Check(c.Op); err != nil {
		return err
	}
	in := MustLookup(c.Op)
	if len(c.In) != len(in.In) {
		return fmt.Errorf("spec: %s: %d operands, want %d", c.Op, len(c.In), len(in.In))
	}
	for k, b := range c.In {
		if want := in.InBytes(k, c.Shape); len(b) != want && !(in.In[k].Optional && len(b) == 0) {
			return fmt.Errorf("spec: %s: operand %d has %d bytes, want %d", c.Op, k, len(b), want)
		}
		if in.In[k].Format == Q8K {
			if i := BadBsum(b); i >= 0 {
				return fmt.Errorf("spec: %s: operand %d, block %d: bsums are not the sums of its quants", c.Op, k, i)
			}
		}
	}
	return c.checkParams()
}

func (c *Case) checkParams() error {
	switch c.Op {
	case OpRMSNormF32:
		return ReadNormParams(c.In[2]).Check()
	case OpSoftmaxF32:
		return ReadSoftmaxParams(c.In[2]).Check()
	case OpRopeF32:
		p := ReadRopeParams(c.In[2], c.Shape)
		if err := p.Check(); err != nil {
			return err
		}
		if len(c.In[1]) == 0 {
			return nil
		}
		return CheckFactors(Floats(c.In[1])[:p.Width/2])
	case OpAttentionF32:
		return ReadAttentionParams(c.In[3], c.Shape).Check()
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
