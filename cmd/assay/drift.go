package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"time"

	"github.com/spf13/cobra"

	"assay/kernels/foreign"
	"assay/props/activation"
	"assay/props/drift"
)

func driftCommand() *cobra.Command {
	var o driftOptions
	cmd := &cobra.Command{
		Use:   "drift [MODEL.gguf]",
		Short: "Run a model on two paths, and show how far they drift apart and who owns it",
		Long: "Drift runs the embedded teacher, or MODEL.gguf, on two paths: A multiplies in f32, B\n" +
			"quantises activations by ggml's rules, B-aprender by aprender's. Every stage of both\n" +
			"runs is judged by the oracle on its own inputs; the distance of the logits is divided\n" +
			"among the stages that differ by swapping them one at a time, in random orders and\n" +
			"their reverses, so that the parts sum to the whole.\n\n" +
			"A path may name the kernels after a slash: a tier, as B/avx2, the oracle, as A/oracle,\n" +
			"a mutant, as B/A25, or llama.cpp's of --library, as B/ggml. After a comma, single\n" +
			"stages may be run in another way: B,2:ffn_gate=B/A25,*:softmax=B/oracle.\n\n" +
			"With --against DIR it judges what another engine dumped of the same text: one file\n" +
			"(.npy, APRT or safetensors) for each stage and layer, STAGE.LAYER.npy or as a JSON\n" +
			"file given by --names maps stages to names with %d for the layer. Each stage is judged on that engine's own\n" +
			"inputs, so that an error is charged to the stage that made it.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.against != "" {
				return runAgainst(cmd, args, o)
			}
			return runDrift(cmd, args, o)
		},
	}
	cmd.Flags().StringVar(&o.against, "against", "", "folder of another engine's dump")
	cmd.Flags().StringVar(&o.names, "names", "", "JSON file that maps stages to file names in that folder")
	cmd.Flags().StringVar(&o.text, "text", "func main() {", "what the model reads")
	cmd.Flags().StringVarP(&o.a, "a", "a", "A", "how the first run is computed: A, B or B-aprender, [/KERNELS][,LAYER:STAGE=PATH[/KERNELS]]...")
	cmd.Flags().StringVarP(&o.b, "b", "b", "B", "how the second run is computed")
	cmd.Flags().BoolVar(&o.certified, "certified", false, "measure from enclosures of the model on real numbers, not from a float64 pass")
	cmd.Flags().BoolVar(&o.optionA, "option-a", false, "give the first run the second one's path: what remains is no matter of paths")
	cmd.Flags().StringVar(&o.plot, "plot", "", "file for a chart of drift by layer and of owners, .svg or .png")
	cmd.Flags().StringVar(&o.library, "library", "", "libggml-cpu-TIER.so, beside libggml-base.so: the kernels called ggml")
	cmd.Flags().IntVar(&o.tokens, "tokens", 8, "tokens of the text at most")
	cmd.Flags().IntVar(&o.orders, "orders", 2, "random orders in which matrices are swapped, each with its reverse; 0: no owners")
	cmd.Flags().Uint64Var(&o.seed, "seed", 1, "seed of the orders")
	return cmd
}

type driftOptions struct {
	text, a, b     string
	against, names string
	library, plot  string
	tokens, orders int
	seed           uint64

	certified, optionA bool
}

// driftRow is the JSON form of one stage of one layer.
type driftRow struct {
	Layer int         `json:"layer"`
	Stage drift.Stage `json:"stage"`
	// Distances from the reference, relative L2 over all tokens.
	ErrA float64 `json:"err_a"`
	ErrB float64 `json:"err_b"`
	// The same distances over the norm of the stage's gauges, Σ|terms| of each element.
	GaugeA float64 `json:"gauge_a"`
	GaugeB float64 `json:"gauge_b"`
	// Between the two runs.
	Apart float64 `json:"apart"`
	// Standard deviations over the last token's elements.
	StdA float64 `json:"std_a"`
	StdB float64 `json:"std_b"`
	// Largest error over bound of the stage itself, on its own inputs.
	OwnA float64 `json:"own_a"`
	OwnB float64 `json:"own_b"`
	// Owner is the part of the logits' distance, null for stages that are run in
	// the same way.
	Owner *float64 `json:"owner"`
	// The extremes over the orders: apart where it depends on what else is swapped.
	Least *float64 `json:"owner_least"`
	Most  *float64 `json:"owner_most"`
	Wrong string   `json:"wrong,omitempty"`
}

func runDrift(cmd *cobra.Command, args []string, o driftOptions) error {
	ctx := cmd.Context()
	file, name, err := openModel(args)
	if err != nil {
		return err
	}
	if o.tokens < 1 || o.orders < 0 || o.text == "" {
		return errors.New("drift: -tokens must be positive, -orders not negative, -text not empty")
	}
	m, err := drift.Open(file)
	if err != nil {
		return err
	}
	tokens := activation.Tokens(file, []byte(o.text), o.tokens)
	setups, err := o.setups(m)
	if err != nil {
		return err
	}
	start := time.Now()
	ref, reference := m.Reference(tokens), "a pass in float64, which is no oracle"
	if o.certified {
		c, err := m.Certify(ctx, tokens)
		if err != nil {
			return err
		}
		ref = &c.Reference
		reference = fmt.Sprintf("enclosures of the model on real numbers, none wider than %.1e of its stage (%d tokens, %d bits, %v)",
			c.Width(), len(tokens), c.Bits, time.Since(start).Round(10*time.Millisecond))
	}
	plans := [2]drift.Plan{setups[0].Plan, setups[1].Plan}
	var traces [2]*drift.Trace
	var verdicts [2][]drift.Verdict
	for i, plan := range plans {
		if traces[i], err = m.Run(ctx, tokens, plan); err == nil {
			verdicts[i], err = m.Judge(ctx, traces[i])
		}
		if err != nil {
			return err
		}
	}
	owners := &drift.Owners{}
	if o.orders > 0 {
		if owners, err = m.Attribute(ctx, tokens, plans[0], plans[1], o.orders, o.seed); err != nil {
			return err
		}
	}
	parts := map[drift.Site]drift.Owner{}
	for _, p := range owners.Parts {
		parts[p.Site] = p
	}

	out := newOutput(cmd, "LAYER\tSTAGE\tERR A\tERR B\tGAUGE A\tGAUGE B\tAPART\tSTD A\tSTD B\tOWN A\tOWN B\tOWNER\tLEAST..MOST\tVERDICT")
	failed := false
	var rows []driftRow
	for i, va := range verdicts[0] {
		vb := verdicts[1][i]
		row := driftRow{Layer: va.Layer, Stage: va.Stage, OwnA: va.Worst, OwnB: vb.Worst, Wrong: va.Wrong + vb.Wrong}
		row.ErrA, row.ErrB = ref.Drift(traces[0], va.Layer, va.Stage), ref.Drift(traces[1], va.Layer, va.Stage)
		xa, xb := traces[0].Layers[va.Layer][va.Stage], traces[1].Layers[va.Layer][va.Stage]
		row.GaugeA, row.GaugeB = ref.GaugeDrift(traces[0], va.Layer, va.Stage), ref.GaugeDrift(traces[1], va.Layer, va.Stage)
		row.Apart = drift.RelativeL2(xa, xb)
		row.StdA, row.StdB = deviation(traces[0].Last(va.Layer, va.Stage)), deviation(traces[1].Last(va.Layer, va.Stage))
		owner, span, verdict := "", "", "pass"
		if p, ok := parts[drift.Site{Layer: va.Layer, Stage: va.Stage}]; ok {
			row.Owner, row.Least, row.Most = &p.Part, &p.Least, &p.Most
			span = fmt.Sprintf("%+.2g..%+.2g", p.Least, p.Most)
			owner = fmt.Sprintf("%+.3g", p.Part)
		}
		if row.Wrong != "" {
			verdict, failed = "FAIL "+row.Wrong, true
		}
		rows = append(rows, row)
		out.row(row, "%d\t%s\t%.3g\t%.3g\t%.3g\t%.3g\t%.3g\t%.3g\t%.3g\t%.3f\t%.3f\t%s\t%s\t%s", row.Layer, row.Stage, row.ErrA, row.ErrB,
			row.GaugeA, row.GaugeB, row.Apart, row.StdA, row.StdB, row.OwnA, row.OwnB, owner, span, verdict)
	}
	out.flush()
	differ := drift.Differ(traces[0], traces[1])
	if o.optionA && differ > 0 {
		failed = true
	}
	out.note("%s, %d tokens: the logits of the last token are %.4g apart (%s to %s), relative L2; parts from %d runs",
		name, len(tokens), drift.Distance(m, traces[0], traces[1]), o.a, o.b, owners.Runs)
	for i, run := range []string{o.a, o.b} {
		if missing := m.Missing(setups[i]); len(missing) > 0 {
			out.note("%s has no kernels for %v: those dispatched to ran", run, missing)
		}
	}
	out.note("%d numbers of all stages differ in their bits; ERR is the distance from %s", differ, reference)
	if o.plot != "" {
		if err := plotDrift(o.plot, o.a, o.b, rows, owners); err != nil {
			return err
		}
	}
	byStage := map[drift.Stage]float64{}
	for _, p := range owners.Parts {
		byStage[p.Stage] += p.Part
	}
	for _, s := range drift.Stages() {
		if v, ok := byStage[s]; ok {
			share := ""
			if owners.Total > 0 {
				share = fmt.Sprintf(" (%.1f %%)", 100*v/owners.Total)
			}
			out.note("    %-9s %+.4g%s", s, v, share)
		}
	}
	if failed {
		for i, run := range []string{"A", "B"} {
			if v := drift.First(verdicts[i]); v != nil {
				out.note("the first stage of run %s that is wrong is layer %d, %s", run, v.Layer, v.Stage)
			}
		}
		return errFailed
	}
	return nil
}

// setups returns how the two runs are computed.
func (o *driftOptions) setups(m *drift.Model) ([2]*drift.Setup, error) {
	var out [2]*drift.Setup
	var others []*drift.Kernels
	if o.library != "" {
		rows, err := foreign.Load(o.library)
		if err != nil {
			return out, err
		}
		others = append(others, drift.Rows("ggml", rows))
	}
	var err error
	if out[0], err = m.ReadSetup(o.a, others...); err == nil {
		out[1], err = m.ReadSetup(o.b, others...)
	}
	if err != nil || !o.optionA {
		return out, err
	}
	// Run A with run B's paths, and its own kernels.
	a := &drift.Setup{Others: drift.Impl{Path: out[1].Others.Path, Kernels: out[0].Others.Kernels}, Sites: map[drift.Site]drift.Impl{}}
	for at := range out[0].Sites {
		a.Sites[at] = drift.Impl{Path: out[1].Of(at).Path, Kernels: out[0].Of(at).Kernels}
	}
	for at := range out[1].Sites {
		a.Sites[at] = drift.Impl{Path: out[1].Of(at).Path, Kernels: out[0].Of(at).Kernels}
	}
	out[0] = a
	return out, nil
}

// runAgainst judges another engine's dump.
func runAgainst(cmd *cobra.Command, args []string, o driftOptions) error {
	file, _, err := openModel(args)
	if err != nil {
		return err
	}
	if o.tokens < 1 || o.text == "" {
		return errors.New("drift: -tokens must be positive, -text not empty")
	}
	m, err := drift.Open(file)
	if err != nil {
		return err
	}
	var names drift.Names
	if o.names != "" {
		data, err := os.ReadFile(o.names)
		if err != nil {
			return err
		}
		if names, err = drift.ReadNames(data); err != nil {
			return err
		}
	}
	tokens := activation.Tokens(file, []byte(o.text), o.tokens)
	dump, err := m.ReadDump(o.against, names, len(tokens))
	if err != nil {
		return err
	}
	if len(dump) == 0 {
		return fmt.Errorf("drift: no stage's file is in %s", o.against)
	}
	verdicts, err := m.JudgeDump(cmd.Context(), dump, tokens)
	if err != nil {
		return err
	}
	out := newOutput(cmd, "LAYER\tSTAGE\tPATH\tERR/BOUND\tVERDICT")
	judged := 0
	for _, v := range verdicts {
		verdict := "pass"
		switch {
		case v.Skipped != "":
			verdict = "skipped: " + v.Skipped
		case v.Wrong != "":
			verdict = "FAIL " + v.Wrong
		}
		if v.Skipped == "" {
			judged++
		}
		out.row(v, "%d\t%s\t%s\t%.3g\t%s", v.Layer, v.Stage, v.Path, v.Worst, verdict)
	}
	out.flush()
	first := drift.First(verdicts)
	if first == nil {
		out.note("%d of %d stages judged, none is wrong", judged, len(verdicts))
		return nil
	}
	out.note("%d of %d stages judged; the first that leaves its bound is layer %d, %s", judged, len(verdicts), first.Layer, first.Stage)
	return errFailed
}

func deviation(x []float32) float64 {
	sum, squares := 0.0, 0.0
	for _, v := range x {
		sum += float64(v)
	}
	mean := sum / float64(len(x))
	for _, v := range x {
		squares += (float64(v) - mean) * (float64(v) - mean)
	}
	return math.Sqrt(squares / float64(len(x)))
}
