package props

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"assay/kernels"
	"assay/spec"
)

// Conform holds a kernel to all properties that apply to its op, and fails t
// with one line per property that does not hold. It skips, with the reason, a
// row that the machine cannot run, unless ASSAY_REQUIRE names its tier.
//
// Recipes are drawn by rapid, which shrinks the first one that fails: -rapid.checks
// and -rapid.seed have their usual meaning, ASSAY_REPLAY="PROPERTY RECIPE"
// checks one recipe.
func Conform(t *testing.T, row spec.Row) *Ledger {
	t.Helper()
	return conform(t, row, false)
}

// ConformTwin is Conform with the op's reference loop in the oracle's place, bit
// for bit: for tiers whose machine is slow, such as an emulated one, while the
// reference loop is judged elsewhere.
func ConformTwin(t *testing.T, row spec.Row) *Ledger {
	t.Helper()
	return conform(t, row, true)
}

func conform(t *testing.T, row spec.Row, twin bool) *Ledger {
	t.Helper()
	ledger := new(Ledger)
	if err := checkRow(row); err != nil {
		t.Fatal(err)
	}
	if err := kernels.CheckRequired(); err != nil {
		t.Fatal(err)
	}
	if !row.CanRun() {
		t.Skipf("%s: this CPU cannot run tier %s", row.Name(), row.Tier)
	}
	o := Options{Ledger: ledger, Twin: twin, Replay: func(row spec.Row, property string, r Recipe) string {
		return fmt.Sprintf("%s='%s %v' go test -run '^%s$'", ReplayEnv, property, r, t.Name())
	}}
	name, recipe, one, err := replayFromEnv()
	if err != nil {
		t.Fatal(err)
	}
	all, entered := Properties(row), 0
	for _, p := range all {
		if one && p.Name != name {
			continue
		}
		t.Run(p.Name, func(t *testing.T) {
			entered++
			if reason := p.Absent(); reason != "" {
				ledger.Skip(Key{row.Op, row.Tier, p.Name}, reason)
				t.Skip(reason)
			}
			if one {
				if recipe.Op != row.Op {
					t.Skipf("%s: recipe is for %s", ReplayEnv, recipe.Op)
				}
				if v := p.Check(row, recipe, o); v.Failed {
					t.Fatal(v.Verdict)
				}
				return
			}
			conformProperty(t, row, p, o)
		})
	}
	if entered == len(all) && !t.Failed() { // fewer if -run names some
		if err := ledger.Check(row); err != nil {
			t.Error(err)
		}
	}
	return ledger
}

func checkRow(row spec.Row) error {
	if _, err := spec.Lookup(row.Op); err != nil {
		return err
	}
	if row.Func == nil {
		return fmt.Errorf("props: %s has no function", row.Name())
	}
	want := kernels.For(row.Op)[0].Func
	if fmt.Sprintf("%T", want) != fmt.Sprintf("%T", row.Func) {
		return fmt.Errorf("props: %s: function is a %T, want a %T", row.Name(), row.Func, want)
	}
	return nil
}

// conformProperty lets rapid draw the recipes, a few words each, and shrink
// the first one that fails.
func conformProperty(t *testing.T, row spec.Row, p Property, o Options) {
	const usual = 100 // rapid's default number of checks
	perCheck := (p.Budget + usual - 1) / usual
	t.Helper()
	noFailFile()
	recipes := rapid.Custom(func(rt *rapid.T) Recipe { return p.Draw(rand.New(source{rt}), row.Op) })
	ran := 0
	smallest := "" // the failure of the smallest recipe found so far
	tb := &quiet{T: t}
	rapid.Check(tb, func(rt *rapid.T) {
		for range perCheck {
			if ran >= p.Budget && smallest == "" {
				return // enough: one check of this property makes many cases
			}
			ran++
			if v := p.Check(row, recipes.Draw(rt, "recipe"), o); v.Failed {
				smallest = v.Verdict.String()
				rt.Fatal(smallest)
			}
		}
	})
	switch {
	case smallest != "":
		t.Error(smallest)
	case tb.trouble != "":
		t.Error(tb.trouble)
	}
}

// noFailFile: the failure line replays by itself; a fail file beside it would
// rot. Flags are global, and rows may be tested in parallel.
var noFailFile = sync.OnceFunc(func() { flag.Set("rapid.nofailfile", "true") })

// quiet keeps what rapid says of a failure to itself: one line is enough.
type quiet struct {
	*testing.T
	trouble string
}

func (q *quiet) Logf(string, ...any)               {}
func (q *quiet) Log(...any)                        {}
func (q *quiet) Errorf(format string, args ...any) { q.trouble = fmt.Sprintf(format, args...) }
func (q *quiet) Error(args ...any)                 { q.trouble = fmt.Sprint(args...) }
func (q *quiet) Fatalf(format string, args ...any) { q.Errorf(format, args...) }
func (q *quiet) Fatal(args ...any)                 { q.Error(args...) }
func (q *quiet) Fail()                             { q.trouble = "rapid: failed" }
func (q *quiet) FailNow()                          {} // the last thing that rapid.Check does
func (q *quiet) Failed() bool                      { return q.trouble != "" }

// source makes a rand.Source of rapid's choices. rapid's integers are mostly
// small ones; the high bits, which decide on strategies and shapes, are tossed
// one by one, or the first strategies would be all that is ever drawn.
type source struct{ rt *rapid.T }

func (s source) Uint64() uint64 {
	const tossed = 16
	w := rapid.Uint64Max(1<<(64-tossed)-1).Draw(s.rt, "low")
	for i := range tossed {
		if rapid.Bool().Draw(s.rt, "bit") {
			w |= 1 << (63 - i)
		}
	}
	return w
}
