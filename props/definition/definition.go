// Package definition tells which of the definitions in the field a kernel follows, by
// evidence: each definition is written out as a plain loop, and a kernel's outputs
// are compared with it bit for bit.
//
// A definition is not a reference. Whether a kernel is right is for the judge, which holds it
// to the op as specified; this says what it computes instead, if it is not that.
package definition

import (
	"encoding/binary"
	"math"
	"math/big"
	"math/rand/v2"

	"github.com/x448/float16"

	"assay/props"
	"assay/spec"
)

// Definition is one way of defining an op.
type Definition struct {
	Op   spec.Op
	Name string
	Text string // what distinguishes it
	Who  string // who is known to use it
	// strategy of the operands, where it does not speak of usual data
	strategy string
	run      func(c *spec.Case) []byte // nil where it does not speak of the case
}

// Evidence is how far a kernel follows a definition.
type Evidence struct {
	Definition
	Blocks int // outputs compared: blocks, or elements of the float formats
	Equal  int // of them the same bit for bit, all NaNs being one
	// Apart is the largest difference, in units of 2^−24 of the largest output of the call;
	// for f32 alone.
	Apart float64
	// Fault is why the kernel gave no answer, after which it is compared no more; "" if it always did.
	Fault string
}

// Usual tells whether a definition speaks of usual data, so that it can be set beside others.
func (d Definition) Usual() bool { return d.strategy == "" }

// All returns the definitions, those of an op one after the other.
func All() []Definition { return append([]Definition(nil), definitions...) }

// Compare runs a kernel on cases and compares it with the definitions of its op, until it crashes, hangs or touches
// what is not its own.
func Compare(row spec.Row, cases int, seed uint64) []Evidence {
	var out []Evidence
	for _, d := range definitions {
		if d.Op != row.Op {
			continue
		}
		e := Evidence{Definition: d}
		rng := rand.New(rand.NewPCG(seed, 7))
		in := spec.MustLookup(d.Op)
		size := in.Out.BlockBytes()
		for range cases {
			r := props.DrawUsual(rng, d.Op)
			if d.strategy != "" {
				r.Strategy = d.strategy
			}
			c := r.Case()
			want := d.run(c)
			if want == nil {
				continue
			}
			got := make([]byte, in.OutBytes(c.Shape))
			if f := props.Protect(func() { row.Func.Run(&spec.Call{Shape: c.Shape, Threads: 1, In: c.In, Out: got}) }); f != nil {
				e.Fault = f.Detail
				return append(out, e)
			}
			if in.Out == spec.F32 {
				e.Apart = max(e.Apart, apart(spec.Floats(want), spec.Floats(got)))
			}
			for at := 0; at < len(got); at += size {
				e.Blocks++
				if same(in.Out, want[at:at+size], got[at:at+size]) {
					e.Equal++
				}
			}
		}
		out = append(out, e)
	}
	return out
}

func apart(want, got []float32) float64 {
	top, worst := float64(largest(want)), 0.0
	for i, w := range want {
		d := math.Abs(float64(w) - float64(got[i]))
		switch {
		case w == got[i], w != w && got[i] != got[i]:
		case math.IsNaN(d), math.IsInf(d, 0): // one of them is no number
			return math.Inf(1)
		default:
			worst = max(worst, d)
		}
	}
	if worst == 0 || top == 0 {
		return 0
	}
	return worst / top * 0x1p24
}

func same(f spec.Format, a, b []byte) bool {
	if f == spec.F32 && spec.ClassOf(spec.F32Bits(a, 0)) == spec.ClassNaN {
		return spec.ClassOf(spec.F32Bits(b, 0)) == spec.ClassNaN
	}
	if f == spec.Q8K { // the sums of blocks of zeros are no part of what is compared here
		a, b = a[:spec.Q8KOffBsums], b[:spec.Q8KOffBsums]
	}
	return string(a) == string(b)
}

// Of aprender, Q8_K's quantiser is published with its arithmetic. Its RMSNorm, table of RoPE and softmax are
// known by fixtures only, which say neither where they round nor in what precision they
// add, so no definition here is called its own.
var definitions = []Definition{
	{
		Op: spec.OpExpF32, Name: "1 within the polynomial", Text: "vectors of 16: (1 + c₁·r + …)·2^n, the 1 added before the terms of higher order; the rest by the C library",
		Who: "ggml's AVX-512 code (ggml_v_expf in vec.h)", run: exponential(ggmlExp(16, true, fused)),
	},
	{
		Op: spec.OpExpF32, Name: "1 last", Text: "vectors of 8: 2^n + 2^n·(c₁·r + …), fused; the rest by the C library",
		Who: "ggml's AVX2 code", run: exponential(ggmlExp(8, false, fused)),
	},
	{
		Op: spec.OpExpF32, Name: "1 last, vectors of 4", Text: "the same, fewer at a time",
		Who: "ggml's SSE2 code with FMA", run: exponential(ggmlExp(4, false, fused)),
	},
	{
		Op: spec.OpExpF32, Name: "1 last, not fused", Text: "vectors of 4: the same, with products rounded before they are added",
		Who: "ggml's SSE2 code without FMA", run: exponential(ggmlExp(4, false, rounded)),
	},
	{
		Op: spec.OpDotBF16, Name: "VDPBF16PS", Text: "two sums of 16 lanes, two products a lane, the odd one first; operands and sums that are subnormal become zeros",
		Who: "ggml's code for AVX512_BF16 (ggml_vec_dot_bf16)", strategy: "tiny+gauss", run: dotBF16(64, pairsToZero),
	},
	{
		Op: spec.OpDotBF16, Name: "FMA in f32", Text: "two sums of 16 lanes, one product a lane; subnormals count",
		Who: "ggml's AVX-512 code", strategy: "tiny+gauss", run: dotBF16(32, one),
	},
	{
		Op: spec.OpQuantizeQ8_0, Name: "d and 1/d, ties away", Text: "d = f32(amax/127), q = round(x·f32(1/d)), ties away from zero",
		Who: "assay; ggml's reference (quantize_row_q8_0_ref)", strategy: "ties", run: q8_0(func(amax float32) float32 { return 1 / (amax / 127) }, math.Round),
	},
	{
		Op: spec.OpQuantizeQ8_0, Name: "127/amax, ties to even", Text: "q = rint(x·f32(127/amax)), ties to even",
		Who: "ggml's AVX and AVX2 code (arch/x86/quants.c)", strategy: "ties", run: q8_0(func(amax float32) float32 { return 127 / amax }, math.RoundToEven),
	},
	{
		Op: spec.OpQuantizeQ8KGGML, Name: "−127 over the extreme", Text: "iscale = −127/max, max being the signed extreme, ties to even: the extreme becomes −127",
		Who: "ggml (quantize_row_q8_K_ref)", run: q8K(true),
	},
	{
		Op: spec.OpQuantizeQ8KGGML, Name: "amax/127", Text: "d = amax/127, ties away from zero, 1/127 for blocks of zeros",
		Who: "aprender (quantize_row_q8k)", run: q8K(false),
	},
	{
		Op: spec.OpQuantizeQ8KAprender, Name: "−127 over the extreme", Text: "iscale = −127/max, max being the signed extreme, ties to even: the extreme becomes −127",
		Who: "ggml (quantize_row_q8_K_ref)", run: q8K(true),
	},
	{
		Op: spec.OpQuantizeQ8KAprender, Name: "amax/127", Text: "d = amax/127, ties away from zero, 1/127 for blocks of zeros",
		Who: "aprender (quantize_row_q8k)", run: q8K(false),
	},
	{
		Op: spec.OpGeluF32, Name: "table in f16", Text: "the argument rounded to f16, the result too, 0 below −10 and x above 10",
		Who: "ggml (ggml_vec_gelu_f32, GGML_GELU_FP16)", run: geluTable,
	},
	{
		Op: spec.OpGeluF32, Name: "formula", Text: "the tanh form in f64, rounded once", Who: "assay, within 4 ulp", run: geluFormula,
	},
	{
		Op: spec.OpRMSNormF32, Name: "scale in f32, then gain", Text: "squares in f32, sum in f64, mean and 1/√(mean + eps) in f32, y = (x·scale)·gain",
		Who: "ggml (ggml_compute_forward_rms_norm_f32)", run: rmsnormF32,
	},
	{
		Op: spec.OpRMSNormF32, Name: "all in f64", Text: "everything in f64, rounded once", Who: "assay, its sum in 32 fused lanes; the yardstick", run: rmsnormF64,
	},
	{
		Op: spec.OpRopeF32, Name: "angles by repeated product", Text: "θ_0 = position, θ_{i+1} = f32(θ_i·f32(theta^f32(−2/width))), cosine and sine in f32, products and sums rounded",
		Who: "ggml (ggml_rope_cache_init)", run: ropeRepeated(rounded),
	},
	{
		Op: spec.OpRopeF32, Name: "angles by repeated product, fused", Text: "the same, the first product of a sum not rounded",
		Who: "ggml compiled for FMA", run: ropeRepeated(fused),
	},
	{
		Op: spec.OpRopeF32, Name: "angles by formula", Text: "θ_i, cosine and sine in f64, rounded once to f32; the first product of a sum not rounded",
		Who: "assay", run: ropeFormula,
	},
	{
		Op: spec.OpRopeF32, Name: "all in f64", Text: "everything in f64, rounded once", Who: "the yardstick", run: ropeF64,
	},
	{
		Op: spec.OpDequant(spec.MXFP4), Name: "code 8 is −0", Text: "E2M1 has a zero of each sign", Who: "OCP MX specification; assay", run: mxfp4Zero(true),
	},
	{
		Op: spec.OpDequant(spec.MXFP4), Name: "code 8 is +0", Text: "codes through a table of integers", Who: "ggml (kvalues_mxfp4)", run: mxfp4Zero(false),
	},
	{
		Op: spec.OpSoftmaxF32, Name: "nothing to attend to: zeros", Text: "a row of which all scores are −Inf gives zeros",
		Who: "assay", strategy: "zeros+all+any", run: allHidden(0),
	},
	{
		Op: spec.OpSoftmaxF32, Name: "nothing to attend to: NaN", Text: "such a row gives NaNs, −Inf − −Inf",
		Who: "ggml (ggml_vec_soft_max_f32)", strategy: "zeros+all+any", run: allHidden(float32(math.NaN())),
	},
	{
		Op: spec.OpSoftmaxF32, Name: "f32 exponentials, f64 sum", Text: "t = f32(f32(scale·x) + mask), e = f32(e^f32(t − max)), y = e·f32(1/Σe), the sum in f64",
		Who: "ggml's code without vectors", run: softmaxF32(1, roundedExp),
	},
	{
		Op: spec.OpSoftmaxF32, Name: "AVX-512", Text: "the same, with that code's exponential, vectors of 16 added up in f32",
		Who: "ggml's AVX-512 code (ggml_vec_soft_max_f32)", run: softmaxF32(16, ggmlExp(16, true, fused)),
	},
	{
		Op: spec.OpSoftmaxF32, Name: "AVX2", Text: "the same, with that code's exponential, vectors of 8 added up in f32",
		Who: "ggml's AVX2 code", run: softmaxF32(8, ggmlExp(8, false, fused)),
	},
	{
		Op: spec.OpSoftmaxF32, Name: "SSE2", Text: "the same, with that code's exponential, vectors of 4 added up in f32",
		Who: "ggml's SSE2 code without FMA, compiled for AVX; without AVX it adds neighbours first", run: softmaxF32(4, ggmlExp(4, false, rounded)),
	},
	{
		Op: spec.OpSoftmaxF32, Name: "table in f16", Text: "the same, the exponential's argument rounded to f16, its value too",
		Who: "ggml before its vectorised exponential (ggml_table_exp_f16)", run: softmaxF32(1, tableExp),
	},
	{
		Op: spec.OpSoftmaxF32, Name: "all in f64", Text: "everything in f64, rounded once", Who: "the yardstick", run: softmaxF64,
	},
}

// fused is a·b + c with one rounding.
func fused(a, b, c float32) float32 {
	p := float64(a) * float64(b)
	if s := p + float64(c); s == 0 || math.IsNaN(s) || math.IsInf(s, 0) {
		return float32(s) // exact, or no number
	}
	exact := new(big.Float).SetPrec(640) // from the least product's last bit to the largest sum's first
	y, _ := exact.Add(big.NewFloat(p), big.NewFloat(float64(c))).Float32()
	return y
}

// rounded is a·b + c with two.
func rounded(a, b, c float32) float32 { return float32(a*b) + c }

// exponential is exp_f32 by a function that takes the exponentials of all elements.
func exponential(exp func(x []float32)) func(c *spec.Case) []byte {
	return func(c *spec.Case) []byte {
		x := spec.Floats(c.In[0])
		exp(x)
		return spec.FloatBytes(x)
	}
}

// ggmlExp is ggml's exponential: whole vectors by a polynomial, whose 1 is added before or
// after the terms of higher order, and the rest by the C library's, which is taken to be
// rounded correctly.
func ggmlExp(lanes int, within bool, fma func(a, b, c float32) float32) func(x []float32) {
	return func(x []float32) {
		whole := len(x) / lanes * lanes
		for i, v := range x {
			if i >= whole {
				x[i] = float32(math.Exp(float64(v)))
				continue
			}
			const round = 0x1.8p23
			n := fma(v, 0x1.715476p+0, round) - round
			r := fma(n, -0x1.7f7d1cp-20, fma(n, -0x1.62e4p-1, v))
			u := r * r
			high := fma(fma(0x1.0e4020p-7, r, 0x1.573e2ep-5), u, fma(0x1.555e66p-3, r, 0x1.fffdb6p-2))
			switch {
			case math.IsNaN(float64(v)):
			case n > 192:
				x[i] = float32(math.Inf(1))
			case n < -192:
				x[i] = 0
			case within:
				y := fma(high, u, fma(0x1.ffffecp-1, r, 1))
				x[i] = float32(math.Ldexp(float64(y), int(n))) // one rounding, where it is subnormal
			default:
				// 2^n in two factors, or one of them would overflow.
				y, half := fma(high, u, float32(0x1.ffffecp-1*r)), int(0)
				if math.Abs(float64(n)) > 126 {
					half = 127
					if n <= 0 {
						half = -125
					}
				}
				s := float32(math.Ldexp(1, int(n)-half))
				x[i] = fma(s, y, s) * float32(math.Ldexp(1, half))
			}
		}
	}
}

// one is a lane's sum with one product more.
func one(sum float32, a, b []float32) float32 { return fused(a[0], b[0], sum) }

// pairsToZero is a lane's sum with two products more, as VDPBF16PS adds them.
func pairsToZero(sum float32, a, b []float32) float32 {
	normal := func(x float32) float32 {
		if math.Abs(float64(x)) < 0x1p-126 {
			return float32(math.Copysign(0, float64(x)))
		}
		return x
	}
	for _, k := range []int{1, 0} {
		sum = normal(fused(normal(a[k]), normal(b[k]), sum))
	}
	return sum
}

// dotBF16 adds to two sums of 16 lanes each, so many elements at a time for both, and what is left one by
// one in f64.
func dotBF16(step int, add func(sum float32, a, b []float32) float32) func(c *spec.Case) []byte {
	return func(c *spec.Case) []byte {
		floats := func(b []byte) []float32 {
			var out []float32
			for ; len(b) > 0; b = b[2:] {
				out = append(out, math.Float32frombits(uint32(binary.LittleEndian.Uint16(b))<<16))
			}
			return out
		}
		a, b := floats(c.In[0]), floats(c.In[1])
		var lanes [2][16]float32
		per := step / 32 // elements of a lane
		for ; len(a) >= step; a, b = a[step:], b[step:] {
			for l := range 32 {
				sum := &lanes[l/16][l%16]
				*sum = add(*sum, a[per*l:per*(l+1)], b[per*l:per*(l+1)])
			}
		}
		total := 0.0
		for _, l := range lanes {
			for n := 8; n > 0; n /= 2 {
				for i := range n {
					l[i] += l[i+n]
				}
			}
			total += float64(l[0])
		}
		for i := range a {
			total += float64(float32(a[i] * b[i]))
		}
		return spec.FloatBytes([]float32{float32(total)})
	}
}

// q8_0 is a quantiser of blocks of 32 that multiplies by inverse(amax) and rounds.
func q8_0(inverse func(amax float32) float32, round func(float64) float64) func(c *spec.Case) []byte {
	return func(c *spec.Case) []byte {
		x := spec.Floats(c.In[0])
		var out []byte
		for ; len(x) > 0; x = x[spec.Block:] {
			amax := largest(x[:spec.Block])
			inv := float32(0)
			if amax != 0 {
				inv = inverse(amax)
			}
			out = binary.LittleEndian.AppendUint16(out, float16.Fromfloat32(amax/127).Bits())
			for _, v := range x[:spec.Block] {
				out = append(out, byte(int8(round(float64(v*inv)))))
			}
		}
		return out
	}
}

func largest(x []float32) float32 {
	amax := float32(0)
	for _, v := range x {
		amax = max(amax, float32(math.Abs(float64(v))))
	}
	return amax
}

func q8K(ggml bool) func(c *spec.Case) []byte {
	return func(c *spec.Case) []byte {
		x := spec.Floats(c.In[0])
		var out []byte
		for ; len(x) > 0; x = x[spec.SuperBlock:] {
			block := x[:spec.SuperBlock]
			amax := largest(block)
			d, inv := amax/127, float32(0)
			round := math.Round
			switch {
			case ggml && amax == 0:
				d = 0
			case ggml:
				extreme := amax
				for _, v := range block {
					if float32(math.Abs(float64(v))) == amax {
						extreme = v
						break
					}
				}
				inv = -127 / extreme
				d, round = 1/inv, math.RoundToEven
			case amax <= 1e-10:
				d = float32(1) / 127
			default:
				inv = 1 / d
			}
			out = binary.LittleEndian.AppendUint32(out, math.Float32bits(d))
			for _, v := range block {
				out = append(out, byte(int8(min(round(float64(inv*v)), 127))))
			}
			out = append(out, make([]byte, spec.Q8K.BlockBytes()-spec.Q8KOffBsums)...)
		}
		return out
	}
}

func eachFloat(f func(x float32) float32) func(c *spec.Case) []byte {
	return func(c *spec.Case) []byte {
		y := spec.Floats(c.In[0])
		for i := range y {
			y[i] = f(y[i])
		}
		return spec.FloatBytes(y)
	}
}

func gelu(x float64) float64 {
	return x / 2 * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
}

var geluFormula = eachFloat(func(x float32) float32 { return float32(gelu(float64(x))) })

var geluTable = eachFloat(func(x float32) float32 {
	switch {
	case x <= -10:
		return 0
	case x >= 10:
		return x
	}
	return float16.Fromfloat32(float32(gelu(float64(float16.Fromfloat32(x).Float32())))).Float32()
})

// gains are the floats of the second operand, which is optional.
func gains(c *spec.Case) []float32 {
	if len(c.In[1]) == 0 {
		return nil
	}
	return spec.Floats(c.In[1])
}

func rmsnormF32(c *spec.Case) []byte {
	x, gain, eps := spec.Floats(c.In[0]), gains(c), spec.ReadNormParams(c.In[2]).Eps
	sum := 0.0
	for _, v := range x {
		sum += float64(v * v)
	}
	mean := float32(sum / float64(len(x)))
	scale := 1 / float32(math.Sqrt(float64(mean+eps)))
	for i := range x {
		x[i] *= scale
		if gain != nil {
			x[i] *= gain[i]
		}
	}
	return spec.FloatBytes(x)
}

func rmsnormF64(c *spec.Case) []byte {
	x, gain, eps := spec.Floats(c.In[0]), gains(c), spec.ReadNormParams(c.In[2]).Eps
	sum := 0.0
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	scale := 1 / math.Sqrt(sum/float64(len(x))+float64(eps))
	for i, v := range x {
		y := float64(v) * scale
		if gain != nil {
			y *= float64(gain[i])
		}
		x[i] = float32(y)
	}
	return spec.FloatBytes(x)
}

// ropeRepeated multiplies f32 cosines and sines by the magnitude, and adds products by fma.
func ropeRepeated(fma func(a, b, c float32) float32) func(c *spec.Case) []byte {
	angles := func(p spec.RopeParams, factors []float32) []float64 {
		theta, scale := float32(p.Pos), float32(math.Pow(float64(p.Theta), float64(-2/float32(p.Width))))
		angles := make([]float64, p.Width/2)
		for i := range angles {
			f := theta
			if factors != nil {
				f /= factors[i]
			}
			angles[i] = float64(float32(p.FreqScale * f))
			theta *= scale
		}
		return angles
	}
	return func(c *spec.Case) []byte {
		return rope(c, angles, func(x, y float32, a float64, magnitude float32) (float32, float32) {
			return turn(fma, x, y, float32(math.Cos(a))*magnitude, float32(math.Sin(a))*magnitude)
		})
	}
}

// turn turns a pair; of two products the second is always rounded.
func turn(fma func(a, b, c float32) float32, x, y, cos, sin float32) (float32, float32) {
	return fma(x, cos, -float32(y*sin)), fma(x, sin, float32(y*cos))
}

// formulaAngles are by the op's formula in f64.
func formulaAngles(p spec.RopeParams, factors []float32) []float64 {
	angles := make([]float64, p.Width/2)
	for i := range angles {
		angles[i] = float64(p.Pos) * math.Pow(float64(p.Theta), -2*float64(i)/float64(p.Width))
		if factors != nil {
			angles[i] /= float64(factors[i])
		}
		angles[i] *= float64(p.FreqScale)
	}
	return angles
}

func ropeFormula(c *spec.Case) []byte {
	return rope(c, formulaAngles, func(x, y float32, a float64, magnitude float32) (float32, float32) {
		m := float64(magnitude)
		return turn(fused, x, y, float32(math.Cos(a)*m), float32(math.Sin(a)*m))
	})
}

func ropeF64(c *spec.Case) []byte {
	return rope(c, formulaAngles, func(x, y float32, a float64, magnitude float32) (float32, float32) {
		cos, sin := math.Cos(a)*float64(magnitude), math.Sin(a)*float64(magnitude)
		return float32(float64(x)*cos - float64(y)*sin), float32(float64(x)*sin + float64(y)*cos)
	})
}

// rope turns the pairs by their angles. It does not speak of YaRN.
func rope(c *spec.Case, angles func(p spec.RopeParams, factors []float32) []float64,
	pair func(x, y float32, angle float64, magnitude float32) (float32, float32)) []byte {
	p := spec.ReadRopeParams(c.In[2], c.Shape)
	if p.ExtFactor != 0 {
		return nil
	}
	x := spec.Floats(c.In[0])
	all := angles(p, gains(c))
	for h := 0; h < len(x); h += p.HeadDim {
		for i, a := range all {
			k, l := h+2*i, h+2*i+1
			if p.Halves {
				k, l = h+i, h+i+p.Width/2
			}
			x[k], x[l] = pair(x[k], x[l], a, p.AttnFactor)
		}
	}
	return spec.FloatBytes(x)
}

// mxfp4Zero decodes with code 8 as −0 or as +0.
func mxfp4Zero(signed bool) func(c *spec.Case) []byte {
	e2m1 := [8]float64{0, .5, 1, 1.5, 2, 3, 4, 6}
	return func(c *spec.Case) []byte {
		var out []byte
		n := spec.MXFP4.BlockBytes()
		for b := c.In[0]; len(b) > 0; b = b[n:] {
			scale := math.Ldexp(1, int(b[0])-127)
			for i := range spec.Block {
				q := b[1+i%16] >> (4 * (i / 16)) & 15
				y := e2m1[q&7] * scale
				if q > 8 || q == 8 && signed {
					y = -y
				}
				out = binary.LittleEndian.AppendUint32(out, math.Float32bits(float32(y)))
			}
		}
		return out
	}
}

// allHidden gives the same for all elements of a row that is hidden whole.
func allHidden(y float32) func(c *spec.Case) []byte {
	return func(c *spec.Case) []byte {
		out := make([]float32, c.Shape.Cols)
		for i, mask := range gains(c) {
			if !math.IsInf(float64(mask), -1) {
				return nil // there is something
			}
			out[i] = y
		}
		return spec.FloatBytes(out)
	}
}

// softmaxF32 is a softmax in f32 by an exponential; elements are added up in f32 within whole
// vectors of so many lanes, vectors and what is left in f64.
func softmaxF32(lanes int, exp func(x []float32)) func(c *spec.Case) []byte {
	return func(c *spec.Case) []byte {
		x, mask, scale := spec.Floats(c.In[0]), gains(c), spec.ReadSoftmaxParams(c.In[2]).Scale
		top := float32(math.Inf(-1))
		for i := range x {
			x[i] = float32(x[i] * scale)
			if mask != nil {
				x[i] += mask[i]
			}
			top = max(top, x[i])
		}
		for i := range x {
			x[i] -= top
		}
		exp(x)
		sum, rest := 0.0, append([]float32(nil), x...)
		for ; len(rest) >= lanes; rest = rest[lanes:] {
			for n := lanes / 2; n > 0; n /= 2 {
				for i := range n {
					rest[i] += rest[i+n]
				}
			}
			sum += float64(rest[0])
		}
		for _, e := range rest {
			sum += float64(e)
		}
		by := float32(1 / sum)
		for i := range x {
			x[i] *= by
		}
		return spec.FloatBytes(x)
	}
}

func roundedExp(x []float32) {
	for i, v := range x {
		x[i] = float32(math.Exp(float64(v)))
	}
}

func tableExp(x []float32) {
	for i, v := range x {
		x[i] = float16.Fromfloat32(float32(math.Exp(float64(float16.Fromfloat32(v).Float32())))).Float32()
	}
}

// softmaxF64 does not speak of rows that are hidden whole.
func softmaxF64(c *spec.Case) []byte {
	x, mask, scale := spec.Floats(c.In[0]), gains(c), float64(spec.ReadSoftmaxParams(c.In[2]).Scale)
	t := make([]float64, len(x))
	top := math.Inf(-1)
	for i, v := range x {
		t[i] = float64(v) * scale
		if mask != nil {
			t[i] += float64(mask[i])
		}
		top = max(top, t[i])
	}
	if math.IsInf(top, -1) {
		return nil
	}
	sum := 0.0
	for i := range t {
		t[i] = math.Exp(t[i] - top)
		sum += t[i]
	}
	for i := range x {
		x[i] = float32(t[i] / sum)
	}
	return spec.FloatBytes(x)
}
