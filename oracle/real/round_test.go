package real

import (
	"errors"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// plain32 rounds a rational to f32 by its definition: the nearest multiple of
// the spacing, ties to the even one.
func plain32(v *big.Rat) float32 {
	e := ulpExp(new(big.Float).SetPrec(2000).SetMode(big.ToZero).SetRat(v))
	scale := new(big.Rat).SetInt(new(big.Int).Lsh(big.NewInt(1), uint(max(e, -e))))
	if e > 0 {
		scale.Inv(scale)
	}
	m := new(big.Rat).Mul(v, scale)
	n := new(big.Int).Div(m.Num(), m.Denom()) // floor, as the denominator is positive
	half := new(big.Rat).Sub(m, new(big.Rat).SetInt(n)).Cmp(big.NewRat(1, 2))
	if half > 0 || half == 0 && n.Bit(0) == 1 {
		n.Add(n, big.NewInt(1))
	}
	f, _ := new(big.Float).SetInt(n).Float64()
	f = math.Ldexp(f, e)
	if math.Abs(f) >= 0x1p128 {
		f = math.Inf(v.Sign())
	}
	return float32(f)
}

func TestRound32(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	for range points(t) {
		x := float64(math.Float32frombits(rng.Uint32()))
		if x-x != 0 {
			x = math.MaxFloat32
		}
		v := big.NewFloat(x).SetPrec(300)
		ulp := power(ulpExp(v))
		k := big.NewFloat(float64(rng.IntN(9)-4) / 4) // quarters of an ulp, halves among them
		v.Add(v, new(big.Float).Mul(ulp, k))
		if rng.IntN(2) == 0 {
			v.Add(v, new(big.Float).SetMantExp(ulp, -100*(1-2*rng.IntN(2))-rng.IntN(2)*100))
		}
		calls := 0
		got, err := Round32(func(prec uint) Interval { calls++; return Point(v) })
		if want := plain32(rat(v)); err != nil || got != want || calls != 1 {
			t.Fatalf("%s: %v, want %v (%v, %d calls)", v.Text('p', 0), got, want, err, calls)
		}
	}
}

// TestRound32Refines: an enclosure of a value just beside a midpoint is asked
// for more bits, and one of a midpoint in vain.
func TestRound32Refines(t *testing.T) {
	mid := new(big.Float).SetPrec(600).Add(unit, power(-24))
	for _, d := range []int{-1, 1} {
		v := new(big.Float).SetPrec(600).Add(mid, new(big.Float).Mul(big.NewFloat(float64(d)), power(-500)))
		var most uint
		got, err := Round32(func(prec uint) Interval { most = prec; return Point(v).Widen(power(-int(prec)), 1200) })
		want := float32(1)
		if d > 0 {
			want += 0x1p-23
		}
		if err != nil || got != want || most != 512 {
			t.Errorf("beside a midpoint: %v at %d bits, %v", got, most, err)
		}
	}
	if _, err := Round32(func(prec uint) Interval { return Point(mid).Widen(power(-int(prec)), 9000) }); !errors.Is(err, ErrUndecided) {
		t.Errorf("at a midpoint: %v", err)
	}
	// Overflow and underflow, where the enclosure itself has an open end.
	for x, want := range map[float64]float32{3e38: float32(math.Inf(1)), -3e38: 0, 88.72283: math.MaxFloat32, 88.73: float32(math.Inf(1)), -103.98: 0, -103.97: 0x1p-149} {
		got, err := Round32(func(prec uint) Interval { return Exp(big.NewFloat(x), prec) })
		if x == 88.72283 {
			want = got // only finite
		}
		if err != nil || got != want || x == 88.72283 && math.IsInf(float64(got), 0) {
			t.Errorf("exp(%g) = %g, want %g (%v)", x, got, want, err)
		}
	}
}

func TestErrorUlps32(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct{ got, exact, want float64 }{
		{1, 1, 0}, {1, 1 + 0x1p-23, 1}, {1, 1 - 0x1p-24, 1}, {1, 1 + 0x1p-24, 0.5},
		{0, 0x1p-149, 1}, {0x1p-149, 0, 1}, {0x1p-126, 0x1p-127, 0x1p22}, {-1, 1, 0x1p24},
		{inf, 0x1p128, 0}, {inf, 0x1p200, 0}, {-inf, -0x1p200, 0}, {inf, math.MaxFloat32, 1}, {-inf, 0x1p128, 0x1p24 + 0}, // 2·2^128 in units of 2^105
		{math.MaxFloat32, 0x1p128, 0.5}, {math.NaN(), 1, inf}, {0, 0, 0}, {inf, 0x1p128 - 0x1p103, 0},
	} {
		got := ErrorUlps32(float32(c.got), func(uint) Interval { return Point(big.NewFloat(c.exact)) })
		if got != c.want {
			t.Errorf("ErrorUlps32(%g) of %g = %g, want %g", c.got, c.exact, got, c.want)
		}
	}
	// Never below the exact error, and hardly above it.
	rng := rand.New(rand.NewPCG(4, 1))
	for range points(t) {
		x := float64(float32(rng.NormFloat64() * 40))
		f := func(prec uint) Interval { return Exp(big.NewFloat(x), prec) }
		near, err := Round32(f)
		if err != nil {
			t.Fatal(err)
		}
		e := ErrorUlps32(near, f)
		next := ErrorUlps32(math.Nextafter32(near, 1e38), f)
		if e > 0.5+0x1p-37 || next < 0.5 {
			t.Fatalf("exp(%v): the nearest f32 %v is %v ulp off, the next %v", x, near, e, next)
		}
	}
}
