package drift

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"assay/corpus/gguf"
	"assay/kernels/quant"
	"assay/props/mutants"
	"assay/spec"
)

// randomModel makes a small Qwen2 of random weights: of Q4_K, with some matrices
// in Q6_K, and biases. hot multiplies queries and keys of a layer, so that its
// scores leave the range of exponentials.
func randomModel(t testing.TB, rng *rand.Rand, layers, hot int) *Model {
	const dim, ffn, heads, kvHeads, vocab = 256, 256, 4, 2, 16
	f := &gguf.File{Version: 3, Metadata: []gguf.KV{
		{Key: "general.architecture", Value: "qwen2"},
		{Key: "qwen2.block_count", Value: uint32(layers)},
		{Key: "qwen2.embedding_length", Value: uint32(dim)},
		{Key: "qwen2.feed_forward_length", Value: uint32(ffn)},
		{Key: "qwen2.attention.head_count", Value: uint32(heads)},
		{Key: "qwen2.attention.head_count_kv", Value: uint32(kvHeads)},
		{Key: "qwen2.attention.layer_norm_rms_epsilon", Value: float32(1e-6)},
		{Key: "qwen2.rope.freq_base", Value: float32(1e6)},
	}}
	add := func(name string, typ gguf.Type, scale float64, dims ...int) {
		n := 1
		for _, d := range dims {
			n *= d
		}
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(scale * rng.NormFloat64())
		}
		format, _ := typ.Format()
		b := make([]byte, format.Bytes(n))
		switch typ {
		case gguf.Q4K:
			quant.Q4K(b, x)
		case gguf.Q6K:
			quant.Q6K(b, x)
		default:
			spec.PutFloats(b, x)
		}
		tensor := gguf.Tensor{Name: name, Type: typ, Data: b}
		for _, d := range dims {
			tensor.Dims = append(tensor.Dims, uint64(d))
		}
		f.Tensors = append(f.Tensors, tensor)
	}
	// The residual stream stays small, so that eps counts.
	add("token_embd.weight", gguf.F32, 0.03, dim, vocab)
	for l := range layers {
		name := func(s string) string { return fmt.Sprintf("blk.%d.%s", l, s) }
		heat := 1.0
		if l == hot {
			heat = 8
		}
		add(name("attn_norm.weight"), gguf.F32, 1, dim)
		add(name("attn_q.weight"), gguf.Q4K, 0.1*heat, dim, dim)
		add(name("attn_k.weight"), gguf.Q4K, 0.1*heat, dim, dim*kvHeads/heads)
		add(name("attn_v.weight"), gguf.Q6K, 0.05, dim, dim*kvHeads/heads)
		add(name("attn_q.bias"), gguf.F32, 0.5, dim)
		add(name("attn_k.bias"), gguf.F32, 0.5, dim*kvHeads/heads)
		add(name("attn_v.bias"), gguf.F32, 0.5, dim*kvHeads/heads)
		add(name("attn_output.weight"), gguf.Q4K, 0.002, dim, dim)
		add(name("ffn_norm.weight"), gguf.F32, 1, dim)
		add(name("ffn_gate.weight"), gguf.Q4K, 0.1, dim, ffn)
		add(name("ffn_up.weight"), gguf.Q4K, 0.1, dim, ffn)
		add(name("ffn_down.weight"), gguf.Q6K, 0.0005, ffn, dim)
	}
	add("output_norm.weight", gguf.F32, 1, dim)
	m, err := Open(f)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// injection is a defect at the named stages of a layer; needs limits the path that
// it can be injected into.
type injection struct {
	name   string
	stages []Stage // one of them is chosen, or all if together
	all    bool
	hot    bool // needs scores beyond the range of exponentials
	path   Path
	break_ func(m *Model, c *Call)
}

// params changes the parameters of every case.
func params[P interface{ Bytes() []byte }](c *Call, change func(i int, k *spec.Case) P) {
	for i, k := range c.Cases {
		k.In[len(k.In)-1] = change(i, k).Bytes()
	}
}

func rope(change func(p *spec.RopeParams)) func(m *Model, c *Call) {
	return func(_ *Model, c *Call) {
		params(c, func(_ int, k *spec.Case) spec.RopeParams {
			p := spec.ReadRopeParams(k.In[2], k.Shape)
			change(&p)
			return p
		})
	}
}

func eps(to float32) func(m *Model, c *Call) {
	return func(_ *Model, c *Call) {
		params(c, func(int, *spec.Case) spec.NormParams { return spec.NormParams{Eps: to} })
	}
}

// weightsOf takes another stage's matrix.
func weightsOf(pairs map[Stage]Stage) func(m *Model, c *Call) {
	return func(m *Model, c *Call) {
		k := c.Cases[0]
		x := spec.Floats(k.In[1]) // Path A: activations as they are
		c.Cases[0] = m.matvec(m.linear(c.Layer, pairs[c.Stage]), x, k.Shape.Batch, PathA)
		c.Bias = m.linear(c.Layer, pairs[c.Stage]).Bias
	}
}

func outlier(by float32) func(m *Model, c *Call) {
	return func(_ *Model, c *Call) {
		c.After = func(out []float32) { out[17] *= by }
	}
}

var injections = []injection{
	{name: "scale pairing (#3105)", stages: []Stage{Q, K, AttnOut, FFNGate, FFNUp}, path: PathB, break_: func(_ *Model, c *Call) {
		for _, m := range mutants.All() {
			if dot, ok := m.Func.(spec.DotQuant); ok && m.ID == "A01" && m.Op == spec.OpDotQ4KQ8K {
				c.Kernels = Rows("A01", []spec.Row{{Op: spec.OpMatvecQ4KQ8K, Func: spec.MatvecQuant(func(dst []float32, w, x []byte, s spec.Shape, _ int) {
					for i := range dst {
						r, b := i%s.Rows, i/s.Rows
						dst[i] = dot(w[r*len(w)/s.Rows:(r+1)*len(w)/s.Rows], x[b*len(x)/s.Batch:(b+1)*len(x)/s.Batch])
					}
				})}})
				return
			}
		}
		panic("no such mutant")
	}},
	{name: "eps 1e-5 for 1e-6", stages: []Stage{AttnNorm, FFNNorm}, break_: eps(1e-5)},
	{name: "eps dropped", stages: []Stage{AttnNorm, FFNNorm}, break_: eps(0)},
	{name: "pairing swapped", stages: []Stage{Rope}, break_: rope(func(p *spec.RopeParams) { p.Halves = !p.Halves })},
	{name: "theta 10000 for 10^6", stages: []Stage{Rope}, break_: rope(func(p *spec.RopeParams) { p.Theta = 1e4 })},
	{name: "positions off by one", stages: []Stage{Rope}, break_: rope(func(p *spec.RopeParams) { p.Pos++ })},
	{name: "K and V swapped", stages: []Stage{K, V}, all: true, break_: weightsOf(map[Stage]Stage{K: V, V: K})},
	{name: "gate and up swapped", stages: []Stage{FFNGate, FFNUp}, all: true, break_: weightsOf(map[Stage]Stage{FFNGate: FFNUp, FFNUp: FFNGate})},
	{name: "transposed matrix", stages: []Stage{AttnOut, FFNGate, Q}, break_: func(m *Model, c *Call) {
		k := c.Cases[0]
		w := spec.Floats(m.floats(m.linear(c.Layer, c.Stage).Tensor))
		turned := make([]float32, len(w))
		n := k.Shape.Cols
		for i := range w {
			turned[i%n*n+i/n] = w[i]
		}
		c.Cases[0] = &spec.Case{Op: spec.OpMatvecF32, Shape: k.Shape, In: [][]byte{spec.FloatBytes(turned), k.In[1]}}
	}},
	{name: "a channel 26 times too large", stages: []Stage{AttnNorm, AttnOut, FFNUp}, break_: outlier(26)},
	{name: "a channel 100 times too large", stages: []Stage{AttnMix, FFNNorm, Output}, break_: outlier(100)},
	{name: "Q6_K decoded as Q4_K", stages: []Stage{V, FFNOut}, break_: func(m *Model, c *Call) {
		k := c.Cases[0]
		data := m.linear(c.Layer, c.Stage).Tensor.Data
		n := len(data) / spec.Q6K.BlockBytes()
		c.Cases[0] = &spec.Case{Op: spec.OpMatvecQ4KF32, Shape: k.Shape, In: [][]byte{data[:n*spec.Q4KBytes], k.In[1]}}
	}},
	{name: "softmax without maximum", stages: []Stage{Softmax}, hot: true, break_: func(_ *Model, c *Call) {
		cases := c.Cases
		c.After = func(out []float32) {
			at := 0
			for _, k := range cases {
				x, sum := spec.Floats(k.In[0]), float32(0)
				scale := spec.ReadSoftmaxParams(k.In[2]).Scale
				row := out[at : at+len(x)]
				for i, v := range x {
					row[i] = float32(math.Exp(float64(scale * v)))
					sum += row[i]
				}
				for i := range row {
					row[i] /= sum
				}
				at += len(x)
			}
		}
	}},
	{name: "bias missing", stages: []Stage{Q, K, V}, break_: func(_ *Model, c *Call) { c.Bias = nil }},
}

// site is a layer's stage.
type site struct {
	layer int
	stage Stage
}

// effective tells whether a defect shows in its stage's output at all, by a
// comparison with float64 on the same inputs. It does not where they are NaN,
// where eps meets a large mean square, or scores without a maximum are small.
func effective(m *Model, t *Trace, v Verdict) bool {
	for _, n := range graph(m, v.Layer) {
		if n.stage != v.Stage {
			continue
		}
		var in [][]float64
		for _, x := range t.inputs(v.Layer, n) {
			in = append(in, widen(x))
		}
		diff, size := 0.0, 0.0
		for i, x := range m.real(v.Layer, v.Stage, in, t.Tokens) {
			d := float64(t.Layers[v.Layer][v.Stage][i]) - x
			diff, size = diff+d*d, size+x*x
		}
		return math.Sqrt(diff/size) > 1e-5
	}
	return true
}

// injectionsEnv names the environment variable that sets how many random
// injections are tried.
const injectionsEnv = "ASSAY_INJECTIONS"

// TestInjections: whatever is broken, alone or in pairs, exactly the broken stages
// are found wrong.
func TestInjections(t *testing.T) {
	n := 2 * len(injections)
	if testing.Short() {
		n = 2
	}
	if s := os.Getenv(injectionsEnv); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	const layers = 2
	for i := range n {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(uint64(i), 7))
			var chosen []injection
			sites := map[site]*injection{}
			hot := -1
			for range 1 + i%2 {
				in := injections[rng.IntN(len(injections))]
				if i%2 == 0 { // alone: each in turn
					in = injections[i/2%len(injections)]
				}
				layer := rng.IntN(layers)
				stages := in.stages
				if !in.all {
					stages = stages[rng.IntN(len(stages)):][:1]
				}
				free := !slices.ContainsFunc(stages, func(s Stage) bool { return sites[site{layer, s}] != nil })
				if !free {
					continue
				}
				if in.hot {
					hot = layer
				}
				chosen = append(chosen, in)
				for _, s := range stages {
					sites[site{layer, s}] = &in
				}
			}
			m := randomModel(t, rng, layers, hot)
			trace, err := m.Run(t.Context(), []int{rng.IntN(16), rng.IntN(16), rng.IntN(16)}, func(c *Call) {
				in := sites[site{c.Layer, c.Stage}]
				c.Path = PathB
				if in != nil {
					c.Path = in.path
				}
				if in != nil && (c.Cases != nil || c.Stage == Output) {
					in.break_(m, c)
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			verdicts, err := m.Judge(t.Context(), trace)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, in := range chosen {
				names = append(names, in.name)
			}
			for _, v := range verdicts {
				broken := sites[site{v.Layer, v.Stage}] != nil
				if broken && v.Wrong == "" && !effective(m, trace, v) {
					continue // what else is broken hides it
				}
				if broken != (v.Wrong != "") {
					t.Errorf("%q: layer %d, %s: broken %v, verdict %q, worst %g", names, v.Layer, v.Stage, broken, v.Wrong, v.Worst)
				}
			}
		})
	}
}
