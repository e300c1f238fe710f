package props

import (
	"flag"
	"math"
	"math/rand/v2"
	"testing"

	"assay/spec"
)

var search = flag.Int("search", 0, "TestHardTurns looks for more among so many random angles")

// besideMiddle returns how far y, in units of its last place, is from the middle between
// two f32.
func besideMiddle(y float64) int64 {
	const cut = 1 << 29 // what binary64 has more than f32
	return int64(math.Float64bits(y)%cut) - cut/2
}

// TestHardTurns: each is what its comment says. With -search it looks for others.
func TestHardTurns(t *testing.T) {
	hard := func(pos, factor uint32) (angle float64, is bool) {
		angle = float64(pos) / float64(math.Float32frombits(factor))
		sin, cos := math.Sincos(angle)
		s, c := besideMiddle(sin), besideMiddle(cos)
		return angle, -2 <= s && s <= 2 || -2 <= c && c <= 2
	}
	for _, h := range hardTurns {
		if angle, is := hard(h.pos, h.factor); !is || angle < 0.5 || angle > 1<<30 || h.pos > 1<<20 || math.Float32frombits(h.factor) < spec.MinRopeFactor {
			t.Errorf("%+v: angle %g", h, angle)
		}
	}
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 0))
	for range *search {
		r := rng.Uint64()
		pos := 1<<19 | uint32(r)%(1<<19)
		factor := uint32(r>>40)%(1<<23) | (127-10+uint32(r>>32)%30)<<23
		if angle, is := hard(pos, factor); is {
			t.Logf("{%d, %#08x}, // %g, %.2f of π/2", pos, factor, angle, math.Mod(angle/(math.Pi/2), 1))
		}
	}
	if *search > 0 {
		t.Logf("seed %d", seed)
	}
}
