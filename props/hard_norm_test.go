package props

import (
	"math/rand/v2"
	"testing"
)

// TestFirstMultiple compares with trying one after another.
func TestFirstMultiple(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		m := 1 + rng.Uint64N(300)
		a, low, high := rng.Uint64N(m), rng.Uint64N(m), rng.Uint64N(m)
		if low > high {
			low, high = high, low
		}
		want, found := uint64(0), false
		for k := range m {
			if v := k * a % m; low <= v && v <= high {
				want, found = k, true
				break
			}
		}
		if got, ok := firstMultiple(a, m, low, high); ok != found || got != want {
			t.Fatalf("%d·k mod %d in [%d, %d]: %d, %v, want %d, %v", a, m, low, high, got, ok, want, found)
		}
	}
}

// TestMiddleGain computes the products' remainders, and that such gains are found often.
func TestMiddleGain(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	found := 0
	const tries = 10000
	for range tries {
		y := 0.5 + 0.5*rng.Float64()
		gain := middleGain(y)
		if gain == 1 {
			continue
		}
		found++
		rest := uint64(y*(1<<53)) * uint64(float64(gain)*(1<<23)) % (1 << 53)
		if off := int64(rest) - 1<<52; off < -2<<24 || off > 2<<24 {
			t.Fatalf("%x with the gain %x: %d from the middle", y, gain, off)
		}
	}
	if found < tries/30 {
		t.Errorf("%d of %d have a gain", found, tries)
	}
}
