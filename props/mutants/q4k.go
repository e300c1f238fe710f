package mutants

import (
	"encoding/binary"

	"assay/spec"
)

// superBlock is a decoded Q4_K super-block.
type superBlock struct {
	d, dmin float32
	sc, m   [8]int32
	q       [256]int32
}

// decoder reads Q4_K super-blocks.
type decoder struct {
	locate   func(b int) int // first byte of super-block b of a row
	dminAt   int             // offsets in the block
	scalesAt int
	half     func(h uint16) float32
	pair     func(s []byte, j int) (sc, m int32) // s begins at the scales
	quants   func(q *[256]int32, qs []byte)      // qs begins at the quants
	// after may spoil the block, the b-th of row w; nil in the base.
	after func(w []byte, b int, s *superBlock)
}

func newDecoder() decoder {
	return decoder{
		locate:   func(b int) int { return b * spec.Q4KBytes },
		dminAt:   spec.Q4KOffDMin,
		scalesAt: spec.Q4KOffScales,
		half:     half,
		pair:     pair,
		quants:   quants,
	}
}

// pair returns the six-bit scale and min of sub-block j.
func pair(s []byte, j int) (sc, m int32) {
	if j < 4 {
		return int32(s[j] & 0x3f), int32(s[4+j] & 0x3f)
	}
	low := s[4+j] // the four low bits of both
	return int32(low&0xf | s[j-4]&0xc0>>2), int32(low>>4 | s[j]&0xc0>>2)
}

// quants unpacks the quants: chunks of 64 elements take 32 bytes, low nibbles
// first.
func quants(q *[256]int32, qs []byte) {
	for chunk := range 4 {
		for l, b := range qs[32*chunk : 32*chunk+32] {
			q[64*chunk+l] = int32(b & 0xf)
			q[64*chunk+32+l] = int32(b >> 4)
		}
	}
}

// each makes a wrong way to unpack of one for quant i.
func each(f func(qs []byte, i int) byte) func(q *[256]int32, qs []byte) {
	return func(q *[256]int32, qs []byte) {
		for i := range q {
			q[i] = int32(f(qs, i) & 0xf)
		}
	}
}

// decode decodes super-block b of row w.
func (k *decoder) decode(w []byte, b int) *superBlock {
	blk := w[k.locate(b):]
	s := &superBlock{
		d:    k.half(binary.LittleEndian.Uint16(blk[spec.Q4KOffD:])),
		dmin: k.half(binary.LittleEndian.Uint16(blk[k.dminAt:])),
	}
	for j := range s.sc {
		s.sc[j], s.m[j] = k.pair(blk[k.scalesAt:], j)
	}
	k.quants(&s.q, blk[spec.Q4KOffQuants:])
	if k.after != nil {
		k.after(w, b, s)
	}
	return s
}
