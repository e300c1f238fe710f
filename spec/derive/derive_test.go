package derive

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"assay/spec"
)

func TestMain(m *testing.M) {
	debug.SetGCPercent(400) // rationals are short-lived
	os.Exit(m.Run())
}

// instances is how often each step is checked.
const instances = 200

// rngFor returns the generator of one instance of a step.
func rngFor(d, s, i int) *rand.Rand { return rand.New(rand.NewPCG(uint64(d)<<32|uint64(s), uint64(i))) }

// name is a derivation's name in test output.
func (d Derivation) name() string {
	if d.Op == "" {
		return "general"
	}
	return fmt.Sprintf("%s,%v", d.Op, d.Tree)
}

func ratio(x, y *big.Rat) float64 {
	f, _ := quo(x, y).Float64()
	return f
}

// TestSteps checks every step on many instances, and that the check means
// something: with smaller right sides it would fail.
func TestSteps(t *testing.T) {
	for k, d := range All() {
		for _, st := range d.Steps {
			t.Run(fmt.Sprintf("%d:%s,step%d", k, d.name(), st.Number), func(t *testing.T) {
				t.Parallel()
				var f falsifier
				worst, seen := map[string]float64{}, 0
				for i := range instances {
					var sides []side
					if st.run != nil {
						r := st.run(rngFor(k, st.Number, i))
						sides = r.sides()
						f.try(r)
					} else {
						sides = st.sides(rngFor(k, st.Number, i))
					}
					seen += len(sides)
					for _, s := range sides {
						if err := s.check(); err != nil {
							t.Fatalf("rngFor(%d, %d, %d): %v\nclaim: %s", k, st.Number, i, err, st.Claim)
						}
						if s.rhs.Sign() > 0 && !s.slack {
							what := s.left + " ≤ " + s.right
							worst[what] = max(worst[what], ratio(s.lhs, s.rhs))
						}
					}
					if i < 5 {
						if err := st.Check(rngFor(k, st.Number, i)); err != nil {
							t.Fatalf("Check fails where its sides do not: %v", err)
						}
					}
				}
				if seen < instances/2 {
					t.Errorf("only %d inequalities were evaluated", seen)
				}
				for what, r := range worst {
					// A step whose sides are never within a factor of 4 of each
					// other would hold whatever was wrong.
					if t.Logf("largest ratio %.9f: %s", r, what); r < 0.25 {
						t.Errorf("the sides are never nearer than %.3g: %s", r, what)
					}
				}
				// Judging B̂ again, on data meant for the drift, is no place to
				// look for the worst.
				if st.run != nil && d.Result != drift().Result {
					f.report(t)
				}
			})
		}
	}
}

// falsifier counts the runs that wrong bounds would let fail.
type falsifier struct {
	runs     int
	worst    float64 // largest error/bound
	relative float64 // largest error/(γ_h·Gauge), where nothing underflows
	found    [5]int
}

var wrongBounds = [...]string{"half the bound", "u/4 for u", "no term with Eta", "no term with Gauge", "a depth that is 3/4 of spec.Depth"}

func (f *falsifier) try(r *run) {
	f.runs++
	err := distance(r.got.v, r.exact)
	if err.Sign() == 0 {
		return
	}
	b := r.bound()
	f.worst = max(f.worst, ratio(err, b))
	relative := mul(gamma(r.h), r.gauge)
	if r.got.eta == 0 {
		f.relative = max(f.relative, ratio(err, relative))
	}
	underflow := mul(mul(add(one, gamma(r.h)), tiny), r.weight)
	for i, wrong := range [...]*big.Rat{
		mul(b, half),
		add(mul(relative, big.NewRat(1, 4)), underflow),
		relative,
		underflow,
		add(mul(gamma(r.h*3/4), r.gauge), underflow),
	} {
		if err.Cmp(wrong) > 0 {
			f.found[i]++
		}
	}
}

func (f *falsifier) report(t *testing.T) {
	t.Logf("largest error/bound %.6f in %d runs; where nothing underflows, largest error/(γ_h·Gauge) %.6f", f.worst, f.runs, f.relative)
	for i, n := range f.found {
		if n == 0 {
			t.Errorf("no run fails with %s", wrongBounds[i])
		}
	}
}

// TestQuantizeErrorCanFail wants instances that need each term of
// spec.QuantizeError, with the constants that the derivations arrive at.
func TestQuantizeErrorCanFail(t *testing.T) {
	for k, draw := range []func(*rand.Rand) *quantized{drawGGML, drawAprender} {
		var found [3]int
		largest := 0.0
		for i := range 1500 {
			b := draw(rngFor(100, k, i))
			ad := abs(b.d)
			for j := range b.x {
				err := b.error(j)
				largest = max(largest, ratio(err, quantizeError(b.d)))
				for w, wrong := range [...]*big.Rat{
					mul(quantizeError(b.d), half),
					add(mul(ad, half), pow2(-143)), // no relative term
					mul(ad, add(half, pow2(-16))),  // no absolute term
				} {
					if err.Cmp(wrong) > 0 {
						found[w]++
					}
				}
			}
		}
		t.Logf("quantiser %d: largest error/spec.QuantizeError %.9f, failures of wrong bounds %v", k, largest, found)
		if k == 1 {
			// aprender's scale is never subnormal.
			found[2]++
		}
		if slices.Contains(found[:], 0) {
			t.Errorf("quantiser %d: a wrong bound holds in all instances: %v", k, found)
		}
	}
}

func TestEveryOpIsDerived(t *testing.T) {
	for _, in := range spec.Ops() {
		var trees []spec.Tree
		for _, d := range For(in.Op) {
			trees = append(trees, d.Tree)
		}
		if len(trees) == 0 || !in.Exact && (!slices.Contains(trees, spec.TreeAny) || !slices.Contains(trees, spec.TreeLanes)) {
			t.Errorf("%s: derivations for trees %v", in.Op, trees)
		}
	}
	if got := For("no such op"); got != nil {
		t.Errorf("derivations for an unknown op: %v", got)
	}
}

func TestForm(t *testing.T) {
	for _, d := range All() {
		if d.Result == "" || len(d.Steps) == 0 {
			t.Errorf("%s: no result or no steps", d.name())
		}
		for i, s := range d.Steps {
			if s.Number != i+1 {
				t.Errorf("%s: step %d is numbered %d", d.name(), i+1, s.Number)
			}
			if s.Check == nil || strings.TrimSpace(s.Claim) == "" || strings.TrimSpace(s.Why) == "" {
				t.Errorf("%s: step %d has no check, claim or reason", d.name(), s.Number)
			}
			if !strings.ContainsAny(s.Claim, "≤<=") {
				t.Errorf("%s: step %d claims no inequality: %s", d.name(), s.Number, s.Claim)
			}
		}
		last := d.Steps[len(d.Steps)-1]
		if !strings.Contains(last.Claim, "spec.") && !strings.Contains(last.Why, "spec.") {
			t.Errorf("%s: the last step does not lead to package spec: %s", d.name(), last.Claim)
		}
	}
}

// TestErrorNamesBothSides checks the message of an inequality that fails.
func TestErrorNamesBothSides(t *testing.T) {
	err := le("left", integer(3), "right", integer(2)).check()
	if err == nil || !strings.Contains(err.Error(), "left = 3") || !strings.Contains(err.Error(), "right = 2") {
		t.Errorf("got %v", err)
	}
	if err := le("left", integer(2), "right", integer(2)).check(); err != nil {
		t.Errorf("equal sides: %v", err)
	}
}

// TestDepth compares spec.Depth with the tree that spec.SumTree returns.
func TestDepth(t *testing.T) {
	check := func(op spec.Op, n int, equal bool) {
		got, tree := spec.Depth(op, spec.TreeLanes, n), spec.SumTree(op, n).Depth()
		if got < tree || equal && got != tree {
			t.Errorf("%s, n = %d: Depth %d, its tree's depth %d", op, n, got, tree)
		}
	}
	for n := 1; n <= 700; n++ {
		check(spec.OpDotF32, n, n >= spec.DotLanes)
		check(spec.OpMatvecQ4KF32, n, n >= spec.DotLanes)
	}
	for _, in := range spec.Ops() {
		if !in.Sums() || in.In[1].Format == spec.F32 {
			continue
		}
		for nb := 1; nb <= 64; nb++ {
			// Few blocks may not reach all lanes.
			check(in.Op, nb*spec.SuperBlock, !in.In[0].Format.Float())
		}
	}
	for nb := range 200 {
		n := nb * spec.SuperBlock
		for _, d := range []struct{ got, want int }{
			{spec.Depth(spec.OpDotF32, spec.TreeAny, n), max(n, 1)},
			{spec.Depth(spec.OpDotF32, spec.TreeLanes, n), n/64 + 6},
			{spec.Depth(spec.OpMatvecQ4KF32, spec.TreeAny, n), 2*n + 4},
			{spec.Depth(spec.OpMatvecQ4KF32, spec.TreeLanes, n), n/64 + 7},
			{spec.Depth(spec.OpDotQ4KQ8K, spec.TreeAny, n), 32*nb + 6},
			{spec.Depth(spec.OpDotQ4KQ8K, spec.TreeLanes, n), nb + 5},
		} {
			if d.got != d.want {
				t.Errorf("nb = %d: spec.Depth %d, derived %d", nb, d.got, d.want)
			}
		}
	}
}

// TestTreeAsLoops evaluates the declared tree of dot_f32 by the loops that its
// description names, and expects what spec.SumTree gives.
func TestTreeAsLoops(t *testing.T) {
	for i := range 100 {
		v := drawVectors(rngFor(101, 0, i), false)
		r := runDotLanes(v)
		if r.over {
			continue
		}
		m := newMachine()
		var lanes [spec.DotLanes]num
		for l := range lanes {
			lanes[l].v = zero
		}
		for k := range v.a {
			lanes[k%len(lanes)] = m.fma(f32(v.a[k]), f32(v.b[k]), lanes[k%len(lanes)])
		}
		if got := m.fold(lanes[:]); got.v.Cmp(r.got.v) != 0 {
			t.Errorf("instance %d: loops give %s, the tree %s", i, show(got.v), show(r.got.v))
		}
	}
}

// TestRound checks the simulated rounding against the conversion from float64.
func TestRound(t *testing.T) {
	rng := rngFor(102, 0, 0)
	for range 5000 {
		x := math.Ldexp(rng.Float64()*2-1, between(rng, -160, 129))
		y, ok := fl(float(x))
		if want := float32(x); math.IsInf(float64(want), 0) == ok || ok && y.Cmp(rat(want)) != 0 {
			t.Fatalf("fl(%v) = %v, %v; want %v", x, y, ok, want)
		}
	}
	if _, ok := fl(overflow); ok {
		t.Error("the overflow threshold does not overflow")
	}
	if y, ok := fl(sub(overflow, pow2(-200))); !ok || y.Cmp(largest) != 0 {
		t.Error("less than the overflow threshold overflows")
	}
	if overflow.Cmp(fromFloat(spec.OverflowAt())) != 0 || unit.Cmp(fromFloat(spec.UnitRoundoff())) != 0 || tiny.Cmp(fromFloat(spec.UnderflowUnit())) != 0 {
		t.Error("spec's constants differ")
	}
}

// TestFactorsAreNeeded shows kernels that overflow although Gauge + Bound is
// small: what Factors is for.
func TestFactorsAreNeeded(t *testing.T) {
	for name, draw := range map[string]func(*rand.Rand) *run{
		"matvec_q4k_f32, any": func(rng *rand.Rand) *run {
			v, p := drawRow(rng, true)
			for _, w := range v.w {
				w.d, w.dmin = 1, 0
			}
			return runMatvecAny(v, p)
		},
		"dot_q4k_q8k, any": func(rng *rand.Rand) *run {
			v, p := drawQuantRow(rng, true)
			for _, w := range v.w {
				w.d, w.dmin = 1, 0 // dx times the integers comes first in some orders
			}
			return runQuantAny(spec.OpDotQ4KQ8K, v, p)
		},
		"dot_q4k_q8k, lanes": func(rng *rand.Rand) *run {
			v, _ := drawQuantRow(rng, true)
			for _, x := range v.x {
				clear(x.q[:]) // D may overflow for nothing
			}
			return runQuantLanes(spec.OpDotQ4KQ8K, v)
		},
	} {
		found := 0
		for i := range 150 {
			if r := draw(rngFor(103, 0, i)); r.over && add(r.gauge, r.bound()).Cmp(overflow) < 0 {
				found++
			}
		}
		if found == 0 {
			t.Errorf("%s: no kernel overflows unless Gauge + Bound does", name)
		}
	}
}

// TestClassesAreMet wants sums of each class that the last step is about.
func TestClassesAreMet(t *testing.T) {
	steps := class().Steps
	found := map[string]int{}
	for i := range instances {
		for _, s := range steps[len(steps)-1].sides(rngFor(105, 0, i)) {
			for _, c := range []string{"class zero", "class finite", "class infinite"} {
				if strings.Contains(s.left+s.right, c) {
					found[c]++
				}
			}
		}
	}
	for _, c := range []string{"class zero", "class finite", "class infinite"} {
		if found[c] == 0 {
			t.Errorf("no sum of %s was drawn", c)
		}
	}
	t.Log(found)
}
