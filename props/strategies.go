package props

import (
	"encoding/binary"
	"math"
	"math/rand/v2"

	"github.com/x448/float16"

	"assay/spec"
)

// fillFunc fills an operand, whole blocks of its format. bsums are set
// afterwards.
type fillFunc func(rng *rand.Rand, b []byte)

type strategy struct {
	name string
	fill fillFunc
}

// Strategies returns the names of the strategies for operands of a format.
func Strategies(f spec.Format) []string {
	var out []string
	for _, s := range strategies[f] {
		out = append(out, s.name)
	}
	return out
}

func strategyOf(f spec.Format, name string) fillFunc {
	for _, s := range strategies[f] {
		if s.name == name {
			return s.fill
		}
	}
	return nil
}

var strategies = map[spec.Format][]strategy{
	spec.Q4K: {
		{"typical", q4kBlocks(func(rng *rand.Rand, b *q4kBuilder) {
			b.d, b.dmin = half(math.Exp(rng.NormFloat64()-8)), half(math.Exp(rng.NormFloat64()-6.5))
			b.random(rng)
		})},
		{"spread", q4kBlocks(func(rng *rand.Rand, b *q4kBuilder) {
			b.d, b.dmin = half(rng.NormFloat64()), half(rng.NormFloat64())
			b.random(rng)
			corners := []byte{0, 1, 2, 15, 16, 31, 32, 48, 63}
			for j := range b.sc {
				b.sc[j], b.m[j] = corners[rng.IntN(len(corners))], corners[rng.IntN(len(corners))]
			}
		})},
		{"integers", q4kBlocks(func(rng *rand.Rand, b *q4kBuilder) {
			b.d, b.dmin = half(1), half(float64(rng.IntN(3)-1))
			b.random(rng)
		})},
		{"extreme", q4kBlocks(func(rng *rand.Rand, b *q4kBuilder) {
			b.d, b.dmin = half(signed(rng, math.Ldexp(1+rng.Float64(), rng.IntN(24)-12))), half(signed(rng, rng.Float64()))
			for j := range b.sc {
				b.sc[j], b.m[j] = 63, byte(63*rng.IntN(2))
			}
			for i := range b.q {
				b.q[i] = 15
			}
		})},
		{"subnormal", q4kBlocks(func(rng *rand.Rand, b *q4kBuilder) {
			b.d = uint16(1+rng.IntN(1023)) | uint16(rng.IntN(2)<<15)
			b.dmin = uint16(rng.IntN(1024)) | uint16(rng.IntN(2)<<15)
			b.random(rng)
		})},
		{"huge", q4kBlocks(func(rng *rand.Rand, b *q4kBuilder) {
			b.d, b.dmin = 0x7bff-uint16(rng.IntN(3)), 0x7bff-uint16(rng.IntN(3))
			b.d |= uint16(rng.IntN(2) << 15)
			b.random(rng)
		})},
		{"special", q4kBlocks(func(rng *rand.Rand, b *q4kBuilder) {
			scales := []uint16{0x0000, 0x8000, 0x0001, 0x8001, 0x03ff, 0x0400, 0x3c00, 0xbc00, 0x7bff, 0xfbff, 0x7c00, 0xfc00, 0x7e00, 0x7c01, 0xffff}
			b.d, b.dmin = half(rng.NormFloat64()), half(rng.NormFloat64())
			b.random(rng)
			switch rng.IntN(6) { // most blocks stay finite, so that rows do
			case 0:
				b.d = scales[rng.IntN(len(scales))]
			case 1:
				b.dmin = scales[rng.IntN(len(scales))]
			}
		})},
		{"zeros", q4kBlocks(func(rng *rand.Rand, b *q4kBuilder) {
			b.d, b.dmin = half(rng.NormFloat64()), half(rng.NormFloat64())
			b.random(rng)
			switch rng.IntN(6) {
			case 0:
				b.d, b.dmin = uint16(rng.IntN(2)<<15), uint16(rng.IntN(2)<<15)
			case 1:
				b.sc = [8]byte{}
			case 2:
				b.m = [8]byte{}
			case 3:
				b.q = [256]byte{}
			case 4:
				b.dmin = uint16(rng.IntN(2) << 15)
			}
		})},
		{"onehot", q4kBlocks(func(rng *rand.Rand, b *q4kBuilder) {
			b.random(rng)
			b.d, b.dmin = half(signed(rng, rng.ExpFloat64())), 0
			i, v := rng.IntN(256), b.q[rng.IntN(256)]|1
			b.q = [256]byte{}
			b.q[i] = v
		})},
		{"foreign", func(rng *rand.Rand, b []byte) { // any bytes, scales finite in most blocks
			for i := range b {
				b[i] = byte(rng.Uint32())
			}
			for o := 0; o < len(b); o += spec.Q4KBytes {
				if rng.IntN(8) > 0 {
					b[o+1] &^= 0x40
					b[o+3] &^= 0x40
				}
			}
		}},
	},
	spec.Q8K: {
		{"typical", q8kBlocks(func(rng *rand.Rand, b *q8kBuilder) {
			b.d = float32(math.Exp(rng.NormFloat64()-4)) * float32(1-2*rng.IntN(2))
			for i := range b.q {
				b.q[i] = int8(max(-127, min(127, math.Round(40*rng.NormFloat64()))))
			}
		})},
		{"uniform", q8kBlocks(func(rng *rand.Rand, b *q8kBuilder) {
			b.d = float32(rng.NormFloat64())
			for i := range b.q {
				b.q[i] = int8(rng.IntN(256) - 128)
			}
		})},
		{"integers", q8kBlocks(func(rng *rand.Rand, b *q8kBuilder) {
			b.d = 1
			for i := range b.q {
				b.q[i] = int8(rng.IntN(7) - 3)
			}
		})},
		{"allplus", q8kBlocks(func(rng *rand.Rand, b *q8kBuilder) { b.constant(rng, 127, 127) })},
		{"allminus", q8kBlocks(func(rng *rand.Rand, b *q8kBuilder) { b.constant(rng, -127, -127) })},
		{"alternating", q8kBlocks(func(rng *rand.Rand, b *q8kBuilder) { b.constant(rng, 127, -127) })},
		{"minus128", q8kBlocks(func(rng *rand.Rand, b *q8kBuilder) { b.constant(rng, -128, int8(127-255*rng.IntN(2))) })},
		{"halves", q8kBlocks(func(rng *rand.Rand, b *q8kBuilder) { // 16-sums that differ within a sub-block
			b.d = float32(rng.NormFloat64())
			for k := range 16 {
				base := rng.IntN(200) - 100
				for i := range 16 {
					b.q[16*k+i] = int8(base + rng.IntN(27) - 13)
				}
			}
		})},
		{"tiny", q8kBlocks(func(rng *rand.Rand, b *q8kBuilder) {
			b.d = math.Float32frombits(uint32(1 + rng.IntN(1<<uint(1+rng.IntN(26)))))
			b.uniform(rng)
		})},
		{"huge", q8kBlocks(func(rng *rand.Rand, b *q8kBuilder) {
			b.d = float32(signed(rng, math.Ldexp(1+rng.Float64(), 60+rng.IntN(67))))
			b.uniform(rng)
		})},
		{"special", q8kBlocks(func(rng *rand.Rand, b *q8kBuilder) {
			b.d = float32(rng.NormFloat64())
			b.uniform(rng)
			if rng.IntN(4) == 0 {
				b.d = specialF32[rng.IntN(len(specialF32))]
			}
		})},
		{"zeros", q8kBlocks(func(rng *rand.Rand, b *q8kBuilder) {
			b.d = float32(rng.NormFloat64())
			switch rng.IntN(3) {
			case 0:
				b.d = 0
			case 1:
				b.uniform(rng)
			}
		})},
		{"onehot", q8kBlocks(func(rng *rand.Rand, b *q8kBuilder) {
			b.d = float32(rng.NormFloat64())
			b.q[rng.IntN(256)] = int8(1 + rng.IntN(127))
		})},
	},
	spec.F32: {
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
	},
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
	return func(rng *rand.Rand, b []byte) {
		x := make([]float32, len(b)/4)
		if len(x) > 0 {
			f(rng, x)
		}
		spec.PutFloats(b, x)
	}
}

// q4kBuilder is a Q4_K super-block before packing.
type q4kBuilder struct {
	d, dmin uint16 // f16 patterns
	sc, m   [spec.Q4KSubBlocks]byte
	q       [spec.SuperBlock]byte
}

func (b *q4kBuilder) random(rng *rand.Rand) {
	for j := range b.sc {
		b.sc[j], b.m[j] = byte(rng.IntN(64)), byte(rng.IntN(64))
	}
	for i := range b.q {
		b.q[i] = byte(rng.IntN(16))
	}
}

// put packs the block, by the writer's side of the format: formats' six-bit
// pairs and nibbles.
func (b *q4kBuilder) put(blk []byte) {
	binary.LittleEndian.PutUint16(blk[spec.Q4KOffD:], b.d)
	binary.LittleEndian.PutUint16(blk[spec.Q4KOffDMin:], b.dmin)
	s := blk[spec.Q4KOffScales:]
	for j := range 4 {
		s[j] = b.sc[j] | b.sc[j+4]>>4<<6
		s[j+4] = b.m[j] | b.m[j+4]>>4<<6
		s[j+8] = b.sc[j+4]&15 | b.m[j+4]<<4
	}
	for c := range 4 {
		for l := range 32 {
			blk[spec.Q4KOffQuants+32*c+l] = b.q[64*c+l] | b.q[64*c+32+l]<<4
		}
	}
}

func q4kBlocks(f func(rng *rand.Rand, b *q4kBuilder)) fillFunc {
	return func(rng *rand.Rand, out []byte) {
		for o := 0; o < len(out); o += spec.Q4KBytes {
			var b q4kBuilder
			f(rng, &b)
			b.put(out[o:])
		}
	}
}

// q8kBuilder is a Q8_K super-block before packing.
type q8kBuilder struct {
	d float32
	q [spec.SuperBlock]int8
}

func (b *q8kBuilder) uniform(rng *rand.Rand) {
	for i := range b.q {
		b.q[i] = int8(rng.IntN(255) - 127)
	}
}

// constant sets even and odd quants to two values.
func (b *q8kBuilder) constant(rng *rand.Rand, even, odd int8) {
	b.d = float32(signed(rng, rng.ExpFloat64()))
	for i := range b.q {
		b.q[i] = even
		if i%2 == 1 {
			b.q[i] = odd
		}
	}
}

func (b *q8kBuilder) put(blk []byte) {
	spec.PutF32(blk[spec.Q8KOffD:], b.d)
	for i, q := range b.q {
		blk[spec.Q8KOffQuants+i] = byte(q)
	}
	spec.FixBsums(blk[:spec.Q8KBytes])
}

func q8kBlocks(f func(rng *rand.Rand, b *q8kBuilder)) fillFunc {
	return func(rng *rand.Rand, out []byte) {
		for o := 0; o < len(out); o += spec.Q8KBytes {
			var b q8kBuilder
			f(rng, &b)
			b.put(out[o:])
		}
	}
}
