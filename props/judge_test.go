package props_test

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"assay/kernels"
	"assay/props"
	"assay/spec"
)

// broken is a kernel given as a function of the whole call.
type broken func(c *spec.Call)

func (f broken) Run(c *spec.Call) { f(c) }

// brokenKernels are what a judge must never accept, made from a correct kernel.
func brokenKernels(correct spec.Func) map[string]spec.Func {
	var previous, first []byte
	return map[string]spec.Func{
		"null":     broken(func(c *spec.Call) {}),
		"zero":     broken(func(c *spec.Call) { clear(c.Out) }),
		"ones":     broken(func(c *spec.Call) { spec.PutFloats(c.Out, slice(len(c.Out)/4, 1)) }),
		"NaN":      broken(func(c *spec.Call) { spec.PutFloats(c.Out, slice(len(c.Out)/4, float32(math.NaN()))) }),
		"infinite": broken(func(c *spec.Call) { spec.PutFloats(c.Out, slice(len(c.Out)/4, float32(math.Inf(1)))) }),
		"copying":  broken(func(c *spec.Call) { copy(c.Out, c.In[0]) }),
		"stale": broken(func(c *spec.Call) {
			copy(c.Out, previous)
			out := make([]byte, len(c.Out))
			correct.Run(&spec.Call{Shape: c.Shape, Threads: c.Threads, In: c.In, Out: out})
			previous = out
		}),
		"constant": broken(func(c *spec.Call) {
			if first == nil {
				correct.Run(c)
				first = bytes.Clone(c.Out)
			}
			copy(c.Out, first)
		}),
		"clobbering": broken(func(c *spec.Call) {
			correct.Run(c)
			if last := c.In[len(c.In)-1]; len(last) > 0 {
				last[len(last)-1]++
			}
		}),
		"spilling": broken(func(c *spec.Call) {
			correct.Run(c)
			beyond := c.Out[: len(c.Out)+1 : len(c.Out)+1] // within capacity or a panic: a finding either way
			beyond[len(c.Out)]++
		}),
		"partial": broken(func(c *spec.Call) { // the last element is left as it was
			out := make([]byte, len(c.Out))
			correct.Run(&spec.Call{Shape: c.Shape, Threads: c.Threads, In: c.In, Out: out})
			copy(c.Out, out[:len(out)-1])
		}),
		"panicking": broken(func(c *spec.Call) { panic("no") }),
		"one ulp": broken(func(c *spec.Call) { // exact ops only
			correct.Run(c)
			c.Out[len(c.Out)/2&^3]++
		}),
	}
}

func slice(n int, v float32) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = v
	}
	return x
}

func TestJudgeRejects(t *testing.T) {
	for _, in := range spec.Ops() {
		for name, f := range brokenKernels(kernels.For(in.Op)[0].Func) {
			if name == "one ulp" && !in.Exact {
				continue // may lie within the bound
			}
			row := spec.Row{Op: in.Op, Tier: "broken", Tree: spec.TreeAny, Func: f}
			v := props.Run(context.Background(), row, props.Options{}, true)
			if len(v) == 0 {
				t.Errorf("%s: the %s kernel was accepted", in.Op, name)
				continue
			}
			line := v[0].String()
			if strings.Contains(line, "\n") || !strings.Contains(line, "replay: ") || !strings.Contains(line, v[0].Case) {
				t.Errorf("%s: %s: not one line with a replay: %q", in.Op, name, line)
			}
		}
	}
}

// TestJudgeAccepts runs the reference loops under many seeds, as rows of either
// tree: a false alarm is as bad as a miss.
func TestJudgeAccepts(t *testing.T) {
	seeds := uint64(2)
	if testing.Short() || raceEnabled {
		seeds = 1
	}
	for _, in := range spec.Ops() {
		for _, tree := range []spec.Tree{spec.TreeAny, spec.TreeLanes} {
			t.Run(fmt.Sprintf("%s/%v", in.Op, tree), func(t *testing.T) {
				t.Parallel()
				row := kernels.For(in.Op)[0]
				row.Tree = tree
				for seed := range seeds {
					for _, v := range props.Run(context.Background(), row, props.Options{Seed: seed, Budget: 0.5}, false) {
						t.Errorf("seed %d: %v", seed, v)
					}
				}
			})
		}
	}
}

// TestReplay: the recipe in a verdict makes the failure again, at once.
func TestReplay(t *testing.T) {
	row := spec.Row{Op: spec.OpDotQ4KQ8K, Tier: "broken", Func: spec.DotQuant(func(w, x []byte) float32 {
		return kernels.DotQ4KQ8K(w, x) * (1 + 0x1p-10)
	})}
	v := props.Run(context.Background(), row, props.Options{Seed: 7}, true)
	if len(v) == 0 {
		t.Fatal("a kernel with a relative error of 2^-10 was accepted")
	}
	r, err := props.ParseRecipe(v[0].Case)
	if err != nil {
		t.Fatal(err)
	}
	p, err := props.PropertyNamed(row, v[0].Property)
	if err != nil {
		t.Fatal(err)
	}
	if again := p.Check(row, r, props.Options{}); !again.Failed || again.Finding != v[0].Finding {
		t.Errorf("replay of %s gave %+v, want %+v", v[0].Case, again.Finding, v[0].Finding)
	}
}

// TestLedgerZero: a property that ran no case is an error.
func TestLedgerZero(t *testing.T) {
	row := kernels.For(spec.OpDotF32)[0]
	ledger := new(props.Ledger)
	props.Run(context.Background(), row, props.Options{Ledger: ledger, Only: []string{"accuracy"}, Budget: 0.01}, false)
	if err := ledger.Check(row); err == nil {
		t.Error("a ledger with empty properties was accepted")
	}
}

func TestParseRecipe(t *testing.T) {
	for _, s := range []string{
		"", "dot_f32", "dot_f32:gauss+gauss:1x3x1:zz", "dot_f32:gauss:1x3x1:0", "dot_f32:gauss+typical:1x3x1:0",
		"dot_f32:gauss+gauss:1x3:0", "dot_f32:gauss+gauss:2x3x1:0", "dot_f32:gauss+gauss:1x-3x1:0", "dot_f33:gauss+gauss:1x3x1:0",
		"dequant_q4k:typical:1x255x1:0", "matvec_q4k_f32:typical+gauss:1000000000x256x1:0", "matvec_q4k_f32:typical+gauss:0x256x1:0",
		"dot_f32:gauss+gauss:1x99999999999999999999x1:0",
	} {
		if r, err := props.ParseRecipe(s); err == nil {
			t.Errorf("%q was accepted as %v", s, r)
		}
	}
	const good = "matvec_q4k_q8k:spread+halves:3x512x2:1f"
	if r, err := props.ParseRecipe(good); err != nil || r.String() != good {
		t.Errorf("ParseRecipe(%q) = %v, %v", good, r, err)
	}
}
