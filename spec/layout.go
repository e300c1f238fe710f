package spec

// Layout says, for one quantised format, which bits of a block make which
// number. Element i, in group g = i/GroupLen, has the value
//
//	D·s·c − Min    (MinScaled: Min = M·m;  MinAdded: Min = −M, one for the block)
//
// with D and M the block's scales (D: its group's, where D.Count > 1),
// s = Scale[g]+ScaleBias (1 if there is no Scale), c = Codes[Quant[i]]·Unit,
// and m = Min[g].
//
// Generators pack blocks by it, and one of the oracle's two decoders reads by
// it; the other, and the kernels, use the formulas of the format's definition.
type Layout struct {
	Format   Format
	GroupLen int // elements that share a scale

	D     Field
	DKind ScaleKind
	M     Field // Count 0 where there is none
	MKind MinKind

	Scale, Min  Field // Count = groups, or 0
	ScaleBias   int
	ScaleSigned bool

	Quant Field // Count = elements
	Codes []int // integer that each quant code stands for
	Unit  float64
	// NegZero is the quant code that stands for −0, or −1.
	NegZero int
}

// Field is a list of equally wide unsigned integers in a block.
type Field struct {
	Count, Width int
	bit          func(i, k int) int // place of bit k of entry i, counted from the block's first
	parts        [][]part           // per entry, made of bit
}

// part is a run of an entry's bits that lie together in one byte.
type part struct {
	byte      int
	shift, at uint8 // lowest bit in the byte, and in the entry
	mask      byte  // before the shift to place
}

// compile finds the parts.
func (f *Field) compile() {
	f.parts = make([][]part, f.Count)
	for i := range f.parts {
		for k := range f.Width {
			b := f.bit(i, k)
			if n := len(f.parts[i]); n > 0 {
				last := &f.parts[i][n-1]
				width := k - int(last.at)
				if last.byte == b/8 && int(last.shift)+width == b%8 {
					last.mask |= 1 << width
					continue
				}
			}
			f.parts[i] = append(f.parts[i], part{b / 8, uint8(b % 8), uint8(k), 1})
		}
	}
}

// Get returns entry i.
func (f *Field) Get(blk []byte, i int) uint32 {
	var v uint32
	for _, p := range f.parts[i] {
		v |= uint32(blk[p.byte]>>p.shift&p.mask) << p.at
	}
	return v
}

// Put sets entry i to the low bits of v.
func (f *Field) Put(blk []byte, i int, v uint32) {
	for _, p := range f.parts[i] {
		blk[p.byte] = blk[p.byte]&^(p.mask<<p.shift) | byte(v>>p.at)&p.mask<<p.shift
	}
}

// ScaleKind is how a block's scale is stored.
type ScaleKind uint8

const (
	ScaleF16   ScaleKind = iota
	ScaleF32             // Q8_K
	ScaleE8M0            // 2^(e−127), 255 is NaN (OCP Microscaling Formats 1.0)
	ScaleUE4M3           // 4 exponent bits with bias 7, 3 of mantissa; bit 7 carries nothing, 127 is NaN
)

// MinKind is what field M of a block is.
type MinKind uint8

const (
	MinNone   MinKind = iota
	MinScaled         // dmin: M·m[g] is subtracted
	MinAdded          // m: M is added
	MinSum            // Q8_1: not part of the value, the stored d·Σq
)

// Groups returns the number of groups of a block.
func (l *Layout) Groups() int { return l.Format.BlockLen() / l.GroupLen }

// ScaleOf returns s of group g.
func (l *Layout) ScaleOf(blk []byte, g int) int {
	if l.Scale.Count == 0 {
		return 1
	}
	v := int(l.Scale.Get(blk, g))
	if l.ScaleSigned && v >= 1<<(l.Scale.Width-1) {
		v -= 1 << l.Scale.Width
	}
	return v + l.ScaleBias
}

// PutScale stores s of group g.
func (l *Layout) PutScale(blk []byte, g, s int) { l.Scale.Put(blk, g, uint32(s-l.ScaleBias)) }

// ScaleRange returns the least and largest s.
func (l *Layout) ScaleRange() (lo, hi int) {
	switch {
	case l.Scale.Count == 0:
		return 1, 1
	case l.ScaleSigned:
		return -1 << (l.Scale.Width - 1), 1<<(l.Scale.Width-1) - 1
	}
	return l.ScaleBias, 1<<l.Scale.Width - 1 + l.ScaleBias
}

// Code returns the quant code for the integer c; it panics if there is none.
func (l *Layout) Code(c int) uint32 {
	for q, v := range l.Codes {
		if v == c && q != l.NegZero {
			return uint32(q)
		}
	}
	panic("spec: no such code")
}

// Linear tells whether the codes are consecutive integers, so that quants can be
// added.
func (l *Layout) Linear() bool {
	return l.Codes[1] == l.Codes[0]+1 && l.NegZero < 0
}

// LayoutOf returns the layout of a quantised format; nil for the others.
func LayoutOf(f Format) *Layout { return layouts[f] }

func field(count, width int, bit func(i, k int) int) Field {
	return Field{Count: count, Width: width, bit: bit}
}

func consecutive(count, width, byteOffset int) Field {
	return field(count, width, func(i, k int) int { return 8*byteOffset + width*i + k })
}

// Consecutive is a field of count entries of width bits, one after the other
// from a byte.
func Consecutive(count, width, byteOffset int) Field {
	f := consecutive(count, width, byteOffset)
	f.compile()
	return f
}

// halves are nibbles of which the low ones are the first half of every run of
// 2·n elements, in n bytes, and the high ones the second.
func halves(count, n, byteOffset int) Field {
	return field(count, 4, func(i, k int) int {
		run, in := i/(2*n), i%(2*n)
		return 8*(byteOffset+n*run+in%n) + 4*(in/n) + k
	})
}

// fifthBit adds to nibbles a bit k = 4.
func fifthBit(nibbles Field, bit func(i int) int) Field {
	return field(nibbles.Count, 5, func(i, k int) int {
		if k == 4 {
			return bit(i)
		}
		return nibbles.bit(i, k)
	})
}

// sixBit are the packed scales (min = 0) or mins (min = 1) of Q4_K and Q5_K.
func sixBit(min int) Field {
	return field(8, 6, func(j, k int) int {
		switch {
		case j < 4:
			return 8*(Q4KOffScales+4*min+j) + k
		case k < 4:
			return 8*(Q4KOffScales+8+j-4) + 4*min + k
		}
		return 8*(Q4KOffScales+4*min+j-4) + 6 + k - 4
	})
}

// ramp returns the integers from lo, n of them.
func ramp(lo, n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = lo + i
	}
	return out
}

// int8s are the codes of two's complement.
func int8s() []int {
	out := make([]int, 256)
	for i := range out {
		out[i] = int(int8(i))
	}
	return out
}

var (
	// nonlinear is the table of IQ4_NL and IQ4_XS.
	nonlinear = []int{-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113}
	// e2m1 is E2M1 in halves.
	e2m1 = []int{0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12}
)

func f16At(byteOffset int) Field { return consecutive(1, 16, byteOffset) }

var layouts = func() map[Format]*Layout {
	all := []Layout{
		{Format: Q4_0, D: f16At(0), Quant: halves(32, 16, 2), Codes: ramp(-8, 16)},
		{Format: Q4_1, D: f16At(0), M: f16At(2), MKind: MinAdded, Quant: halves(32, 16, 4), Codes: ramp(0, 16)},
		{Format: Q5_0, D: f16At(0), Codes: ramp(-16, 32),
			Quant: fifthBit(halves(32, 16, 6), func(i int) int { return 8*2 + i })},
		{Format: Q5_1, D: f16At(0), M: f16At(2), MKind: MinAdded, Codes: ramp(0, 32),
			Quant: fifthBit(halves(32, 16, 8), func(i int) int { return 8*4 + i })},
		{Format: Q8_0, D: f16At(0), Quant: consecutive(32, 8, 2), Codes: int8s()},
		{Format: Q8_1, D: f16At(0), M: f16At(2), MKind: MinSum, Quant: consecutive(32, 8, 4), Codes: int8s()},
		{Format: IQ4NL, D: f16At(0), Quant: halves(32, 16, 2), Codes: nonlinear},
		{Format: MXFP4, D: consecutive(1, 8, 0), DKind: ScaleE8M0, Quant: halves(32, 16, 1), Codes: e2m1, Unit: 0.5, NegZero: 8},
		{Format: NVFP4, GroupLen: 16, D: consecutive(4, 8, 0), DKind: ScaleUE4M3, Quant: halves(64, 8, 4), Codes: e2m1, Unit: 0.5, NegZero: 8},
		{Format: Q2K, GroupLen: 16, D: f16At(80), M: f16At(82), MKind: MinScaled,
			Scale: field(16, 4, func(g, k int) int { return 8*g + k }),
			Min:   field(16, 4, func(g, k int) int { return 8*g + 4 + k }),
			Quant: twoBits(16), Codes: ramp(0, 4)},
		{Format: Q3K, GroupLen: 16, D: f16At(108), ScaleBias: -32, Codes: ramp(-4, 8),
			Scale: field(16, 6, func(g, k int) int {
				if k < 4 {
					return 8*(96+g%8) + 4*(g/8) + k
				}
				return 8*(96+8+g%4) + 2*(g/4) + k - 4
			}),
			Quant: field(256, 3, func(i, k int) int {
				if k == 2 { // of hmask; set means that nothing is subtracted
					return 8*(i%32) + i/32
				}
				return twoBits(32).bit(i, k)
			})},
		{Format: Q4K, GroupLen: 32, D: f16At(0), M: f16At(2), MKind: MinScaled, Scale: sixBit(0), Min: sixBit(1),
			Quant: halves(256, 32, 16), Codes: ramp(0, 16)},
		{Format: Q5K, GroupLen: 32, D: f16At(0), M: f16At(2), MKind: MinScaled, Scale: sixBit(0), Min: sixBit(1),
			Quant: fifthBit(halves(256, 32, 48), func(i int) int { return 8*(16+i%32) + i/32 }), Codes: ramp(0, 32)},
		{Format: Q6K, GroupLen: 16, D: f16At(208), ScaleSigned: true, Codes: ramp(-32, 64),
			Scale: consecutive(16, 8, 192),
			Quant: field(256, 6, func(i, k int) int {
				h, q, l := i/128, i%128/32, i%32 // half, quarter of it, lane
				if k < 4 {
					return 8*(64*h+32*(q%2)+l) + 4*(q/2) + k
				}
				return 8*(128+32*h+l) + 2*q + k - 4
			})},
		{Format: Q8K, D: consecutive(1, 32, Q8KOffD), DKind: ScaleF32, Quant: consecutive(256, 8, Q8KOffQuants), Codes: int8s()},
		{Format: IQ4XS, GroupLen: 32, D: f16At(0), ScaleBias: -32, Quant: halves(256, 16, 8), Codes: nonlinear,
			Scale: field(8, 6, func(g, k int) int {
				if k < 4 {
					return 8*(4+g/2) + 4*(g%2) + k
				}
				return 8*2 + 2*g + k - 4
			})},
	}
	out := map[Format]*Layout{}
	for i := range all {
		l := &all[i]
		if l.GroupLen == 0 {
			l.GroupLen = l.Format.BlockLen()
		}
		if l.Unit == 0 {
			l.Unit, l.NegZero = 1, -1
		}
		for _, f := range []*Field{&l.D, &l.M, &l.Scale, &l.Min, &l.Quant} {
			f.compile()
		}
		out[l.Format] = l
	}
	return out
}()

// twoBits are the 2-bit planes of Q2_K and Q3_K: two halves of 128 elements, in
// 32 bytes each, of which run j of 32 takes bits 2j and 2j+1.
func twoBits(byteOffset int) Field {
	return field(256, 2, func(i, k int) int {
		return 8*(byteOffset+32*(i/128)+i%32) + 2*(i%128/32) + k
	})
}
