package oracle

import (
	"math/big"

	"assay/spec"
)

// dequant rounds the exact rational value of each element once.
func dequant(f spec.Format, src []byte) []byte {
	var out []float32
	for ; len(src) > 0; src = src[f.BlockBytes():] {
		b := decode(f, src)
		for i, c := range b.c {
			g := i / b.groupLen
			y := float32(b.ieee(i, addsMin(f)))
			if y != 0 && finite(b.d[g]) && finite(b.dmin) && finite(b.add) {
				v := new(big.Rat).Mul(rat(b.d[g]*b.unit), big.NewRat(b.s[g]*c, 1))
				v.Sub(v, new(big.Rat).Mul(rat(b.dmin), big.NewRat(b.m[g], 1)))
				if addsMin(f) {
					v.Add(v, rat(b.add))
				}
				y, _ = v.Float32()
			}
			out = append(out, y)
		}
	}
	return spec.FloatBytes(out)
}

func rat(x float64) *big.Rat { return new(big.Rat).SetFloat64(x) }

// widen returns the f32 values of F16 or BF16 elements.
func widen(f spec.Format, src []byte) []byte {
	if f == spec.F32 {
		return src
	}
	out := make([]byte, 2*len(src))
	for i := range len(src) / 2 {
		if f == spec.BF16 {
			copy(out[4*i+2:], src[2*i:2*i+2])
		} else {
			spec.PutF32(out[4*i:], float32(f16At(src, 2*i)))
		}
	}
	return out
}
