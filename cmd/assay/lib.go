package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"assay/corpus"
	"assay/kernels/foreign"
	"assay/kernels/foreign/peers"
	"assay/props"
	"assay/props/definition"
	"assay/spec"
)

func libCommand() *cobra.Command {
	var o libOptions
	var ops, peerLibraries bool
	cmd := &cobra.Command{
		Use:   "lib PATH...",
		Short: "Audit the kernels of other engines' shared libraries",
		Long: "Lib holds every kernel of shared libraries to all properties of its op and to the\n" +
			"corpus. A library exports assay_kernels (kernels/foreign/assay_kernel.h), or is one of\n" +
			"llama.cpp's libggml-cpu-TIER.so, or libggml-base.so. It runs in a process of its own: that it\n" +
			"crashes, hangs or touches memory that is not its own is a finding like others.\n\n" +
			"A property goes on after a failure, so that the largest error over bound is known.\n" +
			"With --case, one case or recipe instead, on all kernels of its op.",
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case ops:
				return listOps(cmd)
			case peerLibraries:
				installed, err := peers.Libraries()
				if err != nil && os.Getenv("CI") == "" {
					remark(cmd, "skipped: %v", err)
					return nil
				} else if err != nil {
					return err
				}
				args = append(args, installed...)
			case len(args) == 0:
				return fmt.Errorf("lib: which library?")
			}
			switch {
			case o.judged == "" && (o.report != "" || o.keep):
				return errNoJudged
			case o.budget <= 0 || o.limit <= 0:
				return fmt.Errorf("lib: -budget and -limit must be positive")
			}
			return runLib(cmd, args, o)
		},
	}
	cmd.Flags().Uint64Var(&o.seed, "seed", 1, "seed of the cases")
	cmd.Flags().Float64Var(&o.budget, "budget", 1, "multiplies the number of cases")
	cmd.Flags().DurationVar(&o.limit, "limit", 10*time.Second, "time that a call may take")
	cmd.Flags().StringVar(&o.only, "rows", "", "only rows (OP/TIER) that match this regular expression")
	cmd.Flags().StringVar(&o.id, "case", "", "a corpus id or a recipe")
	cmd.Flags().StringVar(&o.property, "property", "", "with --case RECIPE: check this property")
	cmd.Flags().StringVar(&o.report, "report", "", "write a report in Markdown to this file, with the judgements of --judged")
	cmd.Flags().StringVar(&o.judged, "judged", "", "file of reviewed deviations (YAML); one that is not in it, or is there and not seen, is a failure")
	cmd.Flags().BoolVar(&o.keep, "keep", false, "look for a case that shows each judged deviation, where the corpus has none")
	cmd.Flags().BoolVar(&peerLibraries, "peers", false, "audit llama.cpp's libraries that make peers has installed")
	cmd.Flags().BoolVar(&ops, "ops", false, "list the ops, their operands and their mathematics")
	return cmd
}

type libOptions struct {
	seed               uint64
	budget             float64
	limit              time.Duration
	only, id, property string
	report, judged     string
	keep               bool
}

// libRow is the JSON form of one line: one kernel of one library.
type libRow struct {
	Library    string    `json:"library"`
	Op         spec.Op   `json:"op"`
	Tier       spec.Tier `json:"tier"`
	Cases      int       `json:"cases"`
	WorstRatio float64   `json:"worst_ratio"` // largest error/bound, of the cases that fail too
	WorstCase  string    `json:"worst_case"`
	// WorstProperty is the property that met it.
	WorstProperty string       `json:"worst_property"`
	Verdict       string       `json:"verdict"` // pass, fail, skipped, incomplete
	Skipped       string       `json:"skipped"`
	Failures      []libFailure `json:"failures"`
	// Definitions tells, where more than one is in the field, whose the kernel follows.
	Definitions []libDefinition `json:"definitions,omitempty"`

	definitions []definition.Evidence
}

// libDefinition is how far a kernel follows a definition: equal of so many outputs bit for
// bit, and the largest difference in units of 2^−24 of a call's largest output.
type libDefinition struct {
	Name    string  `json:"name"`
	Text    string  `json:"text"`
	Who     string  `json:"who"`
	Outputs int     `json:"outputs"`
	Equal   int     `json:"equal"`
	Apart   float64 `json:"apart"`
	Fault   string  `json:"fault,omitempty"` // why the kernel gave no more answers
}

// libFailure is the failure with the largest error over bound of one property, of one kind and, where there is a
// reviewed file, of one deviation of it.
type libFailure struct {
	Property string  `json:"property"`
	Case     string  `json:"case"`
	Kind     string  `json:"kind"`  // memory, crash, class, state, rounding, formula
	Fails    int     `json:"fails"` // cases that fail in this way
	Element  string  `json:"element"`
	Got      string  `json:"got"`
	Lo       string  `json:"lo"`
	Hi       string  `json:"hi"`
	Bound    string  `json:"bound"`
	Ratio    float64 `json:"ratio"`
	Detail   string  `json:"detail"`
	Replay   string  `json:"replay"`

	deviation *judgedDeviation // the first that matches it; nil if there is none
}

// corpusProperty is the name under which the stored cases are entered.
const corpusProperty = "corpus"

func runLib(cmd *cobra.Command, paths []string, o libOptions) error {
	only, err := regexp.Compile(o.only)
	if err != nil {
		return fmt.Errorf("lib: -rows: %w", err)
	}
	var judged *judgedFile
	if o.judged != "" {
		if judged, err = readJudged(o.judged); err != nil {
			return err
		}
	}
	var libs []*foreign.Library
	defer func() {
		for _, l := range libs {
			l.Close()
		}
	}()
	var loaded []string
	var unloaded []*libRow
	for _, path := range paths {
		l, err := foreign.Open(path, o.limit)
		var load *foreign.LoadError
		switch {
		case errors.As(err, &load) && o.id == "":
			unloaded = append(unloaded, &libRow{Library: filepath.Base(path), Verdict: "fail", Failures: []libFailure{{Property: "load", Kind: "crash", Fails: 1, Detail: load.How}}})
			continue
		case err != nil:
			return err
		}
		loaded = append(loaded, path)
		libs = append(libs, l)
	}
	paths = loaded
	if o.id != "" {
		return libCase(cmd, paths, libs, only, o)
	}
	entries, err := corpus.All()
	if err != nil {
		return err
	}
	stored := map[spec.Op][]*corpus.Entry{}
	for _, e := range entries {
		stored[e.Case.Op] = append(stored[e.Case.Op], e)
	}

	// Libraries are audited beside each other, as many as there are cores.
	ctx := cmd.Context()
	results := make([][]*libRow, len(libs))
	rows := 0
	for i, l := range libs {
		for _, row := range l.Rows() {
			if only.MatchString(row.Name()) {
				rows++
				results[i] = append(results[i], nil)
			}
		}
	}
	if rows == 0 && len(unloaded) == 0 {
		return fmt.Errorf("lib: no row matches %q", o.only)
	}
	bar := newProgress(rows)
	defer bar.done()
	var wg sync.WaitGroup
	var mu sync.Mutex
	places := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i, l := range libs {
		wg.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			k := 0
			for _, row := range l.Rows() {
				if !only.MatchString(row.Name()) {
					continue
				}
				results[i][k] = auditForeign(ctx, paths[i], row, stored[row.Op], judged, o)
				k++
				mu.Lock()
				bar.step("%s", row.Name())
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	bar.done()

	out := newOutput(cmd, "LIBRARY\tOP\tTIER\tCASES\tWORST ERR/BOUND\tVERDICT\tFAILS")
	var all []*libRow
	failed := false
	for _, rows := range append(results, unloaded) {
		for _, r := range rows {
			all = append(all, r)
			failed = failed || r.Verdict == "fail" || r.Verdict == "incomplete"
			var fails []string
			for _, f := range r.Failures {
				fails = append(fails, f.Property+" ("+f.Kind+")")
			}
			if r.Skipped != "" {
				fails = append(fails, r.Skipped)
			}
			out.row(r, "%s\t%s\t%s\t%d\t%.3g\t%s\t%s", r.Library, r.Op, r.Tier, r.Cases, r.WorstRatio, r.Verdict, strings.Join(fails, ", "))
		}
	}
	out.flush()
	for _, r := range all {
		for _, f := range r.Failures {
			out.note("%s %s: %s", r.name(), f.Property, f.text())
		}
	}
	for _, r := range all {
		if text := r.nearest(); text != "" {
			out.note("%s %s", r.name(), text)
		}
	}
	if ctx.Err() != nil {
		return errFailed
	}
	if judged != nil {
		var rows []spec.Row
		for _, l := range libs {
			rows = append(rows, l.Rows()...)
		}
		return judged.hold(cmd, all, rows, entries, o)
	}
	if failed {
		return errFailed
	}
	return nil
}

// name is OP/TIER, or the library that could not be loaded.
func (r *libRow) name() string {
	if r.Op == "" {
		return r.Library
	}
	return spec.Row{Op: r.Op, Tier: r.Tier}.Name()
}

// nearest tells which definition the kernel follows furthest, where there are several in the field: of those of usual data, or
// else of all.
func (r *libRow) nearest() string {
	usual := slices.ContainsFunc(r.definitions, func(d definition.Evidence) bool { return d.Usual() })
	text, best := "", 0.0
	for _, d := range r.definitions {
		if d.Equal == 0 || d.Fault != "" || usual && !d.Usual() {
			continue
		}
		if share := float64(d.Equal) / float64(d.Blocks); share > best {
			how := "is nearest to"
			if d.Equal == d.Blocks {
				how = "follows"
			}
			best, text = share, fmt.Sprintf("%s %q, %s: %.4g %% of %d outputs bit for bit", how, d.Name, d.Who, 100*share, d.Blocks)
		}
	}
	return text
}

// text is the failure in one line.
func (f libFailure) text() string {
	var s strings.Builder
	if f.Element != "" {
		fmt.Fprintf(&s, "element %s ", f.Element)
	}
	if f.Got != "" {
		fmt.Fprintf(&s, "got %s ", f.Got)
	}
	if f.Lo != "" {
		fmt.Fprintf(&s, "for [%s, %s], error %.4g times the bound ", f.Lo, f.Hi, f.Ratio)
	}
	if f.Detail != "" {
		fmt.Fprintf(&s, "(%s) ", f.Detail)
	}
	fmt.Fprintf(&s, "%s", f.Case)
	return s.String()
}

// failures are those of one row, by what is told of each, see libFailure.
type failures struct {
	row    spec.Row
	judged *judgedFile // or nil
	all    []libFailure
}

func (fs *failures) add(f libFailure) {
	if fs.judged != nil {
		f.deviation = fs.judged.find(fs.row.Op, fs.row.Tier, f)
	}
	k := slices.IndexFunc(fs.all, func(o libFailure) bool {
		return o.Property == f.Property && o.Kind == f.Kind && o.deviation == f.deviation
	})
	if k < 0 {
		fs.all = append(fs.all, f)
		return
	}
	n := fs.all[k].Fails + 1
	if f.Ratio > fs.all[k].Ratio {
		fs.all[k] = f
	}
	fs.all[k].Fails = n
}

// auditForeign judges one row.
func auditForeign(ctx context.Context, path string, row spec.Row, stored []*corpus.Entry, judged *judgedFile, o libOptions) *libRow {
	res := &libRow{Library: filepath.Base(path), Op: row.Op, Tier: row.Tier, Verdict: "pass", Failures: []libFailure{}}
	if !row.CanRun() {
		res.Verdict, res.Skipped = "skipped", "this CPU cannot run the tier"
		return res
	}
	ledger := new(props.Ledger)
	found := failures{row: row, judged: judged, all: []libFailure{}}
	props.Run(ctx, row, props.Options{
		Seed: o.seed, Budget: o.budget, Ledger: ledger, All: true,
		Each: func(v props.Verdict) { found.add(failureOf(row.Op, v)) },
		Replay: func(row spec.Row, property string, r props.Recipe) string {
			return fmt.Sprintf("go run ./cmd/assay lib -rows '^%s$' -property %s -case '%v' %s", regexp.QuoteMeta(row.Name()), property, r, path)
		},
	}, false)
	for _, e := range stored {
		if ctx.Err() != nil {
			break
		}
		v := props.CheckCase(row, &e.Case)
		ledger.Add(props.Key{Op: row.Op, Tier: row.Tier, Property: corpusProperty}, v.Cases, v.Worst, e.Case.ID, v.Failed)
		if v.Failed {
			v.Verdict.Property = corpusProperty
			v.Verdict.Replay = fmt.Sprintf("go run ./cmd/assay lib -rows '^%s$' -case %s %s", regexp.QuoteMeta(row.Name()), e.Case.ID, path)
			found.add(failureOf(row.Op, v.Verdict))
			if v.Finding.Stopped {
				break
			}
		}
	}
	sum := ledger.Sum(row)
	res.Cases, res.WorstRatio, res.WorstCase, res.WorstProperty, res.Skipped = sum.Cases, jsonRatio(sum.Worst), sum.At, sum.Property, sum.Skipped
	res.definitions = definition.Compare(row, definitionCases, o.seed)
	for _, e := range res.definitions {
		res.Definitions = append(res.Definitions, libDefinition{e.Name, e.Text, e.Who, e.Blocks, e.Equal, jsonRatio(e.Apart), e.Fault})
		if e.Fault != "" {
			found.add(libFailure{Property: "definitions", Kind: "crash", Fails: 1, Detail: e.Fault})
		}
	}
	res.Failures = found.all
	switch {
	case len(res.Failures) > 0:
		res.Verdict = "fail"
	case ctx.Err() != nil:
		res.Verdict = "incomplete"
	default:
		if err := ledger.Check(row); err != nil { // a property without a case is not one that holds
			res.Verdict, res.Skipped = "incomplete", err.Error()
		}
	}
	return res
}

func failureOf(op spec.Op, v props.Verdict) libFailure {
	f := v.Finding
	return libFailure{
		Property: v.Property, Case: v.Case, Kind: kindOf(op, v), Fails: 1,
		Element: f.Element, Got: f.Got, Lo: f.Lo, Hi: f.Hi, Bound: f.Bound, Ratio: jsonRatio(f.Ratio), Detail: f.Detail, Replay: v.Replay,
	}
}

// jsonRatio is a ratio that JSON can hold.
func jsonRatio(x float64) float64 { return min(x, math.MaxFloat64) }

// roundingRatio is the error over bound up to which a deviation is called one of
// rounding: as many roundings again as the op may have.
const roundingRatio = 4

// kindOf names what kind of deviation a verdict is, by rule.
func kindOf(op spec.Op, v props.Verdict) string {
	f := v.Finding
	switch {
	case f.Stopped && (strings.Contains(f.Detail, "crashes") || strings.Contains(f.Detail, "hangs") || strings.Contains(f.Detail, "returned")):
		return "crash"
	case f.Stopped, strings.Contains(f.Detail, "elsewhere in memory"):
		return "memory"
	case v.Property == "mode" || v.Property == "vectors":
		return "state"
	case strings.Contains(f.Detail, "wrong class") || strings.Contains(f.Detail, "wrong sign") || f.Class == spec.ClassNaN:
		return "class"
	case f.Lo != "" && f.Ratio <= roundingRatio:
		return "rounding"
	}
	return "formula"
}

// libCase runs one case or recipe on all rows of its op.
func libCase(cmd *cobra.Command, paths []string, libs []*foreign.Library, only *regexp.Regexp, o libOptions) error {
	c, recipe, err := findCase(cmd.Context(), o.id, "", 0)
	if err != nil {
		return err
	}
	if o.property != "" && recipe == nil {
		return fmt.Errorf("lib: -property needs a recipe")
	}
	out := newOutput(cmd, "LIBRARY\tOP\tTIER\tERR/BOUND\tVERDICT\tFINDING")
	failed, found := false, false
	for i, l := range libs {
		for _, row := range l.Rows() {
			if row.Op != c.Op || !only.MatchString(row.Name()) {
				continue
			}
			found = true
			res := libRow{Library: filepath.Base(paths[i]), Op: row.Op, Tier: row.Tier, Verdict: "pass", WorstCase: o.id, Failures: []libFailure{}}
			text := ""
			if !row.CanRun() {
				res.Verdict, res.Skipped = "skipped", "this CPU cannot run the tier"
				text = res.Skipped
			} else {
				v, err := checkOne(row, c, recipe, o.property)
				if err != nil {
					return err
				}
				res.Cases, res.WorstRatio = v.Cases, jsonRatio(v.Worst)
				if v.Failed {
					failed = true
					fail := failureOf(row.Op, v.Verdict)
					res.Verdict, res.Failures, text = "fail", []libFailure{fail}, fail.Kind+": "+fail.text()
				}
			}
			out.row(res, "%s\t%s\t%s\t%.3g\t%s\t%s", res.Library, res.Op, res.Tier, res.WorstRatio, res.Verdict, text)
		}
	}
	out.flush()
	switch {
	case !found:
		return fmt.Errorf("lib: no row of %s", c.Op)
	case failed:
		return errFailed
	}
	return nil
}

// opRow is the JSON form of an op's definition.
type opRow struct {
	Op       spec.Op  `json:"op"`
	Operands []string `json:"operands"`
	Out      string   `json:"out"`
	Formula  string   `json:"formula"`
	Rule     string   `json:"rule"`
}

func listOps(cmd *cobra.Command) error {
	out := newOutput(cmd, "OP\tOPERANDS\tOUT\tFORMULA")
	for _, in := range spec.Ops() {
		res := opRow{Op: in.Op, Out: in.Out.String(), Formula: in.Formula, Rule: in.Rule}
		for _, o := range in.In {
			text := o.Name + " " + o.Format.String()
			if o.Optional {
				text += " (optional)"
			}
			res.Operands = append(res.Operands, text)
		}
		out.row(res, "%s\t%s\t%s\t%s", res.Op, strings.Join(res.Operands, ", "), res.Out, res.Formula)
	}
	out.flush()
	return nil
}
