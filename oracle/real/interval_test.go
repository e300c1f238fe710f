package real

import (
	"math/big"
	"math/rand/v2"
	"testing"
)

func rat(x *big.Float) *big.Rat { r, _ := x.Rat(nil); return r }

// TestArithmetic compares every operation with exact rationals: the result holds
// the exact one at the ends, and each of its ends is a neighbour of the exact end
// or is that.
func TestArithmetic(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 1))
	number := func() *big.Float {
		return new(big.Float).SetMantExp(big.NewFloat(float64(rng.IntN(2001)-1000)), rng.IntN(9)-4-200*(rng.IntN(8)/7))
	}
	draw := func() Interval {
		a, b := number(), number()
		if a.Cmp(b) > 0 {
			a, b = b, a
		}
		if rng.IntN(4) == 0 {
			b = a
		}
		return Interval{a, b}
	}
	for range points(t) * 5 {
		a, b, prec := draw(), draw(), uint(2+rng.IntN(12))
		check := func(op string, got Interval, of func(z, x, y *big.Rat) *big.Rat) {
			var lo, hi *big.Rat
			for _, x := range []*big.Float{a.Lo, a.Hi} {
				for _, y := range []*big.Float{b.Lo, b.Hi} {
					v := of(new(big.Rat), rat(x), rat(y))
					if lo == nil || v.Cmp(lo) < 0 {
						lo = v
					}
					if hi == nil || v.Cmp(hi) > 0 {
						hi = v
					}
				}
			}
			if down(prec).SetRat(lo).Cmp(got.Lo) != 0 || up(prec).SetRat(hi).Cmp(got.Hi) != 0 {
				t.Fatalf("%v %s %v at %d bits: %v, want [%v, %v]", a, op, b, prec, got, lo, hi)
			}
		}
		check("+", a.Add(b, prec), (*big.Rat).Add)
		check("-", a.Sub(b, prec), (*big.Rat).Sub)
		check("*", a.Mul(b, prec), (*big.Rat).Mul)
		if !b.straddles() {
			check("/", a.Quo(b, prec), (*big.Rat).Quo)
		}
		if a.Lo.Sign() >= 0 {
			checkRoot(t, a, prec)
		}
		if n := a.Neg(); n.Lo.Cmp(new(big.Float).Neg(a.Hi)) != 0 || !n.Neg().Contains(a.Lo) {
			t.Fatalf("−%v = %v", a, n)
		}
		if s := a.Scale(-7); rat(s.Lo).Cmp(new(big.Rat).Quo(rat(a.Lo), big.NewRat(128, 1))) != 0 {
			t.Fatalf("%v·2^-7 = %v", a, s)
		}
		if w := a.Width(); w.Cmp(up(64).SetRat(new(big.Rat).Sub(rat(a.Hi), rat(a.Lo)))) != 0 {
			t.Fatalf("width of %v: %v", a, w)
		}
	}
}

// checkRoot: √a rounds to neighbours, and squares come back as points.
func checkRoot(t *testing.T, a Interval, prec uint) {
	t.Helper()
	s := a.Sqrt(prec)
	sq := func(x *big.Float) *big.Rat { return new(big.Rat).Mul(rat(x), rat(x)) }
	ulp := func(x *big.Float) *big.Float { return power(x.MantExp(nil) - int(prec)) }
	okLo := sq(s.Lo).Cmp(rat(a.Lo)) <= 0 && (s.Lo.Sign() == 0 || sq(up(prec+8).Add(s.Lo, ulp(s.Lo))).Cmp(rat(a.Lo)) > 0)
	okHi := sq(s.Hi).Cmp(rat(a.Hi)) >= 0 && (s.Hi.Sign() == 0 || sq(down(prec+8).Sub(s.Hi, ulp(s.Hi))).Cmp(rat(a.Hi)) < 0)
	if !okLo || !okHi {
		t.Fatalf("√%v at %d bits: %v", a, prec, s)
	}
	x := down(prec).Set(a.Hi)
	if r := Point(square(x)).Sqrt(prec); !r.IsPoint() || r.Lo.Cmp(x) != 0 {
		t.Fatalf("√(%v²) = %v", x, r)
	}
}

// TestConstants: two formulas each, at all precisions in use, and a few digits
// that are in every table.
func TestConstants(t *testing.T) {
	for prec := uint(8); prec <= 1600; prec = prec*5/4 + 3 {
		for _, c := range []struct {
			name string
			all  []Interval
		}{
			{"π", []Interval{Pi(prec), piMachin(prec), piBBP(prec)}},
			{"ln 2", []Interval{Ln2(prec), ln2Machin(prec), ln2Plain(prec)}},
		} {
			for i, a := range c.all {
				if !a.Intersects(c.all[0]) {
					t.Fatalf("%s at %d bits: formulas 0 and %d are apart: %v, %v", c.name, prec, i, c.all[0], a)
				}
			}
			if !c.all[0].Within(prec-2) || !c.all[1].Within(prec-min(prec-1, 12)) || !c.all[2].Within(prec-min(prec-1, 12)) {
				t.Fatalf("%s at %d bits is too wide: %v", c.name, prec, c.all)
			}
		}
	}
	for name, c := range map[string]Interval{"3.14159265358979323846264338327950288": Pi(112), "0.693147180559945309417232121458176568": Ln2(112)} {
		x, _, err := big.ParseFloat(name, 10, 200, big.ToNearestEven)
		if err != nil || !c.Widen(power(-110), 200).Contains(x) {
			t.Errorf("%s: %v", name, c)
		}
	}
}

// TestConstantsConcurrently: several goroutines asking for the same new
// precision get the same.
func TestConstantsConcurrently(t *testing.T) {
	const prec = 1 << 11
	got := make(chan Interval)
	for range 4 {
		go func() { got <- Pi(prec) }()
	}
	first := <-got
	for range 3 {
		if a := <-got; a.Lo.Cmp(first.Lo) != 0 || a.Hi.Cmp(first.Hi) != 0 {
			t.Error("π differs")
		}
	}
}
