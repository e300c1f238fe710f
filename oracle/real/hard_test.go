package real

import (
	"math"
	"math/big"
	"testing"
)

// Binary64 arguments whose values lie within 2^-47 ulp of a binary64 or of the
// middle between two: found by V. Lefèvre and J.-M. Muller ("Worst cases for
// correct rounding of the elementary functions in double precision", ARITH-15,
// 2001), and published by them and with CRlibm's tests. 0x3e09e9cbbfd6080b is the
// hardest of exp outside the tiniest arguments. That they are hard is what the
// test confirms, by both algorithms.
var hard = map[string][]uint64{
	"exp": {
		0x3e09e9cbbfd6080b, 0x40100091a4a0dae5, 0x3fe005ae04256bab, 0x3fd00687179e3f66, 0x4030076d13ab9d18, 0x3e400bf0dafe8156,
		0x400011dd7222b8d2, 0x3d802d3fffffefa5, 0x40505a1a1b748058, 0x408068a70204c4f3, 0x3f40850c69fc1c96,
	},
	"log": {
		0x3ffbdfbc244c2cfe, 0x3ffb9f1fa4587967, 0x4016de110c79fac5, 0x40311867637cbd03, 0x4100dfe7ad41fd87, 0x608382c35530591f,
		0x615758247d0be2e1, 0x7c131143c7c0b1e6, 0x3fe2062bf45679f6, 0x3feedeffbdb1a6e6, 0x5c86ab13075e3f2d,
	},
	"sin": {
		0x3fe54b3504c6b4a3, 0x3f584d161f7b171c, 0x3fd1c63df63d59d0, 0x3ff02c2f02bd16d5, 0x3ff8272d4fd7730b, 0x3ffd1772843917d7,
		0x3eb4bec6c97ff89a, 0x3f91d60c80ae0d38,
	},
	"cos": {
		0x3fe7ab1847e2d065, 0x3fea321dc823bc29, 0x3feec7ae5cb5c876, 0x3f535a49e8e83c61, 0x3ff2cc8b29df4504,
	},
}

func TestHardCases(t *testing.T) {
	for _, f := range Functions() {
		for _, b := range hard[f.Name] {
			x := big.NewFloat(math.Float64frombits(b))
			var near [2]*big.Float
			for i, v := range []Interval{f.First(x, 200), f.Second(x, 200)} {
				near[i] = new(big.Float).SetPrec(54).Set(v.Lo) // a binary64 or a middle
				if v.Contains(near[i]) {
					t.Errorf("%s(%#x), algorithm %d: not told from %v", f.Name, b, i+1, near[i])
				}
				off := v.Sub(Point(near[i]), 200)
				limit := power(near[i].MantExp(nil) - 53 - 47)
				if off.Lo.Cmp(limit) > 0 || off.Lo.Cmp(limit.Neg(limit)) < 0 {
					t.Errorf("%s(%#x), algorithm %d: not a hard case", f.Name, b, i+1)
				}
			}
			if near[0].Cmp(near[1]) != 0 {
				t.Errorf("%s(%#x): %v and %v", f.Name, b, near[0], near[1])
			}
		}
	}
}

// TestNearestToMultiple: 6381956970095103·2^797 is the finite binary64 nearest to
// a multiple of π/2, an odd one (W. Kahan, "Minimizing q·m − n", 1983; J.-M.
// Muller, "Elementary Functions", 2016, ch. 11, has 2^-60.9 for its distance).
func TestNearestToMultiple(t *testing.T) {
	x := new(big.Float).SetMantExp(big.NewFloat(6381956970095103), 797)
	s, c := turned(x, 96)
	for i, v := range []Interval{c, Cos(x, 96)} {
		if lo, hi := big.NewFloat(-0x1p-60), big.NewFloat(-0x1p-61); v.Lo.Cmp(lo) < 0 || v.Hi.Cmp(hi) > 0 || !v.Within(90) {
			t.Errorf("algorithm %d: cosine %v", 2-i, v)
		}
	}
	if sin := Sin(x, 300); !sin.Intersects(s) || !c.Intersects(Cos(x, 300)) || sin.Contains(unit) || sin.Lo.Cmp(big.NewFloat(0.99)) < 0 {
		t.Errorf("sine %v, by the second algorithm %v", sin, s)
	}
}

// TestDigits compares with 50 digits by mpmath 1.3.0, which shares nothing with
// this package.
func TestDigits(t *testing.T) {
	for _, c := range []struct {
		name   string
		x      float64
		digits string
	}{
		{"exp", 1, "2.7182818284590452353602874713526624977572470937"},
		{"exp", -100.5, "2.2563401359170363132028182824153436641752078593646e-44"},
		{"log", 10, "2.3025850929940456840179914546843642076011014886288"},
		{"log", 0.75, "-0.28768207245178092743921900599382743150350971089776"},
		{"sin", 1, "0.84147098480789650665250232163029899962256306079837"},
		{"sin", 1e22, "-0.85220084976718880177270589375302936826176215041004"},
		{"cos", 1, "0.54030230586813971740093660744297660373231042061792"},
		{"cos", -1e22, "0.52321478539513894549759447338470949214091997243939"},
		{"sigmoid", 1, "0.73105857863000487925115924182183627436514464016506"},
		{"sigmoid", -1000, "5.0759588975494567652918094795743369193055992828928e-435"},
		{"tanh", 0x1p-10, "0.00097656218955926021858407527014677176284700885836826"},
		{"tanh", 2, "0.96402758007581688394641372410092315025502997624093"},
		{"erf", 0x1p-10, "0.0011019324300718147041712534961185736938365444304555"},
		{"erf", 2.5, "0.99959304798255504106043578426002508727965132259629"},
		{"erfc", 9, "4.137031746513810238053903467362524595710191985948e-37"},
		{"erfc", -1.5, "1.9661051464753107270669762616459478586814104792576"},
		{"rsqrt", 2, "0.70710678118654752440084436210484903928483593768847"},
	} {
		want, _, err := big.ParseFloat(c.digits, 10, 300, big.ToNearestEven)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range Functions() {
			if f.Name != c.name {
				continue
			}
			for i, v := range []Interval{f.First(big.NewFloat(c.x), 140), f.Second(big.NewFloat(c.x), 140)} {
				if !v.Widen(power(want.MantExp(nil)-160), 300).Contains(want) || !v.Within(130) {
					t.Errorf("%s(%v), algorithm %d: %v, want %v", c.name, c.x, i+1, v, c.digits)
				}
			}
		}
	}
}
