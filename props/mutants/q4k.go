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
	quant    func(qs []byte, i int) int32        // qs begins at the quants
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
		quant:    quant,
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

// quant returns quant i: chunks of 64 elements take 32 bytes, low nibbles
// first.
func quant(qs []byte, i int) int32 {
	b := qs[i/64*32+i%32]
	if i%64 < 32 {
		return int32(b & 0xf)
	}
	return int32(b >> 4)
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
	for i := range s.q {
		s.q[i] = k.quant(blk[spec.Q4KOffQuants:], i)
	}
	if k.after != nil {
		k.after(w, b, s)
	}
	return s
}

// each calls f for every quant.
func (s *superBlock) each(f func(q *int32)) {
	for i := range s.q {
		f(&s.q[i])
	}
}
