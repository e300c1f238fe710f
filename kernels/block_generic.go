package kernels

import (
	"encoding/binary"
	"math"

	"github.com/x448/float16"

	"assay/spec"
)

// block32 is a decoded block of 32 elements, or half of one of 64. Element i is
// d·c, d being of the element's half, + m.
type block32 struct {
	d     [2]float32
	m     float32
	c     [spec.Block]int32
	minus [spec.Block]bool // c is −0
}

// blockFormat is a format of blocks of 32 or 64.
type blockFormat struct {
	format spec.Format
	decode func(b *block32, blk []byte, half int) // half of a block of 64
	min    bool                                   // m is added
}

var blockFormats = []blockFormat{
	{spec.Q4_0, decodeQ4_0, false},
	{spec.Q4_1, decodeQ4_1, true},
	{spec.Q5_0, decodeQ5_0, false},
	{spec.Q5_1, decodeQ5_1, true},
	{spec.Q8_0, decodeQ8_0, false},
	{spec.Q8_1, decodeQ8_1, false},
	{spec.IQ4NL, decodeIQ4NL, false},
	{spec.MXFP4, decodeMXFP4, false},
	{spec.NVFP4, decodeNVFP4, false},
}

func (f blockFormat) dequant(dst []float32, src []byte) {
	checkBlocks(spec.OpDequant(f.format), len(dst), len(src), f.format)
	var b block32
	halves := f.format.BlockLen() / spec.Block
	for i := range len(dst) / spec.Block {
		f.decode(&b, src[i/halves*f.format.BlockBytes():], i%halves)
		for k, c := range b.c {
			v := float32(c)
			if b.minus[k] {
				v = float32(math.Copysign(0, -1))
			}
			y := float32(b.d[k/16] * v)
			if f.min {
				y += b.m
			}
			dst[i*spec.Block+k] = y
		}
	}
}

// dot is the dot with x, blocks of Q8_0 or Q8_1, in the order of spec.TreeLanes.
func (f blockFormat) dot(w, x []byte) float32 {
	var sums, mins [spec.BlockDotLanes]float32
	act, decode := spec.Q8_0, decodeQ8_0
	if f.min {
		act, decode = spec.Q8_1, decodeQ8_1
	}
	checkDot(f.format, act, w, x)
	var wb, xb block32
	halves := f.format.BlockLen() / spec.Block
	for b := range len(x) / act.BlockBytes() {
		f.decode(&wb, w[b/halves*f.format.BlockBytes():], b%halves)
		decode(&xb, x[b*act.BlockBytes():], 0)
		var dots [8]int32
		for k, c := range wb.c {
			dots[k/4] += c * xb.c[k]
		}
		for l, n := range dots {
			at := b%4*8 + l
			sums[at] = fma32(wb.d[l/4]*xb.d[0], float32(n), sums[at])
		}
		if f.min {
			at := b % len(mins)
			mins[at] = fma32(wb.m, xb.m, mins[at])
		}
	}
	if f.min {
		for k := range sums {
			sums[k] += mins[k]
		}
	}
	return foldLanes(sums[:])
}

func f16At(blk []byte, at int) float32 {
	return float16.Frombits(binary.LittleEndian.Uint16(blk[at:])).Float32()
}

// one sets the block's scale.
func (b *block32) one(d float32) { b.d = [2]float32{d, d} }

// nibble returns the quant of element i of 32: low nibbles are the first half.
func nibble(qs []byte, i int) int32 { return int32(qs[i%16] >> (i / 16 * 4) & 15) }

func decodeQ4_0(b *block32, blk []byte, _ int) {
	b.one(f16At(blk, 0))
	for i := range b.c {
		b.c[i] = nibble(blk[2:], i) - 8
	}
}

func decodeQ4_1(b *block32, blk []byte, _ int) {
	b.one(f16At(blk, 0))
	b.m = f16At(blk, 2)
	for i := range b.c {
		b.c[i] = nibble(blk[4:], i)
	}
}

func decodeQ5_0(b *block32, blk []byte, _ int) {
	b.one(f16At(blk, 0))
	high := binary.LittleEndian.Uint32(blk[2:])
	for i := range b.c {
		b.c[i] = nibble(blk[6:], i) | int32(high>>i&1)<<4
		b.c[i] -= 16
	}
}

func decodeQ5_1(b *block32, blk []byte, _ int) {
	b.one(f16At(blk, 0))
	b.m = f16At(blk, 2)
	high := binary.LittleEndian.Uint32(blk[4:])
	for i := range b.c {
		b.c[i] = nibble(blk[8:], i) | int32(high>>i&1)<<4
	}
}

func decodeQ8_0(b *block32, blk []byte, _ int) {
	b.one(f16At(blk, 0))
	for i := range b.c {
		b.c[i] = int32(int8(blk[2+i]))
	}
}

// decodeQ8_1 leaves the block's sum, which is not part of its values, in m.
func decodeQ8_1(b *block32, blk []byte, _ int) {
	b.one(f16At(blk, 0))
	b.m = f16At(blk, 2)
	for i := range b.c {
		b.c[i] = int32(int8(blk[4+i]))
	}
}

func decodeIQ4NL(b *block32, blk []byte, _ int) {
	b.one(f16At(blk, 0))
	for i := range b.c {
		b.c[i] = nonlinear[nibble(blk[2:], i)]
	}
}

// doubleE2M1 is twice the value of each E2M1 code; code 8 is −0.
var doubleE2M1 = [16]int32{0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12}

func decodeMXFP4(b *block32, blk []byte, _ int) {
	b.one(halfE8M0(blk[0]))
	for i := range b.c {
		q := nibble(blk[1:], i)
		b.c[i], b.minus[i] = doubleE2M1[q], q == 8
	}
}

func decodeNVFP4(b *block32, blk []byte, half int) {
	for h := range b.d {
		b.d[h] = halfUE4M3(blk[2*half+h])
		for i := range 16 {
			q := blk[4+16*half+8*h+i%8] >> (i / 8 * 4) & 15
			b.c[16*h+i], b.minus[16*h+i] = doubleE2M1[q], q == 8
		}
	}
}

// halfE8M0 returns 2^(e−128), half of the scale; 255 is NaN.
func halfE8M0(e byte) float32 {
	switch {
	case e == 255:
		return float32(math.NaN())
	case e <= 1: // subnormal
		return math.Float32frombits(1 << (21 + e))
	}
	return math.Float32frombits(uint32(e-1) << 23)
}

// halfUE4M3 returns half of the scale; 127 is NaN, bit 7 is ignored.
func halfUE4M3(v byte) float32 {
	e, m := v>>3&15, float32(v&7)
	switch {
	case v&127 == 127:
		return float32(math.NaN())
	case e == 0:
		return m * 0x1p-10
	}
	return math.Float32frombits(uint32(e+127-8)<<23) * (1 + m/8)
}
