package activation

import "math"

// pairing tells which two elements of a head RoPE rotates together (J. Su et
// al., arXiv:2104.09864). The first pair has the highest frequency.
type pairing uint8

const (
	// adjacent pairs elements 2i and 2i+1: Llama's own order, and that of a
	// GGUF file, whose q and k rows the converter has permuted to it.
	adjacent pairing = iota
	// halves pairs elements i and i + n/2 of a head of n.
	halves
)

// ropeFrequencies returns the angle by which one position turns each pair of a
// head of n: scale·base^(−2i/n), divided by the factors if there are any.
func ropeFrequencies(n int, base, scale float64, factors []float64) []float64 {
	freqs := make([]float64, n/2)
	for i := range freqs {
		freqs[i] = scale * math.Pow(base, -2*float64(i)/float64(n))
		if factors != nil {
			freqs[i] /= factors[i]
		}
	}
	return freqs
}

// A rotation is what RoPE does to a head at one position: the cosine and sine
// of the angle of each pair.
type rotation struct {
	pairing  pairing
	cos, sin []float64
}

func newRotation(p pairing, freqs []float64, pos int) rotation {
	r := rotation{p, make([]float64, len(freqs)), make([]float64, len(freqs))}
	for i, f := range freqs {
		r.sin[i], r.cos[i] = math.Sincos(float64(pos) * f)
	}
	return r
}

// apply rotates the head in place.
func (r rotation) apply(head []float64) {
	for i, c := range r.cos {
		a, b := &head[i], &head[(i+len(r.cos))%len(head)]
		if r.pairing == adjacent {
			a, b = &head[2*i], &head[2*i+1]
		}
		s := r.sin[i]
		*a, *b = float64(*a*c)-float64(*b*s), float64(*a*s)+float64(*b*c)
	}
}
