package activation

import (
	"math"
	"slices"
	"testing"
)

// Hand-computed: at position 2 with base 4 a head of 4 turns its first pair by
// 2·4^0 = 2 and its second by 2·4^(−1/2) = 1.
func TestRoPE(t *testing.T) {
	const (
		cos1, sin1 = 0.5403023058681398, 0.8414709848078965
		cos2, sin2 = -0.4161468365471424, 0.9092974268256817
	)
	for _, tt := range []struct {
		name     string
		pairing  pairing
		in, want []float64
	}{
		{"adjacent, first pair", adjacent, []float64{1, 0, 0, 0}, []float64{cos2, sin2, 0, 0}},
		{"adjacent, second of a pair", adjacent, []float64{0, 1, 0, 0}, []float64{-sin2, cos2, 0, 0}},
		{"adjacent, second pair", adjacent, []float64{0, 0, 1, 0}, []float64{0, 0, cos1, sin1}},
		{"adjacent", adjacent, []float64{1, 2, 3, 4}, []float64{cos2 - 2*sin2, sin2 + 2*cos2, 3*cos1 - 4*sin1, 3*sin1 + 4*cos1}},
		{"halves, first pair", halves, []float64{1, 0, 0, 0}, []float64{cos2, 0, sin2, 0}},
		{"halves, second of a pair", halves, []float64{0, 0, 1, 0}, []float64{-sin2, 0, cos2, 0}},
		{"halves, second pair", halves, []float64{0, 1, 0, 0}, []float64{0, cos1, 0, sin1}},
		{"halves", halves, []float64{1, 2, 3, 4}, []float64{cos2 - 3*sin2, 2*cos1 - 4*sin1, sin2 + 3*cos2, 2*sin1 + 4*cos1}},
	} {
		got := slices.Clone(tt.in)
		newRotation(tt.pairing, ropeFrequencies(4, 4, 1, nil), 2).apply(got)
		compare(t, tt.name, got, tt.want, 1e-15)

		got = slices.Clone(tt.in)
		newRotation(tt.pairing, ropeFrequencies(4, 4, 1, nil), 0).apply(got)
		if !slices.Equal(got, tt.in) {
			t.Errorf("%s: position 0 changes %v to %v", tt.name, tt.in, got)
		}
	}
}

func TestRoPEFrequencies(t *testing.T) {
	compare(t, "plain", ropeFrequencies(6, 1000, 1, nil), []float64{1, 0.1, 0.01}, 1e-15)
	compare(t, "scaled", ropeFrequencies(6, 1000, 0.25, nil), []float64{0.25, 0.025, 0.0025}, 1e-15)
	compare(t, "factors", ropeFrequencies(6, 1000, 1, []float64{1, 2, 8}), []float64{1, 0.05, 0.00125}, 1e-15)
}

// The product of a query and a key depends on their distance alone.
func TestRoPEDistance(t *testing.T) {
	q, k := []float64{1, -2, 3, 0.5, 2, 1}, []float64{0.3, 1, -1, 2, 1, -4}
	for _, p := range []pairing{adjacent, halves} {
		at := func(m, n int) float64 {
			freqs := ropeFrequencies(6, 10000, 1, nil)
			q, k := slices.Clone(q), slices.Clone(k)
			newRotation(p, freqs, m).apply(q)
			newRotation(p, freqs, n).apply(k)
			return dot(q, k)
		}
		for _, shift := range []int{1, 10, 1000} {
			if got, want := at(7+shift, 3+shift), at(7, 3); math.Abs(got-want) > 1e-12 {
				t.Errorf("pairing %d: at %d and %d %v, at 7 and 3 %v", p, 7+shift, 3+shift, got, want)
			}
		}
	}
}
