package real

import (
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

// points is how many points a function is tried on; ASSAY_REAL_POINTS overrides
// it.
func points(t testing.TB) int {
	if s := os.Getenv("ASSAY_REAL_POINTS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if testing.Short() || raceEnabled {
		return 200
	}
	return 2000
}

// hostile draws an argument: any f32 (subnormals, huge ones), any f64, numbers
// of moderate size, near multiples of π/2 and of ln 2, near 1, powers of two and
// their neighbours, and numbers with many bits.
func hostile(rng *rand.Rand) *big.Float {
	f := func(v float64) *big.Float {
		if v-v != 0 {
			v = 1
		}
		return big.NewFloat(v)
	}
	switch rng.IntN(12) {
	case 0, 1, 2:
		return f(float64(math.Float32frombits(rng.Uint32())))
	case 3:
		return f(math.Float64frombits(rng.Uint64()))
	case 4:
		return f(rng.NormFloat64() * 10)
	case 5:
		return f(float64(float32(rng.NormFloat64())))
	case 6:
		return f(math.Float64frombits(math.Float64bits(float64(rng.IntN(1<<rng.IntN(20)))*math.Pi/2) + uint64(rng.IntN(3)) - 1))
	case 7:
		return f(float64(float32(float64(rng.IntN(400)-200) * math.Ln2)))
	case 8:
		return f(1 + math.Ldexp(rng.NormFloat64(), -rng.IntN(52)))
	case 9:
		v := math.Ldexp(1, rng.IntN(300)-150)
		return f(math.Copysign(math.Nextafter(v, 2*v*float64(rng.IntN(2))), rng.NormFloat64()))
	case 10:
		return f(float64(math.Float32frombits(rng.Uint32() & 0x80ffffff))) // subnormal or nearly
	}
	m := new(big.Int).SetBytes([]byte(strconv.FormatUint(rng.Uint64(), 10))) // up to 160 bits
	v := new(big.Float).SetInt(m)
	return v.SetMantExp(v, -v.MantExp(nil)+rng.IntN(20)-10)
}

// argument makes x one that the function and its second algorithm take.
func (f Function) argument(x *big.Float) *big.Float {
	if f.Positive {
		x = new(big.Float).Abs(x)
		if x.Sign() == 0 {
			return big.NewFloat(1)
		}
	}
	if e := x.MantExp(nil); e > f.Limit {
		x = new(big.Float).SetMantExp(x, f.Limit-e)
	}
	return x
}

// TestAlgorithmsAgree: the enclosures by the two algorithms of each function
// intersect, and are as narrow as promised.
func TestAlgorithmsAgree(t *testing.T) {
	for _, f := range Functions() {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(1, 1))
			for range points(t) {
				x := f.argument(hostile(rng))
				prec := uint(96)
				if rng.IntN(8) == 0 {
					prec = 24 + uint(rng.IntN(300))
				}
				a, b := f.First(x, prec), f.Second(x, prec)
				if !a.Intersects(b) {
					t.Fatalf("%s(%s) at %d bits: %v and %v", f.Name, x.Text('p', 0), prec, a, b)
				}
				if a.Hi.MantExp(nil) > -1<<24 && !a.Hi.IsInf() && x.MantExp(nil) < 4096 && (!a.Within(prec) || !b.Within(prec)) {
					t.Fatalf("%s(%s) at %d bits is too wide: %v, %v, %v, %v", f.Name, x.Text('p', 0), prec, a, a.Width(), b, b.Width())
				}
			}
		})
	}
}
