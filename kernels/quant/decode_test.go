package quant_test

import (
	"encoding/binary"
	"math"

	"assay/kernels/quant"
	"assay/spec"
)

// format is a quantiser with a plain decoder of its blocks, in exact float64
// arithmetic.
type format struct {
	spec.Format
	quantize func(dst []byte, src []float32)
	decode   func(y []float64, blk []byte)
	scales   []int // offsets of the f16 scales
}

var all = []format{
	{spec.Q4_0, quant.Q4_0, decodeQ4_0, []int{0}},
	{spec.Q8_0, quant.Q8_0, decodeQ8_0, []int{0}},
	{spec.Q4K, quant.Q4K, decodeQ4K, []int{0, 2}},
	{spec.Q5K, quant.Q5K, decodeQ5K, []int{0, 2}},
	{spec.Q6K, quant.Q6K, decodeQ6K, []int{208}},
}

// bytes returns the blocks of x.
func (f format) bytes(x []float32) []byte {
	b := make([]byte, f.Bytes(len(x)))
	for i := range b {
		b[i] = 0xa5 // every byte is written
	}
	f.quantize(b, x)
	return b
}

// values decodes blocks.
func (f format) values(b []byte) []float64 {
	n, size := f.BlockLen(), f.BlockBytes()
	y := make([]float64, len(b)/size*n)
	for i := range len(b) / size {
		f.decode(y[i*n:][:n], b[i*size:][:size])
	}
	return y
}

// f16 decodes the f16 at blk.
func f16(blk []byte) float64 {
	h := binary.LittleEndian.Uint16(blk)
	e, m := int(h>>10&31), float64(h&1023)
	v := math.Ldexp(1024+m, e-25)
	switch e {
	case 0:
		v = math.Ldexp(m, -24)
	case 31:
		v = math.Inf(1)
		if m != 0 {
			v = math.NaN()
		}
	}
	if h>>15 == 1 {
		v = -v
	}
	return v
}

func decodeQ4_0(y []float64, blk []byte) {
	for i := range 16 {
		y[i] = f16(blk) * (float64(blk[2+i]&15) - 8)
		y[i+16] = f16(blk) * (float64(blk[2+i]>>4) - 8)
	}
}

func decodeQ8_0(y []float64, blk []byte) {
	for i := range y {
		y[i] = f16(blk) * float64(int8(blk[2+i]))
	}
}

// sixBits returns pair j of the packed scales and mins.
func sixBits(s []byte, j int) (sc, m float64) {
	if j < 4 {
		return float64(s[j] & 63), float64(s[j+4] & 63)
	}
	return float64(s[j+4]&15 | s[j-4]>>6<<4), float64(s[j+4]>>4 | s[j]>>6<<4)
}

func decodeQ4K(y []float64, blk []byte) { decodeAffine(y, blk, nil, blk[16:]) }
func decodeQ5K(y []float64, blk []byte) { decodeAffine(y, blk, blk[16:48], blk[48:]) }

func decodeAffine(y []float64, blk, qh, qs []byte) {
	d, dmin := f16(blk), f16(blk[2:])
	for g := range 8 {
		sc, m := sixBits(blk[4:16], g)
		for l := range 32 {
			q := qs[g/2*32+l] >> (g % 2 * 4) & 15
			if qh != nil {
				q |= qh[l] >> g & 1 << 4
			}
			y[32*g+l] = d*sc*float64(q) - dmin*m
		}
	}
}

func decodeQ6K(y []float64, blk []byte) {
	d := f16(blk[208:])
	for h := range 2 {
		ql, qh, sc := blk[64*h:], blk[128+32*h:], blk[192+8*h:]
		for l := range 32 {
			for k, low := range []byte{ql[l] & 15, ql[l+32] & 15, ql[l] >> 4, ql[l+32] >> 4} {
				q := int(low|qh[l]>>(2*k)&3<<4) - 32
				y[128*h+32*k+l] = d * float64(int8(sc[l/16+2*k])) * float64(q)
			}
		}
	}
}
