package drift

import (
	"fmt"
	"math"

	"assay/corpus/gguf"
	"assay/oracle"
	"assay/props/activation"
	"assay/spec"
)

// Model is a model whose stages can be run.
type Model struct {
	*activation.Model
	values map[*gguf.Tensor][]byte // weights in f32, where they have been needed
}

// Open checks the model of f.
func Open(f *gguf.File) (*Model, error) {
	m, err := activation.Open(f)
	if err != nil {
		return nil, err
	}
	return &Model{m, map[*gguf.Tensor][]byte{}}, nil
}

// Path says how a matrix of a quantised format is multiplied.
type Path uint8

const (
	PathA         Path = iota // weights in f32, activations as they are
	PathB                     // activations quantised by ggml's rules, integer dots
	PathBAprender             // Q8_K by aprender's rule
)

// Paths lists the legitimate ways.
var Paths = []Path{PathA, PathB, PathBAprender}

func (p Path) String() string { return [...]string{"A", "B", "B-aprender"}[p] }

// linear returns the matrix of a stage, nil if it has none.
func (m *Model) linear(layer int, s Stage) *activation.Linear {
	if s == Logits {
		return &m.Head
	}
	if layer == len(m.Layers) {
		return nil
	}
	l := &m.Layers[layer]
	switch s {
	case Q:
		return &l.Q
	case K:
		return &l.K
	case V:
		return &l.V
	case AttnOut:
		return &l.Out
	case FFNGate:
		return &l.Gate
	case FFNUp:
		return &l.Up
	case FFNOut:
		return &l.Down
	}
	return nil
}

func (m *Model) gain(layer int, s Stage) []float32 {
	switch s {
	case Norm:
		return m.Norm
	case AttnNorm:
		return m.Layers[layer].AttnNorm
	}
	return m.Layers[layer].FFNNorm
}

// floats returns a tensor's values in f32, each rounded once.
func (m *Model) floats(t *gguf.Tensor) []byte {
	if v := m.values[t]; v != nil {
		return v
	}
	f, ok := t.Type.Format()
	if !ok {
		panic("drift: a tensor of a format that was not checked")
	}
	v := t.Data
	op := spec.OpDequant(f)
	switch f {
	case spec.F16:
		op = spec.OpConvertF16F32
	case spec.BF16:
		op = spec.OpConvertBF16F32
	}
	if f != spec.F32 {
		v = exactly(&spec.Case{Op: op, Shape: spec.Vector(len(t.Data) / f.BlockBytes() * f.BlockLen()), In: [][]byte{t.Data}})
	}
	m.values[t] = v
	return v
}

// exactly returns the exact output of an op on a valid case.
func exactly(c *spec.Case) []byte {
	want, err := oracle.Bulk(c, spec.TreeLanes)
	if err != nil {
		panic("drift: " + err.Error())
	}
	return want.Bytes
}

// cases returns what a stage is, on its inputs: their outputs, one after the
// other, are the stage's. nil means that the stage is plain arithmetic.
func (m *Model) cases(layer int, s Stage, in [][]float32, tokens int, path Path) []*spec.Case {
	var out []*spec.Case
	add := func(op spec.Op, shape spec.Shape, operands ...[]byte) {
		out = append(out, &spec.Case{ID: fmt.Sprintf("layer %d, %s", layer, s), Op: op, Shape: shape, In: operands})
	}
	switch s {
	case AttnNorm, FFNNorm, Norm:
		gain := spec.FloatBytes(m.gain(layer, s))
		for t := range tokens {
			x := in[0][t*m.Dim : (t+1)*m.Dim]
			add(spec.OpRMSNormF32, spec.Vector(m.Dim), spec.FloatBytes(x), gain, spec.NormParams{Eps: float32(m.Eps)}.Bytes())
		}
	case Rope:
		for k, heads := range []int{m.Heads, m.KVHeads} {
			for t := range tokens {
				n := heads * m.HeadDim
				add(spec.OpRopeF32, spec.Shape{Rows: heads, Cols: m.HeadDim, Batch: 1},
					spec.FloatBytes(in[k][t*n:(t+1)*n]), spec.FloatBytes(m.Factors), m.rope(t).Bytes())
			}
		}
	case Scores:
		keys := make([][]byte, m.KVHeads) // a row each, of which a token sees the first
		for g := range keys {
			keys[g] = spec.FloatBytes(m.keys(in[0], tokens, g))
		}
		for t := range tokens {
			for h := range m.Heads {
				add(spec.OpMatvecF32, spec.Shape{Rows: t + 1, Cols: m.HeadDim, Batch: 1},
					keys[h/(m.Heads/m.KVHeads)][:4*(t+1)*m.HeadDim], spec.FloatBytes(m.query(in[0], t, h)))
			}
		}
	case Softmax:
		at := 0
		for t := range tokens {
			for range m.Heads {
				add(spec.OpSoftmaxF32, spec.Vector(t+1), spec.FloatBytes(in[0][at:at+t+1]), nil,
					spec.SoftmaxParams{Scale: float32(1 / math.Sqrt(float64(m.HeadDim)))}.Bytes())
				at += t + 1
			}
		}
	case AttnMix:
		at := 0
		for t := range tokens {
			for g := range m.KVHeads {
				columns := m.columns(in[1], t, g)
				for range m.Heads / m.KVHeads {
					add(spec.OpMatvecF32, spec.Shape{Rows: m.HeadDim, Cols: t + 1, Batch: 1}, columns, spec.FloatBytes(in[0][at:at+t+1]))
					at += t + 1
				}
			}
		}
	case FFNSilu:
		add(spec.OpSiluF32, spec.Vector(len(in[0])), spec.FloatBytes(in[0]))
	default:
		if l := m.linear(layer, s); l != nil {
			out = append(out, m.matvec(l, in[0], tokens, path))
			out[0].ID = fmt.Sprintf("layer %d, %s, path %v", layer, s, path)
		}
	}
	return out
}

// matvec is a matrix on the activations of all tokens.
func (m *Model) matvec(l *activation.Linear, x []float32, tokens int, path Path) *spec.Case {
	f, _ := l.Tensor.Type.Format()
	shape := spec.Shape{Rows: int(l.Tensor.Rows()), Cols: int(l.Tensor.Dims[0]), Batch: tokens}
	to := spec.ActivationOf(f)
	op := spec.OpMatvec(f, to)
	switch {
	case path != PathA && to != spec.F32 && spec.Known(op):
		quantize := map[spec.Format]spec.Op{spec.Q8K: spec.OpQuantizeQ8KGGML, spec.Q8_0: spec.OpQuantizeQ8_0, spec.Q8_1: spec.OpQuantizeQ8_1}[to]
		if path == PathBAprender && to == spec.Q8K {
			quantize = spec.OpQuantizeQ8KAprender
		}
		q := exactly(&spec.Case{Op: quantize, Shape: spec.Vector(len(x)), In: [][]byte{spec.FloatBytes(x)}})
		return &spec.Case{Op: op, Shape: shape, In: [][]byte{l.Tensor.Data, q}}
	case f == spec.Q4K:
		return &spec.Case{Op: spec.OpMatvecQ4KF32, Shape: shape, In: [][]byte{l.Tensor.Data, spec.FloatBytes(x)}}
	}
	return &spec.Case{Op: spec.OpMatvecF32, Shape: shape, In: [][]byte{m.floats(l.Tensor), spec.FloatBytes(x)}}
}

func (m *Model) rope(pos int) spec.RopeParams {
	return spec.RopeParams{
		Width: m.HeadDim, Halves: m.Halves, Pos: pos, Theta: float32(m.Theta), FreqScale: float32(m.Scale),
		AttnFactor: 1, BetaFast: 32, BetaSlow: 1, OrigContext: 4096,
	}
}

// query returns the rotated query of a token and head.
func (m *Model) query(rope []float32, t, h int) []float32 {
	at := (t*m.Heads + h) * m.HeadDim
	return rope[at : at+m.HeadDim]
}

// keys returns the rotated keys of a group of heads, a row for each token.
func (m *Model) keys(rope []float32, tokens, group int) []float32 {
	k := rope[tokens*m.Heads*m.HeadDim:]
	out := make([]float32, 0, tokens*m.HeadDim)
	for s := range tokens {
		at := (s*m.KVHeads + group) * m.HeadDim
		out = append(out, k[at:at+m.HeadDim]...)
	}
	return out
}

// columns returns the values that a token's group of heads sees, a row for each element
// of a head.
func (m *Model) columns(v []float32, t, group int) []byte {
	out := make([]float32, m.HeadDim*(t+1))
	for s := range t + 1 {
		at := (s*m.KVHeads + group) * m.HeadDim
		for d := range m.HeadDim {
			out[d*(t+1)+s] = v[at+d]
		}
	}
	return spec.FloatBytes(out)
}
