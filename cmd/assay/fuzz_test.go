package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"assay/corpus"
	"assay/fuzz"
	"assay/fuzz/night"
	"assay/kernels"
	"assay/props"
	"assay/spec"
)

// TestLiftFinding: what a target failed on becomes a case, by the recipe that the failure
// names or by the input, or stays an input of the target.
func TestLiftFinding(t *testing.T) {
	dir := t.TempDir()
	const recipe = "dot_q4k_q8k:typical+typical:1x256x1:7"
	r, err := props.ParseRecipe(recipe)
	if err != nil {
		t.Fatal(err)
	}
	input, ok := fuzz.Encode("FuzzDotQuant", r.Case())
	if !ok {
		t.Fatal("no input")
	}
	stored := filepath.Join(dir, "corpus", "cases", "dot_q4k_q8k", corpus.ID(r.Case())+".json")
	for name, o := range map[string]*night.Outcome{
		"recipe": {Failure: "FAIL dot_q4k_q8k/avx2 accuracy: element 0; case " + recipe + "; replay: x"},
		"input":  {Failure: "FAIL dot_q4k_q8k/avx2 accuracy: element 0; case the input; replay: x", Input: []byte(fmt.Sprintf("go test fuzz v1\n[]byte(%q)\n", input))},
	} {
		where, err := liftFinding(filepath.Join(dir, "corpus"), filepath.Join(dir, "fuzz"), "FuzzDotQuant", o)
		if err != nil || where != stored {
			t.Fatalf("%s: %q, %v, want %q", name, where, err, stored)
		}
		data, err := os.ReadFile(where)
		if err != nil {
			t.Fatal(err)
		}
		e, err := corpus.Decode(data)
		if err != nil || !bytes.Equal(e.Case.In[0], r.Case().In[0]) || e.Note != o.Failure {
			t.Errorf("%s: %+v, %v", name, e, err)
		}
		os.Remove(where)
	}
	where, err := liftFinding(filepath.Join(dir, "corpus"), filepath.Join(dir, "fuzz"), "FuzzGGUF", &night.Outcome{Failure: "panic", Input: []byte("go test fuzz v1\n[]byte(\"x\")\n")})
	if err != nil || !strings.HasPrefix(where, filepath.Join(dir, "fuzz", "testdata", "fuzz", "FuzzGGUF")) {
		t.Errorf("%q, %v", where, err)
	}
	if where, err := liftFinding(filepath.Join(dir, "corpus"), filepath.Join(dir, "fuzz"), "FuzzGGUF", &night.Outcome{Failure: "panic"}); err != nil || where != "a seed" {
		t.Errorf("%q, %v", where, err)
	}
}

// TestKeepWorst: of the cases that were found the worst one is kept, until a worse one
// comes.
func TestKeepWorst(t *testing.T) {
	dir := t.TempDir()
	row := kernels.For(spec.OpDotF32)[0]
	var cases []*spec.Case
	var ratios []float64
	for seed := uint64(1); len(cases) < 3; seed++ {
		c := props.Recipe{Op: row.Op, Strategy: props.OperandStrategies(row.Op, 0)[0] + "+" + props.OperandStrategies(row.Op, 1)[0], Shape: spec.Vector(40), Seed: seed}.Case()
		if r := props.CheckCase(row, c).Worst; r > 0 && (len(ratios) == 0 || r > ratios[len(ratios)-1]) {
			cases, ratios = append(cases, c), append(ratios, r)
		}
	}
	keep := func(order ...int) []string {
		t.Helper()
		found := t.TempDir()
		for i, k := range order {
			data, err := corpus.Encode(&corpus.Entry{Case: *cases[k], Source: "test", Note: "test"})
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(found, fmt.Sprintf("dot_f32.generic.%d.json", i)), data, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := keepWorst(dir, found); err != nil {
			t.Fatal(err)
		}
		names, err := filepath.Glob(filepath.Join(dir, "corpus", "worst", "fuzz", "dot_f32.generic", "*.json"))
		if err != nil {
			t.Fatal(err)
		}
		return names
	}
	for _, tt := range []struct {
		order []int
		want  int
	}{{[]int{1, 0}, 1}, {[]int{0}, 1}, {[]int{2, 1}, 2}, {nil, 2}} {
		names := keep(tt.order...)
		if len(names) != 1 || filepath.Base(names[0]) != corpus.ID(cases[tt.want])+".json" {
			t.Errorf("%v: %v, want %s", tt.order, names, corpus.ID(cases[tt.want]))
		}
	}
	found := t.TempDir()
	if err := os.WriteFile(filepath.Join(found, "dot_f32.generic.1.json"), []byte("{"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := keepWorst(dir, found); err == nil {
		t.Error("a broken file was passed over")
	}
}

// TestFuzzCorpus: the seeds come back from libFuzzer's form as they were.
func TestFuzzCorpus(t *testing.T) {
	raw, goForm, back := filepath.Join(t.TempDir(), "raw"), filepath.Join(t.TempDir(), "go"), filepath.Join(t.TempDir(), "back")
	n, err := fuzzCorpus("FuzzDotQuant", raw, "", "libfuzzer")
	if err != nil || n < 10 {
		t.Fatal(n, err)
	}
	if m, err := fuzzCorpus("FuzzDotQuant", goForm, raw, "go"); err != nil || m > n || m == 0 {
		t.Fatal(m, err)
	}
	if _, err := fuzzCorpus("FuzzDotQuant", back, goForm, "libfuzzer"); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(raw)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		var data [3][]byte
		for i, dir := range []string{raw, goForm, back} {
			if data[i], err = os.ReadFile(filepath.Join(dir, f.Name())); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(data[0], data[2]) || !bytes.HasPrefix(data[1], []byte("go test fuzz v1\n")) {
			t.Errorf("%s did not come back", f.Name())
		}
	}
	for _, bad := range [][2]string{{"FuzzNothing", "go"}, {"FuzzDotQuant", "xml"}} {
		if _, err := fuzzCorpus(bad[0], t.TempDir(), "", bad[1]); err == nil {
			t.Errorf("%v was accepted", bad)
		}
	}
}
