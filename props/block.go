package props

import (
	"encoding/binary"
	"math"
	"math/rand/v2"

	"assay/spec"
)

// block is a block of a quantised format before packing.
type block struct {
	l    *spec.Layout
	d    []uint32 // patterns of the scales
	m    uint32   // pattern of dmin, m or the sum
	s, n []int    // integer scales and mins per group
	q    []uint32 // quant codes
}

func newBlock(l *spec.Layout) *block {
	b := &block{l: l, d: make([]uint32, l.D.Count), s: make([]int, l.Groups()), n: make([]int, l.Groups()), q: make([]uint32, l.Quant.Count)}
	for g := range b.s {
		b.s[g], _ = l.ScaleRange()
	}
	b.clear()
	return b
}

// clear sets every quant to a code of the smallest magnitude.
func (b *block) clear() {
	smallest := b.smallest()
	for i := range b.q {
		b.q[i] = smallest
	}
}

func (b *block) smallest() uint32 {
	best := uint32(0)
	for q, c := range b.l.Codes {
		if max(c, -c) < max(b.l.Codes[best], -b.l.Codes[best]) && q != b.l.NegZero {
			best = uint32(q)
		}
	}
	return best
}

// random sets quants, scales and mins to any values.
func (b *block) random(rng *rand.Rand) {
	lo, hi := b.l.ScaleRange()
	for g := range b.s {
		b.s[g] = lo + rng.IntN(hi-lo+1)
		b.n[g] = b.anyMin(rng)
	}
	for i := range b.q {
		b.q[i] = uint32(rng.IntN(len(b.l.Codes)))
	}
}

func (b *block) anyMin(rng *rand.Rand) int {
	if b.l.Min.Count == 0 {
		return 0
	}
	return rng.IntN(1 << b.l.Min.Width)
}

// scale sets all the block's scales to the pattern nearest to x, a zero or
// negative one where the kind has it.
func (b *block) scale(x float64) {
	for i := range b.d {
		b.d[i] = encodeScale(b.l.DKind, x)
	}
}

func encodeScale(k spec.ScaleKind, x float64) uint32 {
	switch k {
	case spec.ScaleF32:
		return math.Float32bits(float32(x))
	case spec.ScaleE8M0:
		if x == 0 {
			return 0
		}
		_, e := math.Frexp(math.Abs(x))
		return uint32(max(0, min(254, e-1+127)))
	case spec.ScaleUE4M3:
		x = math.Abs(x)
		_, e := math.Frexp(x)
		e = max(e-1, -6)
		units := int(math.RoundToEven(x * math.Ldexp(1, 3-e)))
		return uint32(min(126, (e+6)<<3+units))
	}
	return uint32(half(x))
}

// put packs the block by the layout.
func (b *block) put(blk []byte) {
	l := b.l
	for i, d := range b.d {
		l.D.Put(blk, i, d)
	}
	if l.M.Count > 0 {
		l.M.Put(blk, 0, b.m)
	}
	for g := range b.s {
		if l.Scale.Count > 0 {
			l.PutScale(blk, g, b.s[g])
		}
		if l.Min.Count > 0 {
			l.Min.Put(blk, g, uint32(b.n[g]))
		}
	}
	for i, q := range b.q {
		l.Quant.Put(blk, i, q)
	}
	seal(l.Format, blk[:l.Format.BlockBytes()])
}

// seal sets what follows from the rest of the blocks: the bsums of Q8_K.
func seal(f spec.Format, b []byte) {
	if f == spec.Q8K {
		spec.FixBsums(b)
	}
}

// unit makes d such that quants have the value of their integer code, all
// scales 1 and all mins 0.
func (b *block) unit() {
	b.scale(1 / b.l.Unit)
	b.m = 0
	for g := range b.s {
		b.s[g], b.n[g] = 1, 0
	}
	b.clear()
}

// value returns element i of a block whose scale is as unit sets it, and whose
// m is the pattern of an integer.
func (b *block) value(i int) int {
	g := i / b.l.GroupLen
	v := b.s[g] * b.l.Codes[b.q[i]]
	switch b.l.MKind {
	case spec.MinScaled:
		v -= f16Int(b.m) * b.n[g]
	case spec.MinAdded:
		v += f16Int(b.m)
	}
	return v
}

// f16Int returns the value of an f16 pattern among small integers.
func f16Int(h uint32) int {
	for v := -8; v <= 8; v++ {
		if h == uint32(half(float64(v))) {
			return v
		}
	}
	panic("props: not a small integer")
}

// integers draws a block whose values are integers so small that no sum of
// nine super-blocks with activations up to 3 reaches 2^24.
func (b *block) integers(rng *rand.Rand) {
	b.unit()
	lo, hi := b.l.ScaleRange()
	most := 0
	for _, c := range b.l.Codes {
		most = max(most, c, -c)
	}
	limit := max(1, 1900/most)
	lo, hi = max(lo, -limit), min(hi, limit)
	if lo < hi {
		// All different where there is room.
		p := rng.Perm(hi - lo + 1)
		for g := range b.s {
			b.s[g] = lo + p[g%len(p)]
		}
	}
	for g := range b.n {
		b.n[g] = b.anyMin(rng)
	}
	switch b.l.MKind {
	case spec.MinScaled:
		b.m = uint32(half(float64(rng.IntN(3) - 1)))
	case spec.MinAdded:
		b.m = uint32(half(float64(rng.IntN(7) - 3)))
	}
	for i := range b.q {
		b.q[i] = uint32(rng.IntN(len(b.l.Codes)))
	}
}

// weightStrategies are the strategies for weights of a quantised format.
func weightStrategies(f spec.Format) []strategy {
	l := spec.LayoutOf(f)
	blocks := func(name string, fill func(rng *rand.Rand, b *block)) strategy {
		return strategy{name, func(rng *rand.Rand, _ spec.Shape, out []byte) {
			for o := 0; o < len(out); o += f.BlockBytes() {
				b := newBlock(l)
				fill(rng, b)
				b.put(out[o:])
			}
		}}
	}
	normal := func(rng *rand.Rand, b *block) { // scales of either sign, around 1
		for i := range b.d {
			b.d[i] = encodeScale(l.DKind, rng.NormFloat64())
		}
		b.m = uint32(half(rng.NormFloat64()))
		b.random(rng)
	}
	return []strategy{
		blocks("typical", func(rng *rand.Rand, b *block) {
			for i := range b.d {
				b.d[i] = encodeScale(l.DKind, math.Exp(rng.NormFloat64()-4))
			}
			b.m = uint32(half(math.Exp(rng.NormFloat64() - 3)))
			b.random(rng)
		}),
		blocks("spread", func(rng *rand.Rand, b *block) {
			normal(rng, b)
			lo, hi := l.ScaleRange()
			corners := []int{lo, lo + 1, 0, 1, 2, hi / 2, hi/2 + 1, hi - 1, hi}
			for g := range b.s {
				b.s[g] = min(hi, max(lo, corners[rng.IntN(len(corners))]))
				if l.Min.Count > 0 {
					top := 1<<l.Min.Width - 1
					b.n[g] = []int{0, 1, 2, top / 4, top / 2, top/2 + 1, top}[rng.IntN(7)]
				}
			}
		}),
		blocks("integers", func(rng *rand.Rand, b *block) { b.integers(rng) }),
		blocks("extreme", func(rng *rand.Rand, b *block) {
			b.scale(signed(rng, math.Ldexp(1+rng.Float64(), rng.IntN(24)-12)))
			b.m = uint32(half(signed(rng, rng.Float64())))
			lo, hi := l.ScaleRange()
			q := uint32(0) // the code of largest magnitude, or the other end
			for c := range l.Codes {
				if l.Codes[c] > l.Codes[q] {
					q = uint32(c)
				}
			}
			low := rng.IntN(3) == 0
			for g := range b.s {
				b.s[g] = hi
				if rng.IntN(4) == 0 {
					b.s[g] = lo
				}
				if l.Min.Count > 0 {
					b.n[g] = (1<<l.Min.Width - 1) * rng.IntN(2)
				}
			}
			for i := range b.q {
				b.q[i] = q
				if low {
					b.q[i] = lowest(l)
				}
			}
		}),
		blocks("subnormal", func(rng *rand.Rand, b *block) {
			b.random(rng)
			for i := range b.d {
				switch l.DKind {
				case spec.ScaleE8M0:
					b.d[i] = uint32(rng.IntN(3))
				case spec.ScaleUE4M3:
					b.d[i] = uint32(rng.IntN(8))
				case spec.ScaleF32:
					b.d[i] = uint32(1 + rng.IntN(1<<uint(1+rng.IntN(26))))
				default:
					b.d[i] = uint32(1+rng.IntN(1023)) | uint32(rng.IntN(2)<<15)
				}
			}
			b.m = uint32(rng.IntN(1024)) | uint32(rng.IntN(2)<<15)
		}),
		blocks("huge", func(rng *rand.Rand, b *block) {
			b.random(rng)
			for i := range b.d {
				switch l.DKind {
				case spec.ScaleE8M0:
					b.d[i] = uint32(254 - rng.IntN(6))
				case spec.ScaleUE4M3:
					b.d[i] = uint32(126 - rng.IntN(3))
				case spec.ScaleF32:
					b.d[i] = 0x7f7fffff - uint32(rng.IntN(1<<24)) | uint32(rng.IntN(2)<<31)
				default:
					b.d[i] = 0x7bff - uint32(rng.IntN(3)) | uint32(rng.IntN(2)<<15)
				}
			}
			b.m = 0x7bff - uint32(rng.IntN(3))
		}),
		blocks("special", func(rng *rand.Rand, b *block) {
			normal(rng, b)
			switch rng.IntN(6) { // most blocks stay finite, so that rows do
			case 0:
				all := specialScales(l.DKind)
				b.d[rng.IntN(len(b.d))] = all[rng.IntN(len(all))]
			case 1:
				all := specialScales(spec.ScaleF16)
				b.m = all[rng.IntN(len(all))]
			}
		}),
		blocks("zeros", func(rng *rand.Rand, b *block) {
			normal(rng, b)
			switch rng.IntN(6) {
			case 0:
				b.scale(0)
				b.m = uint32(rng.IntN(2) << 15)
			case 1:
				lo, hi := l.ScaleRange()
				for g := range b.s {
					b.s[g] = min(hi, max(lo, 0))
				}
			case 2:
				clear(b.n)
			case 3:
				b.clear()
			case 4:
				b.m = uint32(rng.IntN(2) << 15)
			}
		}),
		blocks("onehot", func(rng *rand.Rand, b *block) {
			b.random(rng)
			b.scale(signed(rng, rng.ExpFloat64()))
			b.m = 0
			b.clear()
			b.q[rng.IntN(len(b.q))] = uint32(rng.IntN(len(l.Codes)))
		}),
		{"foreign", func(rng *rand.Rand, _ spec.Shape, out []byte) { // any bytes, scales finite in most blocks
			for i := range out {
				out[i] = byte(rng.Uint32())
			}
			for o := 0; o < len(out); o += f.BlockBytes() {
				blk := out[o:][:f.BlockBytes()]
				if rng.IntN(8) > 0 {
					for i := range l.D.Count {
						l.D.Put(blk, i, tame(l.DKind, l.D.Get(blk, i)))
					}
					if l.M.Count > 0 {
						l.M.Put(blk, 0, tame(spec.ScaleF16, l.M.Get(blk, 0)))
					}
				}
				seal(f, blk)
			}
		}},
	}
}

func lowest(l *spec.Layout) uint32 {
	q := uint32(0)
	for c := range l.Codes {
		if l.Codes[c] < l.Codes[q] {
			q = uint32(c)
		}
	}
	return q
}

// tame makes a scale finite, and not too large for a row.
func tame(k spec.ScaleKind, v uint32) uint32 {
	switch k {
	case spec.ScaleE8M0:
		return 96 + v%64
	case spec.ScaleUE4M3:
		return v &^ 64
	case spec.ScaleF32:
		return v &^ (1 << 30)
	}
	return v &^ 0x4000
}

// specialScales lists patterns of a kind of scale that deserve to be met.
func specialScales(k spec.ScaleKind) []uint32 {
	switch k {
	case spec.ScaleE8M0:
		return []uint32{0, 1, 2, 127, 253, 254, 255}
	case spec.ScaleUE4M3:
		return []uint32{0, 1, 7, 8, 0x7e, 0x7f, 0x80, 0xff}
	case spec.ScaleF32:
		var out []uint32
		for _, v := range specialF32 {
			out = append(out, math.Float32bits(v))
		}
		return out
	}
	return []uint32{0x0000, 0x8000, 0x0001, 0x8001, 0x03ff, 0x0400, 0x3c00, 0xbc00, 0x7bff, 0xfbff, 0x7c00, 0xfc00, 0x7e00, 0x7c01, 0xffff}
}

// actStrategies are the strategies for quantised activations: Q8_0, Q8_1, Q8_K.
func actStrategies(f spec.Format) []strategy {
	l := spec.LayoutOf(f)
	blocks := func(name string, fill func(rng *rand.Rand, b *actBlock)) strategy {
		return strategy{name, func(rng *rand.Rand, _ spec.Shape, out []byte) {
			for o := 0; o < len(out); o += f.BlockBytes() {
				b := &actBlock{q: make([]int8, f.BlockLen())}
				fill(rng, b)
				b.put(l, out[o:])
			}
		}}
	}
	pair := func(name string, even, odd int8) strategy {
		return blocks(name, func(rng *rand.Rand, b *actBlock) { b.constant(rng, even, odd) })
	}
	return []strategy{
		blocks("typical", func(rng *rand.Rand, b *actBlock) {
			b.d = math.Exp(rng.NormFloat64()-4) * float64(1-2*rng.IntN(2))
			for i := range b.q {
				b.q[i] = int8(max(-127, min(127, math.Round(40*rng.NormFloat64()))))
			}
		}),
		blocks("uniform", func(rng *rand.Rand, b *actBlock) {
			b.d = rng.NormFloat64()
			for i := range b.q {
				b.q[i] = int8(rng.IntN(256) - 128)
			}
		}),
		blocks("integers", func(rng *rand.Rand, b *actBlock) {
			b.d = 1
			for i := range b.q {
				b.q[i] = int8(rng.IntN(7) - 3)
			}
		}),
		pair("allplus", 127, 127),
		pair("allminus", -127, -127),
		pair("alternating", 127, -127),
		blocks("minus128", func(rng *rand.Rand, b *actBlock) { b.constant(rng, -128, int8(127-255*rng.IntN(2))) }),
		blocks("halves", func(rng *rand.Rand, b *actBlock) { // 16-sums that differ within a sub-block
			b.d = rng.NormFloat64()
			for k := range len(b.q) / 16 {
				base := rng.IntN(200) - 100
				for i := range 16 {
					b.q[16*k+i] = int8(base + rng.IntN(27) - 13)
				}
			}
		}),
		blocks("tiny", func(rng *rand.Rand, b *actBlock) {
			b.d = float64(math.Float32frombits(uint32(1 + rng.IntN(1<<uint(1+rng.IntN(26))))))
			if l.DKind == spec.ScaleF16 {
				b.d = math.Ldexp(float64(rng.IntN(1024)), -24)
			}
			b.uniform(rng)
		}),
		blocks("huge", func(rng *rand.Rand, b *actBlock) {
			b.d = signed(rng, math.Ldexp(1+rng.Float64(), 60+rng.IntN(67)))
			if l.DKind == spec.ScaleF16 {
				b.d = signed(rng, 65504/float64(1+rng.IntN(8)))
			}
			b.uniform(rng)
		}),
		blocks("special", func(rng *rand.Rand, b *actBlock) {
			b.d = rng.NormFloat64()
			b.uniform(rng)
			if rng.IntN(4) == 0 {
				all := specialScales(l.DKind)
				b.raw = &all[rng.IntN(len(all))]
			}
			if rng.IntN(4) == 0 {
				all := specialScales(spec.ScaleF16)
				b.sum = &all[rng.IntN(len(all))]
			}
		}),
		blocks("zeros", func(rng *rand.Rand, b *actBlock) {
			b.d = rng.NormFloat64()
			switch rng.IntN(3) {
			case 0:
				b.d = 0
			case 1:
				b.uniform(rng)
			}
		}),
		blocks("onehot", func(rng *rand.Rand, b *actBlock) {
			b.d = rng.NormFloat64()
			b.q[rng.IntN(len(b.q))] = int8(1 + rng.IntN(127))
		}),
	}
}

// actBlock is a block of a quantised activation before packing.
type actBlock struct {
	d        float64
	q        []int8
	raw, sum *uint32 // patterns of scale and stored sum, if not those that follow
}

func (b *actBlock) uniform(rng *rand.Rand) {
	for i := range b.q {
		b.q[i] = int8(rng.IntN(255) - 127)
	}
}

// constant sets even and odd quants to two values.
func (b *actBlock) constant(rng *rand.Rand, even, odd int8) {
	b.d = signed(rng, rng.ExpFloat64())
	for i := range b.q {
		b.q[i] = even
		if i%2 == 1 {
			b.q[i] = odd
		}
	}
}

func (b *actBlock) put(l *spec.Layout, blk []byte) {
	d := encodeScale(l.DKind, b.d)
	if b.raw != nil {
		d = *b.raw
	}
	l.D.Put(blk, 0, d)
	sum := 0
	for i, q := range b.q {
		l.Quant.Put(blk, i, uint32(uint8(q)))
		sum += int(q)
	}
	if l.MKind == spec.MinSum {
		s := uint32(half(b.d * float64(sum)))
		if b.sum != nil {
			s = *b.sum
		}
		l.M.Put(blk, 0, s)
	}
	seal(l.Format, blk[:l.Format.BlockBytes()])
}

// halfStrategies are those of f32 operands, rounded, and any patterns.
func halfStrategies(f spec.Format) []strategy {
	put := func(b []byte, i int, x float32) {
		h := half(float64(x))
		if f == spec.BF16 {
			h = uint16(math.Float32bits(x) >> 16)
		}
		binary.LittleEndian.PutUint16(b[2*i:], h)
	}
	var out []strategy
	for _, s := range f32Strategies {
		switch s.name {
		case "gauss", "outlier", "integers", "cancel", "special", "zeros", "onehot", "huge", "tiny":
			out = append(out, strategy{s.name, func(rng *rand.Rand, shape spec.Shape, b []byte) {
				x := make([]byte, 2*len(b))
				s.fill(rng, shape, x)
				for i, v := range spec.Floats(x) {
					put(b, i, v)
				}
			}})
		}
	}
	inf := uint16(0x7c00)
	if f == spec.BF16 {
		inf = 0x7f80
	}
	any := func(name string, keep func(h uint16) bool) strategy {
		return strategy{name, func(rng *rand.Rand, _ spec.Shape, b []byte) {
			for i := 0; i < len(b); i += 2 {
				h := uint16(rng.Uint32())
				for !keep(h) {
					h = uint16(rng.Uint32())
				}
				binary.LittleEndian.PutUint16(b[i:], h)
			}
		}}
	}
	return append(out,
		any("wide", func(h uint16) bool { return h&inf != inf }),
		any("subnormal", func(h uint16) bool { return h&inf == 0 }),
		any("any", func(h uint16) bool { return true }),
	)
}
