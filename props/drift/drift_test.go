package drift

import (
	"bytes"
	"math"
	"math/big"
	"testing"
	"time"

	"assay/corpus/gguf"
	"assay/corpus/teacher"
	"assay/props/activation"
	"assay/spec"
)

func openTeacher(t testing.TB, n int) (*Model, []int) {
	f, err := gguf.Parse(teacher.GGUF())
	if err != nil {
		t.Fatal(err)
	}
	m, err := Open(f)
	if err != nil {
		t.Fatal(err)
	}
	return m, activation.Tokens(f, teacher.Sample(), n)
}

// TestPathsAreRight: a run on any path is right at every stage.
func TestPathsAreRight(t *testing.T) {
	n, paths := 4, Paths
	if testing.Short() {
		n, paths = 1, Paths[1:2]
	}
	m, tokens := openTeacher(t, n)
	for _, p := range paths {
		start := time.Now()
		trace, err := m.Run(t.Context(), tokens, Along(p))
		if err != nil {
			t.Fatal(err)
		}
		ran := time.Since(start)
		verdicts, err := m.Judge(t.Context(), trace)
		if err != nil {
			t.Fatal(err)
		}
		if v := First(verdicts); v != nil {
			t.Errorf("path %v: layer %d, %s: %s", p, v.Layer, v.Stage, v.Wrong)
		}
		worst := map[Stage]float64{}
		for _, v := range verdicts {
			worst[v.Stage] = max(worst[v.Stage], v.Worst)
		}
		t.Logf("path %v: ran %v, judged %v; %v", p, ran, time.Since(start)-ran, worst)
	}
}

// TestReference: float64 and f32 passes agree stage by stage, and with the pass
// of package activation.
func TestReference(t *testing.T) {
	m, tokens := openTeacher(t, 4)
	ref := m.Reference(tokens)
	trace, err := m.Run(t.Context(), tokens, Along(PathA))
	if err != nil {
		t.Fatal(err)
	}
	for layer := range trace.Layers {
		for _, n := range graph(m, layer) {
			if d := ref.Drift(trace, layer, n.stage); !(d < 1e-4) {
				t.Errorf("layer %d, %s: Path A is %g from the reference", layer, n.stage, d)
			}
		}
	}
	f, err := gguf.Parse(teacher.GGUF())
	if err != nil {
		t.Fatal(err)
	}
	logits, err := activation.Logits(t.Context(), f, tokens)
	if err != nil {
		t.Fatal(err)
	}
	diff, size := 0.0, 0.0
	for i, v := range ref.Layers[len(m.Layers)][Logits] {
		diff += (v - logits[0][i]) * (v - logits[0][i])
		size += v * v
	}
	// That pass does not round weights to f32.
	if d := math.Sqrt(diff / size); !(d < 1e-5) {
		t.Errorf("the reference is %g from package activation's logits", d)
	}
}

// TestAttribute: the parts sum to the distance exactly, and one path against
// itself has none.
func TestAttribute(t *testing.T) {
	n := 3
	if testing.Short() {
		n = 1
	}
	m, tokens := openTeacher(t, n)
	o, err := m.Attribute(t.Context(), tokens, Along(PathA), Along(PathB), 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	sum := new(big.Rat)
	for _, p := range o.Parts {
		sum.Add(sum, p.exact)
		if p.Part < p.Least || p.Part > p.Most {
			t.Errorf("%v: part %g outside of [%g, %g]", p.Site, p.Part, p.Least, p.Most)
		}
	}
	if o.Total <= 0 || sum.Cmp(new(big.Rat).SetFloat64(o.Total)) != 0 {
		t.Errorf("parts sum to %v, the distance is %g", sum.FloatString(20), o.Total)
	}
	if want := 7*len(m.Layers) + 1; len(o.Parts) != want {
		t.Errorf("%d sites differ, want %d", len(o.Parts), want)
	}
	none, err := m.Attribute(t.Context(), tokens, Along(PathB), Along(PathB), 1, 1)
	if err != nil || len(none.Parts) != 0 || none.Total != 0 {
		t.Errorf("a path against itself: %+v, %v", none, err)
	}
	t.Logf("distance %g, %d runs", o.Total, o.Runs)
}

// TestTiersAgree: the tiers give the same bits at every stage.
func TestTiersAgree(t *testing.T) {
	m, tokens := openTeacher(t, 2)
	want, err := m.Run(t.Context(), tokens, OnTier(Along(PathB), spec.TierGeneric))
	if err != nil {
		t.Fatal(err)
	}
	for _, tier := range spec.Tiers()[1:] {
		got, err := m.Run(t.Context(), tokens, OnTier(Along(PathB), tier))
		if err != nil {
			t.Fatal(err)
		}
		for layer := range want.Layers {
			for s, x := range want.Layers[layer] {
				if !bytes.Equal(spec.FloatBytes(x), spec.FloatBytes(got.Layers[layer][s])) {
					t.Errorf("%s: layer %d, %s differs from generic", tier, layer, s)
				}
			}
		}
	}
}

// TestWith: a mutant in one stage is found there and nowhere else.
func TestWith(t *testing.T) {
	m, tokens := openTeacher(t, 2)
	for _, tt := range []struct {
		id string
		at Site
	}{{"A25", Site{2, FFNGate}}, {"G15", Site{0, AttnNorm}}, {"F07", Site{5, Rope}}} {
		plan, err := m.With(Along(PathB), tt.at, tt.id)
		if err != nil {
			t.Fatal(err)
		}
		trace, err := m.Run(t.Context(), tokens, plan)
		if err != nil {
			t.Fatal(err)
		}
		verdicts, err := m.Judge(t.Context(), trace)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range verdicts {
			if at := (Site{v.Layer, v.Stage}); (v.Wrong != "") != (at == tt.at) {
				t.Errorf("%s in %v: %v: %q", tt.id, tt.at, at, v.Wrong)
			}
		}
	}
	for _, bad := range []struct {
		id string
		at Site
	}{{"A01", Site{2, FFNNorm}}, {"Z99", Site{2, FFNGate}}, {"A01", Site{99, FFNGate}}, {"A01", Site{0, "none"}}} {
		if _, err := m.With(Along(PathB), bad.at, bad.id); err == nil {
			t.Errorf("%v was accepted", bad)
		}
	}
}
