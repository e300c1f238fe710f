package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"assay/props/cascade"
)

func cascadeCommand() *cobra.Command {
	var o cascade.Options
	cmd := &cobra.Command{
		Use:   "cascade [MODEL.gguf]",
		Short: "Run the published falsifiers M91 to M103 again, on their fixtures and on populations",
		Long: "Cascade runs the published falsifiers of the difference between Path A and Path B\n" +
			"again: the figure on the fixture, how it is distributed over populations of inputs,\n" +
			"and what the published rule makes of either. Rows about trained weights take those\n" +
			"of the embedded teacher, or of MODEL.gguf.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			file, name, err := openModel(args)
			if err != nil {
				return err
			}
			return runCascade(cmd, &cascade.Model{Name: name, File: file}, o)
		},
	}
	cmd.Flags().Uint64Var(&o.Seed, "seed", 1, "seed of the populations")
	cmd.Flags().IntVar(&o.Draws, "draws", 0, "draws of every population (default 20000)")
	return cmd
}

// cascadeRow is the JSON form of one row; the quantiles are those of the first
// population.
type cascadeRow struct {
	cascade.Report
	P01 *float64 `json:"p01"`
	P50 *float64 `json:"p50"`
	P99 *float64 `json:"p99"`
}

func runCascade(cmd *cobra.Command, model *cascade.Model, o cascade.Options) error {
	out := newOutput(cmd, "ID\tPUBLISHED\tREPRODUCED\tBITS\tP1\tP50\tP99\tVERDICT")
	all := cascade.All()
	bar := newProgress(len(all))
	var reports []cascade.Report
	for _, f := range all {
		if cmd.Context().Err() != nil {
			break
		}
		bar.step("%s", f.ID)
		r := f.Run(model, o)
		reports = append(reports, r)
		row := cascadeRow{Report: r}
		quantiles := "\t\t"
		if len(r.Populations) > 0 {
			p := r.Populations[0]
			row.P01, row.P50, row.P99 = &p.P01.Value, &p.P50.Value, &p.P99.Value
			quantiles = fmt.Sprintf("%.4g\t%.4g\t%.4g", p.P01.Value, p.P50.Value, p.P99.Value)
		}
		bits, reproduced, verdict := "", "", r.Verdict
		if r.BitsEqual != nil {
			bits = map[bool]string{true: "equal", false: "DIFFER"}[*r.BitsEqual]
		}
		if len(r.Reproduced) > 0 {
			reproduced = fmt.Sprintf("%.6g", r.Reproduced[0].Value)
		} else {
			verdict += ": " + r.Skipped
		}
		out.row(row, "%s\t%.6g\t%s\t%s\t%s\t%s", strings.TrimSpace(r.ID+" "+r.Amplifier), r.Published[0].Value, reproduced, bits, quantiles, verdict)
	}
	bar.done()
	if cmd.Context().Err() != nil {
		out.flush()
		return nil
	}
	for _, r := range reports {
		out.note("\n%s: %s\n    %s", r.ID, r.Hypothesis, r.Fixture)
		if r.Reason != "" {
			out.note("    %s: %s", r.Verdict, r.Reason)
		}
		for _, f := range r.Reproduced {
			out.note("    %v", f)
		}
		for _, p := range r.Populations {
			printPopulation(out, "    ", p)
		}
		for _, n := range r.Notes {
			out.note("    note: %s", n)
		}
	}
	out.note("\nThe published decomposition, whose product is 1723 by its last factor, and the factors measured here:")
	for _, p := range cascade.Decomposition(reports) {
		out.note("    %-60s %8.4g  %8.4g  (%s)", p.Name, p.Published, p.Measured, p.Source)
	}
	out.note("\nWhat the published figures do not show:")
	for _, f := range cascade.Facts(model, reports) {
		out.note("    %s", f.Says)
		for _, x := range f.Figures {
			out.note("        %v", x)
		}
		if f.Skipped != "" {
			out.note("        skipped: %s", f.Skipped)
		}
	}
	return nil
}

func printPopulation(out *output, indent string, p cascade.Population) {
	out.note("%s%s: %d draws, %.1f %% of them below the fixture", indent, p.Name, p.Draws, 100*p.Rank)
	for _, q := range []struct {
		name string
		q    cascade.Quantile
	}{{"p1", p.P01}, {"p10", p.P10}, {"p50", p.P50}, {"p90", p.P90}, {"p99", p.P99}} {
		out.note("%s    %-4s %.4g [%.4g, %.4g]", indent, q.name, q.q.Value, q.q.Lo, q.q.Hi)
	}
	out.note("%s    max  %.4g", indent, p.Max)
	if g := p.Gauge; g != nil {
		out.note("%s    over the gauge: p50 %.4g, p99 %.4g, max %.4g", indent, g.P50.Value, g.P99.Value, g.Max)
	}
}
