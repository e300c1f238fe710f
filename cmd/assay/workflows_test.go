package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestWorkflows: what runs elsewhere are the Makefile's targets, and nothing else.
func TestWorkflows(t *testing.T) {
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	var targets []string
	for _, m := range regexp.MustCompile(`(?m)^([a-z.-]+):`).FindAllStringSubmatch(string(makefile), -1) {
		targets = append(targets, m[1])
	}
	phony := regexp.MustCompile(`(?m)^\.PHONY: (.*)$`).FindStringSubmatch(string(makefile))
	if phony == nil {
		t.Fatal("no .PHONY")
	}
	names := strings.Fields(phony[1])
	slices.Sort(names)
	slices.Sort(targets)
	if !slices.Equal(names, targets) {
		t.Errorf(".PHONY has %v, the targets are %v", names, targets)
	}
	files, err := filepath.Glob(filepath.Join(root, ".github", "workflows", "*.yml"))
	if err != nil || len(files) < 2 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var w struct {
			Jobs map[string]struct {
				Strategy struct{ Matrix struct{ Target []string } }
				Steps    []struct{ Run string }
			}
		}
		if err := yaml.Unmarshal(data, &w); err != nil {
			t.Fatal(file, err)
		}
		ran := 0
		for job, j := range w.Jobs {
			for _, s := range j.Steps {
				if s.Run == "" {
					continue
				}
				ran++
				f := strings.Fields(strings.ReplaceAll(s.Run, "${{ matrix.target }}", strings.Join(j.Strategy.Matrix.Target, " ")))
				if f[0] != "make" || len(f) < 2 {
					t.Errorf("%s: %s runs %q, want make", file, job, s.Run)
				}
				for _, target := range f[1:] {
					if !strings.Contains(target, "=") && !slices.Contains(targets, target) {
						t.Errorf("%s: %s makes %s, which does not exist", file, job, target)
					}
				}
			}
		}
		if ran == 0 {
			t.Errorf("%s runs nothing", file)
		}
	}
}

// TestMakePeers: without npm that is said, and is an error in CI.
func TestMakePeers(t *testing.T) {
	program, err := exec.LookPath("make")
	if err != nil {
		t.Skip(err)
	}
	empty := t.TempDir()
	for ci, fails := range map[string]bool{"": false, "true": true} {
		cmd := exec.Command(program, "-C", root, "peers", "PEERS="+empty)
		cmd.Env = append(os.Environ(), "PATH="+empty, "MAKEFLAGS=", "CI="+ci)
		out, err := cmd.CombinedOutput()
		if (err != nil) != fails || !strings.Contains(string(out), "no npm") || strings.Contains(string(out), "skipped") == fails {
			t.Errorf("CI=%q: %v: %s", ci, err, out)
		}
	}
}
