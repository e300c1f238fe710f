package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"assay/kernels/foreign/peers"
)

var benchFields = []string{"op", "shape", "threads", "cold", "tier", "ns", "gbps", "peer", "peer_ns", "ratio", "lo", "hi", "rounds", "read_gbps"}

// TestBench: a race on two pieces of work, with llama.cpp's kernels where they are.
func TestBench(t *testing.T) {
	plot := filepath.Join(t.TempDir(), "roofline.svg")
	stdout, stderr, status := assay(t, nil, "bench", "-json", "-rounds", "6", "-slice", "200us", "-plot", plot,
		"-work", "dot_q4k_q8k/1x4096|rmsnorm_f32/1x4096|matvec_q4k_q8k/64")
	if status != 0 {
		t.Fatalf("status %d: %s", status, stderr)
	}
	rows := decode(t, stdout, benchFields...)
	raced := 0
	for _, r := range rows {
		if r["ns"].(float64) <= 0 || r["gbps"].(float64) <= 0 || r["read_gbps"].(float64) <= 0 {
			t.Errorf("not timed: %v", r)
		}
		if r["peer"] == "" {
			continue
		}
		raced++
		if ratio := r["ratio"].(float64); ratio <= 0 || r["lo"].(float64) > ratio || r["hi"].(float64) < ratio {
			t.Errorf("a ratio outside its interval: %v", r)
		}
	}
	if _, err := peers.Library("haswell"); err == nil && raced == 0 && ciCanRunPeers(t) {
		t.Error("no peer has raced")
	}
	if data, err := os.ReadFile(plot); err != nil || len(data) < 1000 {
		t.Errorf("the plot has %d bytes: %v", len(data), err)
	}
	for _, args := range [][]string{{"-rounds", "5"}, {"-work", "nothing"}, {"-work", "("}, {"-tiers", "xyz", "-work", "^dot_q4k"}, {"none.so"}} {
		if _, _, status := assay(t, nil, append([]string{"bench"}, args...)...); status != 2 {
			t.Errorf("bench %v: status %d, want 2", args, status)
		}
	}
}

// TestBenchAlone: without peers that is said, and a table has no figures of them.
func TestBenchAlone(t *testing.T) {
	env := []string{peers.Env + "=" + t.TempDir()}
	benchAlone(t, env, "no peers: ", "-work", "^dot_q4k_q8k/1x4096")
}

// benchAlone races a piece of work that no peer does, as JSON and as a table.
func benchAlone(t *testing.T, env []string, says string, args ...string) {
	t.Helper()
	args = append([]string{"bench", "-rounds", "6", "-slice", "100us"}, args...)
	stdout, stderr, status := assay(t, env, append(args, "-json")...)
	if status != 0 || !strings.Contains(stderr, says) {
		t.Errorf("status %d: %s; want %q", status, stderr, says)
	}
	rows := decode(t, stdout, benchFields...)
	if len(rows) != 1 || rows[0]["peer"] != "" || rows[0]["ns"].(float64) <= 0 {
		t.Errorf("rows without a peer: %v", rows)
	}
	stdout, stderr, status = assay(t, env, args...)
	if status != 0 || stderr != "" || !strings.Contains(stdout, says) {
		t.Errorf("status %d: %s%s; want %q", status, stderr, stdout, says)
	}
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	cells := strings.Fields(lines[len(lines)-1])
	if len(cells) != 11 || !slices.Equal(cells[6:10], []string{"–", "–", "–", "–"}) {
		t.Errorf("a row without a peer: %q", cells)
	}
}

// ciCanRunPeers tells whether the CPU runs one of the tiers that are raced against.
func ciCanRunPeers(t *testing.T) bool {
	rows, _, err := benchPeers(nil)
	if err != nil {
		t.Fatal(err)
	}
	return len(rows) > 18 // those of libggml-base.so
}

// fakeBench writes a program that reports a benchmark as taking about ns nanoseconds.
func fakeBench(t *testing.T, name string, ns int, benchmarks ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	text := "#!/bin/sh\n"
	for _, b := range benchmarks {
		text += fmt.Sprintf("echo \"Benchmark%s 100 $((%d + $$ %% 3)) ns/op\"\n", b, ns)
	}
	if err := os.WriteFile(path, []byte(text), 0o777); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestBenchGate: a benchmark that takes a tenth longer is slower, and one of the same time is not.
func TestBenchGate(t *testing.T) {
	if _, err := os.Stat("/bin/sh"); err != nil {
		t.Skip("no shell")
	}
	base := fakeBench(t, "base", 1000, "A", "Gone")
	o := gateOptions{rounds: 8, limit: .05}
	for _, test := range []struct {
		ns   int
		want string
	}{{1100, "slower"}, {1000, "same"}, {1030, "same"}, {900, "faster"}} {
		times, err := benchBoth(context.Background(), [2]string{base, fakeBench(t, "here", test.ns, "A", "New")}, o)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]gateRow{}
		for _, b := range times {
			r := b.judge(o.limit)
			got[r.Benchmark] = r
		}
		if got["A"].Verdict != test.want || got["Gone"].Verdict != "gone" || got["New"].Verdict != "new" {
			t.Errorf("%d ns against 1000: %v; want %s", test.ns, got, test.want)
		}
	}
	if _, err := benchBoth(context.Background(), [2]string{base, filepath.Join(t.TempDir(), "none")}, o); err == nil {
		t.Error("a program that is not there was run")
	}
}
