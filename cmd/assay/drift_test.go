package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"assay/corpus/apr"
	"assay/corpus/gguf"
	"assay/corpus/npy"
	"assay/corpus/teacher"
)

func TestDriftCommand(t *testing.T) {
	chart := filepath.Join(t.TempDir(), "d.svg")
	out, errOut, status := assay(t, nil, "drift", "--tokens", "2", "--orders", "0", "--json", "--plot", chart)
	if status != 0 {
		t.Fatalf("status %d: %s", status, errOut)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if want := 8*17 + 2; len(lines) != want {
		t.Errorf("%d lines, want %d", len(lines), want)
	}
	for _, line := range lines {
		var row map[string]any
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatal(err)
		}
		for _, field := range []string{"layer", "stage", "err_a", "err_b", "owner"} {
			if _, ok := row[field]; !ok {
				t.Fatalf("no %q in %s", field, line)
			}
		}
	}
	if data, err := os.ReadFile(chart); err != nil || !strings.Contains(string(data), "<svg") {
		t.Errorf("chart: %v", err)
	}

	out, _, status = assay(t, nil, "drift", "--tokens", "2", "--orders", "0", "-b", "B,3:ffn_up=B/A25")
	if status != 1 || !strings.Contains(out, "the first stage of run B that is wrong is layer 3, ffn_up") {
		t.Errorf("mutant: status %d\n%s", status, out)
	}

	// Option A leaves no bit, unless something else is wrong.
	out, _, status = assay(t, nil, "drift", "--tokens", "1", "--orders", "0", "--option-a", "--certified")
	if status != 0 || !strings.Contains(out, "\n0 numbers of all stages differ in their bits; ERR is the distance from enclosures") {
		t.Errorf("option A: status %d\n%s", status, out)
	}
	out, _, status = assay(t, nil, "drift", "--tokens", "1", "--orders", "0", "--option-a", "-b", "B,3:ffn_up=B/A25")
	if status != 1 || strings.Contains(out, "\n0 numbers") {
		t.Errorf("option A with a mutant: status %d\n%s", status, out)
	}

	// What other engines dump: a wrong array is charged to its stage.
	dir := t.TempDir()
	for name, n := range map[string]int{"attn_norm.0.npy": 2 * 256, "q.0.npy": 2 * 256} {
		a := npy.Array{Shape: []int{2, 256}, Data: make([]float32, n)}
		if err := os.WriteFile(filepath.Join(dir, name), a.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	out, _, status = assay(t, nil, "drift", "--tokens", "2", "--against", dir)
	if status != 1 || !strings.Contains(out, "2 of 138 stages judged; the first that leaves its bound is layer 0, attn_norm") {
		t.Errorf("against: status %d\n%s", status, out)
	}

	// Any stage may be run in another way, and then is an owner: the oracle's softmax
	// differs by roundings only.
	out, _, status = assay(t, nil, "drift", "--tokens", "2", "--orders", "1", "--b", "A,*:softmax=A/oracle")
	if status != 0 || !regexp.MustCompile(`(?m)^    softmax .*\(100\.0 %\)$`).MatchString(out) {
		t.Errorf("the oracle's softmax: status %d\n%s", status, out)
	}

	for _, tt := range []struct {
		args []string
		says string
	}{
		{[]string{"--b", "C"}, "want A, B or B-aprender"}, {[]string{"--tokens", "0"}, "must be positive"},
		{[]string{"--b", "B,3:q"}, "SITE=IMPL"}, {[]string{"--b", "B,x:q=A"}, "LAYER:STAGE"},
		{[]string{"--b", "B,0:q=B/Z99"}, "a mutant's id"}, {[]string{"--b", "B/ggml"}, "kernels \"ggml\""}, {[]string{"-library", "none.so"}, "none.so"},
		{[]string{"--tokens", "2", "--against", t.TempDir()}, "no stage's file"},
		{[]string{"--tokens", "1", "--against", dir}, "different shape"}, {[]string{"--tokens", "1", "--orders", "0", "--plot", "x.pdf"}, ".svg or .png"},
	} {
		_, errOut, status := assay(t, nil, append([]string{"drift"}, tt.args...)...)
		if status != 2 || !strings.Contains(errOut, tt.says) {
			t.Errorf("%v: status %d, %q, want %q", tt.args, status, errOut, tt.says)
		}
	}
}

func TestCascadeCommand(t *testing.T) {
	out, errOut, status := assay(t, nil, "cascade", "--draws", "20", "--json")
	if status != 0 {
		t.Fatalf("status %d: %s", status, errOut)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != 13 {
		t.Errorf("%d lines, want 13", len(lines))
	}
	for _, line := range lines {
		var row map[string]any
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatal(err)
		}
		for _, field := range []string{"id", "published", "reproduced", "bits_equal", "p01", "p50", "p99", "verdict"} {
			if _, ok := row[field]; !ok {
				t.Fatalf("no %q in %s", field, line)
			}
		}
	}
	out, _, status = assay(t, nil, "cascade", "--draws", "20")
	if status != 0 || !strings.Contains(out, "What the published figures do not show") || strings.Contains(out, "DIFFER") {
		t.Errorf("status %d\n%s", status, out)
	}
}

// TestAPRModel: a model in APR is run like the GGUF that it was made from.
func TestAPRModel(t *testing.T) {
	g, err := gguf.Parse(teacher.GGUF())
	if err != nil {
		t.Fatal(err)
	}
	f, err := apr.FromGGUF(g)
	if err != nil {
		t.Fatal(err)
	}
	data, err := f.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "m.apr")
	if err := os.WriteFile(name, data, 0o666); err != nil {
		t.Fatal(err)
	}
	out, errOut, status := assay(t, nil, "drift", "--tokens", "2", "--orders", "0", name)
	if status != 0 || !strings.Contains(out, "m.apr, 2 tokens") {
		t.Errorf("status %d: %s\n%s", status, errOut, out)
	}
	data[100] ^= 1
	if err := os.WriteFile(name, data, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, errOut, status := assay(t, nil, "drift", name); status != 2 || !strings.Contains(errOut, "checksum") {
		t.Errorf("damaged: status %d: %s", status, errOut)
	}
}
