package drift

// Stage is one step of a layer.
type Stage string

const (
	AttnNorm Stage = "attn_norm"
	Q        Stage = "q"
	K        Stage = "k"
	V        Stage = "v"
	Rope     Stage = "rope"     // of q and k, one after the other
	Scores   Stage = "scores"   // q·k, for each token and head the keys that it sees
	Softmax  Stage = "softmax"  // of the scaled scores
	AttnMix  Stage = "attn_mix" // the values, weighted
	AttnOut  Stage = "attn_out"
	AttnAdd  Stage = "attn_add" // onto the residual stream
	FFNNorm  Stage = "ffn_norm"
	FFNGate  Stage = "ffn_gate"
	FFNUp    Stage = "ffn_up"
	FFNSilu  Stage = "ffn_silu"
	FFNSwigl Stage = "ffn_swigl"
	FFNOut   Stage = "ffn_out"
	Output   Stage = "output" // the residual stream after the layer

	// After the last layer.
	Norm   Stage = "output_norm"
	Logits Stage = "logits"

	input Stage = "" // the residual stream before the layer
)

// node is a stage with the stages that it reads.
type node struct {
	stage Stage
	from  []Stage
}

// layerGraph is a layer in an order in which it can be computed.
var layerGraph = []node{
	{AttnNorm, []Stage{input}},
	{Q, []Stage{AttnNorm}}, {K, []Stage{AttnNorm}}, {V, []Stage{AttnNorm}},
	{Rope, []Stage{Q, K}},
	{Scores, []Stage{Rope}}, {Softmax, []Stage{Scores}}, {AttnMix, []Stage{Softmax, V}},
	{AttnOut, []Stage{AttnMix}}, {AttnAdd, []Stage{input, AttnOut}},
	{FFNNorm, []Stage{AttnAdd}},
	{FFNGate, []Stage{FFNNorm}}, {FFNUp, []Stage{FFNNorm}},
	{FFNSilu, []Stage{FFNGate}}, {FFNSwigl, []Stage{FFNSilu, FFNUp}},
	{FFNOut, []Stage{FFNSwigl}}, {Output, []Stage{AttnAdd, FFNOut}},
}

// tailGraph follows the last layer.
var tailGraph = []node{{Norm, []Stage{input}}, {Logits, []Stage{Norm}}}

// Stages returns the stages of a layer, in order, and the two after the last one.
func Stages() []Stage {
	var out []Stage
	for _, n := range append(append([]node(nil), layerGraph...), tailGraph...) {
		out = append(out, n.stage)
	}
	return out
}

// Trace is what a run computed: for each layer, and after them for the tail, the
// output of every stage, token by token.
type Trace struct {
	Tokens int
	Input  []float32 // the token embeddings
	Layers []map[Stage][]float32
}

// inputs returns what a stage of a layer read in the run.
func (t *Trace) inputs(layer int, n node) [][]float32 {
	var out [][]float32
	for _, s := range n.from {
		switch {
		case s != input:
			out = append(out, t.Layers[layer][s])
		case layer == 0:
			out = append(out, t.Input)
		default:
			out = append(out, t.Layers[layer-1][Output])
		}
	}
	return out
}

// Last returns a stage's output for the last token alone.
func (t *Trace) Last(layer int, s Stage) []float32 {
	x := t.Layers[layer][s]
	switch n := t.Tokens; s {
	case Scores, Softmax: // token t has t+1 of them for each head
		return x[len(x)-2*len(x)/(n+1):]
	case Rope: // queries and keys: the last query heads are in the middle
		return t.lastRotated(layer)
	default:
		return x[len(x)-len(x)/n:]
	}
}

// lastRotated returns the last token's queries and keys.
func (t *Trace) lastRotated(layer int) []float32 {
	x, n := t.Layers[layer][Rope], t.Tokens
	q := len(t.Layers[layer][Q])
	out := append([]float32(nil), x[q-q/n:q]...)
	return append(out, x[len(x)-(len(x)-q)/n:]...)
}

// graph returns the nodes of a layer; the tail is the layer after the last one.
func graph(m *Model, layer int) []node {
	if layer == len(m.Layers) {
		return tailGraph
	}
	return layerGraph
}
