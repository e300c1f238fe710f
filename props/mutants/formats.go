package mutants

import (
	"math"

	"assay/spec"
)

// decoded is a block of a quantised format, in numbers.
type decoded struct {
	d    []float32 // per group
	m    float32   // dmin, m, or the stored sum
	s, n []int32   // per group
	c    []int32   // integer codes
	neg0 []bool
	unit float32
}

// formatDecoder reads the blocks of a format by its layout.
type formatDecoder struct {
	l     *spec.Layout
	size  int                    // bytes from one block to the next
	half  func(h uint16) float32 // f16
	e8m0  func(e byte) float32   //
	ue4m3 func(v byte) float32   //
	from  func(i int) int        // the element whose bits element i takes
	code  func(q uint32) int32   // what a quant stands for
	group func(i int) int        // the group whose scale element i takes
	minOf func(i int) int        // the group whose min
	scale func(blk []byte, g int) int32
	early int                     // the quants are read so many bytes too early
	after func(b int, v *decoded) // may spoil block b; nil in the base
}

func newFormatDecoder(l *spec.Layout) formatDecoder {
	return formatDecoder{
		l: l, size: l.Format.BlockBytes(), half: half,
		e8m0: func(e byte) float32 {
			if e == 255 {
				return float32(math.NaN())
			}
			return float32(math.Ldexp(1, int(e)-127))
		},
		ue4m3: func(v byte) float32 {
			e, m := int(v>>3&15), float64(v&7)
			switch {
			case v&127 == 127:
				return float32(math.NaN())
			case e == 0:
				return float32(math.Ldexp(m, -9))
			}
			return float32(math.Ldexp(8+m, e-10))
		},
		from:  func(i int) int { return i },
		code:  func(q uint32) int32 { return int32(l.Codes[q]) },
		group: func(i int) int { return i / l.GroupLen },
		minOf: func(i int) int { return i / l.GroupLen },
		scale: func(blk []byte, g int) int32 { return int32(l.ScaleOf(blk, g)) },
	}
}

func (k *formatDecoder) decode(src []byte, b int) *decoded {
	l := k.l
	blk := make([]byte, l.Format.BlockBytes()) // zeros where a wrong stride leaves the operand
	if at := b * k.size; at < len(src) {
		copy(blk, src[at:])
	}
	v := &decoded{s: make([]int32, l.Groups()), n: make([]int32, l.Groups()), c: make([]int32, l.Quant.Count), unit: float32(l.Unit)}
	for g := range v.s {
		raw := l.D.Get(blk, g%l.D.Count)
		d := float32(0)
		switch l.DKind {
		case spec.ScaleF32:
			d = math.Float32frombits(raw)
		case spec.ScaleE8M0:
			d = k.e8m0(byte(raw))
		case spec.ScaleUE4M3:
			d = k.ue4m3(byte(raw))
		default:
			d = k.half(uint16(raw))
		}
		v.d = append(v.d, d)
		v.s[g] = k.scale(blk, g)
		if l.Min.Count > 0 {
			v.n[g] = int32(l.Min.Get(blk, g))
		}
	}
	if l.M.Count > 0 {
		v.m = k.half(uint16(l.M.Get(blk, 0)))
	}
	quants := blk
	if k.early > 0 {
		quants = append(make([]byte, k.early), blk...)
	}
	v.neg0 = make([]bool, len(v.c))
	for i := range v.c {
		q := l.Quant.Get(quants, k.from(i))
		v.c[i], v.neg0[i] = k.code(q), int(q) == l.NegZero
	}
	if k.after != nil {
		k.after(b, v)
	}
	return v
}

// blockDequantizer is the base of the dequantisers.
type blockDequantizer struct {
	formatDecoder
	blocks func(nb int) int
	value  func(v *decoded, i int) float32
	skip   func(i int) bool // elements that are not written
}

func newBlockDequantizer(l *spec.Layout) *blockDequantizer {
	k := &blockDequantizer{
		formatDecoder: newFormatDecoder(l),
		blocks:        func(nb int) int { return nb },
		skip:          func(i int) bool { return false },
	}
	k.value = func(v *decoded, i int) float32 {
		g := k.group(i)
		c := float32(v.c[i])
		if v.neg0[i] {
			c = float32(math.Copysign(0, -1))
		}
		y := float32(float32(v.d[g]*v.unit)*float32(v.s[g])) * c
		switch l.MKind {
		case spec.MinScaled:
			y = float32(y) - float32(v.m*float32(v.n[k.minOf(i)]))
		case spec.MinAdded:
			y = float32(y) + v.m
		}
		return y
	}
	return k
}

func (k *blockDequantizer) run(dst []float32, src []byte) {
	n := k.l.Format.BlockLen()
	for b := range k.blocks(len(dst) / n) {
		v := k.decode(src, b)
		for i := range n {
			if !k.skip(i) {
				dst[b*n+i] = k.value(v, i)
			}
		}
	}
}

// neighbour is the size of the block of a similar format, as a table shifted by
// one type has it.
var neighbour = map[spec.Format]int{
	spec.Q4_0: 20, spec.Q4_1: 22, spec.Q5_0: 24, spec.Q5_1: 34, spec.Q8_0: 36, spec.Q8_1: 84, spec.IQ4NL: 20, spec.MXFP4: 18, spec.NVFP4: 34,
	spec.Q2K: 110, spec.Q3K: 144, spec.Q4K: 176, spec.Q5K: 210, spec.Q6K: 292, spec.Q8K: 256, spec.IQ4XS: 144,
}

// interleaved takes the two nibbles of a byte as neighbours.
func interleaved(run int) func(i int) int {
	return func(i int) int { return i/run*run + i%run/2 + i%2*(run/2) }
}

// nibbleRun is the number of elements whose nibbles lie in one run of bytes; 0
// if the format has no nibbles.
func nibbleRun(f spec.Format) int {
	switch f {
	case spec.Q4_0, spec.Q4_1, spec.Q5_0, spec.Q5_1, spec.IQ4NL, spec.MXFP4, spec.IQ4XS:
		return 32
	case spec.NVFP4:
		return 16
	case spec.Q5K:
		return 64
	}
	return 0
}

// decoderEdits are the defects of reading a format that dequantisers and dots
// share.
func decoderEdits[K any](f spec.Format, dec func(k *K) *formatDecoder) []edit[K] {
	l := spec.LayoutOf(f)
	var out []edit[K]
	add := func(when bool, id, defect, class, summary string, apply func(d *formatDecoder)) {
		if when {
			out = append(out, edit[K]{id, defect, class, summary, func(k *K) { apply(dec(k)) }})
		}
	}
	is := func(list ...spec.Format) bool {
		for _, x := range list {
			if x == f {
				return true
			}
		}
		return false
	}
	f16 := l.DKind == spec.ScaleF16
	n := f.BlockLen()
	add(l.GroupLen == 16 && l.Scale.Count > 0, "B02", "ariannamethod/notorch ca6925c", scale, "the index of the scale lacks the step between the groups of 16", func(d *formatDecoder) {
		d.group = func(i int) int { return i / 32 * 2 }
	})
	add(is(spec.Q5_0, spec.Q5_1, spec.Q5K), "B04", "paiml/aprender PR 3110", layout, "fifth bits are read in another order", func(d *formatDecoder) {
		d.after = func(_ int, v *decoded) {
			high := make([]int32, len(v.c))
			low := int32(l.Codes[0])
			for i, c := range v.c {
				high[i] = (c - low) >> 4
			}
			for i := range v.c {
				j := (i*8)%len(v.c) + i*8/len(v.c)
				v.c[i] = (v.c[i]-low)&15 + high[j%len(v.c)]<<4 + low
			}
		}
	})
	add(l.Scale.Width > 4, "B06", "paiml/aprender PR 2141", scale, "only the first group's scale is decoded right", func(d *formatDecoder) {
		base := d.scale
		d.scale = func(blk []byte, g int) int32 {
			if g == 0 {
				return base(blk, 0)
			}
			return int32(l.Scale.Get(blk, g)&15) + int32(l.ScaleBias)
		}
	})
	add(is(spec.Q5_0, spec.Q5_1, spec.Q5K), "B07", "huggingface/candle PR 1569", formula, "1 is added where the fifth bit is clear", func(d *formatDecoder) {
		base := d.code
		d.code = func(q uint32) int32 {
			if q < 16 {
				return base(q) + 1
			}
			return base(q)
		}
	})
	add(nibbleRun(f) > 0, "B11", "SKaiNET-developers/SKaiNET PR 649", layout, "the nibbles of a byte are taken for neighbours", func(d *formatDecoder) {
		d.from = interleaved(nibbleRun(f))
	})
	add(n == spec.SuperBlock, "B16", "1bit-MONSTER#153", layout, "the index of the quants lacks the term of the half: both halves read the first", func(d *formatDecoder) {
		d.from = func(i int) int { return i % 128 }
	})
	add(is(spec.Q4_0), "B17", "1bit-MONSTER PR 572", formula, "nibbles are two's complement instead of excess 8", func(d *formatDecoder) {
		d.code = func(q uint32) int32 { return int32(int8(q<<4)) >> 4 }
	})
	add(is(spec.Q4_1, spec.Q5_1), "B22", "antirez/gguf-tools PR 9", layout, "the minimum is read from the third 16-bit word", func(d *formatDecoder) {
		wrong := *l
		d.l = &wrong
		wrong.M = third
	})
	add(is(spec.Q4_1, spec.Q8_1), "B23", "ml-explore/mlx PR 3664", layout, "the quants are read 2 bytes too early", func(d *formatDecoder) { d.early = 2 })
	add(is(spec.Q4_1, spec.Q2K), "B24", "ggml-org/ggml#51", operand, "quants are sign-extended", func(d *formatDecoder) {
		d.code = func(q uint32) int32 {
			w := l.Quant.Width
			return int32(q<<(32-w)) >> (32 - w)
		}
	})
	add(l.MKind == spec.MinAdded, "B26", "huggingface/candle PR 616", stride, "the blocks' minima are those of the block before", func(d *formatDecoder) {
		last := float32(0)
		d.after = func(b int, v *decoded) {
			if b == 0 {
				last = 0
			}
			v.m, last = last, v.m
		}
	})
	add(l.MKind == spec.MinScaled || l.MKind == spec.MinAdded, "D12", "ggml-org/llama.cpp#876", operand, "the minimum is applied twice", func(d *formatDecoder) {
		d.after = func(_ int, v *decoded) { v.m *= 2 }
	})
	add(l.MKind == spec.MinScaled, "B30", "intel/neural-speed PR 19", scale, "mins are those of the next group", func(d *formatDecoder) {
		d.after = func(_ int, v *decoded) {
			first := v.n[0]
			copy(v.n, v.n[1:])
			v.n[len(v.n)-1] = first
		}
	})
	add(true, "B36", "1bit-MONSTER PR 1234", stride, "blocks are as far apart as those of the next type", func(d *formatDecoder) { d.size = neighbour[f] })
	add(f16, "B41", "1bit-MONSTER#473", tiny, "scales are decoded as bfloat16", func(d *formatDecoder) { d.half = bfloat })
	add(f16, "J06", "paiml/aprender PR 2129", tiny, "subnormal scales are halved", func(d *formatDecoder) {
		d.half = func(h uint16) float32 {
			if h&0x7c00 == 0 {
				return half(h) / 2
			}
			return half(h)
		}
	})
	add(f16, "J08", "dotnet/runtime#46515", tiny, "exponent and mantissa of subnormal scales are joined by or: the upper ones are halved", func(d *formatDecoder) {
		d.half = func(h uint16) float32 {
			if h&0x7e00 == 0x200 {
				return half(h) / 2
			}
			return half(h)
		}
	})
	add(f16, "J12", "ClickHouse/ClickHouse PR 73836", tiny, "infinite and NaN scales are finite", func(d *formatDecoder) {
		d.half = func(h uint16) float32 {
			if h&0x7c00 == 0x7c00 {
				return float32(math.Copysign(math.Ldexp(1024+float64(h&1023), 31-25), 1-2*float64(h>>15)))
			}
			return half(h)
		}
	})
	add(is(spec.MXFP4), "J15", "microsoft/DirectXMath#16", tiny, "a scale of 255 is a finite number", func(d *formatDecoder) {
		d.e8m0 = func(e byte) float32 { return float32(math.Ldexp(1, min(int(e), 254)-127)) }
	})
	add(is(spec.MXFP4), "J04", "leanprover/TensorLib PR 92", tiny, "the smallest scale, which is subnormal, is flushed to zero", func(d *formatDecoder) {
		base := d.e8m0
		d.e8m0 = func(e byte) float32 {
			if e == 0 {
				return 0
			}
			return base(e)
		}
	})
	add(is(spec.NVFP4), "J15", "microsoft/DirectXMath#16", tiny, "a scale of 127 is a finite number", func(d *formatDecoder) {
		d.ue4m3 = func(v byte) float32 { return float32(math.Ldexp(8+float64(v&7), int(v>>3&15)-10)) }
	})
	add(is(spec.NVFP4), "J03", "invergent-ai/surogate#162", tiny, "subnormal scales are flushed to zero", func(d *formatDecoder) {
		base := d.ue4m3
		d.ue4m3 = func(v byte) float32 {
			if v&0x78 == 0 {
				return 0
			}
			return base(v)
		}
	})
	add(is(spec.NVFP4), "B37", "1bit-MONSTER#1268", formula, "scales are taken in the order 0 2 1 3", func(d *formatDecoder) {
		d.after = func(_ int, v *decoded) { v.d[1], v.d[2] = v.d[2], v.d[1] }
	})
	add(is(spec.MXFP4, spec.NVFP4, spec.IQ4NL, spec.IQ4XS), "B31", "intel/neural-speed PR 19", layout, "one entry of the table is that of its neighbour", func(d *formatDecoder) {
		base := d.code
		d.code = func(q uint32) int32 {
			if q == 13 {
				q = 12
			}
			return base(q)
		}
	})
	add(is(spec.Q8_0, spec.Q8_1, spec.Q8K), "C07", "huggingface/candle PR 776", operand, "signed quants are stored in unsigned bytes", func(d *formatDecoder) {
		d.code = func(q uint32) int32 { return int32(q) }
	})
	add(is(spec.Q8_0, spec.Q8_1, spec.Q8K), "C19", "ggml-org/ggml#1393", overflow, "−128 is taken for +128, as its negation wraps", func(d *formatDecoder) {
		d.code = func(q uint32) int32 {
			if q == 128 {
				return 128
			}
			return int32(int8(q))
		}
	})
	add(is(spec.Q6K), "B24", "ggml-org/ggml#51", operand, "the signed scales are zero-extended", func(d *formatDecoder) {
		d.scale = func(blk []byte, g int) int32 { return int32(l.Scale.Get(blk, g)) }
	})
	add(is(spec.Q3K, spec.IQ4XS), "B32", "ikawrakow/ik_llama.cpp PR 52", scale, "the high bits of the scales are those of the neighbour", func(d *formatDecoder) {
		d.scale = func(blk []byte, g int) int32 {
			return int32(l.Scale.Get(blk, g)&15|l.Scale.Get(blk, g^1)&0x30) + int32(l.ScaleBias)
		}
	})
	return out
}

// third is the third 16-bit word of a block.
var third = spec.Consecutive(1, 16, 4)

func dequantFormatMutants(f spec.Format) []Mutant {
	l := spec.LayoutOf(f)
	entry := func(k *blockDequantizer) spec.Func { return spec.Dequantize(k.run) }
	edits := decoderEdits(f, func(k *blockDequantizer) *formatDecoder { return &k.formatDecoder })
	n := f.BlockLen()
	edits = append(edits,
		edit[blockDequantizer]{"B14", "1bit-MONSTER PR 488", tail, "returns after the first block", func(k *blockDequantizer) {
			k.blocks = func(nb int) int { return min(nb, 1) }
		}},
		edit[blockDequantizer]{"B35", "1bit-MONSTER#734", tail, "only the first quarter of every block is written", func(k *blockDequantizer) {
			k.skip = func(i int) bool { return i%n >= n/4 }
		}},
		edit[blockDequantizer]{"J03", "invergent-ai/surogate#162", tiny, "subnormal results are flushed, or small ones", func(k *blockDequantizer) {
			base := k.value
			k.value = func(v *decoded, i int) float32 {
				y := base(v, i)
				if y > -0x1p-20 && y < 0x1p-20 && y != 0 {
					return 0
				}
				return y
			}
		}},
	)
	if l.DKind == spec.ScaleUE4M3 { // nothing is so small
		edits = edits[:len(edits)-1]
	}
	return family(spec.OpDequant(f), func() *blockDequantizer { return newBlockDequantizer(l) }, entry, edits)
}

// formatDot is the base of the dots with quantised activations.
type formatDot struct {
	w, x     formatDecoder
	visit    func(n int) []int // activation blocks
	product  func(c, x int32) int32
	add      func(sum, p int32) int32 // four products of a lane
	scaled   func(acc, s, lane int32) int32
	both     func(d, dx float32) float32
	convert  func(i int32) float32
	fma      func(a, b, c float32) float32
	minTerm  func(acc, m, s float32) float32 // MinAdded
	groupSum func(g int, sum int32) int32    // of the activations of a group, for the mins
	lanes    func(sums []float32) []float32  // before they are folded
}

func newFormatDot(w, x spec.Format) *formatDot {
	return &formatDot{
		w: newFormatDecoder(spec.LayoutOf(w)), x: newFormatDecoder(spec.LayoutOf(x)),
		visit:    upTo,
		product:  func(c, x int32) int32 { return c * x },
		add:      func(sum, p int32) int32 { return sum + p },
		scaled:   func(acc, s, lane int32) int32 { return acc + s*lane },
		both:     func(d, dx float32) float32 { return d * dx },
		convert:  func(i int32) float32 { return float32(i) },
		fma:      fma,
		minTerm:  func(acc, m, s float32) float32 { return fma(m, s, acc) },
		groupSum: func(_ int, sum int32) int32 { return sum },
		lanes:    func(sums []float32) []float32 { return sums },
	}
}

func (k *formatDot) run(w, x []byte) float32 {
	if k.x.l.Format == spec.Q8K {
		return k.runSuper(w, x)
	}
	return k.runBlocks(w, x)
}

func (k *formatDot) runSuper(w, x []byte) float32 {
	l := k.w.l
	pos, neg := make([]float32, 8), make([]float32, 8)
	for _, b := range k.visit(len(x) / spec.Q8KBytes) {
		wb, xb := k.w.decode(w, b), k.x.decode(x, b)
		var dots, mins [8]int32
		bias := int32(0)
		if l.Format == spec.Q6K {
			bias = 32
		}
		for i := 0; i < spec.SuperBlock; i += 4 {
			lane := int32(0)
			for e := i; e < i+4; e++ {
				lane = k.add(lane, k.product(wb.c[e]+bias, xb.c[e]))
			}
			dots[i%32/4] = k.scaled(dots[i%32/4], wb.s[k.w.group(i)], lane)
		}
		for g := range wb.n {
			sum := int32(0)
			for i := g * l.GroupLen; i < (g+1)*l.GroupLen; i++ {
				sum += xb.c[i]
			}
			at := g * l.GroupLen / 32
			dots[at] -= bias * wb.s[k.w.group(g*l.GroupLen)] * sum
			mins[at] += wb.n[g] * k.groupSum(g, sum)
		}
		dd, dm := k.both(wb.d[0]*wb.unit, xb.d[0]), k.both(wb.m, xb.d[0])
		for j := range pos {
			pos[j] = k.fma(dd, k.convert(dots[j]), pos[j])
			if l.MKind == spec.MinScaled {
				neg[j] = k.fma(dm, k.convert(mins[j]), neg[j])
			}
		}
	}
	if l.MKind == spec.MinScaled {
		for j := range pos {
			pos[j] -= neg[j]
		}
	}
	return folded(k.lanes(pos))
}

func (k *formatDot) runBlocks(w, x []byte) float32 {
	sums, mins := make([]float32, spec.BlockDotLanes), make([]float32, spec.BlockDotLanes)
	per := k.w.l.Format.BlockLen() / spec.Block
	for _, b := range k.visit(len(x) / k.x.l.Format.BlockBytes()) {
		wb, xb := k.w.decode(w, b/per), k.x.decode(x, b)
		for j := range 8 {
			lane := int32(0)
			at := b%per*spec.Block + 4*j
			for e := range 4 {
				lane = k.add(lane, k.product(wb.c[at+e], xb.c[4*j+e]))
			}
			dd := k.both(wb.d[k.w.group(at)]*wb.unit, xb.d[0])
			into := b%4*8 + j
			sums[into] = k.fma(dd, k.convert(k.scaled(0, 1, lane)), sums[into])
		}
		if k.w.l.MKind == spec.MinAdded {
			mins[b%len(mins)] = k.minTerm(mins[b%len(mins)], wb.m, xb.m)
		}
	}
	if k.w.l.MKind == spec.MinAdded {
		for j := range sums {
			sums[j] += mins[j]
		}
	}
	return folded(k.lanes(sums))
}

// folded adds values i and i + n/2, then i and i + n/4, down to one.
func folded[F float32 | float64](v []F) F {
	for n := len(v) / 2; n > 0; n /= 2 {
		for j := range n {
			v[j] += v[j+n]
		}
	}
	return v[0]
}

// dotEdits are the defects of the dot of w and x.
func dotEdits(w, x spec.Format) []edit[formatDot] {
	l := spec.LayoutOf(w)
	out := decoderEdits(w, func(k *formatDot) *formatDecoder { return &k.w })
	add := func(when bool, e edit[formatDot]) {
		if when {
			out = append(out, e)
		}
	}
	largest := 0
	for _, c := range l.Codes {
		largest = max(largest, c, -c)
	}
	blocks := x != spec.Q8K
	// A formula for C19 on the side of the activation.
	for _, e := range decoderEdits(x, func(k *formatDot) *formatDecoder { return &k.x }) {
		if e.id == "C07" || e.id == "C19" || e.id == "J06" {
			e.id += "-b"
			e.summary += " (activation)"
			out = append(out, e)
		}
	}
	add(largest == 127, edit[formatDot]{"A18", "ikawrakow/ik_llama.cpp PR 137", overflow, "sums of four products with large table values saturate to int16", func(k *formatDot) {
		k.scaled = func(acc, s, lane int32) int32 { return acc + s*sat16(lane) }
	}})
	lo, hi := l.ScaleRange()
	add(!blocks && max(hi, -lo)*largest*4*128 > math.MaxInt16, edit[formatDot]{"A05", "huggingface/candle PR 1526", overflow, "the scaled sum of four products is kept in 16 bits", func(k *formatDot) {
		k.scaled = func(acc, s, lane int32) int32 { return acc + wrap16(s*lane) }
	}})
	add(l.MKind == spec.MinScaled, edit[formatDot]{"A07", "crabml/crabml PR 102", overflow, "the sum of a group is kept in bytes", func(k *formatDot) {
		k.groupSum = func(_ int, sum int32) int32 { return wrap8(sum) }
	}})
	add(l.Scale.Count > 0, edit[formatDot]{"A08", "crabml/crabml PR 102", scale, "the multiplication by the scale is commented out", func(k *formatDot) {
		k.scaled = func(acc, _, lane int32) int32 { return acc + lane }
	}})
	add(largest*128 > 127, edit[formatDot]{"C10", "ggml-org/llama.cpp PR 986", overflow, "products are kept in int8", func(k *formatDot) {
		k.product = func(c, x int32) int32 { return wrap8(c * x) }
	}})
	add(blocks, edit[formatDot]{"C02", "ggml-org/llama.cpp#29131", tail, "a last odd block is lost", func(k *formatDot) {
		per := l.Format.BlockLen() / spec.Block
		k.visit = func(n int) []int { return upTo(n / (2 * per) * (2 * per)) }
	}})
	add(blocks, edit[formatDot]{"C03", "ikawrakow/ik_llama.cpp PR 213", tail, "the tail of lengths not divisible by 128 is commented out", func(k *formatDot) {
		k.visit = func(n int) []int { return upTo(n &^ 3) }
	}})
	add(!blocks, edit[formatDot]{"B14", "1bit-MONSTER PR 488", tail, "returns after the first block", func(k *formatDot) {
		k.visit = func(n int) []int { return upTo(min(n, 1)) }
	}})
	add(l.MKind == spec.MinAdded, edit[formatDot]{"C04", "crabml/crabml PR 168", operand, "minimum and sum are added instead of multiplied", func(k *formatDot) {
		k.minTerm = func(acc, m, s float32) float32 { return acc + (m + s) }
	}})
	add(l.MKind == spec.MinAdded, edit[formatDot]{"C05", "crabml/crabml PR 168", operand, "minimum and sum are added in every second block", func(k *formatDot) {
		i := 0
		k.visit = func(n int) []int { i = 0; return upTo(n) }
		k.minTerm = func(acc, m, s float32) float32 {
			if i++; i%2 == 0 {
				return acc + (m + s)
			}
			return fma(m, s, acc)
		}
	}})
	add(l.MKind == spec.MinAdded, edit[formatDot]{"C25", "microsoft/onnxruntime#29853", scale, "the zero-point term takes the sum of the block before", func(k *formatDot) {
		last := float32(0)
		k.visit = func(n int) []int { last = 0; return upTo(n) }
		k.minTerm = func(acc, m, s float32) float32 {
			s, last = last, s
			return fma(m, s, acc)
		}
	}})
	add(l.MKind == spec.MinAdded, edit[formatDot]{"C20", "ggml-org/llama.cpp PR 21652", precise, "the term of the minimum is rounded to f16, and overflows", func(k *formatDot) {
		k.minTerm = func(acc, m, s float32) float32 { return acc + viaHalf(m*s) }
	}})
	add(l.MKind == spec.MinScaled, edit[formatDot]{"C34", "uxlfoundation/oneDNN PR 5431", scale, "the compensation is computed once, with the first group's sum", func(k *formatDot) {
		first := int32(0)
		k.groupSum = func(g int, sum int32) int32 {
			if g == 0 {
				first = sum
			}
			return first
		}
	}})
	add(l.DKind == spec.ScaleF16, edit[formatDot]{"C12", "ggml-org/llama.cpp PR 10562", operand, "the bits of a scale are taken for a number", func(k *formatDot) {
		k.w.half = func(h uint16) float32 { return float32(h) }
	}})
	add(true, edit[formatDot]{"C16", "ggml-org/llama.cpp PR 16958", lane, "scales are rounded to integers", func(k *formatDot) {
		k.both = func(d, dx float32) float32 {
			p := d * dx
			if p-p != 0 || p > 1e9 || p < -1e9 {
				return p
			}
			return float32(int32(p))
		}
	}})
	add(true, edit[formatDot]{"C17", "ggml-org/llama.cpp PR 16958", lane, "the horizontal addition omits lanes", func(k *formatDot) {
		k.lanes = func(sums []float32) []float32 {
			clear(sums[len(sums)-2:])
			return sums
		}
	}})
	// With MXFP4 the product is exact.
	add(w != spec.MXFP4, edit[formatDot]{"A15", "ariannamethod/notorch 9c10d6d", rounding, "the product with the scale is rounded before it is added", func(k *formatDot) {
		k.fma = func(a, b, c float32) float32 { return c + float32(a*b) }
	}})
	add(largest == 128, edit[formatDot]{"C26", "microsoft/onnxruntime#16105", overflow, "sums of two products of unsigned and signed bytes saturate", func(k *formatDot) {
		k.scaled = func(acc, s, lane int32) int32 { return acc + s*sat16(lane) }
	}})
	add(largest == 128, edit[formatDot]{"C29", "uxlfoundation/oneDNN#645", overflow, "four products are added in 16 bits", func(k *formatDot) {
		k.add = func(sum, p int32) int32 { return wrap16(sum + p) }
	}})
	add(largest == 128, edit[formatDot]{"C37", "ashvardanian/SimSIMD#91", operand, "the signed operand is passed in the unsigned slot", func(k *formatDot) {
		k.product = func(c, x int32) int32 { return int32(uint8(c)) * x }
	}})
	add(largest == 128, edit[formatDot]{"A30", "crabml/crabml#208", tail, "a last odd block of weights is multiplied by itself", func(k *formatDot) {
		var self *decoded
		last, n := -1, 0
		k.visit = func(nb int) []int { n = nb; return upTo(nb) }
		k.w.after = func(b int, v *decoded) {
			if last = -1; n%2 == 1 && b == n-1 {
				last = b
				self = v
			}
		}
		k.x.after = func(b int, v *decoded) {
			if b == last {
				v.c, v.d = self.c, self.d
			}
		}
	}})
	return out
}

func dotFormatMutants(w, x spec.Format) []Mutant {
	entry := func(k *formatDot) spec.Func { return spec.DotQuant(k.run) }
	return family(spec.OpDot(w, x), func() *formatDot { return newFormatDot(w, x) }, entry, dotEdits(w, x))
}

// matvecFormatMutants makes matvecs of some of the dots' mutants, and adds the
// defects of going over rows.
func matvecFormatMutants(w, x spec.Format) []Mutant {
	base := newFormatDot(w, x)
	correct := rowsOf(base.run, rowPlan{})
	op := spec.OpMatvec(w, x)
	var out []Mutant
	put := func(id, defect, class, summary string, f spec.Func) {
		out = append(out, Mutant{ID: id, Defect: defect, Class: class, Op: op, Summary: summary, Func: f, Base: correct})
	}
	for _, e := range dotEdits(w, x) {
		switch e.id {
		case "B02", "B11", "B36", "C10", "C17", "J06":
			k := newFormatDot(w, x)
			e.apply(k)
			put(e.id, e.defect, e.class, e.summary, rowsOf(k.run, rowPlan{}))
		}
	}
	put("A40", "paiml/aprender#155", stride, "rows and columns of the output are swapped", rowsOf(base.run, rowPlan{swap: true}))
	put("K15", "nntrainer/nntrainer efc4af293", tail, "rows left over after division by four are not computed", rowsOf(base.run, rowPlan{step: 4}))
	put("C13", "ggml-org/llama.cpp PR 10561", stride, "the last of an odd number of rows repeats the one before", rowsOf(base.run, rowPlan{odd: true}))
	return out
}

// rowPlan says how a matvec goes wrong over its rows.
type rowPlan struct {
	swap bool
	step int
	odd  bool
}

func rowsOf(dot spec.DotQuant, p rowPlan) spec.MatvecQuant {
	return func(dst []float32, w, x []byte, s spec.Shape, threads int) {
		wb, xb := len(w)/s.Rows, len(x)/s.Batch
		rows := s.Rows
		if p.step > 0 && rows > p.step {
			rows -= rows % p.step
		}
		for b := range s.Batch {
			for r := range rows {
				from := r
				if p.odd && s.Rows%2 == 1 && r == s.Rows-1 && r > 0 {
					from--
				}
				at := b*s.Rows + r
				if p.swap {
					at = r*s.Batch + b
				}
				dst[at] = dot(w[from*wb:(from+1)*wb], x[b*xb:(b+1)*xb])
			}
		}
	}
}
