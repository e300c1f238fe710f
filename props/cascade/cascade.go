package cascade

import (
	"fmt"
	"strings"
)

// All returns the rows in their published order.
func All() []Falsifier {
	return []Falsifier{m91(), m92(), m93(), m94(), m95(), m96(), m97(), m98(), m99(), m100(), m101(), m102(), m103()}
}

// Report is what a row gave.
type Report struct {
	ID          string       `json:"id"`
	Amplifier   string       `json:"amplifier,omitempty"`
	Hypothesis  string       `json:"hypothesis"`
	Fixture     string       `json:"fixture"`
	Published   []Figure     `json:"published"`
	Reproduced  []Figure     `json:"reproduced"`
	BitsEqual   *bool        `json:"bits_equal"` // of all figures with published bits, or null
	Populations []Population `json:"populations"`
	Verdict     string       `json:"verdict"`
	Reason      string       `json:"reason"`
	Skipped     string       `json:"skipped,omitempty"`
	Notes       []string     `json:"notes,omitempty"`
}

// Options say how a run goes.
type Options struct {
	Seed  uint64
	Draws int // of every population; 0 means its own number
}

// Run measures the row, draws its populations, and applies its rule.
func (f Falsifier) Run(m *Model, o Options) Report {
	r := Report{ID: f.ID, Amplifier: f.Amplifier, Hypothesis: f.Hypothesis, Fixture: f.Fixture, Published: f.Published, Notes: f.Notes}
	figures, err := f.measure(m)
	if err != nil {
		r.Verdict, r.Skipped = "skipped", err.Error()
		return r
	}
	r.Reproduced = figures
	r.BitsEqual = bitsEqual(f.Published, figures)
	for _, s := range append(f.populations, m.populationsOf(f.ID)...) {
		draws := s.n
		if o.Draws > 0 {
			draws = o.Draws
		}
		r.Populations = append(r.Populations, sample(s, o.Seed, draws, figures[0].Value))
	}
	r.Verdict, r.Reason = f.verdict(figures[0].Value, r.Populations)
	return r
}

// verdict applies the rule to the fixture and to the quantiles of the
// populations. It is the rule's where all agree; otherwise the fixture decides
// nothing.
func (f Falsifier) verdict(figure float64, all []Population) (verdict, reason string) {
	verdict = f.Rule.Apply(figure)
	var others []string
	for _, p := range all {
		for _, q := range []struct {
			name string
			x    float64
		}{{"p1", p.P01.Value}, {"p50", p.P50.Value}, {"p99", p.P99.Value}} {
			if v := f.Rule.Apply(q.x); v != verdict {
				others = append(others, fmt.Sprintf("%s at %s of %s (%.3g)", v, q.name, p.Name, q.x))
			}
		}
	}
	if len(all) == 0 {
		return verdict, fmt.Sprintf("%s %.4g on one model, no population", f.Rule.Of, figure)
	}
	if len(others) == 0 {
		return verdict, fmt.Sprintf("%s %.4g, and the same at p1, p50 and p99 of every population", f.Rule.Of, figure)
	}
	return "undecided", fmt.Sprintf("%s on the fixture (%.4g), but %s", verdict, figure, strings.Join(others, ", "))
}

// bitsEqual compares the figures that have published bits, nil if none has.
func bitsEqual(published, got []Figure) *bool {
	var out *bool
	for i, p := range published {
		if p.Bits == 0 || i >= len(got) {
			continue
		}
		same := got[i].Bits == p.Bits
		if out != nil {
			same = same && *out
		}
		out = &same
	}
	return out
}

// Part is a factor of the published decomposition.
type Part struct {
	Name      string  `json:"name"`
	Published float64 `json:"published"`
	Measured  float64 `json:"measured,omitempty"`
	Source    string  `json:"source"`
}

// Decomposition returns the factors whose product was published as an explanation
// of a measured 1723 %, with what this run measured of each. The last factor is no
// measurement: it is 1723 % over the product of the others, so that the product
// comes out whatever they are.
func Decomposition(reports []Report) []Part {
	parts := []Part{
		{Name: "difference of one dot, in %", Published: 0.077, Source: "M94"},
		{Name: "compounding", Published: 5.70, Source: "M95"},
		{Name: "several tokens", Published: 50, Source: "M99"},
		{Name: "trained weights", Published: 5.56, Source: "M100"},
	}
	product, measured := 1.0, 1.0
	for i, p := range parts {
		for _, r := range reports {
			if r.ID == p.Source && len(r.Reproduced) > 0 {
				parts[i].Measured = r.Reproduced[0].Value
				if p.Source == "M94" {
					parts[i].Measured *= 100
				}
			}
		}
		product *= p.Published
		measured *= parts[i].Measured
	}
	last := Part{Name: "residual: the quotient of 1723 and the product of the others", Published: 1723 / product, Source: "no measurement"}
	if measured > 0 {
		last.Measured = 1723 / measured
	}
	return append(parts, last)
}
