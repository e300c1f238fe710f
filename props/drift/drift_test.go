package drift

import (
	"math"
	"math/big"
	"testing"
	"time"

	"assay/corpus/gguf"
	"assay/corpus/teacher"
	"assay/props/activation"
	"assay/spec"
)

// few is n, or 1 with -short.
func few(n int) int {
	if testing.Short() {
		return 1
	}
	return n
}

// openTeacher opens the teacher, with n tokens of its sample.
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
	paths := Paths
	if testing.Short() {
		paths = Paths[1:2]
	}
	m, tokens := openTeacher(t, few(4))
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
	m, tokens := openTeacher(t, few(4))
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
	m, tokens := openTeacher(t, few(3))
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

// setup is a plan from text.
func setup(t *testing.T, m *Model, text string) Plan {
	s, err := m.ReadSetup(text)
	if err != nil {
		t.Fatal(err)
	}
	return s.Plan
}

// TestTiersAgree: the tiers give the same bits at every stage.
func TestTiersAgree(t *testing.T) {
	m, tokens := openTeacher(t, few(2))
	want, err := m.Run(t.Context(), tokens, setup(t, m, "B/generic"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tier := range spec.Tiers()[1:] {
		t.Run(string(tier), func(t *testing.T) {
			s, err := m.ReadSetup("B/" + string(tier))
			if err != nil {
				t.Skip(err)
			}
			got, err := m.Run(t.Context(), tokens, s.Plan)
			if err != nil {
				t.Fatal(err)
			}
			if n := Differ(want, got); n > 0 {
				t.Errorf("%d numbers differ from generic, without kernels for %v", n, m.Missing(s))
			}
		})
	}
}

// TestOracleRuns: the oracle in the kernels' place is right everywhere, and exact but
// for one rounding.
func TestOracleRuns(t *testing.T) {
	m, tokens := openTeacher(t, few(2))
	for _, path := range []string{"A", "B"} {
		trace, err := m.Run(t.Context(), tokens, setup(t, m, path+"/oracle"))
		if err != nil {
			t.Fatal(err)
		}
		verdicts, err := m.Judge(t.Context(), trace)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range verdicts {
			if v.Wrong != "" {
				t.Errorf("%s: layer %d, %s: %s", path, v.Layer, v.Stage, v.Wrong)
			}
		}
		kernels, err := m.Run(t.Context(), tokens, setup(t, m, path))
		if err != nil {
			t.Fatal(err)
		}
		ref := m.Reference(tokens)
		last := len(m.Layers)
		exact, own := ref.Drift(trace, last, Logits), ref.Drift(kernels, last, Logits)
		t.Logf("path %s: the oracle's logits are %.3g from the reference, the kernels' %.3g", path, exact, own)
		if path == "A" && !(exact < own) {
			t.Errorf("path A: the oracle's logits are %g from the reference, the kernels' %g", exact, own)
		}
	}
}

// TestSetup: a stage that is run in another way is an owner, whatever it is, and one
// that is not is none; a mutant is found where it is and nowhere else.
func TestSetup(t *testing.T) {
	m, tokens := openTeacher(t, 2)
	for _, tt := range []struct {
		text string
		at   Site
	}{{"B,2:ffn_gate=B/A25", Site{2, FFNGate}}, {"B, 0:attn_norm=B/G15", Site{0, AttnNorm}}, {"B,5:rope=A/F07", Site{5, Rope}}} {
		trace, err := m.Run(t.Context(), tokens, setup(t, m, tt.text))
		if err != nil {
			t.Fatal(err)
		}
		verdicts, err := m.Judge(t.Context(), trace)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range verdicts {
			if at := (Site{v.Layer, v.Stage}); (v.Wrong != "") != (at == tt.at) {
				t.Errorf("%s: %v: %q", tt.text, at, v.Wrong)
			}
		}
		if sites := m.differing(setup(t, m, "B"), setup(t, m, tt.text)); len(sites) != 1 || sites[0] != tt.at {
			t.Errorf("%s: sites %v differ, want %v", tt.text, sites, tt.at)
		}
	}
	for _, tt := range []struct {
		a, b string
		want int
	}{
		{"B", "B", 0}, {"A", "B", 7*len(m.Layers) + 1}, {"B", "B-aprender", 7*len(m.Layers) + 1},
		{"B/oracle", "B/oracle", 0}, {"B", "B,*:softmax=B/oracle", len(m.Layers)},
		{"B", "B/oracle", 14*len(m.Layers) + 2}, // all but two sums and a product
		{"A", "A,0:attn_norm=B", 0},             // which has no matrix
	} {
		if sites := m.differing(setup(t, m, tt.a), setup(t, m, tt.b)); len(sites) != tt.want {
			t.Errorf("%s against %s: %d sites differ, want %d", tt.a, tt.b, len(sites), tt.want)
		}
	}
	for _, bad := range []string{
		"", "C", "B/Z99", "2:q=B", "B,B", "B,2:ffn_norm=B/A01", "B,99:ffn_gate=B/A01", "B,0:none=B", "B,0:q", "B,q=B", "B,x:q=B", "B,8:q=A", "B/J01",
	} {
		if _, err := m.ReadSetup(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		} else {
			t.Log(err)
		}
	}
}
