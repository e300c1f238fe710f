package oracle

import (
	"encoding/binary"
	"math"

	"assay/spec"
)

// q4k is a decoded Q4_K super-block; scales are exact in float64.
type q4k struct {
	d, dmin float64
	sc, m   [spec.Q4KSubBlocks]int64
	q       [spec.SuperBlock]int64
}

// decodeQ4K decodes by the definition of the format.
func decodeQ4K(blk []byte) q4k {
	var out q4k
	out.d = f16(binary.LittleEndian.Uint16(blk[spec.Q4KOffD:]))
	out.dmin = f16(binary.LittleEndian.Uint16(blk[spec.Q4KOffDMin:]))
	s := blk[spec.Q4KOffScales:spec.Q4KOffQuants]
	for j := range spec.Q4KSubBlocks {
		if j < 4 {
			out.sc[j], out.m[j] = int64(s[j]&63), int64(s[j+4]&63)
		} else {
			out.sc[j] = int64(s[j+4]&15) + 16*int64(s[j-4]>>6)
			out.m[j] = int64(s[j+4]>>4) + 16*int64(s[j]>>6)
		}
	}
	for i := range out.q {
		chunk, in := i/64, i%64
		b := blk[spec.Q4KOffQuants+32*chunk+in%32]
		if in < 32 {
			out.q[i] = int64(b % 16)
		} else {
			out.q[i] = int64(b / 16)
		}
	}
	return out
}

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

// Q4KValues returns the 256 exact values of a Q4_K super-block; d·sc·q − dmin·m
// has at most 51 significant bits. Non-finite scales give IEEE's values.
func Q4KValues(blk []byte) [spec.SuperBlock]float64 {
	b := decodeQ4K(blk)
	var out [spec.SuperBlock]float64
	for i := range out {
		j := i / spec.Q4KSubBlockLen
		out[i] = b.d*float64(b.sc[j])*float64(b.q[i]) - b.dmin*float64(b.m[j])
	}
	return out
}
