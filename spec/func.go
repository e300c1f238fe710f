package spec

// Func is the entry point of a kernel: one of the function types below.
type Func interface {
	// Run calls the kernel on the operands of c.
	Run(c *Call)
}

// Fault is what Run panics with when a kernel that runs elsewhere could not finish: it
// crashed, hung or touched memory that is not its own.
type Fault string

func (f Fault) Error() string { return string(f) }

// Call is one call of a kernel. Operands may start at any address.
type Call struct {
	Shape   Shape
	Threads int // goroutines that a matvec or attention may use; 0 means 1
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

// MatvecFloat writes dst[b·rows+r] = w[r]·x[b], for f32 weights and activations.
type MatvecFloat func(dst, w, x []float32, s Shape, threads int)

// Unary writes dst[i] = f(src[i]). dst may be src.
type Unary func(dst, src []float32)

// Gated writes dst[i] = f(gate[i])·up[i]. dst may be gate or up.
type Gated func(dst, gate, up []float32)

// Softmax writes the softmax of scale·x + mask. mask may be nil; dst may be x.
type Softmax func(dst, x, mask []float32, scale float32)

// Normalize writes x·gain/√(mean square + eps). gain may be nil; dst may be x.
type Normalize func(dst, x, gain []float32, eps float32)

// Rope writes the rotated heads of x, of p.HeadDim elements each. factors is
// nil or has p.Width/2 elements; dst may be x.
type Rope func(dst, x, factors []float32, p RopeParams)

// Attention writes dst[queries][heads][headdim] from q of the same shape and
// k, v[keys][kvheads][headdim].
type Attention func(dst, q, k, v []float32, p AttentionParams, threads int)

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
	withFloats(c.Out, true, func(dst []float32) { f(dst, c.In[0], c.In[1], c.Shape, c.threads()) })
}

func (f MatvecF32) Run(c *Call) {
	withFloats(c.Out, true, func(dst []float32) {
		withFloats(c.In[1], false, func(x []float32) { f(dst, c.In[0], x, c.Shape, c.threads()) })
	})
}

func (f MatvecFloat) Run(c *Call) {
	c.floats(2, func(dst []float32, in [][]float32) { f(dst, in[0], in[1], c.Shape, c.threads()) })
}

func (f Unary) Run(c *Call) {
	c.floats(1, func(dst []float32, in [][]float32) { f(dst, in[0]) })
}

func (f Gated) Run(c *Call) {
	c.floats(2, func(dst []float32, in [][]float32) { f(dst, in[0], in[1]) })
}

func (f Softmax) Run(c *Call) {
	p := ReadSoftmaxParams(c.In[2])
	c.floats(2, func(dst []float32, in [][]float32) { f(dst, in[0], in[1], p.Scale) })
}

func (f Normalize) Run(c *Call) {
	p := ReadNormParams(c.In[2])
	c.floats(2, func(dst []float32, in [][]float32) { f(dst, in[0], in[1], p.Eps) })
}

func (f Rope) Run(c *Call) {
	p := ReadRopeParams(c.In[2], c.Shape)
	c.floats(2, func(dst []float32, in [][]float32) {
		factors := in[1]
		if factors != nil {
			factors = factors[:p.Width/2]
		}
		f(dst, in[0], factors, p)
	})
}

func (f Attention) Run(c *Call) {
	p := ReadAttentionParams(c.In[3], c.Shape)
	c.floats(3, func(dst []float32, in [][]float32) { f(dst, in[0], in[1], in[2], p, c.threads()) })
}

func (c *Call) threads() int { return max(c.Threads, 1) }

// floats calls f with the output and the first n operands as floats; an absent
// operand is nil.
func (c *Call) floats(n int, f func(dst []float32, in [][]float32)) {
	in := make([][]float32, n)
	var open func(k int)
	open = func(k int) {
		if k == n {
			withFloats(c.Out, true, func(dst []float32) { f(dst, in) })
			return
		}
		withFloats(c.In[k], false, func(x []float32) {
			in[k] = x
			open(k + 1)
		})
	}
	open(0)
}
