package main

import (
	"time"

	"github.com/spf13/cobra"

	"assay/props"
	"assay/props/mutants"
	"assay/spec"
)

func mutantsCommand() *cobra.Command {
	var seed uint64
	cmd := &cobra.Command{
		Use:   "mutants",
		Short: "Show which property kills each known defect, and after how many cases",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runMutants(cmd, seed)
		},
	}
	cmd.Flags().Uint64Var(&seed, "seed", 1, "seed of the cases")
	return cmd
}

// mutantRow is the JSON form of one line.
type mutantRow struct {
	Mutant string  `json:"mutant"`
	Defect string  `json:"defect"`
	Op     spec.Op `json:"op"`
	Killed bool    `json:"killed"`
	By     string  `json:"by"`    // the property
	Cases  int     `json:"cases"` // all cases until it was killed
	Ms     float64 `json:"ms"`
}

func runMutants(cmd *cobra.Command, seed uint64) error {
	all := mutants.All()
	out := newOutput(cmd, "MUTANT\tOP\tKILLED BY\tCASES\tMS\tDEFECT")
	bar := newProgress(len(all))
	killed, ran := 0, 0
	for _, m := range all {
		if cmd.Context().Err() != nil {
			break
		}
		bar.step("%s", m.ID)
		ledger := new(props.Ledger)
		start := time.Now()
		row := spec.Row{Op: m.Op, Tier: "mutant", Tree: m.Tree, Func: m.Func}
		v := props.Run(cmd.Context(), row, props.Options{Seed: seed, Ledger: ledger}, true)
		if cmd.Context().Err() != nil && len(v) == 0 {
			break // neither killed nor a survivor
		}
		res := mutantRow{Mutant: m.ID, Defect: m.Defect, Op: m.Op, Ms: float64(time.Since(start).Microseconds()) / 1000}
		for _, e := range ledger.Entries() {
			res.Cases += e.Cases
		}
		by := "SURVIVED: " + m.Summary
		if len(v) > 0 {
			killed++
			res.Killed, res.By = true, v[0].Property
			by = res.By
		}
		ran++
		out.row(res, "%s\t%s\t%s\t%d\t%.1f\t%s", res.Mutant, res.Op, by, res.Cases, res.Ms, res.Defect)
	}
	bar.done()
	out.flush()
	out.note("%d of %d mutants killed", killed, ran)
	if cmd.Context().Err() != nil {
		out.note("interrupted: %d of %d mutants ran", ran, len(all))
	}
	if killed < ran {
		return errFailed
	}
	return nil
}
