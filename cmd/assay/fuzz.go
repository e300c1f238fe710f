package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"assay/corpus"
	"assay/fuzz"
	"assay/fuzz/night"
	"assay/fuzz/planted"
	"assay/kernels"
	"assay/props"
	"assay/props/mutants"
	"assay/spec"
)

// fuzzPackages have the fuzz targets.
var fuzzPackages = []string{"./fuzz", "./corpus/npy", "./props/activation"}

func fuzzNightCommand() *cobra.Command {
	var hours float64
	var dir string
	cmd := &cobra.Command{
		Use:   "fuzz-night",
		Short: "Run all fuzz targets in turn, for hours, and keep what they find",
		Long: "Fuzz-night runs the targets one after the other, a few minutes each, on all cores, until\n" +
			"the time is over. An input that fails is stored as a case of the corpus, if it is one,\n" +
			"and as it is in --keep; the run goes on. Cases whose error over bound is larger than that\n" +
			"of the stored ones replace them in corpus/worst/fuzz. It needs Go and the source tree.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return fuzzNight(cmd, dir, hours) },
	}
	cmd.Flags().Float64Var(&hours, "hours", 8, "how long")
	cmd.Flags().StringVar(&dir, "dir", ".", "the source tree")
	return cmd
}

// fuzzRow is the JSON form of a target's line in the report.
type fuzzRow struct {
	Target      string   `json:"target"`
	Execs       int      `json:"execs"`
	Interesting int      `json:"interesting"`
	Seconds     float64  `json:"seconds"`
	Findings    []string `json:"findings"`
	pkg         string
	program     *night.Program
	rate        float64 // executions a second
}

// slot is how long a target runs before it is the next one's turn.
const slot = 2 * time.Minute

func fuzzNight(cmd *cobra.Command, dir string, hours float64) error {
	ctx := cmd.Context()
	if !(hours > 0) {
		return errors.New("fuzz-night: -hours must be positive")
	}
	end := time.Now().Add(time.Duration(hours * float64(time.Hour)))
	work, err := os.MkdirTemp("", "assay-fuzz-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	worst := filepath.Join(work, "worst")
	if err := os.Mkdir(worst, 0o777); err != nil {
		return err
	}
	rows, err := fuzzPrograms(ctx, dir, work)
	if err != nil {
		return err
	}
	for i := 0; time.Now().Before(end) && ctx.Err() == nil; i++ {
		r := rows[i%len(rows)]
		left := min(slot, time.Until(end)/time.Duration(max(1, len(rows)-i)))
		execs := 300 // the first time
		if r.rate > 0 {
			execs = max(100, int(r.rate*left.Seconds()))
		}
		limit, cancel := context.WithTimeout(ctx, 3*slot)
		o, err := r.program.Run(limit, r.Target, work, execs, night.WorstEnv+"="+worst)
		timedOut := limit.Err() != nil
		cancel()
		if ctx.Err() != nil {
			break
		}
		if err != nil && !timedOut {
			return err
		}
		r.Execs += o.Execs
		r.Interesting += o.Interesting
		r.Seconds += o.Took.Seconds()
		if o.Execs > 0 {
			r.rate = float64(o.Execs) / o.Took.Seconds()
		}
		if timedOut {
			o.Failed, o.Failure = true, fmt.Sprintf("did not end within %v", 3*slot)
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "%s %s: %d executions in %.0f s, %s left\n", time.Now().Format(time.TimeOnly), r.Target, o.Execs, o.Took.Seconds(), time.Until(end).Round(time.Second))
		if o.Failed {
			where, err := liftFinding(filepath.Join(dir, "corpus"), filepath.Join(dir, r.pkg), r.Target, o)
			if err != nil {
				where = err.Error()
			}
			r.Findings = append(r.Findings, o.Failure+" ["+where+"]")
			fmt.Fprintf(cmd.ErrOrStderr(), "    %s\n", r.Findings[len(r.Findings)-1])
		}
	}
	larger, err := keepWorst(dir, worst)
	if err != nil {
		return err
	}
	out := newOutput(cmd, "TARGET\tEXECUTIONS\tNEW INPUTS\tSECONDS\tFINDINGS")
	failed := false
	for _, r := range rows {
		out.row(r, "%s\t%d\t%d\t%.0f\t%d", r.Target, r.Execs, r.Interesting, r.Seconds, len(r.Findings))
		failed = failed || len(r.Findings) > 0
	}
	out.flush()
	for _, r := range rows {
		for _, f := range r.Findings {
			out.note("%s: %s", r.Target, f)
		}
	}
	for _, l := range larger {
		out.note("%s", l)
	}
	if failed {
		return errFailed
	}
	return nil
}

// fuzzPrograms builds the targets.
func fuzzPrograms(ctx context.Context, dir, work string) ([]*fuzzRow, error) {
	var rows []*fuzzRow
	for i, pkg := range fuzzPackages {
		p, err := night.Build(ctx, dir, pkg, filepath.Join(work, fmt.Sprintf("fuzz%d.test", i)))
		if err != nil {
			return nil, err
		}
		for _, target := range p.Targets {
			rows = append(rows, &fuzzRow{Target: target, pkg: pkg, program: p})
		}
	}
	return rows, nil
}

var recipeOf = regexp.MustCompile(`; case ([^;]+);`)

// liftFinding stores what a target of a package failed on: the case that it stands for in
// the corpus, or the input as a seed of the target. It returns where.
func liftFinding(corpusDir, pkg, target string, o *night.Outcome) (string, error) {
	var c *spec.Case
	if m := recipeOf.FindStringSubmatch(o.Failure); m != nil && strings.Contains(m[1], ":") {
		if r, err := props.ParseRecipe(m[1]); err == nil {
			c = r.Case()
		}
	}
	if c == nil && o.Input != nil && slices.Contains(fuzz.Targets(), target) {
		data, err := fuzz.ReadInput(o.Input)
		if err != nil {
			return "", err
		}
		if c, err = fuzz.Decode(target, data); err != nil {
			return "", err
		}
	}
	switch {
	case c != nil:
		data, err := corpus.Encode(&corpus.Entry{Case: *c, Source: "fuzz target " + target, Note: o.Failure})
		if err != nil {
			return "", err
		}
		return write(filepath.Join(corpusDir, "cases", string(c.Op), corpus.ID(c)+".json"), data)
	case o.Input != nil: // of a reader
		sum := sha256.Sum256(o.Input)
		return write(filepath.Join(pkg, "testdata", "fuzz", target, hex.EncodeToString(sum[:8])), o.Input)
	}
	return "a seed", nil
}

func write(name string, data []byte) (string, error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return "", err
	}
	return name, os.WriteFile(name, data, 0o644)
}

// keepWorst replaces the stored worst case of each row by a worse one.
func keepWorst(dir, found string) ([]string, error) {
	store := filepath.Join(dir, "corpus", "worst", "fuzz")
	if err := os.MkdirAll(store, 0o755); err != nil {
		return nil, err
	}
	type stored struct {
		entry *corpus.Entry
		ratio float64
		path  string // of the file that it replaces, or ""
	}
	best := map[string]stored{}
	ratio := func(e *corpus.Entry, name string) (float64, error) {
		op, tier, ok := strings.Cut(name, ".")
		for _, row := range kernels.For(spec.Op(op)) {
			if string(row.Tier) == tier && row.CanRun() && row.Op == e.Case.Op {
				return props.CheckCase(row, &e.Case).Worst, nil
			}
		}
		if !ok {
			return 0, fmt.Errorf("%s is no row", name)
		}
		return 0, nil // a tier that this machine lacks keeps its case
	}
	read := func(fsys fs.FS, keep func(name string, e *corpus.Entry) error) error {
		return fs.WalkDir(fsys, ".", func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			data, err := fs.ReadFile(fsys, path)
			if err != nil {
				return err
			}
			e, err := corpus.Decode(data)
			if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			return keep(path, e)
		})
	}
	if err := read(os.DirFS(store), func(path string, e *corpus.Entry) error {
		name := filepath.Dir(path)
		r, err := ratio(e, name)
		best[name] = stored{e, r, filepath.Join(store, path)}
		return err
	}); err != nil {
		return nil, err
	}
	var out []string
	if err := read(os.DirFS(found), func(path string, e *corpus.Entry) error {
		part := strings.Split(path, ".") // OP.TIER.PID.json
		name := part[0] + "." + part[1]
		r, err := ratio(e, name)
		if err != nil {
			return err
		}
		if old := best[name]; r > old.ratio && r <= 1 {
			best[name] = stored{e, r, old.path}
			e.Note = fmt.Sprintf("error/bound %.6f on tier %s", r, part[1])
		}
		return nil
	}); err != nil {
		return nil, err
	}
	for name, s := range best {
		path := filepath.Join(store, name, corpus.ID(&s.entry.Case)+".json")
		if path == s.path {
			continue
		}
		data, err := corpus.Encode(s.entry)
		if err != nil {
			return nil, err
		}
		if _, err := write(path, data); err != nil {
			return nil, err
		}
		if s.path != "" {
			if err := os.Remove(s.path); err != nil {
				return nil, err
			}
		}
		out = append(out, fmt.Sprintf("%s: error/bound %.6f", name, s.ratio))
	}
	slices.Sort(out)
	return out, nil
}

func fuzzPlantedCommand() *cobra.Command {
	var o plantedOptions
	cmd := &cobra.Command{
		Use:   "fuzz-planted",
		Short: "Show how long each fuzz target takes to find known defects",
		Long: "Fuzz-planted puts known defects in the place of the kernels or of the readers of files, drawn at\n" +
			"random for each target, and fuzzes until they are found, from the seeds that show no known\n" +
			"defect of a kernel. Defects of readers are changes of their source (package fuzz/planted), each of\n" +
			"them a build; executions are counted from 0, at which a seed shows one.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return fuzzPlanted(cmd, o) },
	}
	cmd.Flags().StringVar(&o.dir, "dir", ".", "the source tree")
	cmd.Flags().IntVarP(&o.number, "number", "n", 10, "defects for each target")
	cmd.Flags().Uint64Var(&o.seed, "seed", 1, "seed of the choice")
	cmd.Flags().DurationVar(&o.limit, "limit", 2*time.Minute, "how long a defect may hide")
	cmd.Flags().StringVar(&o.targets, "targets", "", "only targets that match this regular expression")
	return cmd
}

type plantedOptions struct {
	dir, targets string
	number       int
	seed         uint64
	limit        time.Duration
}

// plantedRow is the JSON form of one line.
type plantedRow struct {
	Target  string  `json:"target"`
	Mutant  string  `json:"mutant"`
	Op      spec.Op `json:"op,omitempty"`   // of a kernel
	File    string  `json:"file,omitempty"` // of a reader
	Found   bool    `json:"found"`
	Execs   int     `json:"execs"`
	Seconds float64 `json:"seconds"`
	By      string  `json:"by"`

	summary string // what the defect is
}

var property = regexp.MustCompile(`^FAIL \S+ (\w+):`)

func fuzzPlanted(cmd *cobra.Command, o plantedOptions) error {
	ctx := cmd.Context()
	only, err := regexp.Compile(o.targets)
	if err != nil {
		return fmt.Errorf("fuzz-planted: -targets: %w", err)
	}
	work, err := os.MkdirTemp("", "assay-fuzz-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	rows, err := fuzzPrograms(ctx, o.dir, work)
	if err != nil {
		return err
	}
	rng := rand.New(rand.NewPCG(o.seed, 0))
	out := newOutput(cmd, "TARGET\tDEFECT\tOF\tFOUND BY\tEXECUTIONS\tSECONDS")
	var sums []string
	hidden, all := 0, 0
	for _, r := range rows {
		// Which ones, if not all, does not depend on -targets.
		var run []func() (plantedRow, error)
		for _, m := range mutants.All() {
			if fuzz.Takes(r.Target, m.Op) {
				run = append(run, func() (plantedRow, error) {
					row, err := hunt(ctx, r.program, r.Target, work, o.limit, night.PlantedEnv+"="+string(m.Op)+"/"+m.ID)
					row.Mutant, row.Op, row.summary = m.ID, m.Op, m.Summary
					return row, err
				})
			}
		}
		for _, d := range planted.All() {
			if d.Target == r.Target {
				run = append(run, func() (plantedRow, error) { return huntReader(ctx, o, r.pkg, work, d) })
			}
		}
		rng.Shuffle(len(run), func(i, j int) { run[i], run[j] = run[j], run[i] })
		if !only.MatchString(r.Target) {
			continue
		}
		found, most := 0, plantedRow{}
		run = run[:min(o.number, len(run))]
		for _, f := range run {
			row, err := f()
			if err != nil {
				return err
			}
			of, by := string(row.Op), row.By
			if row.File != "" {
				of = filepath.Base(row.File)
			}
			if p := property.FindStringSubmatch(by); p != nil {
				by = p[1]
			}
			if all++; row.Found {
				found++
				most.Execs, most.Seconds = max(most.Execs, row.Execs), max(most.Seconds, row.Seconds)
			} else {
				by = "NOT FOUND: " + row.summary
			}
			out.row(row, "%s\t%s\t%s\t%.60s\t%d\t%.1f", row.Target, row.Mutant, of, by, row.Execs, row.Seconds)
		}
		hidden += len(run) - found
		sums = append(sums, fmt.Sprintf("%s: %d of %d found, within %d executions and %.1f s", r.Target, found, len(run), most.Execs, most.Seconds))
	}
	out.flush()
	for _, s := range sums {
		out.note("%s", s)
	}
	out.note("%d of %d planted defects found", all-hidden, all)
	if hidden > 0 || all == 0 {
		return errFailed
	}
	return nil
}

// hunt fuzzes a program until it fails.
func hunt(ctx context.Context, p *night.Program, target, work string, limit time.Duration, env ...string) (plantedRow, error) {
	c, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	o, err := p.Run(c, target, work, 1<<30, env...)
	timedOut := c.Err() != nil
	if ctx.Err() != nil {
		return plantedRow{}, ctx.Err()
	}
	if err != nil && !timedOut {
		return plantedRow{}, err
	}
	os.RemoveAll(filepath.Join(work, "cache")) // each from the seeds
	return plantedRow{Target: target, Found: o.Failed && !timedOut, Execs: o.Execs, Seconds: o.Took.Seconds(), By: o.Failure}, nil
}

// huntReader builds a package's targets with a defect, and fuzzes.
func huntReader(ctx context.Context, o plantedOptions, pkg, work string, d planted.Defect) (plantedRow, error) {
	dir, err := os.MkdirTemp(work, "planted-")
	if err != nil {
		return plantedRow{}, err
	}
	defer os.RemoveAll(dir)
	overlay, err := planted.Overlay(o.dir, dir, d)
	if err != nil {
		return plantedRow{}, err
	}
	p, err := night.Build(ctx, o.dir, pkg, filepath.Join(dir, "fuzz.test"), "-overlay", overlay)
	if err != nil {
		return plantedRow{}, fmt.Errorf("%s %s: %w", d.Target, d.ID, err)
	}
	row, err := hunt(ctx, p, d.Target, work, o.limit)
	row.Mutant, row.File, row.summary = d.ID, d.File, d.Mechanism
	return row, err
}

func fuzzCorpusCommand() *cobra.Command {
	var to string
	cmd := &cobra.Command{
		Use:   "fuzz-corpus TARGET OUT [DIR]",
		Short: "Convert inputs of a fuzz target between Go's files and libFuzzer's",
		Long: "Fuzz-corpus writes the inputs in DIR, or the target's seeds from the corpus, to the folder\n" +
			"OUT: as plain bytes for libFuzzer (--to libfuzzer), or in the encoding of Go's fuzzing\n" +
			"corpus (--to go), whichever of the two they are in. Files are named after their contents.",
		Args: cobra.RangeArgs(2, 3),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := ""
			if len(args) > 2 {
				dir = args[2]
			}
			n, err := fuzzCorpus(args[0], args[1], dir, to)
			if err == nil {
				fmt.Fprintf(cmd.OutOrStdout(), "%d inputs\n", n)
			}
			return err
		},
	}
	cmd.Flags().StringVar(&to, "to", "libfuzzer", "libfuzzer or go")
	return cmd
}

func fuzzCorpus(target, out, dir, to string) (int, error) {
	if to != "libfuzzer" && to != "go" {
		return 0, fmt.Errorf("fuzz-corpus: -to %q: want libfuzzer or go", to)
	}
	var inputs [][]byte
	switch {
	case dir != "":
		files, err := os.ReadDir(dir)
		if err != nil {
			return 0, err
		}
		for _, f := range files {
			if f.IsDir() {
				continue
			}
			data, err := os.ReadFile(filepath.Join(dir, f.Name()))
			if err == nil {
				data, err = fuzz.ReadInput(data)
			}
			if err != nil {
				return 0, fmt.Errorf("%s: %w", f.Name(), err)
			}
			inputs = append(inputs, data)
		}
	case slices.Contains(fuzz.Targets(), target):
		entries, err := corpus.All()
		if err != nil {
			return 0, err
		}
		for _, e := range entries {
			if data, ok := fuzz.Encode(target, &e.Case); ok {
				inputs = append(inputs, data)
			}
		}
	case fuzz.Reader(target) == nil:
		return 0, fmt.Errorf("fuzz-corpus: no target %q", target)
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return 0, err
	}
	for _, data := range inputs {
		sum := sha256.Sum256(data)
		if to == "go" {
			data = fuzz.WriteInput(data)
		}
		if _, err := write(filepath.Join(out, hex.EncodeToString(sum[:8])), data); err != nil {
			return 0, err
		}
	}
	return len(inputs), nil
}
