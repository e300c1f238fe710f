package drift

import (
	"testing"
	"time"

	"assay/corpus/gguf"
	"assay/corpus/teacher"
	"assay/props/activation"
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
	m, tokens := openTeacher(t, 4)
	for _, p := range Paths {
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
