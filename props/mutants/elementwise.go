package mutants

import (
	"math"

	"assay/spec"
)

// mapped is the base of the elementwise float ops.
type mapped struct {
	value func(x float64) float64
	at    func(i, n int) int // where the result of element i goes; −1 for nowhere
	times func(y, up float32) float32
}

func (k *mapped) unary(dst, src []float32) {
	out := append([]float32(nil), dst...)
	for i, x := range src {
		if at := k.at(i, len(src)); at >= 0 && at < len(dst) {
			out[at] = float32(k.value(float64(x)))
		}
	}
	copy(dst, out)
}

func (k *mapped) gated(dst, gate, up []float32) {
	out := append([]float32(nil), dst...)
	for i, x := range gate {
		if at := k.at(i, len(gate)); at >= 0 && at < len(dst) {
			out[at] = k.times(float32(k.value(float64(x))), up[i])
		}
	}
	copy(dst, out)
}

func newMapped(value func(x float64) float64) func() *mapped {
	return func() *mapped {
		return &mapped{value, func(i, _ int) int { return i }, func(y, up float32) float32 { return y * up }}
	}
}

// silu64 keeps the sign of a zero; binary64 is far better than the bound.
func silu64(x float64) float64 {
	switch {
	case math.IsInf(x, -1):
		return math.Copysign(0, -1)
	case x < 0:
		e := math.Exp(x)
		return x * e / (1 + e)
	}
	return x / (1 + math.Exp(-x))
}

func gelu64(x float64) float64 {
	z := 2 * math.Sqrt(2/math.Pi) * (x + 0.044715*x*x*x)
	switch {
	case x < -100:
		return math.Copysign(0, -1)
	case x < 0:
		e := math.Exp(z)
		return x * e / (1 + e)
	}
	return x / (1 + math.Exp(-z))
}

func elementwiseMutants() []Mutant {
	when := func(value func(x float64) float64, cond func(x float64) bool, other func(x float64) float64) func(k *mapped) {
		return func(k *mapped) {
			k.value = func(x float64) float64 {
				if cond(x) {
					return other(x)
				}
				return value(x)
			}
		}
	}
	unary := func(k *mapped) spec.Func { return spec.Unary(k.unary) }
	gated := func(k *mapped) spec.Func { return spec.Gated(k.gated) }
	sigmoid := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
	tails := []edit[mapped]{
		{"I05", "nntrainer/nntrainer PR 3494", tail, "a whole number of vectors leaves the last one out", func(k *mapped) {
			k.at = func(i, n int) int {
				if n%8 == 0 && i >= n-8 {
					return -1
				}
				return i
			}
		}},
		{"I12", "tphakala/simd de69da2", tail, "only the first vector is computed", func(k *mapped) {
			k.at = func(i, _ int) int {
				if i >= 8 {
					return -1
				}
				return i
			}
		}},
	}
	with := func(more ...edit[mapped]) []edit[mapped] { return append(append([]edit[mapped]{}, tails...), more...) }

	exp := family(spec.OpExpF32, newMapped(math.Exp), unary, with([]edit[mapped]{
		{"H04", "b4rtaz/distributed-llama cba7e37", precise, "the exponent is not clamped and wraps", func(k *mapped) {
			k.value = func(x float64) float64 {
				if !(x > -104 && x < 88.7) && !math.IsInf(x, 0) && x == x && math.Abs(x) < 1e6 {
					n := math.RoundToEven(x * math.Log2E)
					r := math.Exp(x - n*math.Ln2)
					return float64(math.Float32frombits(uint32(int64(n)+127)<<23)) * r
				}
				return math.Exp(x)
			}
		}},
		{"I19", "golang/go#23164", tiny, "no subnormal results", when(math.Exp, func(x float64) bool { return x < -87.4 }, func(float64) float64 { return 0 })},
		{"I17", "ggml-org/ggml 15eac329", precise, "infinite from 88 on", when(math.Exp, func(x float64) bool { return x > 88 }, func(float64) float64 { return math.Inf(1) })},
		{"I22", "microsoft/onnxruntime PR 28308", special, "a clamp turns NaN into a bound", when(math.Exp, func(x float64) bool { return x != x }, func(float64) float64 { return math.Exp(-87) })},
		{"I14", "tphakala/simd PR 39", precise, "a polynomial of too low a degree", func(k *mapped) {
			k.value = func(x float64) float64 {
				if math.Abs(x) > 80 || x != x {
					return math.Exp(x)
				}
				n := math.RoundToEven(x * math.Log2E)
				r := x - n*math.Ln2
				return math.Ldexp(1+r*(1+r*(0.5+r*(1.0/6+r*(1.0/24+r/120)))), int(n))
			}
		}},
		{"I10", "tphakala/simd 416e388", operand, "the reduction takes one part of ln 2, in f32", func(k *mapped) {
			k.value = func(x float64) float64 {
				if !(math.Abs(x) < 80) {
					return math.Exp(x)
				}
				n := math.RoundToEven(x * math.Log2E)
				return math.Ldexp(math.Exp(float64(float32(x)-float32(n)*float32(math.Ln2))), int(n))
			}
		}},
	}...))
	siluEdits := []edit[mapped]{
		{"I01", "sonos/tract PR 2506", precise, "x times a sigmoid that is clamped at −18", when(silu64, func(x float64) bool { return x < -18 }, func(x float64) float64 { return x * sigmoid(-18) })},
		{"I03", "sonos/tract e89daf2c3", formula, "the sigmoid is a little below zero in the tail", when(silu64, func(x float64) bool { return x < -16 }, func(x float64) float64 { return x * -1e-7 })},
		{"I06", "nntrainer/nntrainer PR 4101", precise, "the exponential is in half precision", func(k *mapped) {
			k.value = func(x float64) float64 { return x / (1 + float64(viaHalf(float32(math.Exp(-x))))) }
		}},
		{"I13", "tphakala/simd PR 88", precise, "the sigmoid of less than −20 is zero", when(silu64, func(x float64) bool { return x < -20 }, func(float64) float64 { return math.Copysign(0, -1) })},
		{"I15", "opencv/opencv PR 28836", precise, "e^−x overflows", when(silu64, func(x float64) bool { return x < -88.7 }, func(x float64) float64 { return math.Copysign(0, -1) })},
		{"I24", "pytorch/pytorch#13448", special, "NaN gives a number", when(silu64, func(x float64) bool { return x != x }, func(float64) float64 { return 0 })},
		{"I25", "ARM-software/ComputeLibrary#779", precise, "NaN beyond 40", when(silu64, func(x float64) bool { return math.Abs(x) > 40 && !math.IsInf(x, -1) }, func(float64) float64 { return math.NaN() })},
		{"I26", "skyzh/tiny-llm#161", precise, "1 − σ(−x) in f32 cancels", when(silu64, func(x float64) bool { return x < 0 && x > -88 }, func(x float64) float64 {
			return x * float64(1-float32(sigmoid(-x)))
		})},
		{"I22", "microsoft/onnxruntime PR 28308", precise, "the argument is clamped to ±87", when(silu64, func(x float64) bool { return x < -87 }, func(x float64) float64 { return x * sigmoid(-87) })},
	}
	silu := family(spec.OpSiluF32, newMapped(silu64), unary, with(siluEdits...))
	swiglu := family(spec.OpSwigluF32, newMapped(silu64), gated, with(append(siluEdits[:8:8],
		edit[mapped]{"G10", "ggml-org/llama.cpp PR 16558", operand, "up is squared", func(k *mapped) {
			k.times = func(y, up float32) float32 { return y * up * up }
		}},
		edit[mapped]{"I06-b", "nntrainer/nntrainer PR 4101", precise, "up is in half precision", func(k *mapped) {
			k.times = func(y, up float32) float32 { return y * viaHalf(up) }
		}},
	)...))
	gelu := family(spec.OpGeluF32, newMapped(gelu64), unary, with([]edit[mapped]{
		{"I04", "sonos/tract c4601cee5", formula, "tanh exceeds 1", when(gelu64, func(x float64) bool { return x > 5 && !math.IsInf(x, 1) }, func(x float64) float64 { return x * (1 + 1e-6) })},
		{"I11", "tphakala/simd 75f92d5", precise, "1 + tanh cancels in the tail", when(gelu64, func(x float64) bool { return x < 0 && x > -100 }, func(x float64) float64 {
			return x / 2 * float64(1+float32(math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x))))
		})},
		{"I14", "tphakala/simd PR 39", precise, "the quick form x·σ(1.702·x)", when(gelu64, func(x float64) bool { return math.Abs(x) < 80 }, func(x float64) float64 { return x * sigmoid(1.702*x) })},
		{"I16", "ggml-org/ggml 1843e33c", formula, "the exact form with erf", when(gelu64, func(x float64) bool { return math.Abs(x) < 20 }, func(x float64) float64 { return x / 2 * math.Erfc(-x/math.Sqrt2) })},
		{"I18", "ggml-org/ggml 14201b9d", precise, "a table in half precision", when(gelu64, func(x float64) bool { return math.Abs(x) < 60000 }, func(x float64) float64 {
			return float64(viaHalf(float32(gelu64(float64(viaHalf(float32(x)))))))
		})},
		{"I24", "pytorch/pytorch#13448", special, "NaN gives a number", when(gelu64, func(x float64) bool { return x != x }, func(float64) float64 { return 0 })},
	}...))
	return append(append(append(exp, silu...), swiglu...), gelu...)
}

// rowSoftmax is the base of softmax_f32.
type rowSoftmax struct {
	arg    func(scale, x, mask float32) float64
	max    func(t []float64) float64
	exp    func(d float64) float64
	counts func(i, n int) bool // elements that take part in the sum
	empty  float64             // results of a row that is all −Inf
	hidden func(y float64) float64
	after  func(dst []float32)
}

func newRowSoftmax() *rowSoftmax {
	return &rowSoftmax{
		arg: func(scale, x, mask float32) float64 { return float64(fma(scale, x, mask)) },
		max: func(t []float64) float64 {
			top := math.Inf(-1)
			for _, v := range t {
				if !(v <= top) {
					top = v
				}
				if top != top {
					return top
				}
			}
			return top
		},
		exp:    math.Exp,
		counts: func(i, n int) bool { return true },
		hidden: func(y float64) float64 { return y },
		after:  func([]float32) {},
	}
}

func (k *rowSoftmax) run(dst, x, mask []float32, scale float32) {
	if len(x) == 0 {
		return
	}
	t := make([]float64, len(x))
	for i, v := range x {
		m := float32(0)
		if mask != nil {
			m = mask[i]
		}
		t[i] = k.arg(scale, v, m)
	}
	top := k.max(t)
	if math.IsInf(top, -1) {
		for i := range dst {
			dst[i] = float32(k.empty)
		}
		return
	}
	sum := 0.0
	for i := range t {
		t[i] = k.exp(t[i] - top)
		if k.counts(i, len(t)) {
			sum += t[i]
		}
	}
	for i := range dst {
		dst[i] = float32(k.hidden(t[i] / sum))
	}
	k.after(dst)
}

func softmaxMutants() []Mutant {
	entry := func(k *rowSoftmax) spec.Func { return spec.Softmax(k.run) }
	return family(spec.OpSoftmaxF32, newRowSoftmax, entry, []edit[rowSoftmax]{
		{"H01", "b4rtaz/distributed-llama fde35c9", tail, "elements after the last multiple of four are left out of the sum", func(k *rowSoftmax) {
			k.counts = func(i, n int) bool { return n < 4 || i < n&^3 }
		}},
		{"H03", "b4rtaz/distributed-llama 536c2b8", tail, "the maximum skips the first element", func(k *rowSoftmax) {
			base := k.max
			k.max = func(t []float64) float64 {
				if len(t) > 1 {
					return base(t[1:])
				}
				return base(t)
			}
		}},
		{"H04", "b4rtaz/distributed-llama cba7e37", precise, "the exponential does not underflow to zero", func(k *rowSoftmax) {
			k.exp = func(d float64) float64 { return math.Exp(max(d, -50)) }
		}},
		{"H06", "google/gemma.cpp 6c0be20", operand, "the tail's mask is inverted", func(k *rowSoftmax) {
			k.counts = func(i, n int) bool { return i < n&^7 || n-i <= 8-n%8 }
		}},
		{"H07", "intel/neural-speed PR 869", tail, "zeros that pad the row join the maximum and the sum", func(k *rowSoftmax) {
			base := k.max
			k.max = func(t []float64) float64 {
				top := base(t)
				if len(t)%16 != 0 && top < 0 {
					return 0
				}
				return top
			}
		}},
		{"H08", "nntrainer/nntrainer 1de165632", formula, "something is in the sum that is in no result", func(k *rowSoftmax) {
			k.hidden = func(y float64) float64 { return y / (1 + 1e-5) }
		}},
		{"H09", "ml-explore/mlx#1467", special, "rows of −Inf are guarded up to 127 elements only", func(k *rowSoftmax) {
			base := k.max
			k.max = func(t []float64) float64 {
				k.empty = 0
				if len(t) > 127 {
					k.empty = math.NaN()
				}
				return base(t)
			}
		}},
		{"H10", "FluxML/NNlib.jl PR 43", operand, "the maximum is at least 0", func(k *rowSoftmax) {
			base := k.max
			k.max = func(t []float64) float64 { return math.Max(0, base(t)) }
			k.exp = func(d float64) float64 { return float64(float32(math.Exp(d))) }
		}},
		{"H12", "flashinfer-ai/flashinfer PR 1178", special, "a row of −Inf gives NaN", func(k *rowSoftmax) { k.empty = math.NaN() }},
		{"H12-b", "tracel-ai/burn#4697", special, "a row of −Inf gives equal shares", func(k *rowSoftmax) { k.empty = 0.125 }},
		{"H15", "intel/xFasterTransformer PR 326", precise, "the maximum is not subtracted", func(k *rowSoftmax) {
			base := k.max
			k.max = func(t []float64) float64 {
				if top := base(t); top-top != 0 {
					return top
				}
				return 0
			}
			k.exp = func(d float64) float64 { return float64(float32(math.Exp(d))) }
		}},
		{"H18", "uxlfoundation/oneDNN PR 5308", special, "a maximum of +Inf takes everything", func(k *rowSoftmax) {
			base := k.exp
			k.exp = func(d float64) float64 {
				if d != d {
					return 1
				}
				return base(d)
			}
		}},
		{"K14", "b4rtaz/distributed-llama c96f663", formula, "the scale is applied after the mask", func(k *rowSoftmax) {
			k.arg = func(scale, x, mask float32) float64 { return float64(scale * (x + mask)) }
		}},
		{"I10", "tphakala/simd 416e388", operand, "the exponential has a relative error of 1e-6", func(k *rowSoftmax) {
			k.exp = func(d float64) float64 { return math.Exp(d * (1 + 1e-5)) }
		}},
	})
}

// rowNorm is the base of rmsnorm_f32.
type rowNorm struct {
	square func(i int, x float32) float64
	start  float64
	count  func(n int) float64
	eps    func(eps float64) float64
	factor func(ms, eps float64) float64
	value  func(i, n int, x float32, r, gain float64) float64
	last   func(n int) int // elements that are summed
}

func newRowNorm() *rowNorm {
	return &rowNorm{
		square: func(_ int, x float32) float64 { return float64(x) * float64(x) },
		count:  func(n int) float64 { return float64(n) },
		eps:    func(eps float64) float64 { return eps },
		factor: func(ms, eps float64) float64 { return 1 / math.Sqrt(ms+eps) },
		value:  func(_, _ int, x float32, r, gain float64) float64 { return float64(x) * r * gain },
		last:   func(n int) int { return n },
	}
}

func (k *rowNorm) run(dst, x, gain []float32, eps float32) {
	lane := [32]float64{k.start} // the declared tree; squares are exact
	for i, v := range x[:k.last(len(x))] {
		lane[i%32] += k.square(i, v)
	}
	r := k.factor(folded(lane[:])/k.count(len(x)), k.eps(float64(eps)))
	for i, v := range x {
		g := 1.0
		if gain != nil {
			g = float64(gain[i])
		}
		dst[i] = float32(k.value(i, len(x), v, r, g))
	}
}

func rmsnormMutants() []Mutant {
	entry := func(k *rowNorm) spec.Func { return spec.Normalize(k.run) }
	return family(spec.OpRMSNormF32, newRowNorm, entry, []edit[rowNorm]{
		{"L04", "tphakala/simd PR 46", operand, "the reciprocal is what its table says, to 12 bits, without the step that makes it exact", func(k *rowNorm) {
			k.factor = func(ms, eps float64) float64 {
				r := 1 / math.Sqrt(ms+eps)
				return math.Float64frombits(math.Float64bits(r) &^ (1<<40 - 1))
			}
		}},
		{"G01", "b4rtaz/distributed-llama PR 137", lane, "the accumulator starts with what is left in a lane", func(k *rowNorm) { k.start = 1e-3 }},
		{"G02", "ggml-org/llama.cpp#2373", formula, "eps is 1e-6 whatever is asked for", func(k *rowNorm) { k.eps = func(float64) float64 { return 1e-6 } }},
		{"G03", "paiml/aprender PR 1606", formula, "eps is ten times too large", func(k *rowNorm) { k.eps = func(eps float64) float64 { return 10 * eps } }},
		{"G03-b", "ikawrakow/ik_llama.cpp PR 324", formula, "eps is added outside of the root", func(k *rowNorm) {
			k.factor = func(ms, eps float64) float64 { return 1 / (math.Sqrt(ms) + eps) }
		}},
		{"G10", "ggml-org/llama.cpp PR 16558", operand, "the tail writes the square", func(k *rowNorm) {
			k.value = func(i, n int, x float32, r, gain float64) float64 {
				if i >= n&^7 {
					return float64(x) * float64(x) * r * gain
				}
				return float64(x) * r * gain
			}
		}},
		{"G11", "ggml-org/llama.cpp PR 24305", threads, "the mean divides by one element more", func(k *rowNorm) { k.count = func(n int) float64 { return float64(n + 1) } }},
		{"G15", "mosaicml/llm-foundry#371", formula, "divides by the reciprocal root", func(k *rowNorm) {
			k.factor = func(ms, eps float64) float64 { return math.Sqrt(ms + eps) }
		}},
		{"E22", "OpenMathLib/OpenBLAS#5466", precise, "squares overflow and underflow in f32", func(k *rowNorm) {
			k.square = func(_ int, x float32) float64 { return float64(x * x) }
		}},
		{"E19", "gonum/gonum 53ebc944", tail, "elements after the last multiple of four are not summed", func(k *rowNorm) {
			k.last = func(n int) int { return n &^ 3 }
		}},
		{"E39", "google/XNNPACK 0d595e45e3", lane, "the gain of the first element is taken for all", func(k *rowNorm) {
			first := 1.0
			k.value = func(i, _ int, x float32, r, gain float64) float64 {
				if i == 0 {
					first = gain
				}
				return float64(x) * r * first
			}
		}},
		{"J02", "tphakala/simd PR 121", precise, "the factor is rounded to f32 where it is subnormal", func(k *rowNorm) {
			k.factor = func(ms, eps float64) float64 { return float64(float32(1 / math.Sqrt(ms+eps))) }
		}},
	})
}

// turner is the base of rope_f32.
type turner struct {
	pairs  func(p spec.RopeParams, i int) (a, b int)
	width  func(p spec.RopeParams) int
	pos    func(pos int) float64
	freq   func(p spec.RopeParams, i int) float64
	factor func(i, n int, f float64) float64
	mix    func(p spec.RopeParams, i int) float64
	scale  func(p spec.RopeParams) float64
	angle  func(theta float64) float64
	rotate func(x0, x1, c, s float32) (y0, y1 float32)
	magni  func(p spec.RopeParams) float64
}

func newTurner() *turner {
	return &turner{
		pairs: func(p spec.RopeParams, i int) (a, b int) {
			if p.Halves {
				return i, i + p.Width/2
			}
			return 2 * i, 2*i + 1
		},
		width: func(p spec.RopeParams) int { return p.Width },
		pos:   func(pos int) float64 { return float64(pos) },
		freq: func(p spec.RopeParams, i int) float64 {
			return math.Pow(float64(p.Theta), -2*float64(i)/float64(p.Width))
		},
		factor: func(_, _ int, f float64) float64 { return f },
		mix: func(p spec.RopeParams, i int) float64 {
			if p.ExtFactor == 0 {
				return 0
			}
			cd := func(beta float32) float64 {
				return float64(p.Width) * math.Log(float64(p.OrigContext)/(float64(beta)*2*math.Pi)) / (2 * math.Log(float64(p.Theta)))
			}
			low, high := max(0, math.Floor(cd(p.BetaFast))), min(float64(p.Width-1), math.Ceil(cd(p.BetaSlow)))
			ramp := 1 - min(1, max(0, (float64(i)-low)/max(0.001, high-low)))
			return ramp * float64(p.ExtFactor)
		},
		scale: func(p spec.RopeParams) float64 { return float64(p.FreqScale) },
		angle: func(theta float64) float64 { return theta },
		rotate: func(x0, x1, c, s float32) (y0, y1 float32) {
			return fma(x0, c, -float32(x1*s)), fma(x0, s, float32(x1*c))
		},
		magni: func(p spec.RopeParams) float64 {
			m := float64(p.AttnFactor)
			if p.ExtFactor != 0 {
				m *= 1 + 0.1*math.Log(1/float64(p.FreqScale))
			}
			return m
		},
	}
}

func (k *turner) run(dst, x, factors []float32, p spec.RopeParams) {
	in := append([]float32(nil), x...)
	copy(dst, in)
	width := k.width(p)
	for i := range width / 2 {
		f := 1.0
		if i < len(factors) {
			f = k.factor(i, len(factors), float64(factors[i]))
		}
		a := k.pos(p.Pos) * k.freq(p, i) / f
		mix := k.mix(p, i)
		theta := k.angle(k.scale(p)*a*(1-mix) + a*mix)
		sin, cos := math.Sincos(theta)
		m := k.magni(p)
		c, s := float32(cos*m), float32(sin*m)
		for h := 0; h < len(x); h += p.HeadDim {
			u, v := k.pairs(p, i)
			if max(u, v) < p.HeadDim {
				dst[h+u], dst[h+v] = k.rotate(in[h+u], in[h+v], c, s)
			}
		}
	}
}

func ropeMutants() []Mutant {
	entry := func(k *turner) spec.Func { return spec.Rope(k.run) }
	return family(spec.OpRopeF32, newTurner, entry, []edit[turner]{
		{"F01", "google/gemma.cpp 7f62c26", operand, "the first half is overwritten before it is used for the second", func(k *turner) {
			k.rotate = func(x0, x1, c, s float32) (y0, y1 float32) {
				y0 = fma(x0, c, -float32(x1*s))
				return y0, fma(y0, s, float32(x1*c))
			}
		}},
		{"F02", "ggml-org/llama.cpp PR 3560", formula, "a pair is turned twice", func(k *turner) {
			base := k.rotate
			k.rotate = func(x0, x1, c, s float32) (y0, y1 float32) {
				y0, y1 = base(x0, x1, c, s)
				return base(y0, y1, c, s)
			}
		}},
		{"F05", "ggml-org/llama.cpp f2fb940bc", formula, "the whole head is rotated", func(k *turner) {
			k.width = func(p spec.RopeParams) int { return p.HeadDim }
			k.pairs = func(p spec.RopeParams, i int) (a, b int) {
				if p.Halves {
					return i, i + p.HeadDim/2
				}
				return 2 * i, 2*i + 1
			}
		}},
		{"F06", "ggml-org/llama.cpp PR 4093", formula, "the ramp's position is divided by the width", func(k *turner) {
			base := k.mix
			k.mix = func(p spec.RopeParams, i int) float64 { return base(p, i/p.Width) }
		}},
		{"F06-b", "ggml-org/llama.cpp PR 7617", formula, "the frequency scale is applied twice", func(k *turner) {
			k.scale = func(p spec.RopeParams) float64 { return float64(p.FreqScale) * float64(p.FreqScale) }
		}},
		{"F07", "ggml-org/llama.cpp PR 3974", formula, "turns the other way", func(k *turner) { k.angle = func(theta float64) float64 { return -theta } }},
		{"F09", "huggingface/candle PR 1935", stride, "the sines are read where the cosines are", func(k *turner) {
			base := k.rotate
			k.rotate = func(x0, x1, c, s float32) (y0, y1 float32) { return base(x0, x1, c, c) }
		}},
		{"F10", "huggingface/candle PR 3520", precise, "positions are in bf16", func(k *turner) {
			k.pos = func(pos int) float64 {
				return float64(bfloat(toBfloat(math.Float32bits(float32(pos)))))
			}
		}},
		{"F10-b", "huggingface/candle PR 3520", precise, "angles are in f32", func(k *turner) { k.angle = func(theta float64) float64 { return float64(float32(theta)) } }},
		{"F13", "ikawrakow/ik_llama.cpp PR 2290", formula, "adjacent pairs where halves are meant", func(k *turner) {
			k.pairs = func(p spec.RopeParams, i int) (a, b int) { return 2 * i, 2*i + 1 }
		}},
		{"F14", "paiml/aprender PR 2252", formula, "halves where adjacent pairs are meant", func(k *turner) {
			k.pairs = func(p spec.RopeParams, i int) (a, b int) { return i, i + p.Width/2 }
		}},
		{"F16", "golang/go#29221", special, "NaN for large angles", func(k *turner) {
			k.angle = func(theta float64) float64 {
				if theta > 1e5 {
					return math.NaN()
				}
				return theta
			}
		}},
		{"F17", "ggml-org/llama.cpp#24823", formula, "factors of another table, here the roots", func(k *turner) {
			k.factor = func(i, n int, f float64) float64 { return math.Sqrt(f) }
		}},
		{"F20", "apple/coreai-models#66", formula, "pairs across the head where they lie in the rotated part", func(k *turner) {
			base := k.pairs
			k.pairs = func(p spec.RopeParams, i int) (a, b int) {
				if p.Halves {
					return i, i + p.HeadDim/2
				}
				return base(p, i)
			}
		}},
		{"G02", "ggml-org/llama.cpp#2373", formula, "theta is 10000 whatever is asked for", func(k *turner) {
			base := k.freq
			k.freq = func(p spec.RopeParams, i int) float64 { p.Theta = 1e4; return base(p, i) }
		}},
	})
}
