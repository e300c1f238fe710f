package oracle

import (
	"fmt"
	"math/big"

	"assay/spec"
)

// Want is what an op requires of its output for one case.
type Want struct {
	// Bytes is the output of an exact op, bit for bit. An f32 that is NaN
	// stands for any NaN.
	Bytes []byte
	// Sums has one entry per output element of the other ops.
	Sums []Sum
}

// Sum is what is required of one output element that is a sum of products.
type Sum struct {
	Class spec.Class
	// Value is the exact sum; nil unless all terms are finite.
	Value *big.Float
	// Gauge is Σ|terms|, and Bound the largest error of a kernel with the
	// declared tree. Bulk may round both up.
	Gauge, Bound *big.Float
}

// Enclosure returns [Value − Bound, Value + Bound]. It panics if Value is nil.
func (s Sum) Enclosure() (lo, hi *big.Float) {
	lo = new(big.Float).SetPrec(exactPrec).SetMode(big.ToNegativeInf).Sub(s.Value, s.Bound)
	hi = new(big.Float).SetPrec(exactPrec).SetMode(big.ToPositiveInf).Add(s.Value, s.Bound)
	return lo, hi
}

// sumState gathers one output element. gauge, eta and factors may exceed the
// exact values, never fall below.
type sumState struct {
	terms               spec.Terms
	value               *big.Float
	gauge, eta, factors *big.Float
}

func (s *sumState) sum(depth int) Sum {
	m := spec.Measure{Gauge: s.gauge, Eta: s.eta, Factors: s.factors, Peak: s.gauge}
	if s.factors.Cmp(s.gauge) > 0 {
		m.Peak = s.factors
	}
	bound := spec.Bound(depth, m)
	out := Sum{Class: s.terms.Class(s.value, m, bound), Gauge: s.gauge, Bound: bound}
	if s.terms.Finite() {
		out.Value = s.value
	}
	return out
}

// Eval returns what the case requires of a kernel that declares the tree.
// Exact ops ignore the tree.
func Eval(c *spec.Case, t spec.Tree) (*Want, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	switch c.Op {
	case spec.OpDequantQ4K:
		return &Want{Bytes: dequantQ4K(c.In[0])}, nil
	case spec.OpQuantizeQ8KGGML:
		return &Want{Bytes: quantizeQ8K(c.In[0], ggmlBlock)}, nil
	case spec.OpQuantizeQ8KAprender:
		return &Want{Bytes: quantizeQ8K(c.In[0], aprenderBlock)}, nil
	}
	return evalSums(c, t, plainSums)
}

// Bulk is Eval for bulk work.
func Bulk(c *spec.Case, t spec.Tree) (*Want, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	switch c.Op {
	case spec.OpDequantQ4K:
		return &Want{Bytes: bulkDequantQ4K(c.In[0])}, nil
	case spec.OpQuantizeQ8KGGML:
		return &Want{Bytes: bulkQuantizeQ8K(c.In[0], bulkGGMLBlock)}, nil
	case spec.OpQuantizeQ8KAprender:
		return &Want{Bytes: bulkQuantizeQ8K(c.In[0], bulkAprenderBlock)}, nil
	}
	return evalSums(c, t, bulkSums)
}

// dotFunc evaluates one row of weights against one activation.
type dotFunc func(w, x []byte, t spec.Tree) sumState

var (
	plainSums = map[spec.Op]dotFunc{
		spec.OpDotF32:       dotF32,
		spec.OpDotQ4KQ8K:    dotQ4KQ8K,
		spec.OpMatvecQ4KQ8K: dotQ4KQ8K,
		spec.OpMatvecQ4KF32: dotQ4KF32,
	}
	bulkSums = map[spec.Op]dotFunc{
		spec.OpDotF32:       bulkDotF32,
		spec.OpDotQ4KQ8K:    bulkDotQ4KQ8K,
		spec.OpMatvecQ4KQ8K: bulkDotQ4KQ8K,
		spec.OpMatvecQ4KF32: bulkDotQ4KF32,
	}
)

func evalSums(c *spec.Case, t spec.Tree, funcs map[spec.Op]dotFunc) (*Want, error) {
	dot, ok := funcs[c.Op]
	if !ok {
		return nil, fmt.Errorf("oracle: no oracle for op %q", c.Op)
	}
	s := c.Shape
	depth := spec.Depth(c.Op, t, s.Cols)
	wb, xb := len(c.In[0])/s.Rows, len(c.In[1])/s.Batch
	sums := make([]Sum, s.Rows*s.Batch)
	parallel(s.Rows, func(r int) {
		for b := range s.Batch {
			st := dot(c.In[0][r*wb:(r+1)*wb], c.In[1][b*xb:(b+1)*xb], t)
			sums[b*s.Rows+r] = st.sum(depth)
		}
	})
	return &Want{Sums: sums}, nil
}
