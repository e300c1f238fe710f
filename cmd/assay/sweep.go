package main

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"assay/kernels"
	"assay/kernels/foreign"
	"assay/oracle"
	"assay/oracle/real"
	"assay/props"
	"assay/spec"
)

// certified are the ops that are judged by the largest error in ulp, with their
// certified values. The others are exact.
var certified = map[spec.Op]struct {
	fast  func(x float32) (m float64, e int)
	exact func(x *big.Float, prec uint) real.Interval
	ulps  float64
}{
	spec.OpExpF32:  {real.FastExp, real.Exp, spec.ExpUlps},
	spec.OpSiluF32: {real.FastSilu, real.Silu, spec.SiluUlps},
	spec.OpGeluF32: {real.FastGelu, real.Gelu, spec.GeluUlps},
}

// sweepResult is what a sweep found; while it runs, what it has found so far.
type sweepResult struct {
	Op       spec.Op     `json:"op"`
	Domain   string      `json:"domain"`
	Tiers    []spec.Tier `json:"tiers"`     // that were found equal, bit for bit; the last one was judged
	Worst    float64     `json:"worst_ulp"` // upper bound of the largest error; 0 for exact ops
	Argument string      `json:"argument"`  // bits of the f32 where it is
	Failed   string      `json:"failed,omitempty"`
	Chunks   int         `json:"chunks"` // done
	Of       int         `json:"of"`
	Seconds  float64     `json:"seconds"`
	Cores    int         `json:"cores"`
}

func sweepCommand() *cobra.Command {
	var dir, library string
	cmd := &cobra.Command{
		Use:   "sweep [OP...]",
		Short: "All inputs of the ops that have few enough",
		Long: "All inputs of the ops that have few enough: exp_f32, silu_f32 and gelu_f32 (largest\n" +
			"error in ulp, against certified values), the conversions and the dequantisers (bit\n" +
			"for bit), on all tiers that the CPU can run. Results go to DIR/OP.json, in which a\n" +
			"sweep that was interrupted is taken up again; one that is complete is not run again\n" +
			"unless its file is removed.\n\n" +
			"With --library, exponential, SiLU and GELU of a CPU library of llama.cpp, for\n" +
			"comparison: their largest errors are measured and not judged.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if library == "" {
				return runSweep(cmd, kernels.Rows(), dir, args)
			}
			rows, err := foreign.Load(library)
			if err != nil {
				return err
			}
			return runSweep(cmd, rows, filepath.Join(dir, "llama.cpp"), args)
		},
	}
	cmd.Flags().StringVar(&library, "library", "", "libggml-cpu-TIER.so, beside libggml-base.so")
	cmd.Flags().StringVar(&dir, "dir", filepath.Join("corpus", "worst"), "folder of the results")
	return cmd
}

func runSweep(cmd *cobra.Command, all []spec.Row, dir string, args []string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	out := newOutput(cmd, "OP\tDOMAIN\tTIERS\tWORST ULP\tAT\tSECONDS\tVERDICT")
	failed, known := false, map[string]bool{}
	for _, d := range props.Domains() {
		rows := slices.DeleteFunc(slices.Clone(all), func(row spec.Row) bool { return row.Op != d.Op || !row.CanRun() })
		known[string(d.Op)] = len(rows) > 0
		if len(rows) == 0 || len(args) > 0 && !slices.Contains(args, string(d.Op)) {
			continue
		}
		path := filepath.Join(dir, string(d.Op)+".json")
		res := sweepResult{Op: d.Op, Domain: d.Claim, Of: d.Chunks, Cores: runtime.GOMAXPROCS(0)}
		for _, row := range rows {
			res.Tiers = append(res.Tiers, row.Tier)
		}
		if data, err := os.ReadFile(path); err == nil {
			var old sweepResult
			if err := json.Unmarshal(data, &old); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			if slices.Equal(old.Tiers, res.Tiers) && old.Domain == res.Domain && old.Of == res.Of {
				res = old
			}
		}
		if err := sweep(cmd, d, rows, &res, path); err != nil {
			return err
		}
		verdict := "pass"
		switch {
		case rows[0].Tier != spec.TierGeneric: // not ours
			verdict = "measured"
		case res.Failed != "" || res.Worst > certified[d.Op].ulps:
			verdict, failed = "FAIL "+res.Failed, true
		case res.Chunks < res.Of:
			verdict = fmt.Sprintf("interrupted at %d of %d", res.Chunks, res.Of)
		}
		out.row(res, "%s\t%s\t%v\t%.6f\t%s\t%.0f\t%s", res.Op, res.Domain, res.Tiers, res.Worst, res.Argument, res.Seconds, verdict)
		if cmd.Context().Err() != nil {
			break
		}
	}
	out.flush()
	for _, a := range args {
		if !known[a] {
			return fmt.Errorf("%s cannot be swept", a)
		}
	}
	if failed {
		return errFailed
	}
	return nil
}

// sweep does the chunks that are left, on all cores, and stores the result every
// few seconds, so that an interruption loses no more than these.
func sweep(cmd *cobra.Command, d props.Domain, rows []spec.Row, res *sweepResult, path string) error {
	bar := newProgress(res.Of)
	defer bar.done()
	for range res.Chunks {
		bar.step("%s", res.Op)
	}
	store := func() error {
		data, err := json.MarshalIndent(res, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(path+".new", append(data, '\n'), 0o666); err != nil {
			return err
		}
		return os.Rename(path+".new", path)
	}
	group := 8 * runtime.GOMAXPROCS(0)
	for res.Chunks < res.Of && cmd.Context().Err() == nil {
		start := time.Now()
		n := min(group, res.Of-res.Chunks)
		found := make([]sweepResult, n)
		var wg sync.WaitGroup
		next := make(chan int, n)
		for k := range n {
			next <- k
		}
		close(next)
		for range runtime.GOMAXPROCS(0) {
			wg.Go(func() {
				for k := range next {
					found[k] = sweepChunk(d.Case(res.Chunks+k), rows)
				}
			})
		}
		wg.Wait()
		for _, f := range found {
			if f.Worst > res.Worst {
				res.Worst, res.Argument = f.Worst, f.Argument
			}
			if res.Failed == "" {
				res.Failed = f.Failed
			}
			bar.step("%s %.4f ulp", res.Op, res.Worst)
		}
		res.Chunks += n
		res.Seconds += time.Since(start).Seconds()
		if err := store(); err != nil {
			return err
		}
	}
	return nil
}

// sweepChunk judges the last row on one chunk, and holds the others to its bits.
func sweepChunk(c *spec.Case, rows []spec.Row) sweepResult {
	in := spec.MustLookup(c.Op)
	run := func(row spec.Row) []byte {
		out := make([]byte, in.OutBytes(c.Shape))
		row.Func.Run(&spec.Call{Shape: c.Shape, Threads: 1, In: c.In, Out: out})
		return out
	}
	last := rows[len(rows)-1]
	out := run(last)
	res := sweepResult{}
	if _, ok := certified[c.Op]; ok {
		res = worstUlps(c, out)
	} else {
		want, err := oracle.Bulk(c, last.Tree)
		if err != nil {
			return sweepResult{Failed: err.Error()}
		}
		if _, f := props.Judge(c.Op, want, out); f != nil {
			res.Failed = fmt.Sprintf("%s, %s, element %s gives %s: %s", last.Tier, c.ID, f.Element, f.Got, f.Detail)
		}
	}
	for _, row := range rows[:len(rows)-1] {
		if _, f := props.Judge(c.Op, &oracle.Want{Bytes: out}, run(row)); f != nil && res.Failed == "" {
			res.Failed = fmt.Sprintf("%s, %s, element %s gives %s, %s other bits: %s", row.Tier, c.ID, f.Element, f.Got, last.Tier, f.Detail)
		}
	}
	return res
}

// worstUlps returns the largest error of out in ulp. The classes, which NaN,
// infinities and zeros have instead, are the suite's.
func worstUlps(c *spec.Case, out []byte) (res sweepResult) {
	op := certified[c.Op]
	for i := range c.Shape.Cols {
		v, got := spec.GetF32(c.In[0], i), spec.GetF32(out, i)
		if v-v != 0 || v == 0 {
			continue
		}
		m, e := op.fast(v)
		u := real.Ulps32(got, m, e)
		if math.IsInf(u, 1) {
			u = math.MaxFloat64 // JSON has no infinity
		} else if u > op.ulps && u < 2*op.ulps { // an upper bound: the enclosure decides
			u = real.ErrorUlps32(got, func(prec uint) real.Interval { return op.exact(big.NewFloat(float64(v)), prec) })
		}
		if u > res.Worst {
			res.Worst, res.Argument = u, fmt.Sprintf("%08x", spec.F32Bits(c.In[0], i))
		}
	}
	return res
}
