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
				// Beyond what is computed at all (see Exp, Sincos) they are wide.
				far := min(a.Lo.MantExp(nil), a.Hi.MantExp(nil)) < -1<<24 || a.Hi.IsInf() || x.MantExp(nil) > wildExp
				if !far && (!a.Within(prec) || !b.Within(prec)) {
					t.Fatalf("%s(%s) at %d bits is too wide: %v, %v, %v, %v", f.Name, x.Text('p', 0), prec, a, text(a.Width()), b, text(b.Width()))
				}
			}
		})
	}
}

// TestPoints: what is exact comes back as a point, from both algorithms where
// they can.
func TestPoints(t *testing.T) {
	half := big.NewFloat(0.5)
	for _, c := range []struct {
		name    string
		x, want *big.Float
	}{
		{"exp", zero, unit}, {"log", unit, zero}, {"sin", zero, zero}, {"cos", zero, unit},
		{"sigmoid", zero, half}, {"tanh", zero, zero}, {"erf", zero, zero}, {"erfc", zero, unit},
		{"silu", zero, zero}, {"gelu", zero, zero},
		{"rsqrt", unit, unit}, {"rsqrt", power(-148), power(74)}, {"rsqrt", power(120), power(-60)}, {"rsqrt", power(-2), big.NewFloat(2)},
	} {
		for _, f := range Functions() {
			if f.Name != c.name {
				continue
			}
			all := []Interval{f.First(c.x, 96), f.Second(c.x, 96)}
			if f.OnInterval != nil {
				all = append(all, f.OnInterval(Point(c.x), 96))
			}
			for _, v := range all {
				if !v.IsPoint() || v.Lo.Cmp(c.want) != 0 {
					t.Errorf("%s(%v) = %v, want %v", c.name, c.x, v, c.want)
				}
			}
		}
	}
}

// TestOnIntervals: the enclosure over an interval holds those at points of it,
// and is no wider than the function's slope asks for.
func TestOnIntervals(t *testing.T) {
	for _, f := range Functions() {
		if f.OnInterval == nil {
			continue
		}
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(5, 1))
			for range points(t) / 8 {
				x := f.argument(big.NewFloat(rng.NormFloat64() * 8))
				r := new(big.Float).SetMantExp(x, -1-rng.IntN(90))
				a := Point(x).Widen(r.Abs(r), 200)
				v := f.OnInterval(a, 96)
				for _, part := range []float64{0, 0.25, 0.5, 0.9, 1} {
					y := new(big.Float).SetPrec(300).Mul(new(big.Float).SetPrec(300).Sub(a.Hi, a.Lo), big.NewFloat(part))
					y.Add(y, a.Lo)
					if p := f.First(y, 128); p.Lo.Cmp(v.Lo) < 0 || p.Hi.Cmp(v.Hi) > 0 {
						t.Fatalf("%s over %v: %v does not hold %v at %v", f.Name, a, v, p, y)
					}
				}
				// The largest slope over a: e^x, 1/x and x^(-3/2)/2 at an end, 2/√π
				// and less elsewhere.
				lo, _ := a.Lo.Float64()
				hi, _ := a.Hi.Float64()
				slope := 2.0
				switch f.Name {
				case "exp":
					slope = 2 * math.Exp(hi)
				case "log", "rsqrt":
					slope = 2 * max(1/lo, 1/(lo*math.Sqrt(lo)))
				}
				limit := new(big.Float).Mul(r, big.NewFloat(2*slope))
				limit.Add(limit, new(big.Float).Mul(big.NewFloat(1+slope*(1+math.Abs(lo))), power(-90)))
				if v.Width().Cmp(limit) > 0 {
					t.Fatalf("%s over %v (radius %v): %v is %v wide", f.Name, a, r, v, v.Width())
				}
			}
		})
	}
}

// TestDroppedRemainder: the comparison of the two algorithms sees a series that
// is cut early without its remainder, and accepts it with the remainder.
func TestDroppedRemainder(t *testing.T) {
	const cut, prec = 40, 128
	x := big.NewFloat(0.6)
	z := Point(x).Mul(Point(x), prec)
	half := Point(big.NewFloat(0.5))
	scale := Exp(new(big.Float).Neg(square(x)), prec).Mul(twoByRoot.get(prec), prec)
	for _, c := range []struct {
		name  string
		s     series
		exact Interval // by the second algorithm
	}{
		{"exp", series{first: Int(1), z: Point(x), d: factorial}, expSinh(x, prec)},
		{"sin", series{first: Point(x), z: z, alternating: true, d: oddFactorial}, sinTurned(x, prec)},
		{"cos", series{first: Int(1), z: z, alternating: true, d: evenFactorial}, cosTurned(x, prec)},
		{"erf", series{first: Point(x), z: z.Scale(1), d: odd}, erfMaclaurin(x, prec).Quo(scale, prec)},
		{"atanh", series{first: half, z: half.Scale(-1), d: one, w: odd}, logAGM(big.NewFloat(3), prec).Scale(-1)}, // atanh ½ = ½·ln 3
	} {
		sum, tail := c.s.partial(cut, prec)
		if sum.Intersects(c.exact) {
			t.Errorf("%s without its remainder goes unnoticed", c.name)
		}
		if w := sum.Widen(tail, prec); !w.Intersects(c.exact) || w.Lo.Cmp(c.exact.Lo) > 0 || w.Hi.Cmp(c.exact.Hi) < 0 {
			t.Errorf("%s with its remainder: %v, want %v", c.name, w, c.exact)
		}
	}
}
