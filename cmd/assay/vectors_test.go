package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"assay/corpus"
)

// TestVectors: what is written can be read and judged in C, where a correct kernel is
// right and one that wraps its sums is not.
func TestVectors(t *testing.T) {
	dir := t.TempDir()
	archive := filepath.Join(dir, "v.tar.gz")
	out, errOut, status := assay(t, nil, "vectors", "-o", archive)
	if status != 0 || !strings.Contains(out, " cases") {
		t.Fatalf("status %d: %s%s", status, out, errOut)
	}
	if _, errOut, status := assay(t, nil, "vectors", "-o", filepath.Join(dir, "none", "v")); status != 2 || errOut == "" {
		t.Errorf("no folder: status %d", status)
	}
	cc := compiler(t)
	if out, err := exec.Command("tar", "xf", archive, "-C", dir).CombinedOutput(); err != nil {
		t.Fatalf("tar: %v: %s", err, out)
	}
	for _, tt := range []struct {
		flags  []string
		status int
		says   string
	}{{nil, 0, " 0 wrong"}, {[]string{"-DBROKEN"}, 1, "is not in ["}} {
		program := filepath.Join(dir, "replay")
		args := append(tt.flags, "-O2", "-Wall", "-Werror", "-o", program, filepath.Join(root, "corpus", "example", "replay.c"), "-lm")
		if out, err := exec.Command(cc, args...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		run := exec.Command(program, filepath.Join(dir, "assay-vectors"))
		out, _ := run.CombinedOutput()
		if run.ProcessState.ExitCode() != tt.status || !strings.Contains(string(out), tt.says) {
			t.Errorf("%v: status %d: %s", tt.flags, run.ProcessState.ExitCode(), out)
		}
	}
}

// compiler returns the path of the C compiler, which every machine of CI has.
func compiler(t *testing.T) string {
	t.Helper()
	cc, err := exec.LookPath("cc")
	if err != nil && os.Getenv("CI") != "" {
		t.Fatal("no C compiler: ", err)
	}
	if err != nil {
		t.Skip("no C compiler: ", err)
	}
	return cc
}

// TestVectorsSame: the same cases give the same archive.
func TestVectorsSame(t *testing.T) {
	entries, err := corpus.All()
	if err != nil {
		t.Fatal(err)
	}
	var a, b bytes.Buffer
	if err := writeVectors(&a, entries[:20]); err != nil {
		t.Fatal(err)
	}
	if err := writeVectors(&b, append(entries[:20:20], entries[0])); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("the archives differ")
	}
}
