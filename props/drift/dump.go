package drift

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"assay/corpus/apr"
	"assay/corpus/npy"
	"assay/corpus/safetensors"
	"assay/spec"
)

// Dump is what another engine wrote down of a run: outputs of stages, token by
// token as in a Trace. Rope may also be given as its two halves.
type Dump map[Site][]float32

// The halves of Rope in a dump.
const (
	RopeQ Stage = "rope_q"
	RopeK Stage = "rope_k"
)

// Names maps stages to file names, in which %d stands for the layer. What it does
// not name is STAGE.LAYER.npy, output_norm.npy and logits.npy.
type Names map[Stage]string

// ReadNames reads such a map from a JSON object; stages it does not know are
// errors.
func ReadNames(data []byte) (Names, error) {
	var n Names
	if err := json.Unmarshal(data, &n); err != nil {
		return nil, fmt.Errorf("drift: names: %w", err)
	}
	known := map[Stage]bool{RopeQ: true, RopeK: true}
	for _, s := range Stages() {
		known[s] = true
	}
	for s, name := range n {
		if !known[s] {
			return nil, fmt.Errorf("drift: names: no stage %q", s)
		}
		if !filepath.IsLocal(name) {
			return nil, fmt.Errorf("drift: names: %q is not below the folder", name)
		}
	}
	return n, nil
}

func (n Names) file(m *Model, at Site) string {
	name := n[at.Stage]
	switch {
	case name == "" && at.Layer == len(m.Layers):
		return string(at.Stage) + ".npy"
	case name == "":
		return fmt.Sprintf("%s.%d.npy", at.Stage, at.Layer)
	}
	return strings.ReplaceAll(name, "%d", fmt.Sprint(at.Layer))
}

// ReadDump reads what there is of a run of n tokens in a folder of files, each
// of one array in .npy, APRT or safetensors. An array of another size than the stage's output for these tokens is an error: its
// sample is not the same. Scores and weights are [heads][tokens][tokens], of which
// the part that a token sees is used.
func (m *Model) ReadDump(dir string, names Names, n int) (Dump, error) {
	d := Dump{}
	for layer := range len(m.Layers) + 1 {
		var stages []Stage
		for _, g := range graph(m, layer) {
			stages = append(stages, g.stage)
			if g.stage == Rope {
				stages = append(stages, RopeQ, RopeK)
			}
		}
		for _, s := range stages {
			at := Site{layer, s}
			name := names.file(m, at)
			data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return nil, err
			}
			x, err := readArray(data, layer)
			if err == nil && (s == Scores || s == Softmax) {
				x, err = m.visible(x, n)
			}
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			if want := m.size(layer, s, n); len(x) != want {
				return nil, fmt.Errorf("%s: has %d elements, the stage has %d for %d tokens: samples of different shape cannot be compared", name, len(x), want, n)
			}
			d[at] = x
		}
		q, k := d[Site{layer, RopeQ}], d[Site{layer, RopeK}]
		if d[Site{layer, Rope}] == nil && q != nil && k != nil {
			d[Site{layer, Rope}] = append(append([]float32(nil), q...), k...)
		}
	}
	return d, nil
}

// readArray reads an array in .npy, in APRT, or the only tensor of a safetensors
// file, whichever the bytes are.
func readArray(data []byte, layer int) ([]float32, error) {
	switch {
	case bytes.HasPrefix(data, []byte("\x93NUMPY")):
		a, err := npy.Parse(data)
		if err != nil {
			return nil, err
		}
		return a.Data, nil
	case bytes.HasPrefix(data, []byte("APRT")):
		a, err := apr.ParseActivation(data)
		switch {
		case err != nil:
			return nil, err
		case a.Layer != uint32(layer) && a.Layer != apr.WholeModel:
			return nil, fmt.Errorf("is of layer %d, want %d", a.Layer, layer)
		}
		return a.Data, nil
	}
	f, err := safetensors.Parse(data)
	switch {
	case err != nil:
		return nil, fmt.Errorf("is no .npy and no APRT file, and %w", err)
	case len(f.Tensors) != 1:
		return nil, fmt.Errorf("has %d tensors, want one", len(f.Tensors))
	}
	t := f.Tensors[0]
	switch t.Format {
	case spec.F16:
		return spec.Floats(exactly(&spec.Case{Op: spec.OpConvertF16F32, Shape: spec.Vector(len(t.Data) / 2), In: [][]byte{t.Data}})), nil
	case spec.BF16:
		return spec.Floats(exactly(&spec.Case{Op: spec.OpConvertBF16F32, Shape: spec.Vector(len(t.Data) / 2), In: [][]byte{t.Data}})), nil
	}
	return spec.Floats(t.Data), nil
}

// visible takes from [heads][tokens][tokens] what each token sees.
func (m *Model) visible(x []float32, n int) ([]float32, error) {
	if len(x) != m.Heads*n*n {
		return nil, fmt.Errorf("has %d elements, want %d × %d × %d", len(x), m.Heads, n, n)
	}
	var out []float32
	for t := range n {
		for h := range m.Heads {
			row := x[(h*n+t)*n:]
			out = append(out, row[:t+1]...)
		}
	}
	return out, nil
}

// size returns the number of elements of a stage's output.
func (m *Model) size(layer int, s Stage, n int) int {
	q, kv := m.Heads*m.HeadDim, m.KVHeads*m.HeadDim
	switch s {
	case Q, AttnMix, RopeQ:
		return n * q
	case K, V, RopeK:
		return n * kv
	case Rope:
		return n * (q + kv)
	case Scores, Softmax:
		return m.Heads * n * (n + 1) / 2
	case FFNGate, FFNUp, FFNSilu, FFNSwigl:
		return n * m.FFN
	case Logits:
		return n * int(m.Head.Tensor.Rows())
	}
	return n * m.Dim
}

// JudgeDump holds each stage of a dump whose inputs are there to the oracle, on
// these inputs. A stage of which something is missing is skipped, with the reason.
func (m *Model) JudgeDump(ctx context.Context, d Dump, tokens []int) ([]Verdict, error) {
	t := &Trace{Tokens: len(tokens)}
	embed := spec.Floats(m.floats(m.Embed))
	for _, token := range tokens {
		if token < 0 || token >= int(m.Embed.Rows()) {
			return nil, fmt.Errorf("drift: token %d: the model has %d", token, m.Embed.Rows())
		}
		t.Input = append(t.Input, embed[token*m.Dim:(token+1)*m.Dim]...)
	}
	for layer := range len(m.Layers) + 1 {
		t.Layers = append(t.Layers, map[Stage][]float32{})
		for _, g := range graph(m, layer) {
			if x := d[Site{layer, g.stage}]; x != nil {
				t.Layers[layer][g.stage] = x
			}
		}
	}
	var out []Verdict
	for layer := range t.Layers {
		for _, g := range graph(m, layer) {
			if err := ctx.Err(); err != nil {
				return out, err
			}
			v := Verdict{Layer: layer, Stage: g.stage}
			missing := []string{}
			if t.Layers[layer][g.stage] == nil {
				missing = append(missing, string(g.stage))
			}
			for i, x := range t.inputs(layer, g) {
				if x == nil {
					missing = append(missing, inputName(g.from[i]))
				}
			}
			if len(missing) > 0 {
				v.Skipped = "not dumped: " + strings.Join(missing, ", ")
			} else {
				v = m.judgeStage(layer, g, t)
			}
			out = append(out, v)
		}
	}
	return out, nil
}

func inputName(s Stage) string {
	if s == input {
		return "output of the layer before"
	}
	return string(s)
}
