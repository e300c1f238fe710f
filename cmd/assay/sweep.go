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
	"assay/oracle"
	"assay/oracle/real"
	"assay/props"
	"assay/spec"
)

// sweepChunks is the number of parts of 2^20 arguments that all f32 are cut into.
const sweepChunks = 1 << 12

// sweepable is an op of one f32 argument with its certified values; they are nil
// for the exact conversions, which the oracle judges bit for bit.
type sweepable struct {
	op    spec.Op
	fast  func(x float32) (m float64, e int)
	exact func(x *big.Float, prec uint) real.Interval
	ulps  float64
}

var sweepables = []sweepable{
	{spec.OpExpF32, real.FastExp, real.Exp, spec.ExpUlps},
	{spec.OpSiluF32, real.FastSilu, real.Silu, spec.SiluUlps},
	{spec.OpGeluF32, real.FastGelu, real.Gelu, spec.GeluUlps},
	{op: spec.OpConvertF32F16},
	{op: spec.OpConvertF32BF16},
}

// sweepResult is what a sweep found; while it runs, what it has found so far.
type sweepResult struct {
	Op       spec.Op   `json:"op"`
	Tier     spec.Tier `json:"tier"`
	Worst    float64   `json:"worst_ulp"` // upper bound of the largest error; 0 for exact ops
	Argument string    `json:"argument"`  // bits of the f32 where it is
	Failed   string    `json:"failed,omitempty"`
	Chunks   int       `json:"chunks"` // done, of 4096
	Seconds  float64   `json:"seconds"`
	Cores    int       `json:"cores"`
}

func sweepCommand() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "sweep [OP...]",
		Short: "All 2^32 arguments of the ops of one f32, on the best tier",
		Long: "All 2^32 arguments of exp_f32, silu_f32, gelu_f32 (largest error in ulp, against\n" +
			"certified values) and of the conversions from f32 (bit for bit). Results go to\n" +
			"DIR/OP.json, in which a sweep that was interrupted is taken up again; one that\n" +
			"is complete is not run again unless its file is removed.",
		RunE: func(cmd *cobra.Command, args []string) error { return runSweep(cmd, dir, args) },
	}
	cmd.Flags().StringVar(&dir, "dir", filepath.Join("corpus", "worst"), "folder of the results")
	return cmd
}

func runSweep(cmd *cobra.Command, dir string, args []string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	out := newOutput(cmd, "OP\tTIER\tWORST ULP\tAT\tSECONDS\tVERDICT")
	failed, known := false, map[string]bool{}
	for _, s := range sweepables {
		known[string(s.op)] = true
		if len(args) > 0 && !slices.Contains(args, string(s.op)) {
			continue
		}
		row := kernels.Dispatched(s.op)
		path := filepath.Join(dir, string(s.op)+".json")
		res := sweepResult{Op: s.op, Tier: row.Tier, Cores: runtime.GOMAXPROCS(0)}
		if data, err := os.ReadFile(path); err == nil {
			var old sweepResult
			if err := json.Unmarshal(data, &old); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			if old.Tier == row.Tier {
				res = old
			}
		}
		if err := sweep(cmd, s, row, &res, path); err != nil {
			return err
		}
		verdict := "pass"
		switch {
		case res.Failed != "" || res.Worst > s.ulps:
			verdict, failed = "FAIL "+res.Failed, true
		case res.Chunks < sweepChunks:
			verdict = fmt.Sprintf("interrupted at %d of %d", res.Chunks, sweepChunks)
		}
		out.row(res, "%s\t%s\t%.6f\t%s\t%.0f\t%s", res.Op, res.Tier, res.Worst, res.Argument, res.Seconds, verdict)
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
func sweep(cmd *cobra.Command, s sweepable, row spec.Row, res *sweepResult, path string) error {
	bar := newProgress(sweepChunks)
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
	for res.Chunks < sweepChunks && cmd.Context().Err() == nil {
		start := time.Now()
		n := min(group, sweepChunks-res.Chunks)
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
					found[k] = s.chunk(row, uint32(res.Chunks+k)<<20)
				}
			})
		}
		wg.Wait()
		for _, f := range found {
			if f.Worst > res.Worst || res.Argument == "" {
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

// chunk runs the kernel on 2^20 consecutive patterns.
func (s sweepable) chunk(row spec.Row, first uint32) sweepResult {
	x := make([]float32, 1<<20)
	for i := range x {
		x[i] = math.Float32frombits(first + uint32(i))
	}
	c := &spec.Case{Op: s.op, Shape: spec.Vector(len(x)), In: [][]byte{spec.FloatBytes(x)}}
	out := make([]byte, spec.MustLookup(s.op).OutBytes(c.Shape))
	row.Func.Run(&spec.Call{Shape: c.Shape, Threads: 1, In: c.In, Out: out})
	res := sweepResult{Argument: fmt.Sprintf("%08x", first)}
	if s.fast == nil {
		want, err := oracle.Bulk(c, row.Tree)
		if err != nil {
			return sweepResult{Failed: err.Error()}
		}
		if _, f := props.Judge(s.op, want, out); f != nil {
			res.Failed = fmt.Sprintf("element %s after %08x gives %s: %s", f.Element, first, f.Got, f.Detail)
		}
		return res
	}
	for i, v := range x {
		got := spec.GetF32(out, i)
		if v-v != 0 || v == 0 {
			continue // the class rules, which the suite judges
		}
		m, e := s.fast(v)
		u := real.Ulps32(got, m, e)
		if u > s.ulps { // an upper bound: the enclosure decides
			u = real.ErrorUlps32(got, func(prec uint) real.Interval { return s.exact(big.NewFloat(float64(v)), prec) })
		}
		if u > res.Worst {
			res.Worst, res.Argument = u, fmt.Sprintf("%08x", first+uint32(i))
		}
	}
	return res
}
