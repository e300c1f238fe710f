//go:build linux && (amd64 || arm64)

package main

import (
	"strings"
	"testing"
)

// TestBenchAbsent: kernels that cannot run are left out, which is said; it is an error if none can.
func TestBenchAbsent(t *testing.T) {
	some, none := compileLibrary(t, "testdata/absent.c"), compileLibrary(t, "testdata/absent.c", "-DNONE")
	args := []string{"bench", "-rounds", "6", "-slice", "100us", "-work", "^dot_f32", none, some}
	says := []string{"cannot run absent.so\n", "cannot run dot_f32/absent of absent.so\n"}
	stdout, stderr, status := assay(t, nil, append(args, "-json")...)
	if status != 0 {
		t.Fatalf("status %d: %s", status, stderr)
	}
	if rows := decode(t, stdout, benchFields...); len(rows) != 1 || rows[0]["peer"] != "right" {
		t.Errorf("rows: %v", rows)
	}
	text, _, status := assay(t, nil, args...)
	if status != 0 {
		t.Errorf("status %d", status)
	}
	for _, want := range says {
		if !strings.Contains(stderr, want) || !strings.Contains(text, want) {
			t.Errorf("JSON says %q, the table %q; want %q", stderr, text, want)
		}
	}
	if _, stderr, status := assay(t, nil, "bench", none, none); status != 2 || !strings.Contains(stderr, "cannot run any kernel") {
		t.Errorf("none can run: status %d: %s", status, stderr)
	}
}

// TestBenchUnrivalled: that a library has no kernel of an op is said.
func TestBenchUnrivalled(t *testing.T) {
	path := compileLibrary(t, "example/kernels.c")
	benchAlone(t, nil, "no peer has dot_q4k_q8k\n", path, "-work", "^dot_q4k_q8k/1x4096")
}
