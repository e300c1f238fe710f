package spec

// Func is the entry point of a kernel: one of the function types below.
type Func interface {
	// Run calls the kernel on the operands of c.
	Run(c *Call)
}

// Call is one call of a kernel. Operands may start at any address.
type Call struct {
	Shape   Shape
	Threads int // goroutines that a matvec may use; 0 means 1
	In      [][]byte
	Out     []byte
}

// Dequantize writes len(dst) values decoded from the blocks of src.
type Dequantize func(dst []float32, src []byte)

// Quantize writes the blocks of dst from len(src) values.
type Quantize func(dst []byte, src []float32)

// DotF32 returns Σ a[i]·b[i]; the lengths are equal.
type DotF32 func(a, b []float32) float32

// DotQuant returns the dot of the rows w and x, each in the op's format.
type DotQuant func(w, x []byte) float32

// MatvecQuant writes dst[b·rows+r] = w[r]·x[b], for quantised activations.
type MatvecQuant func(dst []float32, w, x []byte, s Shape, threads int)

// MatvecF32 writes dst[b·rows+r] = w[r]·x[b], for f32 activations.
type MatvecF32 func(dst []float32, w []byte, x []float32, s Shape, threads int)

func (f Dequantize) Run(c *Call) {
	withFloats(c.Out, true, func(dst []float32) { f(dst, c.In[0]) })
}

func (f Quantize) Run(c *Call) {
	withFloats(c.In[0], false, func(src []float32) { f(c.Out, src) })
}

func (f DotF32) Run(c *Call) {
	withFloats(c.In[0], false, func(a []float32) {
		withFloats(c.In[1], false, func(b []float32) { PutF32(c.Out, f(a, b)) })
	})
}

func (f DotQuant) Run(c *Call) { PutF32(c.Out, f(c.In[0], c.In[1])) }

func (f MatvecQuant) Run(c *Call) {
	withFloats(c.Out, true, func(dst []float32) { f(dst, c.In[0], c.In[1], c.Shape, max(c.Threads, 1)) })
}

func (f MatvecF32) Run(c *Call) {
	withFloats(c.Out, true, func(dst []float32) {
		withFloats(c.In[1], false, func(x []float32) { f(dst, c.In[0], x, c.Shape, max(c.Threads, 1)) })
	})
}
