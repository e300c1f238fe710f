//go:build linux && (amd64 || arm64)

package foreign_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"assay/kernels/foreign"
	"assay/props"
	"assay/spec"
)

func TestMain(m *testing.M) {
	foreign.Serve()
	os.Exit(m.Run())
}

// compile compiles a C file to a shared library.
func compile(t *testing.T, source string, flags ...string) string {
	t.Helper()
	cc, err := exec.LookPath("cc")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("no C compiler, which CI must have")
		}
		t.Skip("no C compiler")
	}
	out := filepath.Join(t.TempDir(), "kernels.so")
	args := append([]string{"-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-I.", "-o", out, source, "-lm"}, flags...)
	if text, err := exec.Command(cc, args...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return out
}

// TestExample: the example is right, in every property, in a child and in this process.
func TestExample(t *testing.T) {
	path := compile(t, "example/kernels.c")
	lib, err := foreign.Open(path, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer lib.Close()
	if n := len(lib.Rows()); n != 2 {
		t.Fatalf("%d rows, want 2", n)
	}
	for _, row := range lib.Rows() {
		ledger := new(props.Ledger)
		for _, v := range props.Run(context.Background(), row, props.Options{Seed: 1, Budget: 0.2, Ledger: ledger}, false) {
			t.Error(v)
		}
		if err := ledger.Check(row); err != nil {
			t.Error(err)
		}
	}
	if n := lib.Crashes(); n != 0 {
		t.Errorf("%d crashes", n)
	}
	rows, err := foreign.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		for _, v := range props.Run(context.Background(), row, props.Options{Seed: 1, Budget: 0.1, Only: []string{"accuracy", "memory"}}, false) {
			t.Error("in this process:", v)
		}
	}
}

// TestBroken: each way of going wrong is the finding that it should be, and the row
// after it is judged as if nothing had been.
func TestBroken(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("broken.c sets x86's floating-point mode")
	}
	lib, err := foreign.Open(compile(t, "testdata/broken.c"), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer lib.Close()
	want := map[spec.Tier]string{ // property: what it must say
		"right":     "",
		"segfault":  "accuracy: crashes: SIGSEGV: segmentation violation at address 0x8",
		"hang":      "accuracy: hangs: no answer within 1s",
		"aborts":    "accuracy: crashes: SIGABRT: abort; it said: broken.c: assertion failed: cols % 8 == 0",
		"exits":     "accuracy: crashes: exit status 3",
		"refuses":   "accuracy: returned 7: it cannot compute this call",
		"changes":   "accuracy: wrote to operand 1 (SIGSEGV: segmentation violation)",
		"behind":    "accuracy: bytes outside the output were written",
		"mode":      "mode: the floating-point mode was changed",
		"overread":  "memory: bytes behind the end of operand 0 (SIGSEGV: segmentation violation)",
		"underread": "memory: bytes before the beginning of operand 1 (SIGSEGV: segmentation violation)",
		"seldom":    "class: crashes: SIGSEGV: segmentation violation at address 0x8",
	}
	for _, row := range lib.Rows() {
		if row.Tier == "absent" {
			if row.CanRun() {
				t.Error("a kernel that says it cannot run is taken to run")
			}
			continue
		}
		expected, ok := want[row.Tier]
		if !ok {
			t.Errorf("%s: nothing said of it", row.Name())
			continue
		}
		property, text, _ := strings.Cut(expected, ": ")
		o := props.Options{Seed: 1, Budget: 0.1}
		if property != "" {
			o.Only = []string{property}
		}
		found := props.Run(context.Background(), row, o, true)
		switch {
		case property == "" && len(found) > 0:
			t.Errorf("%s is right, and fails: %v", row.Name(), found[0])
		case property != "" && len(found) == 0:
			t.Errorf("%s passes %s", row.Name(), property)
		case property != "" && !strings.Contains(found[0].String(), text):
			t.Errorf("%s: %v; want %q", row.Name(), found[0], text)
		}
	}
	if n := lib.Crashes(); n < 7 {
		t.Errorf("%d crashes, want at least 7", n)
	}
}

// TestTable: what is not a table of kernels is an error that says why.
func TestTable(t *testing.T) {
	for flag, want := range map[string]string{
		"-DABI":   "no table for version 1",
		"-DCOUNT": "a table of 1099511627776 kernels",
		"-DOP":    `no op "dot_q9k_q8k"`,
		"-DRUN":   "no function",
		"-DTIER":  "no tier",
		"-DTREE":  `no tree "pairwise"`,
		"-DCRASH": "loading it: crashes: SIGSEGV",
		"-DHANG":  "loading it: hangs",
	} {
		lib, err := foreign.Open(compile(t, "testdata/table.c", flag), time.Second)
		if err == nil {
			lib.Close()
			t.Errorf("%s: opened", flag)
		} else if !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %q", flag, err, want)
		}
	}
	if _, err := foreign.Open(filepath.Join(t.TempDir(), "none.so"), 0); err == nil {
		t.Error("a library that is not there was opened")
	}
	text := filepath.Join(t.TempDir(), "text.so")
	if err := os.WriteFile(text, []byte("not a library"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := foreign.Open(text, 0); err == nil {
		t.Error("a text file was opened")
	}
}

// TestGrow: operands larger than the memory shared at first.
func TestGrow(t *testing.T) {
	lib, err := foreign.Open(compile(t, "example/kernels.c"), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer lib.Close()
	for _, n := range []int{1, 1 << 19, 3, 1 << 21} {
		a := make([]float32, n)
		for i := range a {
			a[i] = float32(i % 3)
		}
		in := spec.FloatBytes(a)
		c := &spec.Case{Op: spec.OpDotF32, Shape: spec.Vector(n), In: [][]byte{in, in}}
		if res := props.CheckCase(lib.Rows()[0], c); res.Failed {
			t.Errorf("%d elements: %v", n, res.Verdict)
		}
	}
}
