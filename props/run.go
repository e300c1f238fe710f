package props

import (
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"slices"
	"strings"

	"assay/oracle"
	"assay/spec"
)

// Options say how a run goes. The zero value is a default run.
type Options struct {
	Seed   uint64  // every seed is another run
	Budget float64 // multiplies the recipes of each property; 0 means 1
	Only   []string
	Ledger *Ledger
	// Twin takes the op's reference loop in the oracle's place, for rows that
	// declare its tree: enough where the reference loop itself is judged too.
	Twin bool
	// All goes on with a property that has failed, so that the ledger has its largest
	// error over bound and the number of recipes that fail. A call that did not return,
	// or touched what is not its own, ends it.
	All bool
	// Each is told every verdict of failure, if set.
	Each func(Verdict)
	// Replay returns the command that shows a verdict again.
	Replay func(row spec.Row, property string, r Recipe) string
	// Progress is called after each property, if set.
	Progress func(property string)
}

// Run drives the properties over a row, enters them in the ledger, and returns
// the first failure of each property, or of the first only if stop is set.
// It ends early, without an error, when the context is done.
func Run(ctx context.Context, row spec.Row, o Options, stop bool) []Verdict {
	var out []Verdict
	for _, p := range Properties(row) {
		if len(o.Only) > 0 && !slices.Contains(o.Only, p.Name) {
			continue
		}
		if ctx.Err() != nil {
			return out
		}
		v := runProperty(ctx, row, p, o)
		if o.Progress != nil {
			o.Progress(p.Name)
		}
		if v != nil {
			out = append(out, *v)
			if stop {
				return out
			}
		}
	}
	return out
}

func runProperty(ctx context.Context, row spec.Row, p Property, o Options) *Verdict {
	key := Key{row.Op, row.Tier, p.Name}
	if reason := p.Absent(); reason != "" {
		o.ledger().Skip(key, reason)
		return nil
	}
	// The stream depends on op and property, not on the tier: tiers meet the
	// same cases.
	hash := fnv.New64a()
	fmt.Fprintf(hash, "%s %s", row.Op, p.Name)
	rng := rand.New(rand.NewPCG(o.Seed, hash.Sum64()))
	n := p.Budget
	if o.Budget > 0 {
		n = max(1, int(float64(n)*o.Budget))
	}
	cases := 0
	var first *Verdict
	for range n {
		if ctx.Err() != nil {
			return first
		}
		r := p.Draw(rng, row.Op)
		v := p.Check(row, r, o)
		cases += v.Cases
		if v.Failed {
			v.Verdict.Cases = cases
			if first == nil {
				first = &v.Verdict
			}
			if o.Each != nil {
				o.Each(v.Verdict)
			}
		}
		if v.Failed && (!o.All || v.Finding.Stopped) {
			break
		}
	}
	return first
}

// Result is what one check of one recipe gave.
type Result struct {
	Verdict
	Failed bool
	Worst  float64
}

// Draw returns a random recipe that suits the property.
func (p Property) Draw(rng *rand.Rand, op spec.Op) Recipe {
	if p.draw != nil {
		return p.draw(rng, op)
	}
	return Draw(rng, op)
}

// Absent returns why the property cannot run on this machine, or "".
func (p Property) Absent() string {
	if p.absent == nil {
		return ""
	}
	return p.absent()
}

// Check checks one recipe and enters it in the ledger.
func (p Property) Check(row spec.Row, r Recipe, o Options) Result {
	h := &harness{row: row, poison: byte(r.Seed), twin: o.Twin && row.Tree == spec.TreeLanes}
	f := p.check(h, r)
	o.ledger().Add(Key{row.Op, row.Tier, p.Name}, h.cases, h.worst, r.String(), f != nil)
	res := Result{Failed: f != nil, Worst: h.worst}
	res.Verdict = Verdict{Op: row.Op, Tier: row.Tier, Property: p.Name, Case: r.String(), Cases: h.cases}
	if f != nil {
		res.Finding = *f
		replay := o.Replay
		if replay == nil {
			replay = defaultReplay
		}
		res.Replay = replay(row, p.Name, r)
	}
	return res
}

func defaultReplay(row spec.Row, property string, r Recipe) string {
	return fmt.Sprintf("go run ./cmd/assay replay -property %s -tier %s '%v'", property, row.Tier, r)
}

func (o Options) ledger() *Ledger {
	if o.Ledger == nil {
		return new(Ledger)
	}
	return o.Ledger
}

// PropertyNamed returns the property of that name, if it applies to the row.
func PropertyNamed(row spec.Row, name string) (Property, error) {
	var names []string
	for _, p := range Properties(row) {
		if p.Name == name {
			return p, nil
		}
		names = append(names, p.Name)
	}
	return Property{}, fmt.Errorf("props: no property %q for %s; it has %s", name, row.Name(), strings.Join(names, ", "))
}

// ReplayEnv names the environment variable that makes Conform check just one
// recipe: "PROPERTY RECIPE".
const ReplayEnv = "ASSAY_REPLAY"

func replayFromEnv() (property string, r Recipe, ok bool, err error) {
	text := os.Getenv(ReplayEnv)
	if text == "" {
		return "", Recipe{}, false, nil
	}
	name, recipe, _ := strings.Cut(text, " ")
	r, err = ParseRecipe(strings.TrimSpace(recipe))
	return name, r, true, err
}

// CheckCase judges one given case on a row: by the oracle, and bit for bit
// against the reference loop if the row declares the op's tree.
func CheckCase(row spec.Row, c *spec.Case) Result {
	h := &harness{row: row}
	out, f := h.judged(c)
	name := "accuracy"
	if f == nil && row.Tree == spec.TreeLanes {
		name = "tiers"
		f = sameOutput(c.Op, reference(c), out, "differs from the reference loop")
	}
	return h.result(name, c, f)
}

// JudgeCase is CheckCase for a case that the oracle has evaluated already, for
// the tree that the row declares.
func JudgeCase(row spec.Row, c *spec.Case, want *oracle.Want) Result {
	h := &harness{row: row}
	out, f := h.run(c, 1)
	if f == nil {
		f = h.judge(c.Op, want, out)
	}
	return h.result("accuracy", c, f)
}

func (h *harness) result(property string, c *spec.Case, f *Finding) Result {
	res := Result{Failed: f != nil, Worst: h.worst}
	res.Verdict = Verdict{Op: h.row.Op, Tier: h.row.Tier, Property: property, Case: c.ID, Cases: h.cases}
	if f != nil {
		res.Finding = *f
		res.Replay = fmt.Sprintf("go run ./cmd/assay replay -tier %s '%s'", h.row.Tier, c.ID)
	}
	return res
}
