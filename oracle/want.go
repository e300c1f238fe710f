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
	// Elements has one entry per output element of the other ops.
	Elements []Element
}

// Element is what is required of one output element.
type Element struct {
	Class spec.Class
	// Negative and Positive tell the sign that a result must have, zeros
	// included; both are false where either is right.
	Negative, Positive bool
	// Value is the exact value, or the middle of an enclosure of it whose radius
	// is part of Bound; nil unless the value is finite.
	Value *big.Float
	// Gauge is Σ|terms| of a sum. Bound is the largest error of a kernel with the
	// declared tree. Bulk may round both up.
	Gauge, Bound *big.Float
}

// Enclosure returns [Value − Bound, Value + Bound]. It panics if Value is nil.
func (s Element) Enclosure() (lo, hi *big.Float) {
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

func (s *sumState) element(depth int) Element {
	m := spec.Measure{Gauge: s.gauge, Eta: s.eta, Factors: s.factors, Peak: s.gauge}
	if s.factors.Cmp(s.gauge) > 0 {
		m.Peak = s.factors
	}
	bound := spec.Bound(depth, m)
	out := Element{Class: s.terms.Class(s.value, m, bound), Gauge: s.gauge, Bound: bound}
	if s.terms.Finite() {
		out.Value = s.value
	}
	return out
}

// Eval returns what the case requires of a kernel that declares the tree.
// Exact ops ignore the tree.
func Eval(c *spec.Case, t spec.Tree) (*Want, error) {
	return evaluate(c, t, plain)
}

// Bulk is Eval for bulk work.
func Bulk(c *spec.Case, t spec.Tree) (*Want, error) {
	return evaluate(c, t, bulk)
}

// derivation is one way to evaluate the ops.
type derivation struct {
	dequant, widen, narrow, q8     func(f spec.Format, src []byte) []byte
	ggml, aprender                 func(src []byte) []byte
	float, mixed, super, quantized dotFunc
	others                         map[spec.Op]func(c *spec.Case, t spec.Tree) []Element
}

// pair are the formats of the operands of a dot.
type pair struct{ w, x spec.Format }

// dotFunc evaluates one row of weights against one activation.
type dotFunc func(p pair, w, x []byte, t spec.Tree) sumState

var (
	plain = derivation{
		dequant: dequant, widen: widen, narrow: narrow, q8: quantizeQ8,
		ggml:     func(src []byte) []byte { return quantizeQ8K(src, ggmlBlock) },
		aprender: func(src []byte) []byte { return quantizeQ8K(src, aprenderBlock) },
		float:    dotFloat, mixed: dotMixed, super: dotSuper, quantized: dotBlock,
		others: plainOthers,
	}
	bulk = derivation{
		dequant: bulkDequant, widen: bulkWiden, narrow: bulkNarrow, q8: bulkQuantizeQ8,
		ggml:     func(src []byte) []byte { return bulkQuantizeQ8K(src, bulkGGMLBlock) },
		aprender: func(src []byte) []byte { return bulkQuantizeQ8K(src, bulkAprenderBlock) },
		float:    bulkDotFloat, mixed: bulkDotMixed, super: bulkDotSuper, quantized: bulkDotBlock,
		others: bulkOthers,
	}
)

func evaluate(c *spec.Case, t spec.Tree, by derivation) (*Want, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	in := spec.MustLookup(c.Op)
	if in.Sums() {
		return evalSums(c, in, t, by), nil
	}
	from := in.In[0].Format
	switch {
	case c.Op == spec.OpQuantizeQ8KGGML:
		return &Want{Bytes: by.ggml(c.In[0])}, nil
	case c.Op == spec.OpQuantizeQ8KAprender:
		return &Want{Bytes: by.aprender(c.In[0])}, nil
	case in.Out == spec.Q8_0 || in.Out == spec.Q8_1:
		return &Want{Bytes: by.q8(in.Out, c.In[0])}, nil
	case in.Out == spec.F16 || in.Out == spec.BF16:
		return &Want{Bytes: by.narrow(in.Out, c.In[0])}, nil
	case in.Exact && from.Float():
		return &Want{Bytes: by.widen(from, c.In[0])}, nil
	case in.Exact:
		return &Want{Bytes: by.dequant(from, c.In[0])}, nil
	}
	if f := by.others[c.Op]; f != nil {
		return &Want{Elements: f(c, t)}, nil
	}
	return nil, fmt.Errorf("oracle: no oracle for op %q", c.Op)
}

func evalSums(c *spec.Case, in spec.Info, t spec.Tree, by derivation) *Want {
	p := pair{in.In[0].Format, in.In[1].Format}
	dot := by.quantized
	switch {
	case p.w.Float():
		dot = by.float
	case p.x == spec.F32:
		dot = by.mixed
	case p.x == spec.Q8K:
		dot = by.super
	}
	s := c.Shape
	depth := spec.Depth(c.Op, t, s.Cols)
	wb, xb := len(c.In[0])/s.Rows, len(c.In[1])/s.Batch
	sums := make([]Element, s.Rows*s.Batch)
	parallel(s.Rows, func(r int) {
		for b := range s.Batch {
			st := dot(p, c.In[0][r*wb:(r+1)*wb], c.In[1][b*xb:(b+1)*xb], t)
			sums[b*s.Rows+r] = st.element(depth)
		}
	})
	return &Want{Elements: sums}
}
