package main

import (
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"assay/spec/contracts"
)

const root = "../.."

// TestRunTest: evidence is what ran in this run; a test that does not exist gives
// none, a package that does not build is a failure.
func TestRunTest(t *testing.T) {
	for test, want := range map[string]testResult{
		"spec/contracts TestHolds": {passed: 1},
		"spec/contracts TestNone":  {},
		"spec/none TestHolds":      {failed: 1},
	} {
		got, err := runTest(t.Context(), root, test)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v, want %+v", test, got, err, want)
		}
	}
}

func TestRecorded(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "f.json"), []byte(`{"x": 1.5, "s": "t"}`), 0o666); err != nil {
		t.Fatal(err)
	}
	if x, err := recorded(dir, contracts.Rule{File: "f.json", Field: "x"}); err != nil || x != 1.5 {
		t.Errorf("%g, %v", x, err)
	}
	for _, r := range []contracts.Rule{{File: "f.json", Field: "y"}, {File: "f.json", Field: "s"}, {File: "g.json", Field: "x"}} {
		if x, err := recorded(dir, r); err == nil || !math.IsNaN(x) {
			t.Errorf("%+v: %g, %v", r, x, err)
		}
	}
}

// TestContracts: every test that a claim hangs on exists, and every recorded
// figure keeps its rule. That the tests pass is their own affair here.
func TestContracts(t *testing.T) {
	all, err := contracts.All()
	if err != nil {
		t.Fatal(err)
	}
	lists := map[string][]string{}
	for _, c := range all {
		for _, test := range c.Tests {
			pkg, name, _ := strings.Cut(test, " ")
			if lists[pkg] == nil {
				list := exec.Command("go", "test", "-list", "^Test", "./"+pkg)
				list.Dir = root
				out, err := list.Output()
				if err != nil {
					t.Fatal(pkg, err)
				}
				lists[pkg] = strings.Split(string(out), "\n")
			}
			top, _, _ := strings.Cut(name, "/")
			if !slices.Contains(lists[pkg], top) {
				t.Errorf("%s names %s, which does not exist", c.ID, test)
			}
		}
		if c.Rule != nil {
			if x, err := recorded(root, *c.Rule); err != nil || !c.Rule.Holds(x) {
				t.Errorf("%s: %g, %v: rule %s %g", c.ID, x, err, c.Rule.Op, c.Rule.Limit)
			}
		}
	}
}
