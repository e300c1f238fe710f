// Package night runs the fuzz targets for hours: in turn, on all cores, past their
// crashes, whose inputs it keeps.
package night

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Environment variables that the targets obey.
const (
	// PlantedEnv puts a mutant, OP/ID, in the kernels' place.
	PlantedEnv = "ASSAY_FUZZ_PLANTED"
	// WorstEnv says in which folder cases are written whose error over bound is larger
	// than that of any before.
	WorstEnv = "ASSAY_FUZZ_WORST"
)

// Program is a package's fuzz targets, built with the coverage that guides them.
type Program struct {
	Path    string
	Targets []string
}

// Build builds the targets of a package of the module at root, with more flags for the build.
func Build(ctx context.Context, root, pkg, path string, flags ...string) (*Program, error) {
	args := append([]string{"test", "-c", "-fuzz=.", "-o", path}, flags...)
	build := exec.CommandContext(ctx, "go", append(args, pkg)...)
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("night: %s: %w\n%.2000s", pkg, err, out)
	}
	out, err := exec.CommandContext(ctx, path, "-test.list", "^Fuzz").Output()
	if err != nil {
		return nil, fmt.Errorf("night: %s: %w", pkg, err)
	}
	return &Program{Path: path, Targets: strings.Fields(string(out))}, nil
}

// Outcome is what a run of a target gave.
type Outcome struct {
	Execs       int
	Interesting int // inputs that reached new code
	Took        time.Duration
	Failed      bool
	Input       []byte // that failed, in the encoding of Go's corpus; nil if it was a seed
	Failure     string // the first line that says so
}

var (
	counts  = regexp.MustCompile(`execs: (\d+) .*new interesting: (\d+)`)
	failure = regexp.MustCompile(`(?m)^\s*\S+_test\.go:\d+: (.*)$`)
)

// Run fuzzes a target for a number of executions in a folder of its own, below which
// it also keeps what it has found interesting, for the next run.
func (p *Program) Run(ctx context.Context, target, dir string, execs int, env ...string) (*Outcome, error) {
	work, err := os.MkdirTemp(dir, target+"-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(work)
	cmd := exec.CommandContext(ctx, p.Path, "-test.run", "^$", "-test.fuzz", "^"+target+"$", "-test.fuzztime", fmt.Sprintf("%dx", execs),
		"-test.fuzzminimizetime", "1000x", "-test.fuzzcachedir", filepath.Join(dir, "cache"))
	cmd.Dir = work
	cmd.Env = append(os.Environ(), env...)
	cmd.WaitDelay = time.Second
	start := time.Now()
	out, err := cmd.CombinedOutput()
	o := &Outcome{Took: time.Since(start)}
	if all := counts.FindAllSubmatch(out, -1); len(all) > 0 {
		o.Execs, _ = strconv.Atoi(string(all[len(all)-1][1]))
		o.Interesting, _ = strconv.Atoi(string(all[len(all)-1][2]))
	}
	if err == nil {
		return o, nil
	}
	var exit *exec.ExitError
	if ctx.Err() != nil || !errors.As(err, &exit) {
		return o, errors.Join(err, ctx.Err())
	}
	o.Failed = true
	if m := failure.FindSubmatch(out); m != nil {
		o.Failure = strings.TrimSpace(string(m[1]))
	} else {
		lines := strings.Split(string(bytes.TrimSpace(out)), "\n")
		o.Failure = lines[len(lines)-1]
		for _, line := range lines {
			if strings.Contains(line, "panic") || strings.Contains(line, "fatal") || strings.Contains(line, "exit") {
				o.Failure = strings.TrimSpace(line)
				break
			}
		}
	}
	names, err := filepath.Glob(filepath.Join(work, "testdata", "fuzz", target, "*"))
	if err != nil || len(names) == 0 {
		return o, err
	}
	o.Input, err = os.ReadFile(names[0])
	return o, err
}
