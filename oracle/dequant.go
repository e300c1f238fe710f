package oracle

import (
	"math"
	"math/big"

	"assay/spec"
)

// dequantQ4K rounds the exact rational value of each element once.
func dequantQ4K(src []byte) []byte {
	var out []float32
	for b := range len(src) / spec.Q4KBytes {
		blk := decodeQ4K(src[b*spec.Q4KBytes:])
		for i, q := range blk.q {
			j := i / spec.Q4KSubBlockLen
			if !finite(blk.d) || !finite(blk.dmin) {
				out = append(out, float32(blk.d*float64(blk.sc[j])*float64(q)-blk.dmin*float64(blk.m[j])))
				continue
			}
			pos := new(big.Rat).Mul(rat(blk.d), big.NewRat(blk.sc[j]*q, 1))
			neg := new(big.Rat).Mul(rat(blk.dmin), big.NewRat(blk.m[j], 1))
			y, _ := new(big.Rat).Sub(pos, neg).Float32()
			if y == 0 && math.Signbit(blk.d) && pos.Sign() == 0 && neg.Sign() == 0 && !math.Signbit(blk.dmin) {
				y = float32(math.Copysign(0, -1)) // −0 − (+0)
			}
			out = append(out, y)
		}
	}
	return spec.FloatBytes(out)
}

func rat(x float64) *big.Rat { return new(big.Rat).SetFloat64(x) }
