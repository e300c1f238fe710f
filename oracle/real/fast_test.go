package real

import (
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

// fastFunctions are the binary64 evaluations beside the enclosures they are
// judged by.
var fastFunctions = []fastFunction{
	{"exp", FastExp, Exp, 1 << 11, 6},
	{"silu", FastSilu, Silu, 1 << 11, 7.5},
	{"gelu", FastGelu, Gelu, 16, 8.7},
}

type fastFunction struct {
	name  string
	fast  func(float32) (float64, int)
	exact func(x *big.Float, prec uint) Interval
	limit float64 // |x| below which the bound holds
	bound float64 // in units of 2^-52, as derived
}

// geluSlope is 2·√(2/π).
func geluSlope(prec uint) Interval { return Int(8).Quo(Pi(prec), prec).Sqrt(prec) }

// TestFastConstants derives the fixed-point constants: each is within half a unit.
func TestFastConstants(t *testing.T) {
	const prec = 160
	for _, c := range []struct {
		name  string
		fix   uint64
		exact Interval
	}{
		{"log2 e", fixLog2e, Int(1).Quo(Ln2(prec), prec).Scale(63)},
		{"ln 2", fixLn2, Ln2(prec).Scale(64)},
		{"c of gelu", fixGelu1, geluSlope(prec).Scale(57)},
		{"d of gelu", fixGelu3, geluSlope(prec).Mul(Int(44715), prec).Quo(Int(1000000), prec).Scale(67)},
	} {
		d := c.exact.Sub(Point(new(big.Float).SetUint64(c.fix)), prec)
		if !(Interval{big.NewFloat(-0.5), big.NewFloat(0.5)}).Contains(d.Lo) || d.Hi.Cmp(big.NewFloat(0.5)) > 0 {
			t.Errorf("%s: %#x is off by %v", c.name, c.fix, d)
		}
	}
}

// fastPoint draws f32 of all exponents, of moderate size, and at the ends of the
// binades of the result.
func fastPoint(rng *rand.Rand, limit float64) float32 {
	for {
		var x float64
		switch rng.IntN(5) {
		case 0:
			x = float64(math.Float32frombits(rng.Uint32()))
		case 1:
			x = rng.NormFloat64() * 3
		case 2:
			x = (2*rng.Float64() - 1) * min(limit, 150)
		case 3: // just inside the range
			x = (1 - math.Ldexp(rng.Float64(), -rng.IntN(24))) * limit
			if rng.IntN(2) == 0 {
				x = -x
			}
		default:
			x = (float64(rng.IntN(300)) - 150 + 0.5*float64(rng.IntN(2))) * math.Ln2
		}
		if math.Abs(x) < limit {
			return float32(x)
		}
	}
}

// TestFast: the binary64 evaluations keep their bounds. The largest errors seen
// are logged: they show how much of the bound is used.
func TestFast(t *testing.T) {
	for _, f := range fastFunctions {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(6, 1))
			var worst float64
			for range points(t) * 17 {
				x := fastPoint(rng, f.limit)
				if float64(x) >= f.limit || float64(x) <= -f.limit {
					continue // rounded up to the limit
				}
				e := f.relativeError(x)
				if worst = max(worst, e); e > f.bound {
					t.Fatalf("%s(%v) is %v·2^-52 off, the bound is %v", f.name, x, e, f.bound)
				}
			}
			t.Logf("worst %.3f·2^-52, bound %v", worst, f.bound)
		})
	}
}

// relativeError returns an upper bound of |m·2^e − v|/|v| in units of 2^-52.
func (f fastFunction) relativeError(x float32) float64 {
	m, e := f.fast(x)
	if x == 0 && m == 0 {
		return 0
	}
	v := f.exact(big.NewFloat(float64(x)), 80)
	got := Point(new(big.Float).SetMantExp(big.NewFloat(m), e))
	r := got.Sub(v, 80).Quo(v, 80).Scale(52)
	lo, _ := r.Lo.Float64()
	hi, _ := r.Hi.Float64()
	return max(-lo, hi)
}

// TestFastSweep: where Nearest32 decides it gives what Round32 gives, it decides
// but for the least odd arguments, and Ulps32 is hardly above ErrorUlps32 and never below the error
// of the nearest f32.
func TestFastSweep(t *testing.T) {
	for _, f := range fastFunctions {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(7, 1))
			open := 0
			for i := range points(t) * 2 {
				x := fastPoint(rng, 200)
				if i%8 == 0 { // out of range too
					x = fastPoint(rng, math.MaxFloat32)
				}
				exact := func(prec uint) Interval { return f.exact(big.NewFloat(float64(x)), prec) }
				want, err := Round32(exact)
				if err != nil {
					t.Fatal(err)
				}
				m, e := f.fast(x)
				got, ok := Nearest32(m, e)
				switch odd := math.Float32bits(x)<<1 < 2<<24 && math.Float32bits(x)&1 == 1; {
				case !ok && odd && f.name != "exp": // x/2 is a midpoint of subnormals
				case !ok:
					t.Logf("%s(%v) not decided", f.name, x)
					open++
				case got != want:
					t.Fatalf("%s(%v) = %v, want %v", f.name, x, got, want)
				}
				trial := want
				for range rng.IntN(3) {
					trial = math.Nextafter32(trial, float32(rng.IntN(3)-1))
				}
				if m == math.Trunc(m) && math.Abs(float64(e)) == farExp {
					continue // a stand-in, with nothing near
				}
				u, v := Ulps32(trial, m, e), ErrorUlps32(trial, exact)
				if u < v-0x1p-37*max(1, v) || u > v+0x1p-20*max(1, v) && math.Abs(u-2*v) > 0x1p-20*max(1, v) {
					t.Fatalf("%s(%v) against %v: Ulps32 %v, ErrorUlps32 %v", f.name, x, trial, u, v)
				}
			}
			if open > 0 { // one in millions would be
				t.Errorf("%d not decided", open)
			}
		})
	}
}

// TestFastSpecials: what lies out of range, and what is not a number.
func TestFastSpecials(t *testing.T) {
	inf := float32(math.Inf(1))
	negZero := math.Float32frombits(1 << 31)
	for _, c := range []struct {
		f       fastFunction
		x, want float32
	}{
		{fastFunctions[0], inf, inf}, {fastFunctions[0], -inf, 0}, {fastFunctions[0], 0, 1}, {fastFunctions[0], negZero, 1},
		{fastFunctions[0], 3e38, inf}, {fastFunctions[0], -3e38, 0}, {fastFunctions[0], 2048, inf}, {fastFunctions[0], -2048, 0},
		{fastFunctions[1], inf, inf}, {fastFunctions[1], -inf, negZero}, {fastFunctions[1], 0, 0}, {fastFunctions[1], negZero, negZero},
		{fastFunctions[1], 3e38, 3e38}, {fastFunctions[1], -3e38, negZero}, {fastFunctions[1], 2048, 2048}, {fastFunctions[1], -2047, negZero},
		{fastFunctions[2], inf, inf}, {fastFunctions[2], -inf, negZero}, {fastFunctions[2], 0, 0}, {fastFunctions[2], negZero, negZero},
		{fastFunctions[2], 3e38, 3e38}, {fastFunctions[2], -3e38, negZero}, {fastFunctions[2], 16, 16}, {fastFunctions[2], -15.999, negZero},
	} {
		got, ok := Nearest32(c.f.fast(c.x))
		if !ok || math.Float32bits(got) != math.Float32bits(c.want) {
			t.Errorf("%s(%v) = %v, want %v", c.f.name, c.x, got, c.want)
		}
	}
	for _, f := range fastFunctions {
		if m, _ := f.fast(float32(math.NaN())); m == m {
			t.Errorf("%s(NaN) = %v", f.name, m)
		}
	}
}

// TestFastEverywhere compares with the enclosures over a range of bit patterns,
// all 2^32 in the limit: ASSAY_REAL_STRIDE is the step, a large odd number unless
// it is set.
func TestFastEverywhere(t *testing.T) {
	stride := uint64(1<<19 - 1)
	if s := os.Getenv("ASSAY_REAL_STRIDE"); s != "" {
		n, err := strconv.ParseUint(s, 10, 32)
		if err != nil || n == 0 {
			t.Fatal(s, err)
		}
		stride = n
	}
	for _, f := range fastFunctions {
		for b := uint64(0); b < 1<<32; b += stride {
			x := math.Float32frombits(uint32(b))
			if !(math.Abs(float64(x)) < f.limit) {
				continue
			}
			if e := f.relativeError(x); e > f.bound {
				t.Fatalf("%s(%v) is %v·2^-52 off, the bound is %v", f.name, x, e, f.bound)
			}
		}
	}
}
