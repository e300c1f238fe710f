package kernels

import "assay/spec"

// q4kHeader returns the f16 scales of a Q4_K super-block as f32, which is
// exact.
func q4kHeader(blk []byte) (d, dmin float32) {
	return f16At(blk, spec.Q4KOffD), f16At(blk, spec.Q4KOffDMin)
}

// q4kScale returns the 6-bit scale and min of sub-block j.
func q4kScale(blk []byte, j int) (sc, m uint8) {
	s := blk[spec.Q4KOffScales:]
	if j < 4 {
		return s[j] & 63, s[j+4] & 63
	}
	return s[j+4]&15 | s[j-4]>>6<<4, s[j+4]>>4 | s[j]>>6<<4
}

// q4kQuants returns the 32 bytes that hold the quants of sub-block j, and the
// shift to its nibbles.
func q4kQuants(blk []byte, j int) (qs []byte, shift uint) {
	return blk[spec.Q4KOffQuants+32*(j/2):][:32], uint(4 * (j % 2))
}
