package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"assay/corpus/gguf"
	"assay/corpus/model"
	"assay/corpus/teacher"
	"assay/kernels"
	"assay/props"
	"assay/spec"
)

func auditCommand() *cobra.Command {
	var seed uint64
	var budget float64
	var tokens int
	cmd := &cobra.Command{
		Use:   "audit [MODEL.gguf]",
		Short: "Audit every kernel on hostile data and on a model's own tensors and activations",
		Long: "Audit runs every kernel row on hostile data (all properties) and on the tensors and\n" +
			"the activations of a trained model: the embedded teacher, or MODEL.gguf.\n" +
			"The model's text is the teacher's sample; without a byte vocabulary, arbitrary tokens.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			file, name, err := openModel(args)
			if err != nil {
				return err
			}
			if budget <= 0 || tokens < 1 {
				return errors.New("audit: -budget and -tokens must be positive")
			}
			return audit(cmd, file, name, props.Options{Seed: seed, Budget: budget}, tokens)
		},
	}
	cmd.Flags().Uint64Var(&seed, "seed", 1, "seed of the hostile data; every seed is another run")
	cmd.Flags().Float64Var(&budget, "budget", 1, "multiplies the number of hostile cases")
	cmd.Flags().IntVar(&tokens, "tokens", 8, "tokens of the model's text that give activations")
	return cmd
}

// openModel reads the model named by the arguments, or the embedded teacher.
func openModel(args []string) (*gguf.File, string, error) {
	if len(args) == 0 {
		f, err := gguf.Parse(teacher.GGUF())
		return f, "embedded teacher", err
	}
	f, err := model.Open(args[0])
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, "", fmt.Errorf("%w; give a model in GGUF, APR, safetensors or llama2.c's format, or no argument for the embedded one", err)
	case err != nil:
		return nil, "", fmt.Errorf("%s is not a model that can be used: %w", args[0], err)
	}
	return f, args[0], nil
}

// auditRow is the JSON form of one line of the audit.
type auditRow struct {
	Op         spec.Op   `json:"op"`
	Tier       spec.Tier `json:"tier"`
	Cases      int       `json:"cases"`
	WorstRatio float64   `json:"worst_ratio"`
	Verdict    string    `json:"verdict"` // pass, fail, skipped, incomplete
	Skipped    string    `json:"skipped"` // what did not run, and why

	failures []props.Verdict
	slack    bool
}

// slackFloor is the err/bound that the cases of an op must come up to, for its
// bound to be called tight enough to mean something.
const slackFloor = 1.0 / 128

func audit(cmd *cobra.Command, file *gguf.File, name string, o props.Options, tokens int) error {
	ctx := cmd.Context()
	out := newOutput(cmd, "OP\tTIER\tCASES\tWORST ERR/BOUND\tVERDICT\tSKIPPED")
	start := time.Now()

	rows := kernels.Rows()
	results := make([]*auditRow, len(rows))
	properties := 0
	for i, row := range rows {
		results[i] = &auditRow{Op: row.Op, Tier: row.Tier}
		if row.CanRun() {
			properties += len(props.Properties(row))
		}
	}
	work, absent := modelWork(ctx, file, tokens)
	bar := newProgress(properties + len(work))
	defer bar.done()

	// Hostile data: all properties of every row.
	ledger := new(props.Ledger)
	o.Ledger = ledger
	for i, row := range rows {
		res := results[i]
		if !row.CanRun() {
			res.Verdict, res.Skipped = "skipped", "this CPU cannot run the tier"
			continue
		}
		o.Progress = func(property string) { bar.step("%s %s", row.Name(), property) }
		res.failures = props.Run(ctx, row, o, false)
		if ctx.Err() == nil && len(res.failures) == 0 {
			if err := ledger.Check(row); err != nil {
				return err // a property without a case: a defect of the suite
			}
		}
	}

	// The model: every case is evaluated once and judged for all its tiers.
	modelCases := 0
	for _, item := range work {
		if ctx.Err() != nil {
			break
		}
		bar.step("%s", item.name)
		modelCases += item.judge(rows, results)
	}
	bar.done()

	required := kernels.CheckRequired()
	failed := required != nil
	for i, row := range rows {
		res := results[i]
		finish(res, row, ledger, absent, ctx.Err() != nil)
		failed = failed || res.Verdict == "fail"
		out.row(res, "%s\t%s\t%d\t%.3g\t%s\t%s", res.Op, res.Tier, res.Cases, res.WorstRatio, res.Verdict, res.Skipped)
	}
	out.flush()
	for _, res := range results {
		for _, v := range res.failures {
			fmt.Fprintln(os.Stderr, v)
		}
	}
	for _, res := range results {
		if res.slack {
			out.note("slack: %s/%s comes only to %.3g of its bound", res.Op, res.Tier, res.WorstRatio)
		}
	}
	if required != nil {
		fmt.Fprintln(os.Stderr, "FAIL", required)
	}
	out.note("model: %s, %d matvecs and tensors, %d elements judged; %v", name, len(work), modelCases, time.Since(start).Round(10*time.Millisecond))
	for _, reason := range absent {
		out.note("skipped: %s", reason)
	}
	if ctx.Err() != nil {
		out.note("interrupted: the figures are those measured so far")
	}
	if failed {
		return errFailed
	}
	return nil
}

// finish adds what the ledger knows and sets the verdict.
func finish(res *auditRow, row spec.Row, ledger *props.Ledger, absent []string, interrupted bool) {
	if res.Verdict == "skipped" {
		return
	}
	sum := ledger.Sum(row)
	res.Cases += sum.Cases
	res.WorstRatio = max(res.WorstRatio, sum.Worst)
	res.Skipped = sum.Skipped
	if len(absent) > 0 {
		res.Skipped = strings.TrimPrefix(res.Skipped+"; part of the model: see below", "; ")
	}
	switch {
	case len(res.failures) > 0:
		res.Verdict = "fail"
	case interrupted:
		res.Verdict = "incomplete"
	default:
		res.Verdict = "pass"
		res.slack = !spec.MustLookup(row.Op).Exact && res.WorstRatio < slackFloor
	}
}

// interrupted tells whether err only says that the user stopped the run.
func interrupted(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
