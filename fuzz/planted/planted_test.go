package planted

import (
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"assay/fuzz"
)

const root = "../.."

// TestDefects: each changes what is there today into Go, and every target has ten.
func TestDefects(t *testing.T) {
	count, seen := map[string]int{}, map[string]bool{}
	for _, d := range All() {
		if seen[d.Target+d.ID] || d.Mechanism == "" || d.Old == d.New {
			t.Errorf("%s %s: not a defect of its own", d.Target, d.ID)
		}
		seen[d.Target+d.ID] = true
		count[d.Target]++
		dir := t.TempDir()
		if _, err := Overlay(root, dir, d); err != nil {
			t.Error(err)
			continue
		}
		if _, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, "planted0.go"), nil, 0); err != nil {
			t.Errorf("%s %s: %v", d.Target, d.ID, err)
		}
	}
	for target, n := range count {
		if fuzz.Reader(target) == nil && target != "FuzzParse" || n < 10 {
			t.Errorf("%s: %d defects", target, n)
		}
	}
	if len(count) != 7 {
		t.Errorf("%d targets have defects, want 7", len(count))
	}
	stale := All()[0]
	stale.Old = "what is not there"
	if _, err := Overlay(root, t.TempDir(), stale); err == nil {
		t.Error("a defect that is stale was planted")
	}
	if _, err := Overlay(root, t.TempDir(), All()[0], All()[0]); err == nil {
		t.Error("two defects were planted in one file")
	}
}

// TestSeeds: a defect of each target that its seeds alone show, all in one build.
func TestSeeds(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program; not with -short")
	}
	for pkg, ids := range map[string][]string{
		"./fuzz":       {"FuzzGGUF capacity", "FuzzAPR no-checksum", "FuzzAPRT last", "FuzzSafetensors field-twice", "FuzzLlama2c kv-width", "FuzzCase id-shape"},
		"./corpus/npy": {"FuzzParse f8"},
	} {
		var some []Defect
		for _, d := range All() {
			if slices.Contains(ids, d.Target+" "+d.ID) {
				some = append(some, d)
			}
		}
		if len(some) != len(ids) {
			t.Fatalf("%d of %d defects", len(some), len(ids))
		}
		dir := t.TempDir()
		overlay, err := Overlay(root, dir, some...)
		if err != nil {
			t.Fatal(err)
		}
		program := filepath.Join(dir, "fuzz.test")
		build := exec.CommandContext(t.Context(), "go", "test", "-c", "-overlay", overlay, "-o", program, pkg)
		build.Dir = root
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		for _, d := range some {
			run := exec.CommandContext(t.Context(), program, "-test.run", "^"+d.Target+"$")
			run.Dir = dir
			if out, err := run.CombinedOutput(); err == nil || !strings.Contains(string(out), "--- FAIL: "+d.Target) {
				t.Errorf("%s %s: the seeds do not show it: %v\n%s", d.Target, d.ID, err, out)
			}
		}
	}
}
