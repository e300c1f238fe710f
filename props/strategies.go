package props

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/x448/float16"

	"assay/spec"
)

// fillFunc fills an operand of a case of the shape, whole blocks of its format.
// The sums of Q8_K blocks are set afterwards.
type fillFunc func(rng *rand.Rand, s spec.Shape, b []byte)

type strategy struct {
	name string
	fill fillFunc
}

func strategyOf(f spec.Format, name string) fillFunc {
	s, _ := named(strategies[f], name)
	return s.fill
}

// without returns those of the list that have other names.
func without(list []strategy, names ...string) []strategy {
	return slices.DeleteFunc(slices.Clone(list), func(s strategy) bool { return slices.Contains(names, s.name) })
}

func named(list []strategy, name string) (strategy, bool) {
	for _, s := range list {
		if s.name == name {
			return s, true
		}
	}
	return strategy{}, false
}

// operandStrategies returns the strategies for operand k of an op: by what it
// is, where that is not just numbers of a format.
func operandStrategies(in spec.Info, k int) []strategy {
	o := in.In[k]
	switch {
	case o.Format == spec.Params:
		return paramStrategies[in.Op]
	case o.Name == "mask":
		return maskStrategies
	case o.Name == "gain":
		return gainStrategies
	case o.Name == "factors":
		return factorStrategies
	case in.Op == spec.OpGeluF32:
		return geluStrategies
	case exponential(in) && o.Format == spec.F32:
		return expStrategies
	}
	return strategies[o.Format]
}

// OperandStrategies returns the names of the strategies for operand k of op.
func OperandStrategies(op spec.Op, k int) []string {
	var out []string
	for _, s := range operandStrategies(spec.MustLookup(op), k) {
		out = append(out, s.name)
	}
	return out
}

var strategies = func() map[spec.Format][]strategy {
	m := map[spec.Format][]strategy{spec.F32: f32Strategies}
	for _, f := range spec.Formats() {
		switch f {
		case spec.F32:
		case spec.F16, spec.BF16:
			m[f] = halfStrategies(f)
		case spec.Q8_0, spec.Q8_1, spec.Q8K:
			m[f] = actStrategies(f)
		default:
			m[f] = weightStrategies(f)
		}
	}
	return m
}()

// expStrategies are for exponentials of each element, without some for sums and for
// quantisers. A kernel may have a quick way for a run of elements where none is extreme.
var expStrategies = append(without(f32Strategies, "cancel", "nearties", "roundtwice", "amax", "halfties"),
	strategy{"spikes", f32Values(func(rng *rand.Rand, x []float32) { // one extreme in a run, at any place
		for i := range x {
			x[i] = float32(rng.NormFloat64())
		}
		run := 32 << rng.IntN(3)
		for i := 0; i < len(x); i += run {
			x[i+rng.IntN(min(run, len(x)-i))] = extreme(rng)
		}
		if sign := rng.IntN(3) - 1; sign != 0 {
			for i := range x {
				x[i] = float32(math.Copysign(float64(x[i]), float64(sign)))
			}
		}
	})},
	strategy{"patches", f32Values(func(rng *rand.Rand, x []float32) { // all kinds side by side
		for i := range x {
			switch rng.IntN(4) {
			case 0:
				x[i] = extreme(rng)
			case 1:
				x[i] = specialF32[rng.IntN(len(specialF32))]
			case 2: // NaN of any payload, quiet or not
				x[i] = math.Float32frombits(rng.Uint32() | 0x7f800001)
			default:
				x[i] = float32(rng.NormFloat64())
			}
		}
	})},
)

// extreme is where exponentials of x or −x need care: near the ends of the range or beyond.
func extreme(rng *rand.Rand) float32 { return float32(signed(rng, 60+60*rng.Float64())) }

var geluStrategies = append(expStrategies[:len(expStrategies):len(expStrategies)], strategy{"hard", f32Values(hardValues)})

var f32Strategies = []strategy{
	{"gauss", f32Values(func(rng *rand.Rand, x []float32) {
		s := math.Exp(3 * rng.NormFloat64())
		for i := range x {
			x[i] = float32(s * rng.NormFloat64())
		}
	})},
	{"outlier", f32Values(func(rng *rand.Rand, x []float32) { // one channel at 26 to 100 times the others
		for i := range x {
			x[i] = float32(rng.NormFloat64())
		}
		x[rng.IntN(len(x))] = float32(signed(rng, 26+74*rng.Float64()))
	})},
	{"integers", f32Values(func(rng *rand.Rand, x []float32) {
		for i := range x {
			x[i] = float32(rng.IntN(7) - 3)
		}
	})},
	{"cancel", f32Values(func(rng *rand.Rand, x []float32) { // neighbours that nearly cancel, at all distances
		step := 1 << rng.IntN(8)
		for i := range x {
			x[i] = float32(math.Ldexp(rng.NormFloat64(), rng.IntN(20)))
			if i&step != 0 {
				x[i] = -x[i-step] * float32(1+0x1p-20*float64(rng.IntN(3)-1))
			}
		}
	})},
	{"wide", f32Values(func(rng *rand.Rand, x []float32) { // any finite pattern
		for i := range x {
			x[i] = finiteBits(rng)
		}
	})},
	{"ties", f32Values(func(rng *rand.Rand, x []float32) { // multiples of half a step, for both quantisers
		s := math.Ldexp(1, rng.IntN(40)-20)
		for i := range x {
			x[i] = float32(s * (float64(rng.IntN(509)-254) / 2))
		}
		for i := 0; i < len(x); i += spec.SuperBlock {
			x[i+rng.IntN(min(spec.SuperBlock, len(x)-i))] = float32(signed(rng, 127*s))
		}
	})},
	{"nearties", f32Values(func(rng *rand.Rand, x []float32) { // one ulp beside
		for i := range x {
			v := float32(rng.IntN(509)-254) / 2
			x[i] = math.Float32frombits(math.Float32bits(v) + uint32(rng.IntN(3)) - 1)
			if x[i] != x[i] || math.Abs(float64(x[i])) > 127 {
				x[i] = v / 2
			}
		}
		for i := 0; i < len(x); i += spec.SuperBlock {
			x[i+rng.IntN(min(spec.SuperBlock, len(x)-i))] = float32(signed(rng, 127))
		}
	})},
	{"roundtwice", f32Values(roundTwice)},
	{"scores", f32Values(func(rng *rand.Rand, x []float32) { // rows at up to ±1e4, some of them nearly equal
		at, s := signed(rng, 1e4*rng.Float64()*float64(rng.IntN(2))), math.Pow(10, 6*rng.Float64()-3)
		for i := range x {
			x[i] = float32(at + s*rng.NormFloat64())
		}
	})},
	{"tails", f32Values(func(rng *rand.Rand, x []float32) { // where exponentials leave the range
		for i := range x {
			x[i] = float32(signed(rng, 200*rng.Float64()))
			if rng.IntN(3) == 0 {
				x[i] = float32(signed(rng, 80+30*rng.Float64()))
			}
		}
	})},
	{"twosided", f32Values(func(rng *rand.Rand, x []float32) { // both extremes, either first
		a := float32(math.Exp(rng.NormFloat64()))
		for i := range x {
			x[i] = a * float32(2*rng.Float64()-1)
		}
		for range 1 + len(x)/64 {
			x[rng.IntN(len(x))] = float32(signed(rng, float64(a)))
		}
	})},
	{"tiny", f32Values(func(rng *rand.Rand, x []float32) { // largest magnitude from 1e-45 to 1e-30
		for i := 0; i < len(x); i += spec.SuperBlock {
			a := math.Pow(10, -45+15*rng.Float64())
			for k := i; k < min(i+spec.SuperBlock, len(x)); k++ {
				x[k] = float32(a * (2*rng.Float64() - 1))
			}
		}
	})},
	{"small", f32Values(func(rng *rand.Rand, x []float32) { // around aprender's 1e-10
		for i := 0; i < len(x); i += spec.SuperBlock {
			a := float64(float32(1e-10))
			switch rng.IntN(4) {
			case 0:
				a = float64(math.Nextafter32(1e-10, 1))
			case 1:
				a *= 2 * rng.Float64()
			}
			for k := i; k < min(i+spec.SuperBlock, len(x)); k++ {
				x[k] = float32(a * (2*rng.Float64() - 1))
			}
			x[i] = float32(signed(rng, a))
		}
	})},
	{"huge", f32Values(func(rng *rand.Rand, x []float32) {
		for i := range x {
			x[i] = float32(signed(rng, math.MaxFloat32*math.Pow(2, -8*rng.Float64())))
		}
	})},
	{"special", f32Values(func(rng *rand.Rand, x []float32) {
		for i := range x {
			x[i] = float32(rng.NormFloat64())
		}
		for range rng.IntN(3) {
			x[rng.IntN(len(x))] = specialF32[rng.IntN(len(specialF32))]
		}
	})},
	{"zeros", f32Values(func(rng *rand.Rand, x []float32) { // zero blocks before others, and −0
		for i := 0; i < len(x); i += spec.SuperBlock {
			zero := rng.IntN(2) == 0
			for k := i; k < min(i+spec.SuperBlock, len(x)); k++ {
				x[k] = float32(math.Copysign(0, float64(1-2*rng.IntN(2))))
				if !zero && rng.IntN(3) > 0 {
					x[k] = float32(rng.NormFloat64())
				}
			}
		}
	})},
	{"onehot", f32Values(func(rng *rand.Rand, x []float32) {
		for i := 0; i < len(x); i += spec.SuperBlock {
			x[i+rng.IntN(min(spec.SuperBlock, len(x)-i))] = float32(signed(rng, rng.ExpFloat64()))
		}
	})},
	{"amax", f32Values(func(rng *rand.Rand, x []float32) { // at the quantisers' thresholds
		at := []float32{1e-10, 127 / math.MaxFloat32, 0x1p-126, 127 * 0x1p-24, 127 * 65504, 127 * 65520}
		for i := 0; i < len(x); i += spec.Block {
			block := x[i:min(i+spec.Block, len(x))]
			a := math.Float32frombits(math.Float32bits(at[rng.IntN(len(at))]) + uint32(rng.IntN(5)) - 2)
			for k := range block {
				block[k] = a * float32(2*rng.Float64()-1)
			}
			block[rng.IntN(len(block))] = float32(signed(rng, float64(a)))
		}
	})},
	{"halfties", f32Values(func(rng *rand.Rand, x []float32) { // between f16 and between bf16 numbers
		for i := range x {
			b := math.Float32bits(finiteBits(rng))
			if rng.IntN(2) == 0 { // in the range of f16
				b = math.Float32bits(float32(signed(rng, math.Ldexp(1+rng.Float64(), rng.IntN(44)-27))))
				b = b&^0x1fff | 0x1000
			} else {
				b = b&^0xffff | 0x8000
			}
			if rng.IntN(4) == 0 { // where a rule changes
				b = edges[rng.IntN(len(edges))] | uint32(rng.IntN(2)<<31)
			}
			x[i] = math.Float32frombits(b + uint32(rng.IntN(3)) - 1)
		}
	})},
}

// roundTwice makes values whose product with the inverse scale of either
// quantiser lies within an ulp of a half: whether the product is rounded before
// it is rounded to an integer decides the quant.
func roundTwice(rng *rand.Rand, x []float32) {
	for i := 0; i < len(x); i += spec.SuperBlock {
		block := x[i:min(i+spec.SuperBlock, len(x))]
		most := float32(math.Exp(rng.NormFloat64()))
		inverse := float64(-127 / most)
		if rng.IntN(2) == 0 {
			inverse = float64(1 / (most / 127))
		}
		for k := range block {
			v := float32((float64(rng.IntN(253)-126) + 0.5) / inverse)
			block[k] = math.Float32frombits(math.Float32bits(v) + uint32(rng.IntN(3)) - 1)
		}
		block[rng.IntN(len(block))] = most
	}
}

// edges are f32 patterns where the conversions to f16 and bf16 change: half the
// smallest subnormal, the smallest ones, the smallest normal and the largest
// numbers, overflow.
var edges = []uint32{
	0x33000000, 0x33400000, 0x33800000, 0x33c00000, 0x387fe000, 0x387ff000, 0x38800000, 0x38801000,
	0x477fe000, 0x477fefff, 0x477ff000, 0x47800000,
	0x00008000, 0x00010000, 0x00018000, 0x007f8000, 0x00800000, 0x7f7f0000, 0x7f7f8000, 0x7f7fffff,
}

var specialF32 = []float32{
	float32(math.NaN()), math.Float32frombits(0x7f800001), math.Float32frombits(0xffffffff),
	float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.Copysign(0, -1)), 0,
	math.SmallestNonzeroFloat32, -math.SmallestNonzeroFloat32, math.Float32frombits(0x007fffff),
	0x1p-126, math.MaxFloat32, -math.MaxFloat32, 1e38, 3.7e-37,
}

func signed(rng *rand.Rand, x float64) float64 {
	if rng.IntN(2) == 0 {
		return -x
	}
	return x
}

// half returns the f16 pattern nearest to x.
func half(x float64) uint16 { return float16.Fromfloat32(float32(x)).Bits() }

func finiteBits(rng *rand.Rand) float32 {
	for {
		if b := rng.Uint32(); b>>23&255 != 255 {
			return math.Float32frombits(b)
		}
	}
}

// f32Values makes a strategy for f32 operands; f may be called for any length
// but 0.
func f32Values(f func(rng *rand.Rand, x []float32)) fillFunc {
	return func(rng *rand.Rand, _ spec.Shape, b []byte) {
		x := make([]float32, len(b)/4)
		if len(x) > 0 {
			f(rng, x)
		}
		spec.PutFloats(b, x)
	}
}
