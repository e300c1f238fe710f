package props

import (
	"fmt"
	"math"
	"math/rand/v2"

	"assay/spec"
)

// plainRope is a rotation without extensions.
func plainRope(width, pos int, halves bool, theta float32) spec.RopeParams {
	return spec.RopeParams{
		Width: width, Halves: halves, Pos: pos, Theta: theta, FreqScale: 1, AttnFactor: 1,
		BetaFast: 32, BetaSlow: 1, OrigContext: 4096,
	}
}

// drawPos draws a position: small, a power of two, or any up to 2^20.
func drawPos(rng *rand.Rand) int {
	switch rng.IntN(5) {
	case 0:
		return rng.IntN(4)
	case 1:
		return 1 << rng.IntN(21)
	case 2:
		return []int{131071, 1_000_000, 1<<20 - 1, 4095, 32767}[rng.IntN(5)]
	}
	return rng.IntN(1 << 20)
}

func init() {
	draw := func(fill func(rng *rand.Rand, p *spec.RopeParams)) fillFunc {
		return func(rng *rand.Rand, s spec.Shape, b []byte) {
			p := plainRope(s.Cols, drawPos(rng), rng.IntN(2) == 0, []float32{1e4, 5e5, 1e6}[rng.IntN(3)])
			fill(rng, &p)
			copy(b, p.Bytes())
		}
	}
	narrow := func(rng *rand.Rand, p *spec.RopeParams) {
		if rng.IntN(2) == 0 {
			p.Width = 2 + 2*rng.IntN(p.Width/2)
		}
	}
	paramStrategies[spec.OpRopeF32] = []strategy{
		{"usual", draw(func(rng *rand.Rand, p *spec.RopeParams) {})},
		{"partial", draw(narrow)},
		{"start", draw(func(rng *rand.Rand, p *spec.RopeParams) { p.Pos = rng.IntN(3) })},
		{"linear", draw(func(rng *rand.Rand, p *spec.RopeParams) {
			narrow(rng, p)
			p.FreqScale = 1 / float32(1+rng.IntN(32))
			p.AttnFactor = float32(math.Exp(rng.NormFloat64() / 4))
		})},
		{"yarn", draw(func(rng *rand.Rand, p *spec.RopeParams) {
			narrow(rng, p)
			p.FreqScale = 1 / float32(1+rng.IntN(32))
			p.ExtFactor = []float32{1, 1, 0.5}[rng.IntN(3)]
			p.OrigContext = 2048 << rng.IntN(6)
		})},
		{"odd", draw(func(rng *rand.Rand, p *spec.RopeParams) {
			narrow(rng, p)
			p.Theta = 2 + float32(1e6*rng.Float64())
		})},
	}
}

// factorStrategies make frequency factors.
var factorStrategies = []strategy{
	{"absent", nil},
	{"long", f32Values(func(rng *rand.Rand, x []float32) {
		for i := range x {
			x[i] = float32(1 + 63*rng.Float64())
		}
	})},
	{"wide", f32Values(func(rng *rand.Rand, x []float32) {
		for i := range x {
			x[i] = float32(math.Ldexp(1+rng.Float64(), rng.IntN(29)-10))
		}
	})},
}

// checkRope checks what the definition implies, for both pairings: position 0
// changes nothing; pairs turn by angles computed here; lengths are kept;
// ⟨R_m q, R_n k⟩ = ⟨R_{m+d} q, R_{n+d} k⟩; R_n R_m = R_{m+n}. Tolerances are those of
// the pairs' bounds: each result is off by at most (8u + angle·2^−45)·(|x0| + |x1|).
func checkRope(h *harness, r Recipe) *Finding {
	rng := r.rng()
	width := 2 + 2*rng.IntN(1+rng.IntN(65))
	dim := width + 2*rng.IntN(4)
	halves := rng.IntN(2) == 0
	theta := []float32{1e4, 5e5, 1e6}[rng.IntN(3)]
	draw := func() []float32 {
		x := make([]float32, dim)
		for i := range x {
			x[i] = float32(rng.NormFloat64())
		}
		return x
	}
	turn := func(x []float32, pos int) ([]float32, *Finding) {
		c := &spec.Case{Op: r.Op, Shape: spec.Shape{Rows: 1, Cols: dim, Batch: 1},
			In: [][]byte{spec.FloatBytes(x), nil, plainRope(width, pos, halves, theta).Bytes()}}
		out, f := h.run(c, 1)
		return spec.Floats(out), f
	}
	places := func(i int) (a, b int) {
		if halves {
			return i, i + width/2
		}
		return 2 * i, 2*i + 1
	}
	q, k := draw(), draw()
	m, n, d := drawPos(rng)/4, drawPos(rng)/4, drawPos(rng)/4
	still, f := turn(q, 0)
	if f == nil {
		f = sameOutput(r.Op, spec.FloatBytes(q), spec.FloatBytes(still), "position 0")
	}
	if f != nil {
		return f
	}
	got := map[int][]float32{}
	for _, pos := range []int{m, m + d} {
		if got[pos], f = turn(q, pos); f != nil {
			return f
		}
	}
	kn, f := turn(k, n)
	if f != nil {
		return f
	}
	knd, f := turn(k, n+d)
	if f != nil {
		return f
	}
	twice, f := turn(got[m], d)
	if f != nil {
		return f
	}
	for i := range dim {
		if i >= width && got[m][i] != q[i] {
			return &Finding{Element: fmt.Sprint(i), Got: fmt.Sprint(got[m][i]), Detail: fmt.Sprintf("element outside the rotated width %d: want %g", width, q[i])}
		}
	}
	off := func(pos int) float64 { return 8*0x1p-24 + float64(pos)*0x1p-45 }
	for i := range width / 2 {
		a, b := places(i)
		x0, x1 := float64(q[a]), float64(q[b])
		size := math.Abs(x0) + math.Abs(x1)
		y0, y1 := float64(got[m][a]), float64(got[m][b])
		if dl := math.Abs(math.Hypot(y0, y1) - math.Hypot(x0, x1)); dl > 2*off(m)*size {
			return &Finding{Element: fmt.Sprint(a), Got: fmt.Sprint(math.Hypot(y0, y1)), Detail: fmt.Sprintf("pair %d: the length was %g", i, math.Hypot(x0, x1))}
		}
		angle := float64(m) * math.Pow(float64(theta), -2*float64(i)/float64(width))
		sin, cos := math.Sincos(angle)
		if e := math.Abs(y0-(x0*cos-x1*sin)) + math.Abs(y1-(x0*sin+x1*cos)); e > 2*off(m)*size {
			return &Finding{Element: fmt.Sprint(a), Got: fmt.Sprint(y0, y1), Detail: fmt.Sprintf("pair %d turned by %g: want %g, %g", i, angle, x0*cos-x1*sin, x0*sin+x1*cos)}
		}
		dot := func(x, y []float32) float64 {
			return float64(x[a])*float64(y[a]) + float64(x[b])*float64(y[b])
		}
		sizeK := math.Abs(float64(k[a])) + math.Abs(float64(k[b]))
		if e := math.Abs(dot(got[m], kn) - dot(got[m+d], knd)); e > 8*off(max(m, n)+d)*size*sizeK {
			return &Finding{Element: fmt.Sprint(a), Detail: fmt.Sprintf("pair %d: ⟨q, k⟩ at positions %d, %d and %d, %d differ by %g", i, m, n, m+d, n+d, e)}
		}
		if e := math.Abs(float64(twice[a]-got[m+d][a])) + math.Abs(float64(twice[b]-got[m+d][b])); e > 8*off(m+d)*size {
			return &Finding{Element: fmt.Sprint(a), Detail: fmt.Sprintf("pair %d: turning by %d and %d is not turning by %d: %g", i, m, d, m+d, e)}
		}
	}
	return nil
}
