package drift

import (
	"context"
	"fmt"

	"assay/spec"
)

// Call is one stage about to be run.
type Call struct {
	Layer int
	Stage Stage
	Path  Path
	// Cases is what the stage computes; nil for sums and products.
	Cases []*spec.Case
	Bias  []float32 // added to each vector of a matrix's result, or nil
	// Kernels are those that run it, where they have its op; nil: those dispatched to.
	Kernels *Kernels
	// After changes the result, if set.
	After func(out []float32)
}

// Plan prepares a call: it may choose the path and the kernels, or change what is
// computed. It is called twice: with Cases unset, to choose the path, and with
// them.
type Plan func(c *Call)

// Along takes one path for all matrices, and the kernels that are dispatched to.
func Along(p Path) Plan {
	return func(c *Call) { c.Path = p }
}

// Run computes the model over the tokens.
func (m *Model) Run(ctx context.Context, tokens []int, plan Plan) (*Trace, error) {
	rows := int(m.Embed.Rows())
	t := &Trace{Tokens: len(tokens)}
	embed := spec.Floats(m.floats(m.Embed))
	for _, token := range tokens {
		if token < 0 || token >= rows {
			return nil, fmt.Errorf("drift: token %d: the model has %d", token, rows)
		}
		t.Input = append(t.Input, embed[token*m.Dim:(token+1)*m.Dim]...)
	}
	for layer := range len(m.Layers) + 1 {
		t.Layers = append(t.Layers, map[Stage][]float32{})
		for _, n := range graph(m, layer) {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			t.Layers[layer][n.stage] = m.stage(layer, n, t, plan)
		}
	}
	return t, nil
}

func (m *Model) stage(layer int, n node, t *Trace, plan Plan) []float32 {
	c := &Call{Layer: layer, Stage: n.stage}
	plan(c)
	in := t.inputs(layer, n)
	c.Cases = m.cases(layer, n.stage, in, t.Tokens, c.Path)
	if l := m.linear(layer, n.stage); l != nil {
		c.Bias = l.Bias
	}
	plan(c)
	var out []float32
	if c.Cases == nil {
		out = plainStage(n.stage, in)
	}
	for _, k := range c.Cases {
		out = append(out, spec.Floats(c.Kernels.run(k))...)
	}
	if c.Bias != nil {
		for i := range out {
			out[i] += c.Bias[i%len(c.Bias)]
		}
	}
	if c.After != nil {
		c.After(out)
	}
	return out
}

// plainStage is the sum of two streams, or the product of gate and up.
func plainStage(s Stage, in [][]float32) []float32 {
	out := make([]float32, len(in[0]))
	for i, v := range in[0] {
		if s == FFNSwigl {
			out[i] = v * in[1][i]
		} else {
			out[i] = v + in[1][i]
		}
	}
	return out
}
