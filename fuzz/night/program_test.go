package night

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func TestProgram(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program; not with -short")
	}
	dir := t.TempDir()
	p, err := Build(t.Context(), "../..", "./corpus/npy", filepath.Join(dir, "npy.test"))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(p.Targets, []string{"FuzzParse"}) {
		t.Fatalf("targets %v", p.Targets)
	}
	o, err := p.Run(t.Context(), "FuzzParse", dir, 500)
	if err != nil || o.Failed || o.Execs < 500 || o.Took <= 0 {
		t.Errorf("%+v, %v", o, err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "FuzzParse-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if _, err := Build(t.Context(), "../..", "./none", filepath.Join(dir, "none.test")); err == nil {
		t.Error("a package that is not there was built")
	}
}

// TestOutcome: what a run printed, and how it ended.
func TestOutcome(t *testing.T) {
	dir := t.TempDir()
	script := filepath.Join(dir, "fuzz.test")
	run := func(ctx context.Context, text string) (*Outcome, error) {
		t.Helper()
		if err := os.WriteFile(script, []byte("#!/bin/sh\n"+text+"\n"), 0o777); err != nil {
			t.Fatal(err)
		}
		return (&Program{Path: script}).Run(ctx, "FuzzX", dir, 10)
	}
	const progress = "echo 'fuzz: elapsed: 3s, execs: 12 (4/sec), new interesting: 1 (total: 5)'; echo 'fuzz: elapsed: 6s, execs: 34 (4/sec), new interesting: 2 (total: 6)'; "
	o, err := run(t.Context(), progress)
	if err != nil || o.Failed || o.Execs != 34 || o.Interesting != 2 {
		t.Errorf("%+v, %v", o, err)
	}
	o, err = run(t.Context(), progress+"mkdir -p testdata/fuzz/FuzzX; echo input > testdata/fuzz/FuzzX/0123; echo '        x_test.go:7: FAIL op/tier accuracy: wrong'; exit 1")
	if err != nil || !o.Failed || string(o.Input) != "input\n" || o.Failure != "FAIL op/tier accuracy: wrong" {
		t.Errorf("%+v, %v", o, err)
	}
	o, err = run(t.Context(), "echo 'panic: index out of range'; echo FAIL; exit 2")
	if err != nil || !o.Failed || o.Input != nil || o.Failure != "panic: index out of range" {
		t.Errorf("%+v, %v", o, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if o, err = run(ctx, "sleep 5"); err == nil || o.Failed {
		t.Errorf("a run that was ended: %+v, %v", o, err)
	}
	if _, err := (&Program{Path: filepath.Join(dir, "none")}).Run(t.Context(), "FuzzX", dir, 1); err == nil {
		t.Error("a program that is not there ran")
	}
}
