package kernels

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"assay/spec"
)

// plainRope are parameters without extension.
func plainRope(width, pos int, theta float32) spec.RopeParams {
	return spec.RopeParams{
		HeadDim: width, Width: width, Pos: pos, Theta: theta,
		FreqScale: 1, AttnFactor: 1, BetaFast: 32, BetaSlow: 1, OrigContext: 4096,
	}
}

// tableOf is the table of the reference loop.
func tableOf(factors []float32, p spec.RopeParams) []float32 {
	table := new(ropeTable).of(p)
	withAngles(factors, p, func(a ropeAngles) { trigGeneric(table, a, p) })
	return table
}

// TestRopeTable holds the table against the definition in big.Float: the error
// is that of rounding to f32, and of an angle that is wrong by less than 6u,
// with YaRN by less than 12u of a.
func TestRopeTable(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	points := 0
	for _, theta := range []float32{1e4, 5e5, 1e6, 2, 1 << 30} {
		for _, pos := range []int{0, 1, 131071, 1e6, 1 << 20} {
			for k := range 12 {
				p := plainRope([]int{2, 64, 80, 128}[k%4], pos, theta)
				p.Halves = k%2 == 1
				var factors []float32
				if k >= 4 {
					factors = make([]float32, p.Width/2)
					for i := range factors {
						factors[i] = float32(math.Ldexp(1+r.Float64(), r.IntN(30)-10))
					}
				}
				if k >= 6 {
					p.FreqScale = float32(math.Ldexp(1+r.Float64(), -1-r.IntN(10)))
					p.AttnFactor = float32(math.Ldexp(1+r.Float64(), r.IntN(4)-2))
				}
				if k >= 8 {
					p.ExtFactor = []float32{1, 0.5, 0.7, 1}[k-8]
				}
				points += checkTable(t, factors, p)
			}
		}
	}
	t.Logf("%d points", points)
}

func checkTable(t *testing.T, factors []float32, p spec.RopeParams) int {
	t.Helper()
	if err := p.Check(); err != nil {
		t.Fatal(err)
	}
	table := tableOf(factors, p)

	ln, scale := bigLn(bigOf(float64(p.Theta))), bigOf(float64(p.FreqScale))
	m := bigOf(float64(p.AttnFactor))
	var low, span float64
	if p.ExtFactor != 0 {
		m0 := new(big.Float).Quo(bigLn(scale), bigOf(-10))
		m.Mul(m, m0.Add(m0, bigOf(1)))
		turn := func(beta float32) float64 {
			x := new(big.Float).Quo(bigOf(float64(p.OrigContext)/4), new(big.Float).Mul(bigHalfPi, bigOf(float64(beta))))
			x = bigLn(x)
			x.Mul(x, bigOf(float64(p.Width)/2))
			f, _ := x.Quo(x, ln).Float64()
			return f
		}
		low = max(0, math.Floor(turn(p.BetaFast)))
		span = max(0.001, min(float64(p.Width-1), math.Ceil(turn(p.BetaSlow)))-low)
	}
	for i := range p.Width / 2 {
		a := new(big.Float).Mul(ln, bigOf(-2*float64(i)))
		a = bigExp(a.Quo(a, bigOf(float64(p.Width))))
		a.Mul(a, bigOf(float64(p.Pos)))
		if factors != nil {
			a.Quo(a, bigOf(float64(factors[i])))
		}
		angle := new(big.Float).Mul(a, scale)
		size, _ := angle.Float64()
		wrong := 6 * 0x1p-53 * size
		if p.ExtFactor != 0 {
			ramp := bigOf(float64(i) - low)
			ramp.Quo(ramp, bigOf(span))
			if ramp.Sign() < 0 {
				ramp = bigNew()
			} else if ramp.Cmp(bigOf(1)) > 0 {
				ramp = bigOf(1)
			}
			mix := ramp.Sub(bigOf(1), ramp)
			mix.Mul(mix, bigOf(float64(p.ExtFactor)))
			rest := new(big.Float).Sub(bigOf(1), mix)
			angle.Add(angle.Mul(angle, rest), mix.Mul(mix, a))
			size, _ = a.Float64()
			wrong = 12 * 0x1p-53 * size
		}
		sin, cos := bigSinCos(angle)
		second, step := ropeLayout(p)
		c, s := table[i*step], table[i*step+second]
		mag, _ := m.Float64()
		for _, v := range []struct {
			got  float32
			want *big.Float
		}{{c, cos}, {s, sin}} {
			err, _ := bigErr(float64(v.got), v.want.Mul(v.want, m))
			ulp := float64(math.Nextafter32(float32(math.Abs(float64(v.got))), math.MaxFloat32)) - math.Abs(float64(v.got))
			// The magnitude's own error is 8u at most, relative.
			if err > ulp/2*(1+0x1p-20)+mag*(wrong+0x1p-51+8*0x1p-53) {
				t.Fatalf("%+v: pair %d: %g, want %g: wrong by %g", p, i, v.got, v.want, err)
			}
		}
	}
	return p.Width
}

// TestRopeByHand: both pairings of known angles, and position 0.
func TestRopeByHand(t *testing.T) {
	x := []float32{1, 2, 3, 4, 5}
	cos, sin := float32(0.54030230586813977), float32(0.84147098480789651) // of 1
	cos2, sin2 := float32(0.99995000041666528), float32(0.0099998333341666647)
	for _, c := range []struct {
		halves bool
		want   []float32
	}{
		{false, []float32{
			fma32(1, cos, -float32(2*sin)), fma32(1, sin, float32(2*cos)),
			fma32(3, cos2, -float32(4*sin2)), fma32(3, sin2, float32(4*cos2)), 5}},
		{true, []float32{
			fma32(1, cos, -float32(3*sin)), fma32(2, cos2, -float32(4*sin2)),
			fma32(1, sin, float32(3*cos)), fma32(2, sin2, float32(4*cos2)), 5}},
	} {
		p := plainRope(4, 1, 1e4) // angles 1 and 1/100
		p.HeadDim, p.Halves = 5, c.halves
		got := make([]float32, 5)
		ropeF32Generic(got, x, nil, p)
		wantSame(t, got, c.want, "halves %v", c.halves)
		p.Pos = 0
		ropeF32Generic(got, x, nil, p)
		wantSame(t, got, x, "position 0, halves %v", c.halves)
	}
}

// TestRopeFrequencies: what an earlier call left does not matter.
func TestRopeFrequencies(t *testing.T) {
	a, b := plainRope(64, 77, 1e4), plainRope(64, 77, 5e5)
	want := tableOf(nil, a)
	tableOf(nil, b)
	wantSame(t, tableOf(nil, a), want, "the same table again")
}

func BenchmarkRopeTable(b *testing.B) {
	for b.Loop() {
		tableOf(nil, plainRope(128, 4097, 1e6))
	}
}

func BenchmarkRopePowers(b *testing.B) {
	for b.Loop() {
		lastFrequencies.Store(nil)
		ropePowers(plainRope(128, 4097, 1e6))
	}
}
