package kernels

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// The functions below are exact to some 2^−200, relative.

const bigPrec = 320

func bigOf(x float64) *big.Float { return new(big.Float).SetPrec(bigPrec).SetFloat64(x) }

func bigNew() *big.Float { return bigOf(0) }

// bigSeries returns Σ term_k, term_0 being 1 and term_k = term_{k−1}·z/((a_k)·(b_k))
// with a_k = step·k + off−1, b_k = a_k + 1 (both 1-based factors of a factorial).
func bigSeries(z *big.Float, step, off int) *big.Float {
	sum, term := bigOf(1), bigOf(1)
	for k := 1; term.Sign() != 0 && term.MantExp(nil) > -220; k++ {
		term.Mul(term, z)
		d := step*k + off
		if step == 2 {
			d *= d - 1
		}
		term.Quo(term, bigOf(float64(d)))
		sum.Add(sum, term)
	}
	return sum
}

func bigExp(x *big.Float) *big.Float {
	const halvings = 8
	y := bigSeries(new(big.Float).SetMantExp(x, -halvings), 1, 0)
	for range halvings {
		y.Mul(y, y)
	}
	return y
}

// bigLn is Newton's iteration on bigExp.
func bigLn(x *big.Float) *big.Float {
	f, _ := x.Float64()
	y := bigOf(math.Log(f))
	for range 3 {
		e := bigExp(new(big.Float).Neg(y))
		e.Mul(e, x)
		y.Add(y, e.Sub(e, bigOf(1)))
	}
	return y
}

// bigAtan of 1/n.
func bigAtan(n float64) *big.Float {
	sum, pow := bigNew(), new(big.Float).Quo(bigOf(1), bigOf(n))
	z := bigOf(-n * n)
	for k := 1.0; pow.MantExp(nil) > -bigPrec; k += 2 {
		sum.Add(sum, new(big.Float).Quo(pow, bigOf(k)))
		pow.Quo(pow, z)
	}
	return sum
}

// bigHalfPi is Machin's formula: π/2 = 8·atan(1/5) − 2·atan(1/239).
var bigHalfPi = func() *big.Float {
	a := new(big.Float).Mul(bigOf(8), bigAtan(5))
	return a.Sub(a, new(big.Float).Mul(bigOf(2), bigAtan(239)))
}()

func bigSinCos(x *big.Float) (sin, cos *big.Float) {
	q := new(big.Float).Quo(x, bigHalfPi)
	k, _ := q.Add(q, bigOf(0.5)).Int64()
	r := new(big.Float).Mul(bigHalfPi, bigOf(float64(k)))
	r.Sub(x, r)
	z := new(big.Float).Mul(r, r)
	z.Neg(z)
	sin, cos = bigSeries(z, 2, 1), bigSeries(z, 2, 0)
	sin.Mul(sin, r)
	if k&1 != 0 {
		sin, cos = cos, sin.Neg(sin)
	}
	if k&2 != 0 {
		sin.Neg(sin)
		cos.Neg(cos)
	}
	return sin, cos
}

// bigErr returns |got − want|, and the same divided by |want|.
func bigErr(got float64, want *big.Float) (abs, rel float64) {
	d := new(big.Float).Sub(bigOf(got), want)
	abs, _ = d.Abs(d).Float64()
	w, _ := want.Float64()
	return abs, abs / math.Abs(w)
}

func TestSinCos(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	points := []float64{0, 1 << 31, math.Nextafter(1<<31, 0), 0x1p-1074, 0x1p-30}
	for range 8000 {
		points = append(points, math.Ldexp(r.Float64(), r.IntN(40)-8))
	}
	for range 4000 { // at and beside multiples of π/4
		k := float64(r.Uint64() >> (32 + r.IntN(32)))
		points = append(points, min(1<<31, math.Abs(k*math.Pi/4+(r.Float64()-0.5)*1e-6)), min(1<<31, k*math.Pi/4))
	}
	worst := 0.0
	for _, x := range points {
		if x > 1<<31 {
			x = 1 << 31
		}
		sin, cos := sinCos(x)
		s, c := bigSinCos(bigOf(x))
		es, _ := bigErr(sin, s)
		ec, _ := bigErr(cos, c)
		worst = max(worst, es, ec)
		if max(es, ec) > 0x1p-51 {
			t.Fatalf("sinCos(%g) = %g, %g: wrong by %g and %g", x, sin, cos, es, ec)
		}
	}
	t.Logf("%d points, largest error %.2f·2^-53", len(points), worst*0x1p53)
	if s, c := sinCos(0); math.Float64bits(s) != 0 || c != 1 {
		t.Errorf("sinCos(0) = %g, %g", s, c)
	}
}

func TestLn(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	points := []float64{1, 2, 1 << 30, 1e4, 5e5, 1e6, 0x1p-10, math.Nextafter(1, 2), math.Nextafter(1, 0), math.Sqrt2 / 2, math.Sqrt2}
	for range 1500 {
		points = append(points, math.Ldexp(1+r.Float64(), r.IntN(80)-40), float64(float32(math.Ldexp(1+r.Float64(), r.IntN(30)))))
	}
	worst := 0.0
	for _, x := range points {
		hi, lo := lnParts(x)
		want := bigLn(bigOf(x))
		abs, _ := bigErr(hi, new(big.Float).Sub(want, bigOf(lo)))
		abs /= max(1, math.Abs(hi))
		worst = max(worst, abs)
		if abs > 0x1p-59 || hi+lo != hi {
			t.Fatalf("lnParts(%g) = %g + %g: wrong by %g", x, hi, lo, abs)
		}
	}
	t.Logf("%d points, largest error %.2f·2^-59", len(points), worst*0x1p59)
}

func TestExpQuotient(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	worst, points := 0.0, 0
	for _, theta := range []float64{2, 1e4, 5e5, 1e6, 1 << 30, 3, 12345.678} {
		hi, lo := lnParts(theta)
		ln := bigLn(bigOf(theta))
		for range 12 {
			d := 2 * float64(1+r.IntN(128))
			for n := 0.0; n < d; n += 2 {
				e := new(big.Float).Mul(ln, bigOf(-n))
				got := expQuotient(hi, lo, n, d)
				_, rel := bigErr(got, bigExp(e.Quo(e, bigOf(d))))
				worst = max(worst, rel)
				points++
				if rel > 2.5*0x1p-53 {
					t.Fatalf("%g^(−%g/%g) = %g: wrong by %g, relative", theta, n, d, got, rel)
				}
			}
		}
	}
	t.Logf("%d points, largest error %.2f·2^-53", points, worst*0x1p53)
}
