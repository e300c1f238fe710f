package main

import (
	"encoding/json"
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

// TestContractsCommand: a claim holds by what ran and passed, and by nothing else.
func TestContractsCommand(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module x\n\ngo 1.26\n",
		"p/p_test.go": `package p

import "testing"

func TestPass(t *testing.T) { t.Run("one", func(t *testing.T) {}); t.Run("two", func(t *testing.T) { t.Skip("absent") }) }
func TestSkip(t *testing.T) { t.Skip("absent") }
func TestFail(t *testing.T) { t.Error("wrong") }
`,
		"q/q_test.go": "package q\n\nfunc TestNothing(t *testing.T) {}\n", // does not build
		"f.json":      `{"worst": 1.5}`,
		"c/c.yaml": `
- {id: GOOD, claim: x, tests: [p TestPass], rule: {file: f.json, field: worst, op: <=, limit: 2}}
- {id: SUBTEST, claim: x, tests: [p TestPass/one]}
- {id: SUBTEST-SKIPPED, claim: x, tests: [p TestPass/two]}
- {id: SUBTEST-NONE, claim: x, tests: [p TestPass/three]}
- {id: SKIPPED, claim: x, tests: [p TestSkip]}
- {id: NONE, claim: x, tests: [p TestNone]}
- {id: ONE-OF-TWO, claim: x, tests: [p TestPass, p TestSkip]}
- {id: FAILED, claim: x, tests: [p TestFail, p TestPass]}
- {id: UNBUILT, claim: x, tests: [q TestNothing]}
- {id: FIGURE, claim: x, tests: [p TestPass], rule: {file: f.json, field: worst, op: <=, limit: 1}}
- {id: NO-FIGURE, claim: x, tests: [p TestPass], rule: {file: f.json, field: none, op: <=, limit: 1}}
- {id: NO-FILE, claim: x, tests: [p TestPass], rule: {file: g.json, field: worst, op: <=, limit: 1}}
`,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want := map[string]string{
		"GOOD": "holds", "SUBTEST": "holds", "SUBTEST-SKIPPED": "no evidence", "SUBTEST-NONE": "no evidence", "SKIPPED": "no evidence",
		"NONE": "no evidence", "ONE-OF-TWO": "no evidence", "FAILED": "broken", "UNBUILT": "broken", "FIGURE": "broken",
		"NO-FIGURE": "broken", "NO-FILE": "broken",
	}
	out, errOut, status := assay(t, nil, "contracts", "-dir", dir, "-from", filepath.Join(dir, "c"), "-json")
	if status != 1 {
		t.Fatalf("status %d: %s", status, errOut)
	}
	for _, line := range strings.Split(strings.TrimSpace(out), "\n") {
		var row contractRow
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatal(err)
		}
		if row.Status != want[row.ID] {
			t.Errorf("%s: %s (%v), want %s", row.ID, row.Status, row.Evidence, want[row.ID])
		}
		delete(want, row.ID)
	}
	if len(want) > 0 {
		t.Errorf("no line for %v", want)
	}
	if _, errOut, status := assay(t, nil, "contracts", "-from", t.TempDir()); status != 2 || !strings.Contains(errOut, "there are none") {
		t.Errorf("no contracts: status %d: %s", status, errOut)
	}
}
