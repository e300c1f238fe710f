package props_test

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"

	"assay/corpus"
	"assay/fuzz"
	"assay/kernels"
	"assay/oracle"
	"assay/props"
	"assay/props/mutants"
	"assay/spec"
	"assay/spec/derive"
)

// TestComplete: an op in spec's table has a reference loop, an oracle, a
// generator, a fuzz target, mutants, a derivation and a corpus case.
func TestComplete(t *testing.T) {
	entries, err := corpus.All()
	if err != nil {
		t.Fatal(err)
	}
	has := map[string]map[spec.Op]bool{"mutant": {}, "corpus case": {}, "fuzz target": {}, "derivation": {}}
	for _, m := range mutants.All() {
		has["mutant"][m.Op] = true
	}
	for _, e := range entries {
		has["corpus case"][e.Case.Op] = true
		for _, target := range fuzz.Targets() {
			if _, ok := fuzz.Encode(target, &e.Case); ok {
				has["fuzz target"][e.Case.Op] = true
			}
		}
	}
	for _, in := range spec.Ops() {
		has["derivation"][in.Op] = len(derive.For(in.Op)) > 0
		for what, ops := range has {
			if !ops[in.Op] {
				t.Errorf("%s has no %s", in.Op, what)
			}
		}
		row := kernels.For(in.Op)[0]
		if row.Tier != spec.TierGeneric {
			t.Errorf("%s has no reference loop", in.Op)
		}
		rng := rand.New(rand.NewPCG(1, 1))
		c := props.Draw(rng, in.Op).Case()
		for _, eval := range []func(*spec.Case, spec.Tree) (*oracle.Want, error){oracle.Eval, oracle.Bulk} {
			if _, err := eval(c, spec.TreeLanes); err != nil {
				t.Errorf("%s: %v", in.Op, err)
			}
		}
	}
}

// TestStrategies: every strategy is reached by the default run of an op that
// takes its format, and can be replayed from its text.
func TestStrategies(t *testing.T) {
	for _, in := range spec.Ops() {
		seen := make([]map[string]bool, len(in.In))
		for k := range seen {
			seen[k] = map[string]bool{}
		}
		rng := rand.New(rand.NewPCG(2, 2))
		for range 400 {
			r := props.Draw(rng, in.Op)
			back, err := props.ParseRecipe(r.String())
			if err != nil || back != r {
				t.Fatalf("%v does not parse: %v", r, err)
			}
			if err := r.Case().Check(); err != nil {
				t.Fatalf("%v: %v", r, err)
			}
			for k, name := range strings.Split(r.Strategy, "+") {
				seen[k][name] = true
			}
		}
		for k := range in.In {
			for _, name := range props.OperandStrategies(in.Op, k) {
				if !seen[k][name] {
					t.Errorf("%s: strategy %s of operand %d was never drawn", in.Op, name, k)
				}
			}
		}
	}
}

// TestCancelled: a run that is cancelled ends without a verdict.
func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	row := spec.Row{Op: spec.OpDotF32, Tier: "broken", Func: spec.DotF32(func(a, b []float32) float32 { return 1 })}
	if v := props.Run(ctx, row, props.Options{}, false); len(v) > 0 {
		t.Errorf("verdicts after cancellation: %v", v)
	}
}

// TestScalingOverflow: half numbers of usual data overflow at times, and of an infinity
// times zero the scaled result is NaN as well, which equals nothing.
func TestScalingOverflow(t *testing.T) {
	r, err := props.ParseRecipe("dot_f16:gauss+integers:1x77x1:d84d486b2842e00")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range props.All() {
		if p.Name != "scaling" {
			continue
		}
		for _, row := range kernels.For(r.Op) {
			if !row.CanRun() {
				continue
			}
			if v := p.Check(row, r, props.Options{}); v.Failed {
				t.Error(v.Verdict)
			}
		}
	}
}
