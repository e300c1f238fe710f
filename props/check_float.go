package props

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"

	"assay/oracle"
	"assay/spec"
)

// elementwise tells whether an output element depends on the elements at its own
// place alone, and is not exact.
func elementwise(row spec.Row) bool {
	in := spec.MustLookup(row.Op)
	return in.Kind == spec.KindMap && !in.Exact
}

// inPlaceOperands returns the operands that the output may be.
func inPlaceOperands(op spec.Op) []int {
	in := spec.MustLookup(op)
	switch {
	case op == spec.OpSwigluF32:
		return []int{0, 1}
	case in.Kind == spec.KindMap && !in.Exact, in.Kind == spec.KindRow, in.Kind == spec.KindHeads:
		return []int{0}
	}
	return nil
}

func mayBeInPlace(row spec.Row) bool { return len(inPlaceOperands(row.Op)) > 0 }

// checkInPlace gives the kernel an operand's memory for its output.
func checkInPlace(h *harness, r Recipe) *Finding {
	c := r.Case()
	apart, f := h.run(c, 1)
	if f != nil {
		return f
	}
	for _, k := range inPlaceOperands(r.Op) {
		call := &spec.Call{Shape: c.Shape, Threads: 1}
		for _, b := range c.In {
			call.In = append(call.In, bytes.Clone(b))
		}
		call.Out = call.In[k]
		h.cases++
		if f := Protect(func() { h.row.Func.Run(call) }); f != nil {
			return f
		}
		if f := sameOutput(r.Op, apart, call.Out, fmt.Sprintf("differs when the output is operand %d", k)); f != nil {
			return f
		}
	}
	return nil
}

// checkPieces computes a map piece by piece.
func checkPieces(h *harness, r Recipe) *Finding {
	rng, in := r.rng(), spec.MustLookup(r.Op)
	c := r.Case()
	whole, f := h.run(c, 1)
	if f != nil {
		return f
	}
	unit := in.Unit()
	var got []byte
	for at := 0; at < c.Shape.Cols; {
		n := min(c.Shape.Cols-at, unit*(1+rng.IntN(1+rng.IntN(20))))
		piece := &spec.Case{Op: r.Op, Shape: spec.Vector(n)}
		for k, o := range in.In {
			piece.In = append(piece.In, c.In[k][o.Format.Bytes(at):o.Format.Bytes(at+n)])
		}
		out, f := h.run(piece, 1)
		if f != nil {
			return f
		}
		got = append(got, out...)
		at += n
	}
	return sameOutput(r.Op, whole, got, "differs when computed in pieces")
}

// checkSweep judges every exponent with mantissas at and beside its ends and
// middle, of both signs; and usual elements with one among them, at each place in turn,
// that a kernel which takes many at a time may have to treat by itself.
func checkSweep(h *harness, r Recipe) *Finding {
	in := spec.MustLookup(r.Op)
	x := boundaryFloats()
	rng := r.rng()
	for range 4096 { // where nothing has happened yet
		x = append(x, float32(signed(rng, 110*rng.Float64())))
	}
	c := &spec.Case{Op: r.Op, Shape: spec.Vector(len(x)), In: [][]byte{spec.FloatBytes(x)}}
	for len(c.In) < len(in.In) {
		c.In = append(c.In, spec.FloatBytes(repeat32(1, len(x))))
	}
	if _, f := h.judged(c); f != nil {
		return f
	}
	x = x[:3*64]
	for at := range x {
		for i := range x {
			x[i] = float32(rng.NormFloat64())
		}
		x[at] = float32(signed(rng, 87+17*rng.Float64()))
		c := &spec.Case{Op: r.Op, Shape: spec.Vector(len(x)), In: [][]byte{spec.FloatBytes(x)}}
		for len(c.In) < len(in.In) {
			c.In = append(c.In, spec.FloatBytes(repeat32(1, len(x))))
		}
		if _, f := h.judged(c); f != nil {
			f.note("%g at %d, the others near 0", x[at], at)
			return f
		}
	}
	return nil
}

func repeat32(v float32, n int) []float32 {
	out := make([]float32, n)
	for i := range out {
		out[i] = v
	}
	return out
}

// checkSymmetry: silu(x) − silu(−x) = x, and so gelu; e^x·e^−x = 1; each within
// the bounds of the two values.
func checkSymmetry(h *harness, r Recipe) *Finding {
	rng := r.rng()
	x := make([]float32, 64)
	for i := range x {
		x[i] = float32(signed(rng, 80*math.Pow(rng.Float64(), 3)))
		if i%2 == 1 {
			x[i] = -x[i-1]
		}
	}
	c := &spec.Case{Op: r.Op, Shape: spec.Vector(len(x)), In: [][]byte{spec.FloatBytes(x)}}
	out, f := h.run(c, 1)
	if f != nil {
		return f
	}
	want, err := oracle.Bulk(c, h.row.Tree)
	if err != nil {
		return &Finding{Detail: err.Error()}
	}
	y := spec.Floats(out)
	for i := 0; i < len(x); i += 2 {
		a, b := want.Elements[i], want.Elements[i+1]
		got, exact := float64(y[i])-float64(y[i+1]), float64(x[i])
		limit, _ := new(big.Float).Add(a.Bound, b.Bound).Float64()
		if r.Op == spec.OpExpF32 {
			got, exact = float64(y[i])*float64(y[i+1]), 1
			ba, _ := a.Bound.Float64()
			bb, _ := b.Bound.Float64()
			limit = ba*float64(y[i+1]) + bb*float64(y[i]) + ba*bb
		}
		if d := math.Abs(got - exact); d > limit*(1+0x1p-40)+0x1p-50*math.Abs(exact) {
			return &Finding{Element: fmt.Sprint(i), Got: fmt.Sprint(got), Ratio: d / limit, Detail: fmt.Sprintf("x = %g: want %g within %g", x[i], exact, limit)}
		}
	}
	return nil
}

// checkSoftmax: a shift that is exact and a power of two between scale and
// scores change nothing; equal arguments give equal results, larger ones no
// smaller results; the sum is 1 within the bounds; what a mask of −Inf hides has no influence.
func checkSoftmax(h *harness, r Recipe) *Finding {
	rng := r.rng()
	n := 1 + rng.IntN(200)
	x, mask := make([]float32, n), make([]float32, n)
	for i := range x {
		x[i] = float32(rng.IntN(41)-20) / 4
		if rng.IntN(5) == 0 {
			mask[i] = float32(math.Inf(-1))
		}
	}
	mask[rng.IntN(n)] = 0
	run := func(x, mask []float32, scale float32) (*spec.Case, []float32, *Finding) {
		c := &spec.Case{Op: r.Op, Shape: spec.Vector(len(x)), In: [][]byte{spec.FloatBytes(x), spec.FloatBytes(mask), spec.SoftmaxParams{Scale: scale}.Bytes()}}
		out, f := h.run(c, 1)
		return c, spec.Floats(out), f
	}
	c, base, f := run(x, mask, 1)
	if f != nil {
		return f
	}
	same := func(got []float32, what string) *Finding {
		return sameOutput(r.Op, spec.FloatBytes(base), spec.FloatBytes(got), what)
	}
	shifted, scaled, hidden := make([]float32, n), make([]float32, n), append([]float32(nil), x...)
	shift, k := float32(rng.IntN(1<<14)-1<<13), rng.IntN(9)-4
	for i := range x {
		shifted[i] = x[i] + shift
		scaled[i] = x[i] * float32(math.Ldexp(1, -k))
		if mask[i] < 0 {
			hidden[i] = float32(rng.IntN(5000))
		}
	}
	for _, v := range []struct {
		x     []float32
		scale float32
		what  string
	}{
		{shifted, 1, "all scores shifted"}, {scaled, float32(math.Ldexp(1, k)), "a power of two moved from the scores to the scale"},
		{hidden, 1, "other scores where the mask is −Inf"},
	} {
		_, got, f := run(v.x, mask, v.scale)
		if f == nil {
			f = same(got, v.what)
		}
		if f != nil {
			return f
		}
	}
	// One score far above the others, first, last, and anywhere.
	for _, at := range []int{0, n - 1, rng.IntN(n)} {
		x := append([]float32(nil), x...)
		x[at] = 200 + float32(rng.IntN(1000))
		if _, f := h.judged(&spec.Case{Op: r.Op, Shape: spec.Vector(n), In: [][]byte{spec.FloatBytes(x), nil, spec.SoftmaxParams{Scale: 1}.Bytes()}}); f != nil {
			f.note("%g at %d, the others below 6", x[at], at)
			return f
		}
	}
	// One score so far below the others that its weight is subnormal, at each place.
	for at := range n {
		x := append([]float32(nil), x...)
		if rng.IntN(2) == 0 {
			x = repeat32(6, n)
		}
		x[at], x[(at+1)%n] = -84-float32(rng.IntN(10)), 6
		if _, f := h.judged(&spec.Case{Op: r.Op, Shape: spec.Vector(n), In: [][]byte{spec.FloatBytes(x), nil, spec.SoftmaxParams{Scale: 1}.Bytes()}}); f != nil {
			f.note("%g at %d, the others from −5 to 6", x[at], at)
			return f
		}
	}
	// One NaN among scores that are all hidden, with a mask and without.
	for _, none := range [][]float32{nil, make([]float32, n)} {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(math.Inf(-1))
		}
		at := rng.IntN(n)
		x[at] = float32(math.NaN())
		c := &spec.Case{Op: r.Op, Shape: spec.Vector(n), In: [][]byte{spec.FloatBytes(x), spec.FloatBytes(none), spec.SoftmaxParams{Scale: 1}.Bytes()}}
		if none == nil {
			c.In[1] = nil
		}
		if _, f := h.judged(c); f != nil {
			f.note("NaN at %d, the others −Inf", at)
			return f
		}
	}
	want, err := oracle.Bulk(c, h.row.Tree)
	if err != nil {
		return &Finding{Detail: err.Error()}
	}
	sum, limit := 0.0, 0.0
	seen := map[float32]float32{}
	for i, y := range base {
		sum += float64(y)
		if b := want.Elements[i].Bound; b != nil {
			v, _ := b.Float64()
			limit += v
		}
		if mask[i] < 0 {
			continue
		}
		if other, ok := seen[x[i]]; ok && other != y {
			return &Finding{Element: fmt.Sprint(i), Got: fmt.Sprint(y), Detail: fmt.Sprintf("another element with the same score is %g", other)}
		}
		seen[x[i]] = y
	}
	scores := slices.Sorted(maps.Keys(seen)) // a quarter apart or more
	for i, v := range scores[1:] {
		if seen[v] < seen[scores[i]] {
			return &Finding{Got: fmt.Sprint(seen[v]), Detail: fmt.Sprintf("the weight of score %g is smaller than that of score %g, %g", v, scores[i], seen[scores[i]])}
		}
	}
	if d := math.Abs(sum - 1); d > limit*(1+0x1p-40)+0x1p-45 {
		return &Finding{Got: fmt.Sprint(sum), Detail: fmt.Sprintf("the sum is not 1 within %g", limit)}
	}
	return nil
}

// checkRMSNorm: RMSNorm(2^k x; 4^k eps) = RMSNorm(x; eps) bit for bit, so with
// the sign; no gain is a gain of ones; one element alone has the magnitude √n; the
// order of elements matters within the bounds only, which accuracy judges, but for a row
// that declares its tree.
func checkRMSNorm(h *harness, r Recipe) *Finding {
	rng := r.rng()
	for range 8 {
		if f := checkHardNorm(h, rng); f != nil {
			return f
		}
	}
	n := 1 + rng.IntN(300)
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	eps := float32(math.Exp(rng.NormFloat64() * 3))
	if rng.IntN(3) == 0 {
		eps = 0x1p-20 * float32(rng.IntN(3))
	}
	run := func(x, gain []float32, eps float32) ([]byte, *Finding) {
		return h.run(&spec.Case{Op: r.Op, Shape: spec.Vector(len(x)), In: [][]byte{spec.FloatBytes(x), spec.FloatBytes(gain), spec.NormParams{Eps: eps}.Bytes()}}, 1)
	}
	// So large that the factor is subnormal in f32, and so small that it is beyond f32.
	for _, e := range []int{128, -140} {
		extreme := make([]float32, n)
		for i := range extreme {
			extreme[i] = float32(math.Ldexp(signed(rng, 0.9+0.09*rng.Float64()), e))
		}
		c := &spec.Case{Op: r.Op, Shape: spec.Vector(n), In: [][]byte{spec.FloatBytes(extreme), nil, spec.NormParams{}.Bytes()}}
		if _, f := h.judged(c); f != nil {
			f.note("elements near 2^%d", e)
			return f
		}
	}
	base, f := run(x, nil, eps)
	if f != nil {
		return f
	}
	ones, f := run(x, repeat32(1, n), eps)
	if f == nil {
		f = sameOutput(r.Op, base, ones, "a gain of ones")
	}
	if f != nil {
		return f
	}
	k := rng.IntN(81) - 40
	scaled := make([]float32, n)
	for i := range x {
		scaled[i] = float32(signed(rng, 1)) * x[i]
		scaled[i] = -x[i] * float32(math.Ldexp(1, k))
	}
	got, f := run(scaled, nil, eps*float32(math.Ldexp(1, 2*k)))
	if f != nil {
		return f
	}
	want := make([]float32, n)
	for i := range want {
		want[i] = -spec.GetF32(base, i)
	}
	return sameOutput(r.Op, spec.FloatBytes(want), got, fmt.Sprintf("elements times −2^%d, eps times 2^%d", k, 2*k))
}

// paramStrategies make the scalar parameters of an op.
var paramStrategies = map[spec.Op][]strategy{
	spec.OpSoftmaxF32: {
		{"one", func(_ *rand.Rand, _ spec.Shape, b []byte) { copy(b, spec.SoftmaxParams{Scale: 1}.Bytes()) }},
		{"usual", func(rng *rand.Rand, _ spec.Shape, b []byte) {
			copy(b, spec.SoftmaxParams{Scale: float32(1 / math.Sqrt(float64(int(8)<<rng.IntN(6))))}.Bytes())
		}},
		{"any", func(rng *rand.Rand, _ spec.Shape, b []byte) {
			copy(b, spec.SoftmaxParams{Scale: float32(signed(rng, math.Exp(2*rng.NormFloat64())))}.Bytes())
		}},
		{"zero", func(rng *rand.Rand, _ spec.Shape, b []byte) { copy(b, spec.SoftmaxParams{}.Bytes()) }},
	},
	spec.OpRMSNormF32: {
		{"usual", func(rng *rand.Rand, _ spec.Shape, b []byte) {
			copy(b, spec.NormParams{Eps: []float32{1e-5, 1e-6, 1e-12}[rng.IntN(3)]}.Bytes())
		}},
		{"any", func(rng *rand.Rand, _ spec.Shape, b []byte) {
			copy(b, spec.NormParams{Eps: float32(math.Exp(12 * rng.NormFloat64()))}.Bytes())
		}},
		{"zero", func(rng *rand.Rand, _ spec.Shape, b []byte) { copy(b, spec.NormParams{}.Bytes()) }},
	},
}

// maskStrategies make additive masks.
var maskStrategies = []strategy{
	{"absent", nil},
	{"some", f32Values(func(rng *rand.Rand, x []float32) {
		for i := range x {
			if rng.IntN(3) == 0 {
				x[i] = float32(math.Inf(-1))
			}
		}
	})},
	{"causal", f32Values(func(rng *rand.Rand, x []float32) {
		for i := 1 + rng.IntN(len(x)); i < len(x); i++ {
			x[i] = float32(math.Inf(-1))
		}
	})},
	{"all", f32Values(func(rng *rand.Rand, x []float32) {
		for i := range x {
			x[i] = float32(math.Inf(-1))
		}
		if rng.IntN(2) == 0 {
			x[rng.IntN(len(x))] = 0
		}
	})},
	{"slopes", f32Values(func(rng *rand.Rand, x []float32) {
		s := rng.NormFloat64()
		for i := range x {
			x[i] = float32(s * float64(i))
		}
	})},
}

// gainStrategies make the weights of a norm.
var gainStrategies = func() []strategy {
	out := []strategy{{"absent", nil}}
	for _, s := range f32Strategies {
		switch s.name {
		case "gauss", "wide", "special", "zeros", "huge", "integers":
			out = append(out, s)
		}
	}
	return out
}()
