package kernels

import (
	"encoding/binary"

	"assay/spec"
)

// superBlock is a decoded super-block, in groups of 16 elements: formats with
// groups of 32 have each scale twice. Element i is d·s·c − dmin·m.
type superBlock struct {
	d, dmin float32
	s, m    [16]int32
	c       [spec.SuperBlock]int32
}

// superFormat is a format of super-blocks.
type superFormat struct {
	format spec.Format
	decode func(b *superBlock, blk []byte)
	min    bool  // there is a dmin
	bias   int32 // the dot adds it to the codes and takes it back through the bsums
}

var superFormats = []superFormat{
	{spec.Q2K, decodeQ2K, true, 0},
	{spec.Q3K, decodeQ3K, false, 0},
	{spec.Q5K, decodeQ5K, true, 0},
	{spec.Q6K, decodeQ6K, false, 32},
	{spec.IQ4XS, decodeIQ4XS, false, 0},
}

func (f superFormat) dequant(dst []float32, src []byte) {
	op := spec.OpDequant(f.format)
	var b superBlock
	for i := range checkBlocks(op, len(dst), len(src), f.format) {
		f.decode(&b, src[i*f.format.BlockBytes():])
		out := dst[i*spec.SuperBlock:][:spec.SuperBlock]
		for k, c := range b.c {
			g := k / 16
			y := float32(float32(b.d*float32(b.s[g])) * float32(c)) // rounds at most once
			if f.min {
				y -= float32(b.dmin * float32(b.m[g]))
			}
			out[k] = y
		}
	}
}

// dot is the dot with Q8_K, in the order of spec.TreeLanes.
func (f superFormat) dot(w, x []byte) float32 {
	var pos, neg [spec.QuantDotLanes]float32
	var b superBlock
	for i := range checkDot(f.format, spec.Q8K, w, x) {
		f.decode(&b, w[i*f.format.BlockBytes():])
		xb := x[i*spec.Q8KBytes:]
		var dots, mins [spec.QuantDotLanes]int32
		for k, c := range b.c {
			dots[k%32/4] += b.s[k/16] * (c + f.bias) * int32(int8(xb[spec.Q8KOffQuants+k]))
		}
		for g := range b.m {
			dots[g/2] -= f.bias * b.s[g] * q8kBsum(xb, g)
			mins[g/2] += b.m[g] * q8kBsum(xb, g)
		}
		dx := spec.GetF32(xb[spec.Q8KOffD:], 0)
		dd, dm := b.d*dx, b.dmin*dx
		for l := range pos {
			pos[l] = fma32(dd, float32(dots[l]), pos[l])
			if f.min {
				neg[l] = fma32(dm, float32(mins[l]), neg[l])
			}
		}
	}
	if f.min {
		for l := range pos {
			pos[l] -= neg[l]
		}
	}
	return foldLanes(pos[:])
}

func decodeQ2K(b *superBlock, blk []byte) {
	b.d, b.dmin = f16At(blk, 80), f16At(blk, 82)
	for g, v := range blk[:16] {
		b.s[g], b.m[g] = int32(v&15), int32(v>>4)
	}
	for i := range b.c {
		b.c[i] = int32(blk[16+i/128*32+i%32] >> (i % 128 / 32 * 2) & 3)
	}
}

func decodeQ3K(b *superBlock, blk []byte) {
	b.d = f16At(blk, 108)
	s := blk[96:108]
	for g := range b.s {
		low, high := s[g%8]>>(g/8*4)&15, s[8+g%4]>>(g/4*2)&3
		b.s[g] = int32(low|high<<4) - 32
	}
	for i := range b.c {
		low := blk[32+i/128*32+i%32] >> (i % 128 / 32 * 2) & 3
		high := blk[i%32] >> (i / 32) & 1
		b.c[i] = int32(low|high<<2) - 4
	}
}

func decodeQ5K(b *superBlock, blk []byte) {
	b.d, b.dmin = f16At(blk, 0), f16At(blk, 2)
	for j := range 8 {
		sc, m := q4kScale(blk, j)
		b.s[2*j], b.s[2*j+1] = int32(sc), int32(sc)
		b.m[2*j], b.m[2*j+1] = int32(m), int32(m)
	}
	for i := range b.c {
		low := blk[48+i/64*32+i%32] >> (i % 64 / 32 * 4) & 15
		high := blk[16+i%32] >> (i / 32) & 1
		b.c[i] = int32(low | high<<4)
	}
}

func decodeQ6K(b *superBlock, blk []byte) {
	b.d = f16At(blk, 208)
	for g := range b.s {
		b.s[g] = int32(int8(blk[192+g]))
	}
	for i := range b.c {
		half, quarter, l := i/128, i%128/32, i%32
		low := blk[64*half+quarter%2*32+l] >> (quarter / 2 * 4) & 15
		high := blk[128+32*half+l] >> (quarter * 2) & 3
		b.c[i] = int32(low|high<<4) - 32
	}
}

func decodeIQ4XS(b *superBlock, blk []byte) {
	b.d = f16At(blk, 0)
	high := binary.LittleEndian.Uint16(blk[2:])
	for g := range 8 {
		s := int32(blk[4+g/2]>>(g%2*4)&15) | int32(high>>(2*g)&3)<<4
		b.s[2*g], b.s[2*g+1] = s-32, s-32
	}
	for i := range b.c {
		b.c[i] = nonlinear[blk[8+i/32*16+i%16]>>(i%32/16*4)&15]
	}
}

// nonlinear is the table of IQ4_NL and IQ4_XS.
var nonlinear = [16]int32{-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113}
