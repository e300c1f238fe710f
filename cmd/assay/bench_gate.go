package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/perf/benchfmt"
)

func benchGateCommand() *cobra.Command {
	var o gateOptions
	cmd := &cobra.Command{
		Use:   "bench-gate",
		Short: "Fail if a kernel has become slower since another commit",
		Long: "Bench-gate builds the benchmarks of package kernels here and at another commit, runs both on\n" +
			"this machine in turn, and fails on a benchmark of which the 95 % interval of the ratio of the\n" +
			"times (here over there, taken side by side) lies above 1 + LIMIT. Needs git and the\n" +
			"project's history.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.rounds < minRounds || o.limit <= 0 {
				return fmt.Errorf("bench-gate: -rounds must be at least %d, -limit positive", minRounds)
			}
			return benchGate(cmd, o)
		},
	}
	cmd.Flags().StringVar(&o.base, "base", "HEAD~1", "commit to compare with")
	cmd.Flags().StringVar(&o.bench, "bench", "Kernels//(avx2|avx512vnni|avx512wide)/^[0-9]{1,2}x", "benchmarks, as in go test -bench; by default those in cache")
	cmd.Flags().IntVar(&o.rounds, "rounds", 20, "rounds, at least 6")
	cmd.Flags().StringVar(&o.time, "benchtime", "5ms", "time of one benchmark in one round")
	cmd.Flags().Float64Var(&o.limit, "limit", .05, "by how much a benchmark may be slower, as a share")
	return cmd
}

type gateOptions struct {
	base, bench, time string
	rounds            int
	limit             float64
}

// gateRow is the JSON form of one line.
type gateRow struct {
	Benchmark string  `json:"benchmark"`
	BaseNs    float64 `json:"base_ns"`
	Ns        float64 `json:"ns"`
	Ratio     float64 `json:"ratio"` // time here over time there: above 1 slower
	Lo        float64 `json:"lo"`    // 95 % interval
	Hi        float64 `json:"hi"`
	Verdict   string  `json:"verdict"` // same, slower, faster, new, gone
}

func benchGate(cmd *cobra.Command, o gateOptions) error {
	ctx := cmd.Context()
	dir, err := os.MkdirTemp("", "assay-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	tree := filepath.Join(dir, "base")
	if err := command(ctx, "", "git", "worktree", "add", "--detach", tree, o.base); err != nil {
		return fmt.Errorf("bench-gate: %w", err)
	}
	defer command(context.WithoutCancel(ctx), "", "git", "worktree", "remove", "--force", tree)
	programs := [2]string{filepath.Join(dir, "base.test"), filepath.Join(dir, "here.test")}
	for i, from := range []string{tree, ""} {
		if err := command(ctx, from, "go", "test", "-c", "-o", programs[i], "./kernels"); err != nil {
			return fmt.Errorf("bench-gate: %w", err)
		}
	}
	times, err := benchBoth(ctx, programs, o)
	if err != nil {
		return fmt.Errorf("bench-gate: %w", err)
	}
	out := newOutput(cmd, "BENCHMARK\tBASE NS\tNS\tRATIO\t95 %\tVERDICT")
	slower := 0
	for _, t := range times {
		r := t.judge(o.limit)
		if r.Verdict == "slower" {
			slower++
		}
		out.row(r, "%s\t%.5g\t%.5g\t%.3f\t%.3f–%.3f\t%s", r.Benchmark, r.BaseNs, r.Ns, r.Ratio, r.Lo, r.Hi, r.Verdict)
	}
	out.flush()
	switch {
	case len(times) == 0:
		return fmt.Errorf("bench-gate: no benchmark matches %q", o.bench)
	case slower > 0:
		fmt.Fprintf(cmd.ErrOrStderr(), "FAIL %d of %d benchmarks are slower than at %s by more than %g %%\n", slower, len(times), o.base, 100*o.limit)
		return errFailed
	}
	return nil
}

// command runs a program in a folder, "" for this one.
func command(ctx context.Context, dir, name string, args ...string) error {
	c := exec.CommandContext(ctx, name, args...)
	c.Dir = dir
	if text, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, bytes.TrimSpace(text))
	}
	return nil
}

// benchTimes are the times of one benchmark by program and round, in nanoseconds.
type benchTimes struct {
	name string
	ns   [2][]float64
}

// benchBoth runs two programs of benchmarks in turn, in a random order in each round.
func benchBoth(ctx context.Context, programs [2]string, o gateOptions) ([]*benchTimes, error) {
	var all []*benchTimes
	index := map[string]*benchTimes{}
	rng := rand.New(rand.NewPCG(1, 1))
	for range o.rounds {
		for _, i := range rng.Perm(2) {
			c := exec.CommandContext(ctx, programs[i], "-test.run", "^$", "-test.bench", o.bench, "-test.benchtime", o.time)
			var said bytes.Buffer
			c.Stderr = &said
			text, err := c.Output()
			if err != nil {
				return nil, fmt.Errorf("%s: %w: %s", filepath.Base(programs[i]), err, lastLines(append(text, said.Bytes()...)))
			}
			r := benchfmt.NewReader(bytes.NewReader(text), "")
			for r.Scan() {
				res, ok := r.Result().(*benchfmt.Result)
				if !ok {
					continue
				}
				seconds, ok := res.Value("sec/op")
				if !ok {
					continue
				}
				name := string(res.Name.Full())
				if index[name] == nil {
					index[name] = &benchTimes{name: name}
					all = append(all, index[name])
				}
				index[name].ns[i] = append(index[name].ns[i], 1e9*seconds)
			}
			if err := r.Err(); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// lastLines is the end of what a program said.
func lastLines(text []byte) []byte {
	text = bytes.TrimSpace(text)
	return text[max(0, len(text)-1000):]
}

// judge compares the rounds, of which each has both programs side by side.
func (t *benchTimes) judge(limit float64) gateRow {
	r := gateRow{Benchmark: t.name}
	switch {
	case len(t.ns[0]) == 0:
		r.Verdict, r.Ns = "new", median(t.ns[1]).Center
		return r
	case len(t.ns[1]) == 0:
		r.Verdict, r.BaseNs = "gone", median(t.ns[0]).Center
		return r
	}
	ratios := make([]float64, min(len(t.ns[0]), len(t.ns[1])))
	for i := range ratios {
		ratios[i] = t.ns[1][i] / t.ns[0][i]
	}
	m := median(ratios)
	r.BaseNs, r.Ns, r.Ratio, r.Lo, r.Hi = median(t.ns[0]).Center, median(t.ns[1]).Center, m.Center, m.Lo, m.Hi
	switch {
	case m.Lo > 1+limit:
		r.Verdict = "slower"
	case m.Hi < 1/(1+limit):
		r.Verdict = "faster"
	default:
		r.Verdict = "same"
	}
	return r
}
