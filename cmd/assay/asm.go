package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/spf13/cobra"

	"assay/props/assembly"
	"assay/spec"
)

func asmMutantsCommand() *cobra.Command {
	var o asmOptions
	cmd := &cobra.Command{
		Use:   "asm-mutants [REGEXP]",
		Short: "Mutate the project's assembly one instruction at a time, and show what survives",
		Long: "Asm-mutants changes the assembly of the routines whose names match REGEXP, or of all, one\n" +
			"instruction at a time, and runs the properties of the ops that use the routine over\n" +
			"each mutant, on all cores. The source tree, which --dir names, is not touched: mutants\n" +
			"are an overlay of the build. It needs Go.\n\n" +
			"What is killed is written to --state; a run that is started again goes on from there,\n" +
			"as long as the routine's source is the same. Survivors are judged anew. One that the\n" +
			"reviewed list proves equivalent is no failure; one that is listed and yet killed is.\n" +
			"Mutants of a tier that this CPU lacks are unjudged.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return runAsmMutants(cmd, args, o) },
	}
	cmd.Flags().StringVar(&o.dir, "dir", ".", "the source tree")
	cmd.Flags().StringVar(&o.tier, "tier", "", "only this tier")
	cmd.Flags().IntVar(&o.sample, "sample", 0, "mutants of each routine, drawn by --seed; 0: all")
	cmd.Flags().Uint64Var(&o.seed, "seed", 1, "seed of the sample")
	cmd.Flags().StringVar(&o.state, "state", "", "file of results (default: asm-mutants.jsonl in the user's cache)")
	cmd.Flags().BoolVar(&o.exhaustive, "exhaustive", false, "survivors of ops of one f32: all 2^32 arguments, minutes for each")
	cmd.Flags().BoolVar(&o.restart, "restart", false, "forget earlier results")
	return cmd
}

type asmOptions struct {
	dir, tier, state string
	sample           int
	seed             uint64
	restart          bool
	exhaustive       bool
}

func runAsmMutants(cmd *cobra.Command, args []string, o asmOptions) error {
	c := assembly.Options{Root: o.dir, Tier: spec.Tier(o.tier), Sample: o.sample, Seed: o.seed, Exhaustive: o.exhaustive}
	if len(args) > 0 {
		re, err := regexp.Compile(args[0])
		if err != nil {
			return err
		}
		c.Routines = re
	}
	if o.sample < 0 || o.tier != "" && !slices.Contains(spec.Tiers(), c.Tier) {
		return fmt.Errorf("asm-mutants: -sample %d, -tier %q: want none or more, and one of %v", o.sample, o.tier, spec.Tiers())
	}
	if o.state == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return err
		}
		o.state = filepath.Join(cache, "assay", "asm-mutants.jsonl")
	}
	if err := os.MkdirAll(filepath.Dir(o.state), 0o777); err != nil {
		return err
	}
	if o.restart {
		if err := os.Remove(o.state); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	data, err := os.ReadFile(o.state)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	known, err := assembly.ReadResults(data)
	if err != nil {
		return fmt.Errorf("%s: %w", o.state, err)
	}
	stored := map[string]bool{}
	for _, r := range known {
		if r.Status == assembly.Killed {
			c.Known = append(c.Known, r)
			stored[r.Key()] = true
		}
	}
	state, err := os.OpenFile(o.state, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	defer state.Close()
	if len(data) > 0 && data[len(data)-1] != '\n' {
		fmt.Fprintln(state) // the line that was cut short is given up
	}
	list, err := assembly.Equivalences()
	if err != nil {
		return err
	}

	out := newOutput(cmd, "FILE:LINE\tROUTINE\tSTATUS\tINSTRUCTION\tMUTATION\tBY")
	tally := newAsmTally()
	bar := &progress{}
	write := json.NewEncoder(state)
	var all []assembly.Result
	c.Begin = func(routine string, n int) {
		bar.done()
		bar = newProgress(n)
		tally.begin(routine, n)
	}
	c.End = func(r assembly.Result) {
		bar.step("%s", r.Routine)
		if r.Status == assembly.Killed && !stored[r.Key()] {
			err = errors.Join(err, write.Encode(r))
		}
		for _, e := range list {
			switch {
			case !e.Covers(r):
			case r.Status == assembly.Survived:
				r.Status, r.By = assembly.Equivalent, e.Proof
			case r.Status == assembly.Killed:
				r.Status, r.By = refuted, fmt.Sprintf("killed by %s, but listed: %s", r.By, e.Proof)
			}
		}
		tally.add(r)
		all = append(all, r)
	}
	failure := assembly.Campaign(cmd.Context(), c)
	bar.done()
	if failure != nil && cmd.Context().Err() == nil {
		return errors.Join(failure, err)
	}
	slices.SortStableFunc(all, func(a, b assembly.Result) int {
		return cmp.Or(cmp.Compare(a.Tier, b.Tier), cmp.Compare(a.Routine, b.Routine), a.Statement-b.Statement)
	})
	for _, r := range all {
		if out.json == nil && r.Status != assembly.Survived && r.Status != refuted {
			continue
		}
		mutation := r.Mutation
		if mutation == "" {
			mutation = "(dropped)"
		}
		out.row(r, "%s:%d\t%s\t%s\t%s\t%s\t%s", r.File, r.Line, r.Routine, r.Status, r.Before, mutation, r.By)
	}
	out.flush()
	tally.print(out)
	if cmd.Context().Err() != nil {
		out.note("interrupted: what is killed so far is in %s, and what comes after is not counted", o.state)
	}
	if err != nil {
		return err
	}
	if tally.total[assembly.Survived]+tally.total[refuted] > 0 {
		return errFailed
	}
	return nil
}

// refuted is a mutant that is listed as equivalent and was killed.
const refuted = "refuted"

// unreached is a mutant that an interrupted campaign had still to judge.
const unreached = "not reached"

// asmTally counts results by routine.
type asmTally struct {
	order []string
	by    map[string]map[string]int
	total map[string]int
}

func newAsmTally() *asmTally {
	return &asmTally{by: map[string]map[string]int{}, total: map[string]int{}}
}

// begin counts n mutants of a routine as unreached, until add takes their results.
func (t *asmTally) begin(routine string, n int) {
	if t.by[routine] == nil {
		t.by[routine] = map[string]int{}
		t.order = append(t.order, routine)
	}
	t.by[routine][unreached] += n
	t.total[unreached] += n
}

func (t *asmTally) add(r assembly.Result) {
	for _, n := range []map[string]int{t.by[r.Routine], t.total} {
		n[unreached]--
		n[r.Status]++
	}
}

func (t *asmTally) print(out *output) {
	line := func(name string, n map[string]int) {
		judged := n[assembly.Killed] + n[assembly.Survived] + n[refuted]
		score := "not judged: this CPU lacks the tier"
		if n[unreached] > 0 {
			score = "none judged yet"
		}
		if judged > 0 {
			score = fmt.Sprintf("%.1f %% of %d killed", 100*float64(n[assembly.Killed])/float64(judged), judged)
		}
		score = fmt.Sprintf("%s, %d equivalent, %d unjudged", score, n[assembly.Equivalent], n[assembly.Unjudged])
		if n[unreached] > 0 {
			score += fmt.Sprintf(", %d not reached", n[unreached])
		}
		out.note("%-28s %s", name, score)
	}
	for _, name := range t.order {
		line(name, t.by[name])
	}
	line("all", t.total)
}
