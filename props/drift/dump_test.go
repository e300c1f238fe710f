package drift

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"assay/corpus/apr"
	"assay/corpus/npy"
	"assay/corpus/safetensors"
	"assay/spec"
)

// write stores a stage of a trace as a folder of .npy files has it.
func write(t *testing.T, dir, name string, shape []int, x []float32) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, (&npy.Array{Shape: shape, Data: x}).Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
}

// TestReadArray: the three formats give the same array.
func TestReadArray(t *testing.T) {
	want := []float32{1, -2, 0.5, 4}
	f32, err1 := (&safetensors.File{Tensors: []safetensors.Tensor{{Name: "x", Format: spec.F32, Shape: []uint64{2, 2}, Data: spec.FloatBytes(want)}}}).Bytes()
	f16, err2 := (&safetensors.File{Tensors: []safetensors.Tensor{{Name: "x", Format: spec.F16, Shape: []uint64{4}, Data: []byte{0, 0x3c, 0, 0xc0, 0, 0x38, 0, 0x44}}}}).Bytes()
	two, err3 := (&safetensors.File{Tensors: []safetensors.Tensor{{Name: "x", Format: spec.F32, Shape: []uint64{0}}, {Name: "y", Format: spec.F32, Shape: []uint64{0}}}}).Bytes()
	if err1 != nil || err2 != nil || err3 != nil {
		t.Fatal(err1, err2, err3)
	}
	for i, data := range [][]byte{
		(&npy.Array{Shape: []int{2, 2}, Data: want}).Bytes(), (&apr.Activation{Layer: 3, Dim: 2, Data: want}).Bytes(), f32, f16,
	} {
		if got, err := readArray(data, 3); err != nil || !slices.Equal(got, want) {
			t.Errorf("%d: %v, %v", i, got, err)
		}
	}
	for _, bad := range [][]byte{nil, two, (&apr.Activation{Layer: 4, Dim: 2, Data: want}).Bytes(), []byte("\x93NUMPY"), []byte("APRT")} {
		if got, err := readArray(bad, 3); err == nil {
			t.Errorf("%q: %v", bad, got)
		}
	}
}

// TestDump: a run that another engine dumped is judged as our own; a stage that is
// not there is skipped, and so is what reads it.
func TestDump(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	m := randomModel(t, rng, 2, -1)
	tokens := []int{3, 1, 4}
	n := len(tokens)
	trace, err := m.Run(t.Context(), tokens, func(c *Call) {
		c.Path = PathB
		if c.Cases != nil && c.Layer == 1 && c.Stage == FFNNorm {
			eps(1e-5)(m, c)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for layer := range trace.Layers {
		for _, g := range graph(m, layer) {
			x := trace.Layers[layer][g.stage]
			name := fmt.Sprintf("%s.%d.npy", g.stage, layer)
			switch {
			case layer == len(m.Layers):
				name = string(g.stage) + ".npy"
			case g.stage == FFNSilu && layer == 0:
				continue // not dumped
			case g.stage == FFNGate:
				name = fmt.Sprintf("l%d/gate.npy", layer)
			}
			switch g.stage {
			case Scores, Softmax: // full matrices, with anything above the diagonal
				full := make([]float32, m.Heads*n*n)
				at := 0
				for token := range n {
					for h := range m.Heads {
						copy(full[(h*n+token)*n:], x[at:at+token+1])
						at += token + 1
					}
				}
				write(t, dir, name, []int{m.Heads, n, n}, full)
			case Rope: // in halves
				q := n * m.Heads * m.HeadDim
				write(t, dir, fmt.Sprintf("rope_q.%d.npy", layer), []int{n, m.Heads, m.HeadDim}, x[:q])
				write(t, dir, fmt.Sprintf("rope_k.%d.npy", layer), []int{n, m.KVHeads, m.HeadDim}, x[q:])
			default:
				write(t, dir, name, []int{n, len(x) / n}, x)
			}
		}
	}
	names, err := ReadNames([]byte(`{"ffn_gate": "l%d/gate.npy"}`))
	if err != nil {
		t.Fatal(err)
	}
	d, err := m.ReadDump(dir, names, n)
	if err != nil {
		t.Fatal(err)
	}
	verdicts, err := m.JudgeDump(t.Context(), d, tokens)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range verdicts {
		skip := v.Layer == 0 && (v.Stage == FFNSilu || v.Stage == FFNSwigl)
		wrong := v.Layer == 1 && v.Stage == FFNNorm
		if (v.Skipped != "") != skip || (v.Wrong != "") != wrong {
			t.Errorf("layer %d, %s: wrong %q, skipped %q", v.Layer, v.Stage, v.Wrong, v.Skipped)
		}
	}

	// All tokens of one side against the last one of the other.
	if _, err := m.ReadDump(dir, names, 1); err == nil || !strings.Contains(err.Error(), "different shape") && !strings.Contains(err.Error(), "want") {
		t.Errorf("samples of different shape: %v", err)
	}
	if _, err := m.JudgeDump(t.Context(), d, []int{1, 2, 99}); err == nil {
		t.Error("an unknown token was accepted")
	}
	for _, bad := range []string{`{"x": "y"}`, `[]`, `{"q": "../q.npy"}`} {
		if _, err := ReadNames([]byte(bad)); err == nil {
			t.Errorf("names %s were accepted", bad)
		}
	}
	os.WriteFile(filepath.Join(dir, "q.0.npy"), []byte("garbage"), 0o666)
	if _, err := m.ReadDump(dir, names, n); err == nil {
		t.Error("garbage was accepted")
	}
}
