package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"assay/props"
	"assay/props/mutants"
	"assay/spec"
)

func mutantsCommand() *cobra.Command {
	var o mutantOptions
	cmd := &cobra.Command{
		Use:   "mutants",
		Short: "Show which property kills each known defect, and after how many cases",
		Long: "Mutants runs the suite over kernels that have a known defect each, until a property\n" +
			"fails. With --matrix it runs every property, and shows all that fail. With --catalogue\n" +
			"it lists the public defects and the mutants that re-create them, or why none does.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.catalogue {
				return showCatalogue(cmd)
			}
			return runMutants(cmd, o)
		},
	}
	cmd.Flags().Uint64Var(&o.seed, "seed", 1, "seed of the cases")
	cmd.Flags().BoolVar(&o.matrix, "matrix", false, "every property that kills, not the first one")
	cmd.Flags().BoolVar(&o.catalogue, "catalogue", false, "the public defects, and their mutants")
	return cmd
}

type mutantOptions struct {
	seed              uint64
	matrix, catalogue bool
}

// mutantRow is the JSON form of one line.
type mutantRow struct {
	Mutant string   `json:"mutant"`
	Defect string   `json:"defect"`
	Class  string   `json:"class"`
	Op     spec.Op  `json:"op"`
	Killed bool     `json:"killed"`
	By     string   `json:"by"`               // the first property
	All    []string `json:"all_by,omitempty"` // every one, with --matrix
	Cases  int      `json:"cases"`            // all cases until it was killed
	Ms     float64  `json:"ms"`
}

func runMutants(cmd *cobra.Command, o mutantOptions) error {
	all := mutants.All()
	out := newOutput(cmd, "MUTANT\tOP\tKILLED BY\tCASES\tMS\tDEFECT")
	bar := newProgress(len(all))
	var rows []mutantRow
	kills := map[string]int{}
	killed := 0
	for _, m := range all {
		if cmd.Context().Err() != nil {
			break
		}
		bar.step("%s", m.ID)
		row := spec.Row{Op: m.Op, Tier: "mutant", Tree: m.Tree, Func: m.Func}
		res := mutantRow{Mutant: m.ID, Defect: m.Defect, Class: m.Class, Op: m.Op}
		ledger := new(props.Ledger)
		start := time.Now()
		v := props.Run(cmd.Context(), row, props.Options{Seed: o.seed, Ledger: ledger}, true)
		res.Ms = float64(time.Since(start).Microseconds()) / 1000
		if cmd.Context().Err() != nil && len(v) == 0 {
			break // neither killed nor a survivor
		}
		for _, e := range ledger.Entries() {
			res.Cases += e.Cases
		}
		by := "SURVIVED: " + m.Summary
		if len(v) > 0 {
			killed++
			res.Killed, res.By = true, v[0].Property
			by = res.By
		}
		if o.matrix {
			for _, v := range props.Run(cmd.Context(), row, props.Options{Seed: o.seed}, false) {
				res.All = append(res.All, v.Property)
				kills[v.Property]++
			}
			if res.Killed {
				by = strings.Join(res.All, " ")
			}
		}
		rows = append(rows, res)
		out.row(res, "%s\t%s\t%s\t%d\t%.1f\t%s", res.Mutant, res.Op, by, res.Cases, res.Ms, res.Defect)
	}
	bar.done()
	out.flush()
	out.note("%d of %d mutants killed", killed, len(rows))
	if len(rows) > 0 {
		cases, ms := make([]float64, len(rows)), make([]float64, len(rows))
		for i, r := range rows {
			cases[i], ms[i] = float64(r.Cases), r.Ms
		}
		slices.Sort(cases)
		slices.Sort(ms)
		mid, high := len(rows)/2, len(rows)*99/100
		out.note("until it is killed a mutant takes %.0f cases and %.1f ms at the median, %.0f and %.1f at p99", cases[mid], ms[mid], cases[high], ms[high])
	}
	if o.matrix {
		for _, p := range props.All() {
			out.note("    %-13s kills %d", p.Name, kills[p.Name])
		}
	}
	if cmd.Context().Err() != nil {
		out.note("interrupted: %d of %d mutants ran", len(rows), len(all))
	}
	if killed < len(rows) {
		return errFailed
	}
	return nil
}

func showCatalogue(cmd *cobra.Command) error {
	out := newOutput(cmd, "ID\tCLASS\tKERNEL\tMUTANTS\tSOURCE")
	for _, d := range mutants.Catalogue() {
		kernel, by := "neighbouring", strings.Join(d.Mutants, " ")
		if d.Same {
			kernel = "same"
		}
		if by == "" {
			by = fmt.Sprintf("(%s)", d.Reason)
		}
		out.row(d, "%s\t%s\t%s\t%s\t%s", d.ID, d.Class, kernel, by, d.Source)
	}
	out.flush()
	return nil
}
