package derive

import (
	"fmt"
	"math/big"
	"math/rand/v2"

	"assay/spec"
)

// Step is one inequality of a derivation.
type Step struct {
	Number int    // 1, 2, … in its derivation
	Claim  string // the inequality
	Why    string // what it follows from
	// Check draws one instance, evaluates both sides on exact rationals, and
	// returns an error that names them if the inequality fails.
	Check func(rng *rand.Rand) error

	sides func(rng *rand.Rand) []side // what Check compares
	run   func(rng *rand.Rand) *run   // what is judged by spec.Bound, if anything is
}

// Derivation leads from the rounding model to one result of package spec.
type Derivation struct {
	Op     spec.Op   // empty if the result is about no single op
	Tree   spec.Tree // means nothing where the op is exact or empty
	Result string    // what the last step states
	Steps  []Step
}

// All returns all derivations, each after those that it rests on.
func All() []Derivation {
	return append([]Derivation{
		rounding(),
		dotF32Lanes(),
		dotF32Any(),
		matvecF32Lanes(),
		matvecF32Any(),
		dotQuantLanes(spec.OpDotQ4KQ8K),
		dotQuantAny(spec.OpDotQ4KQ8K),
		dotQuantLanes(spec.OpMatvecQ4KQ8K),
		dotQuantAny(spec.OpMatvecQ4KQ8K),
		dequantQ4K(),
		quantizeGGML(),
		quantizeAprender(),
		drift(),
		class(),
	}, append(formatDerivations(), floatDerivations()...)...)
}

// For returns the derivations about op.
func For(op spec.Op) []Derivation {
	var out []Derivation
	for _, d := range All() {
		if d.Op == op {
			out = append(out, d)
		}
	}
	return out
}

func derivation(op spec.Op, t spec.Tree, result string, steps ...Step) Derivation {
	for i := range steps {
		steps[i].Number = i + 1
	}
	return Derivation{Op: op, Tree: t, Result: result, Steps: steps}
}

func step(claim, why string, sides func(rng *rand.Rand) []side) Step {
	return Step{Claim: claim, Why: why, sides: sides, Check: func(rng *rand.Rand) error {
		for _, s := range sides(rng) {
			if err := s.check(); err != nil {
				return err
			}
		}
		return nil
	}}
}

// bounded is the step that judges a simulated kernel by spec.Bound.
func bounded(claim, why string, draw func(rng *rand.Rand) *run) Step {
	s := step(claim, why, func(rng *rand.Rand) []side { return draw(rng).sides() })
	s.run = draw
	return s
}

// side is one instance of an inequality: lhs ≤ rhs.
type side struct {
	left, right string // what the two sides are
	lhs, rhs    *big.Rat
	slack       bool // the right side is meant to be simple, not near
}

func le(left string, lhs *big.Rat, right string, rhs *big.Rat) side {
	return side{left: left, right: right, lhs: lhs, rhs: rhs}
}

// ample is le for a right side that is much larger by design.
func ample(left string, lhs *big.Rat, right string, rhs *big.Rat) side {
	return side{left: left, right: right, lhs: lhs, rhs: rhs, slack: true}
}

func (s side) check() error {
	if s.lhs.Cmp(s.rhs) <= 0 {
		return nil
	}
	return fmt.Errorf("derive: %s = %s exceeds %s = %s by %s",
		s.left, show(s.lhs), s.right, show(s.rhs), show(sub(s.lhs, s.rhs)))
}

// show prints 12 digits, for the exact value may have hundreds.
func show(x *big.Rat) string { return new(big.Float).SetRat(x).Text('g', 12) }
