package drift

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
	"time"
)

// TestCertify: the enclosures hold what float64 comes near to, those of more
// precision lie where those of less do, and both are narrow.
func TestCertify(t *testing.T) {
	m, tokens := openTeacher(t, few(2))
	start := time.Now()
	c, err := m.Certify(t.Context(), tokens)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d tokens, %d bits: %v", len(tokens), c.Bits, time.Since(start))
	more, err := m.certify(t.Context(), tokens, 2*c.Bits)
	if err != nil {
		t.Fatal(err)
	}
	ref := m.Reference(tokens)
	for layer := range c.Layers {
		for _, g := range graph(m, layer) {
			diff, size := 0.0, 0.0
			for i, v := range c.Layers[layer][g.stage] {
				d := ref.Layers[layer][g.stage][i] - v
				diff += d * d
				size += v * v
				if w := more.Layers[layer][g.stage][i]; math.Abs(v-w) > c.Radius[layer][g.stage]+more.Radius[layer][g.stage] {
					t.Fatalf("layer %d, %s: %g and %g at twice the precision", layer, g.stage, v, w)
				}
			}
			if d := math.Sqrt(diff / size); !(d < 1e-12) {
				t.Errorf("layer %d, %s: float64 is %g away", layer, g.stage, d)
			}
		}
	}
}

// TestBall: the results for numbers of the operands lie in the ball that comes out.
func TestBall(t *testing.T) {
	a := newArith(200)
	rng := rand.New(rand.NewPCG(1, 1))
	const prec = 2000
	f := func() *big.Float { return new(big.Float).SetPrec(prec) }
	some := func(scale float64) (ball, *big.Float) { // a ball and one of its numbers
		r := math.Ldexp(rng.Float64(), -rng.IntN(60)-8)
		b := ball{a.fixed(big.NewFloat(rng.NormFloat64() * scale)), r}
		return b, f().Add(f().Set(a.number(b)), big.NewFloat(r*(2*rng.Float64()-1)))
	}
	check := func(op string, b ball, x *big.Float) {
		t.Helper()
		d := f().Sub(x, a.number(b))
		if d.Abs(d).Cmp(big.NewFloat(b.r)) > 0 {
			t.Errorf("%s: %g is not within %g of %g", op, x, b.r, a.number(b))
		}
	}
	for range 2000 {
		x, vx := some(3)
		y, vy := some(3)
		check("add", a.add(x, y), f().Add(vx, vy))
		check("mul", a.mul(x, y), f().Mul(vx, vy))
		z, vz := some(3)
		check("dot", a.dot([]ball{x, y}, []ball{y, z}), f().Add(f().Mul(vx, vy), f().Mul(vy, vz)))
		positive, vp := ball{new(big.Int).Abs(z.m), z.r}, f().Set(vz)
		if z.m.Sign() < 0 {
			vp.Neg(vp)
		}
		if q, ok := a.quo(x, positive); ok {
			check("quo", q, f().Quo(vx, vp))
		}
		if s, ok := a.rsqrt(positive); ok {
			check("rsqrt", s, f().Quo(big.NewFloat(1), f().Sqrt(vp)))
		}
	}
	one := a.exact(1).m
	if _, ok := a.quo(a.exact(1), ball{one, 1}); ok {
		t.Error("divided by a ball that holds zero")
	}
	if _, ok := a.rsqrt(ball{one, 2}); ok {
		t.Error("root of a ball that holds negative numbers")
	}
	if _, ok := a.exp(ball{one, 1.5}); ok {
		t.Error("exp of a wide ball")
	}
}

// TestCertifyZero: a stage that is zero throughout has an enclosure like any other.
func TestCertifyZero(t *testing.T) {
	m := randomModel(t, rand.New(rand.NewPCG(1, 1)), 1, -1)
	clear(m.Layers[0].Down.Tensor.Data)
	c, err := m.Certify(t.Context(), []int{1, 2})
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range c.Layers[0][FFNOut] {
		if math.Abs(v) > 0x1p-170 {
			t.Fatalf("element %d of a product with a matrix of zeros: %g", i, v)
		}
	}
	if w := c.Width(); !(w < 0x1p-48) {
		t.Errorf("width %g", w)
	}
}
