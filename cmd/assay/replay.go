package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"assay/corpus"
	"assay/kernels"
	"assay/props"
	"assay/spec"
)

func replayCommand() *cobra.Command {
	var tier, property, model string
	var tokens int
	cmd := &cobra.Command{
		Use:   "replay ID",
		Short: "Run one case again, on every tier",
		Long: "Replay runs one case on every tier of its op. ID is a corpus id, a recipe\n" +
			"(OP:STRATEGY:ROWSxCOLSxBATCH:SEED), or a place in a model\n" +
			"(tensor:NAME:OP:ROW:TOKEN, of the embedded teacher or of -model).",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return replay(cmd, args[0], spec.Tier(tier), property, model, tokens)
		},
	}
	cmd.Flags().StringVar(&tier, "tier", "", "only this tier")
	cmd.Flags().StringVar(&property, "property", "", "check this property of a recipe, not its accuracy")
	cmd.Flags().StringVar(&model, "model", "", "GGUF file that a tensor id refers to (default: the embedded teacher)")
	cmd.Flags().IntVar(&tokens, "tokens", 8, "tokens that give the activations, as in the audit")
	return cmd
}

// replayRow is the JSON form of one line of a replay.
type replayRow struct {
	ID         string    `json:"id"`
	Op         spec.Op   `json:"op"`
	Tier       spec.Tier `json:"tier"`
	WorstRatio float64   `json:"worst_ratio"`
	Verdict    string    `json:"verdict"`
	Skipped    string    `json:"skipped"`
	Failure    string    `json:"failure"`
}

func replay(cmd *cobra.Command, id string, tier spec.Tier, property, model string, tokens int) error {
	c, recipe, err := findCase(cmd.Context(), id, model, tokens)
	if err != nil {
		return err
	}
	if property != "" && recipe == nil {
		return errors.New("-property needs a recipe")
	}
	out := newOutput(cmd, "OP\tTIER\tERR/BOUND\tVERDICT\tSKIPPED")
	failed, found := kernels.CheckRequired() != nil, false
	var lines []string
	for _, row := range kernels.For(c.Op) {
		if tier != "" && row.Tier != tier {
			continue
		}
		found = true
		res := replayRow{ID: id, Op: row.Op, Tier: row.Tier, Verdict: "pass"}
		var v props.Result
		switch {
		case !row.CanRun():
			res.Verdict, res.Skipped = "skipped", "this CPU cannot run the tier"
		default:
			if v, err = checkOne(row, c, recipe, property); err != nil {
				return err
			}
		}
		res.WorstRatio = v.Worst
		if v.Failed {
			failed = true
			res.Verdict, res.Failure = "fail", v.Verdict.String()
			lines = append(lines, res.Failure)
		}
		out.row(res, "%s\t%s\t%.3g\t%s\t%s", res.Op, res.Tier, res.WorstRatio, res.Verdict, res.Skipped)
	}
	out.flush()
	if !found {
		return fmt.Errorf("%s has no tier %q in this build", c.Op, tier)
	}
	for _, line := range lines {
		fmt.Fprintln(cmd.ErrOrStderr(), line)
	}
	if err := kernels.CheckRequired(); err != nil {
		fmt.Fprintln(cmd.ErrOrStderr(), "FAIL", err)
	}
	if failed {
		return errFailed
	}
	return nil
}

// checkOne checks a case, or the property of its recipe, if one is named.
func checkOne(row spec.Row, c *spec.Case, recipe *props.Recipe, property string) (props.Result, error) {
	if property == "" {
		return props.CheckCase(row, c), nil
	}
	p, err := props.PropertyNamed(row, property)
	if err != nil {
		return props.Result{}, err
	}
	return p.Check(row, *recipe, props.Options{}), nil
}

// corpusEntries is the corpus, read once; its cases must not be changed.
var corpusEntries = sync.OnceValues(corpus.All)

// findCase makes the case that an id names; recipe is set if it is one.
func findCase(ctx context.Context, id, model string, tokens int) (c *spec.Case, recipe *props.Recipe, err error) {
	if strings.HasPrefix(id, "tensor:") {
		var args []string
		if model != "" {
			args = []string{model}
		}
		f, _, err := openModel(args)
		if err != nil {
			return nil, nil, err
		}
		c, err = modelCase(ctx, f, id, tokens)
		return c, nil, err
	}
	if strings.Contains(id, ":") {
		r, err := props.ParseRecipe(id)
		if err != nil {
			return nil, nil, err
		}
		return r.Case(), &r, nil
	}
	entries, err := corpusEntries()
	if err != nil {
		return nil, nil, err
	}
	for _, e := range entries {
		if e.Case.ID == id {
			return &e.Case, nil, nil
		}
	}
	return nil, nil, fmt.Errorf("no case %q in the corpus, and it is neither a recipe nor a tensor id", id)
}
