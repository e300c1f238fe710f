package cascade

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Falsifier is an experiment that could refute a hypothesis.
type Falsifier struct {
	ID         string
	Amplifier  string // which of the amplifiers A1 to A6 it tests, or ""
	Hypothesis string
	Fixture    string
	Rule       Rule
	Published  []Figure // the first one is what the rule is about, if there is a rule
	Notes      []string // errors of the published fixture

	// measure computes the published figures again, in their order.
	measure func(m *Model) ([]Figure, error)
	// populations give the first figure over many inputs.
	populations []source
	teacher     bool // measure needs a model
}

// Figure is one number.
type Figure struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Bits  uint32  `json:"bits,omitempty"` // of the f32, where that was published
	// Within is how near the figure must come to count as reproduced: half a unit of
	// the last digit published, or what the notes say; 0 where bits decide.
	Within float64 `json:"within,omitempty"`
}

func (f Figure) String() string {
	if f.Bits != 0 {
		return fmt.Sprintf("%s %.9g (%08x)", f.Name, f.Value, f.Bits)
	}
	return fmt.Sprintf("%s %.6g", f.Name, f.Value)
}

// bitsOf is a figure of which the f32's bits were published.
func bitsOf(name string, v float32) Figure {
	return Figure{Name: name, Value: float64(v), Bits: math.Float32bits(v)}
}

// source draws from one population.
type source struct {
	name string
	n    int // draws
	// draw returns the figure, and the same error over the gauge or NaN.
	draw func(rng *rand.Rand) (figure, gauge float64)
}

// Rule turns a figure into a verdict: that of the first band whose limit it
// exceeds, or the last one.
type Rule struct {
	Of    string
	Bands []Band
}

// Band is a verdict for figures above a limit.
type Band struct {
	Over    float64
	Verdict string
}

// Apply returns the verdict of the rule.
func (r Rule) Apply(x float64) string {
	if x != x {
		return "no figure"
	}
	for _, b := range r.Bands {
		if x > b.Over {
			return b.Verdict
		}
	}
	return r.Bands[len(r.Bands)-1].Verdict
}

// Published rules.
var (
	amplification = Rule{"amplification", []Band{
		{50, "catastrophic"}, {5, "partially confirmed"}, {1.5, "weak"}, {math.Inf(-1), "falsified"},
	}}
	saturation = Rule{"amplification", []Band{
		{5, "confirmed"}, {1, "weak"}, {math.Inf(-1), "falsified"},
	}}
	coupling = Rule{"amplification", []Band{
		{5, "confirmed"}, {1.5, "weak"}, {0.7, "neutral"}, {math.Inf(-1), "falsified"},
	}}
	// different counts elements: any is a difference.
	different = Rule{"differing results", []Band{{0, "different bits"}, {math.Inf(-1), "equal bits"}}}
	// mechanism is the claim that two paths differ at all.
	mechanism = Rule{"relative difference", []Band{{0, "different"}, {math.Inf(-1), "equal"}}}
	// ratio is that of M103.
	ratio = Rule{"ratio", []Band{{2, "outside"}, {0.5, "within [0.5, 2]"}, {math.Inf(-1), "outside"}}}
)
