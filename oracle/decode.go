package oracle

import (
	"encoding/binary"
	"math"

	"assay/spec"
)

// block is a decoded block of a quantised format. Element i, in group
// g = i/groupLen, has the value d[g]·s[g]·c[i]·unit − dmin·m[g] (+ add).
// Scales are exact in float64.
type block struct {
	groupLen  int
	d         []float64 // one per group
	dmin      float64
	scaledMin bool    // the format has dmin
	add       float64 // m of Q4_1 and Q5_1, s of Q8_1
	s, m      []int64
	c         []int64
	unit      float64
	minus0    []bool // elements that are −0; nil for most formats
}

// table16 is the table of IQ4_NL and IQ4_XS.
var table16 = [16]int64{-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113}

// table2m1 is twice the value of an E2M1 code.
var table2m1 = [16]int64{0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12}

// decode decodes a block by the formulas of the format's definition.
func decode(f spec.Format, b []byte) *block {
	n := f.BlockLen()
	out := &block{groupLen: n, c: make([]int64, n), unit: 1}
	groups := func(size int) {
		out.groupLen = size
		out.s, out.m = make([]int64, n/size), make([]int64, n/size)
	}
	d := 0.0
	if f != spec.MXFP4 && f != spec.NVFP4 {
		d = f16At(b, 0) // most formats begin with it
	}
	switch f {
	case spec.Q4_0, spec.Q4_1, spec.IQ4NL:
		qs := b[2:]
		if f == spec.Q4_1 {
			qs, out.add = b[4:], f16At(b, 2)
		}
		for i := range 16 {
			out.c[i], out.c[i+16] = int64(qs[i]&15), int64(qs[i]>>4)
		}
		for i, q := range out.c {
			switch f {
			case spec.Q4_0:
				out.c[i] = q - 8
			case spec.IQ4NL:
				out.c[i] = table16[q]
			}
		}
	case spec.Q5_0, spec.Q5_1:
		qs, minus := b[2:], int64(16)
		if f == spec.Q5_1 {
			qs, minus, out.add = b[4:], 0, f16At(b, 2)
		}
		high := binary.LittleEndian.Uint32(qs)
		qs = qs[4:]
		for i := range 16 {
			out.c[i] = int64(qs[i]&15) + 16*int64(high>>i&1) - minus
			out.c[i+16] = int64(qs[i]>>4) + 16*int64(high>>(i+16)&1) - minus
		}
	case spec.Q8_0, spec.Q8_1:
		qs := b[2:]
		if f == spec.Q8_1 {
			qs, out.add = b[4:], f16At(b, 2)
		}
		for i := range out.c {
			out.c[i] = int64(int8(qs[i]))
		}
	case spec.Q8K:
		d = float64(spec.GetF32(b, 0))
		for i := range out.c {
			out.c[i] = int64(int8(b[4+i]))
		}
	case spec.MXFP4:
		d = math.Ldexp(1, int(b[0])-127)
		if b[0] == 255 {
			d = math.NaN()
		}
		out.e2m1(b[1:], 16)
	case spec.NVFP4:
		groups(16)
		for g := range 4 {
			e, m := int(b[g]>>3&15), float64(b[g]&7)
			v := math.Ldexp(1+m/8, e-7)
			switch {
			case b[g]&127 == 127:
				v = math.NaN()
			case e == 0:
				v = math.Ldexp(m, -9)
			}
			out.d = append(out.d, v)
		}
		out.e2m1(b[4:], 8)
	case spec.Q2K:
		groups(16)
		d, out.dmin, out.scaledMin = f16At(b, 80), f16At(b, 82), true
		for g := range 16 {
			out.s[g], out.m[g] = int64(b[g]&15), int64(b[g]>>4)
		}
		for i := range out.c {
			h, j, l := i/128, i%128/32, i%32
			out.c[i] = int64(b[16+32*h+l] >> (2 * j) & 3)
		}
	case spec.Q3K:
		groups(16)
		d = f16At(b, 108)
		s := b[96:108]
		for g := range 16 {
			low := s[g%8] & 15
			if g >= 8 {
				low = s[g%8] >> 4
			}
			out.s[g] = int64(low) + 16*int64(s[8+g%4]>>(2*(g/4))&3) - 32
		}
		for i := range out.c {
			h, j, l := i/128, i%128/32, i%32
			out.c[i] = int64(b[32+32*h+l] >> (2 * j) & 3)
			if b[l]>>(4*h+j)&1 == 0 {
				out.c[i] -= 4
			}
		}
	case spec.Q4K, spec.Q5K:
		groups(32)
		out.dmin, out.scaledMin = f16At(b, 2), true
		s := b[4:16]
		for j := range 8 {
			if j < 4 {
				out.s[j], out.m[j] = int64(s[j]&63), int64(s[j+4]&63)
			} else {
				out.s[j] = int64(s[j+4]&15) + 16*int64(s[j-4]>>6)
				out.m[j] = int64(s[j+4]>>4) + 16*int64(s[j]>>6)
			}
		}
		qs := b[16:]
		if f == spec.Q5K {
			qs = b[48:]
		}
		for i := range out.c {
			chunk, in := i/64, i%64
			v := qs[32*chunk+in%32]
			if in < 32 {
				out.c[i] = int64(v % 16)
			} else {
				out.c[i] = int64(v / 16)
			}
			if f == spec.Q5K {
				out.c[i] += 16 * int64(b[16+i%32]>>(i/32)&1)
			}
		}
	case spec.Q6K:
		groups(16)
		d = f16At(b, 208)
		for g := range out.s {
			out.s[g] = int64(int8(b[192+g]))
		}
		for h := range 2 {
			ql, qh := b[64*h:], b[128+32*h:]
			for l := range 32 {
				c := out.c[128*h+l:]
				c[0] = int64(ql[l]&15) + 16*int64(qh[l]&3) - 32
				c[32] = int64(ql[l+32]&15) + 16*int64(qh[l]>>2&3) - 32
				c[64] = int64(ql[l]>>4) + 16*int64(qh[l]>>4&3) - 32
				c[96] = int64(ql[l+32]>>4) + 16*int64(qh[l]>>6) - 32
			}
		}
	case spec.IQ4XS:
		groups(32)
		high := binary.LittleEndian.Uint16(b[2:])
		for g := range out.s {
			out.s[g] = int64(b[4+g/2]>>(4*(g%2))&15) + 16*int64(high>>(2*g)&3) - 32
		}
		for i := range out.c {
			g, l := i/32, i%32
			v := b[8+16*g+l%16]
			out.c[i] = table16[v>>(4*(l/16))&15]
		}
	default:
		panic("oracle: no decoder for " + f.String())
	}
	if out.s == nil {
		groups(n)
	}
	if f != spec.Q2K && f != spec.Q3K && f != spec.Q4K && f != spec.Q5K && f != spec.Q6K && f != spec.IQ4XS {
		for g := range out.s {
			out.s[g] = 1
		}
	}
	for len(out.d) < len(out.s) {
		out.d = append(out.d, d)
	}
	return out
}

// e2m1 decodes runs of 2·half elements: low nibbles first, then high ones.
func (b *block) e2m1(qs []byte, half int) {
	b.unit, b.minus0 = 0.5, make([]bool, len(b.c))
	for i := range b.c {
		code := qs[i/(2*half)*half+i%half] >> (4 * (i / half % 2)) & 15
		b.c[i], b.minus0[i] = table2m1[code], code == 8
	}
}

func f16At(b []byte, at int) float64 { return f16(binary.LittleEndian.Uint16(b[at:])) }

// f16 returns the value of a binary16 pattern: (−1)^s·2^(e−15)·(1+f/1024), for
// e = 0 (−1)^s·2^−14·f/1024, and for e = 31 infinity or NaN.
func f16(h uint16) float64 {
	sign, e, f := 1.0, int(h>>10&31), float64(h&1023)
	if h>>15 == 1 {
		sign = -1
	}
	switch {
	case e == 31 && f != 0:
		return math.NaN()
	case e == 31:
		return math.Inf(int(sign))
	case e == 0:
		return sign * math.Ldexp(f/1024, -14)
	}
	return sign * math.Ldexp(1+f/1024, e-15)
}

// ieee evaluates the value of element i in float64, where nothing rounds but
// the subtraction: right in class and in the sign of a zero.
func (b *block) ieee(i int, added bool) float64 {
	g := i / b.groupLen
	c := float64(b.c[i]) * b.unit
	if b.minus0 != nil && b.minus0[i] {
		c = math.Copysign(0, -1)
	}
	y := b.d[g] * float64(b.s[g]) * c
	switch {
	case added:
		return y + b.add
	case b.scaledMin:
		return y - b.dmin*float64(b.m[g])
	}
	return y
}

// Values returns the exact values of the elements of a block; they have at most
// 51 significant bits. Non-finite scales give IEEE's values.
func Values(f spec.Format, blk []byte) []float64 {
	b := decode(f, blk)
	out := make([]float64, len(b.c))
	for i := range out {
		out[i] = b.ieee(i, addsMin(f))
	}
	return out
}

// addsMin tells whether m is added to the values of the format.
func addsMin(f spec.Format) bool { return f == spec.Q4_1 || f == spec.Q5_1 }
