package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"assay/corpus"
	"assay/corpus/gguf"
	"assay/corpus/teacher"
	"assay/kernels"
	"assay/spec"
)

// program is the command, built once.
var program string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "assay")
	if err != nil {
		panic(err)
	}
	program = filepath.Join(dir, "assay")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		panic(string(out))
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// assay runs the command and returns its output and exit status.
func assay(t *testing.T, env []string, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	var out, errOut bytes.Buffer
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errOut.String(), cmd.ProcessState.ExitCode()
}

// decode reads JSON lines that have exactly the fields named.
func decode(t *testing.T, text string, fields ...string) []map[string]any {
	t.Helper()
	var rows []map[string]any
	for s := bufio.NewScanner(strings.NewReader(text)); s.Scan(); {
		row := map[string]any{}
		if err := json.Unmarshal(s.Bytes(), &row); err != nil {
			t.Fatalf("%v in %q", err, s.Text())
		}
		var got []string
		for k := range row {
			got = append(got, k)
		}
		slices.Sort(got)
		slices.Sort(fields)
		if !slices.Equal(got, fields) {
			t.Fatalf("fields are %v, want %v", got, fields)
		}
		rows = append(rows, row)
	}
	return rows
}

func TestAuditJSON(t *testing.T) {
	out, errOut, status := assay(t, nil, "audit", "-json", "--budget", "0.1", "--tokens", "2")
	if status != 0 || errOut != "" {
		t.Fatalf("status %d, %s", status, errOut)
	}
	rows := decode(t, out, "op", "tier", "cases", "worst_ratio", "verdict", "skipped")
	if len(rows) != len(kernels.Rows()) {
		t.Fatalf("%d rows, want %d", len(rows), len(kernels.Rows()))
	}
	for i, row := range kernels.Rows() {
		got := rows[i]
		cases := got["cases"].(float64)
		switch {
		case got["op"] != string(row.Op) || got["tier"] != string(row.Tier):
			t.Errorf("row %d is %v", i, got)
		case row.CanRun() && (got["verdict"] != "pass" || cases == 0):
			t.Errorf("%s: %v", row.Name(), got)
		case !row.CanRun() && (got["verdict"] != "skipped" || cases != 0 || got["skipped"] == ""):
			t.Errorf("%s: a tier that did not run is reported as %v", row.Name(), got)
		}
	}
}

// TestRequired: a required tier that is absent fails the audit.
func TestRequired(t *testing.T) {
	out, errOut, status := assay(t, []string{kernels.RequireEnv + "=altivec"}, "audit", "--budget", "0.01", "--tokens", "1")
	if status != 1 || !strings.Contains(errOut, "altivec") {
		t.Errorf("status %d\n%s\n%s", status, out, errOut)
	}
}

func TestBadUse(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, data, 0o644); err != nil {
			t.Fatal(err)
		}
		return name
	}
	g := teacher.GGUF()
	for _, tt := range []struct {
		args []string
		says string
	}{
		{[]string{"audit", filepath.Join(dir, "none.gguf")}, "no such file"},
		{[]string{"audit", dir}, ""},
		{[]string{"audit", write("text.gguf", []byte("hello, world"))}, "magic"},
		{[]string{"audit", write("empty.gguf", nil)}, "magic"},
		{[]string{"audit", write("cut.gguf", g[:len(g)/2])}, "byte"},
		{[]string{"audit", "a", "b"}, "accepts at most 1"},
		{[]string{"audit", "--budget", "-1"}, "positive"},
		{[]string{"audit", "--frobnicate"}, "unknown flag"},
		{[]string{"frobnicate"}, "unknown command"},
		{[]string{"replay"}, "accepts 1 arg"},
		{[]string{"replay", "0123456789abcdef"}, "no case"},
		{[]string{"replay", "dot_f32:gauss:1x1x1:0"}, "operands"},
		{[]string{"replay", "tensor:blk.9.none:dot_f32:0:0"}, "blk.9.none"},
		{[]string{"replay", "tensor:blk.0.attn_q.weight:dot_f32:999:0"}, "no row 999"},
		{[]string{"replay", "-tier", "mmx", "dot_f32:gauss+gauss:1x1x1:0"}, "no tier"},
		{[]string{"replay", "--tier", "mmx", "dot_f32:gauss+gauss:1x1x1:0"}, "no tier"},
		{[]string{"replay", "--property", "magic", "dot_f32:gauss+gauss:1x1x1:0"}, "no property"},
		{[]string{"lift", "FuzzDotFloat", filepath.Join(dir, "none")}, "no such file"},
		{[]string{"lift", "FuzzNone", write("input", nil)}, "no target"},
		{[]string{"keep", "dot_f32:gauss+gauss:1x1x1:0"}, "note"},
	} {
		_, errOut, status := assay(t, nil, tt.args...)
		if status != 2 || !strings.Contains(errOut, tt.says) || strings.Count(errOut, "\n") != 1 {
			t.Errorf("%v: status %d, says %q, want one line with %q", tt.args, status, errOut, tt.says)
		}
	}
}

// TestModelFile: a model with other types and an unknown architecture is
// audited as far as it goes, and what is left out is said.
func TestModelFile(t *testing.T) {
	f := &gguf.File{
		Metadata: []gguf.KV{{Key: "general.architecture", Value: "mystery"}},
		Tensors: []gguf.Tensor{
			{Name: "w", Dims: []uint64{256, 2}, Type: gguf.Q4K, Data: bytes.Repeat([]byte{0x12, 0x34, 0x56}, 96)},
			{Name: "v", Dims: []uint64{256, 1}, Type: gguf.I16, Data: make([]byte, 512)},
		},
	}
	name := filepath.Join(t.TempDir(), "m.gguf")
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := gguf.Write(file, f); err != nil {
		t.Fatal(err)
	}
	file.Close()
	out, errOut, status := assay(t, nil, "audit", "--budget", "0.01", name)
	if status != 0 {
		t.Fatalf("status %d\n%s\n%s", status, out, errOut)
	}
	for _, want := range []string{"mystery", "I16", "skipped: "} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

func TestReplay(t *testing.T) {
	entries, err := corpus.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{entries[0].Case.ID},
		{"matvec_q4k_f32:spread+cancel:3x512x2:5"},
		{"-property", "tree", "dot_f32:gauss+gauss:1x100x1:5"},
		{"tensor:blk.1.ffn_gate.weight:matvec_q4k_q8k:700:3"},
		{"tensor:blk.1.ffn_gate.weight:dequant_q4k:700:0"},
		{"tensor:output.weight:matvec_q6k_q8k:200:5"},
		{"tensor:blk.2.attn_q.weight:quantize_q8k_aprender:0:7"},
	} {
		out, errOut, status := assay(t, nil, append([]string{"replay", "--json"}, args...)...)
		if status != 0 {
			t.Errorf("%v: status %d\n%s", args, status, errOut)
			continue
		}
		rows := decode(t, out, "id", "op", "tier", "worst_ratio", "verdict", "skipped", "failure")
		if rows[0]["tier"] != string(spec.TierGeneric) || rows[0]["verdict"] != "pass" {
			t.Errorf("%v: %v", args, rows[0])
		}
	}
}

// TestLift: a fuzzer's input becomes a case that replays.
func TestLift(t *testing.T) {
	dir := t.TempDir()
	input := filepath.Join(dir, "input")
	os.WriteFile(input, []byte("go test fuzz v1\n[]byte(\"\\x01\\x02\\x00\\x00abc\")\n"), 0o644)
	out, errOut, status := assay(t, nil, "lift", "--dir", dir, "FuzzMatvec", input)
	if status != 0 {
		t.Fatal(errOut)
	}
	data, err := os.ReadFile(strings.TrimSpace(out))
	if err != nil {
		t.Fatal(err)
	}
	e, err := corpus.Decode(data)
	if err != nil || e.Case.Op != spec.OpMatvec(spec.Q4_0, spec.Q8_0) || e.Case.Shape.Rows != 3 {
		t.Errorf("%+v, %v", e, err)
	}
}

// TestInterrupt: Ctrl-C ends the audit with what was measured so far.
func TestInterrupt(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no interrupt signal for a child process on windows")
	}
	var out bytes.Buffer
	cmd := exec.Command(program, "audit", "-json", "--budget", "1000")
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second)
	cmd.Process.Signal(syscall.SIGINT)
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		cmd.Process.Kill()
		t.Fatal("no end 20 s after the interrupt")
	}
	if got := cmd.ProcessState.ExitCode(); got != 130 {
		t.Errorf("exit status %d, want 130", got)
	}
	rows := decode(t, out.String(), "op", "tier", "cases", "worst_ratio", "verdict", "skipped")
	if len(rows) != len(kernels.Rows()) || rows[0]["verdict"] != "incomplete" || rows[0]["cases"].(float64) == 0 {
		t.Errorf("%v", rows)
	}
}
