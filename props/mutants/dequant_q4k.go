package mutants

import (
	"encoding/binary"
	"math"

	"assay/spec"
)

// dequantizer is the base of dequant_q4k.
type dequantizer struct {
	decoder
	blocks  func(nb int) int // how many of a row's super-blocks are done
	scaleOf [256]int         // the sub-block whose scale and whose min
	minOf   [256]int         // an element of a super-block takes
	value   func(d1, q, m1 float32) float32
	block   func(dst []float32, s *superBlock)
}

func newDequantizer() *dequantizer {
	k := &dequantizer{
		decoder: newDecoder(),
		blocks:  func(nb int) int { return nb },
		value:   func(d1, q, m1 float32) float32 { return float32(d1*q) - m1 },
	}
	for i := range spec.SuperBlock {
		k.scaleOf[i], k.minOf[i] = i/32, i/32
	}
	k.block = func(dst []float32, s *superBlock) {
		for i := range dst {
			d1, m1 := s.d*float32(s.sc[k.scaleOf[i]]), s.dmin*float32(s.m[k.minOf[i]])
			dst[i] = k.value(d1, float32(s.q[i]), m1)
		}
	}
	return k
}

func (k *dequantizer) run(dst []float32, src []byte) {
	for b := range k.blocks(len(dst) / spec.SuperBlock) {
		k.block(dst[b*spec.SuperBlock:][:spec.SuperBlock], k.decode(src, b))
	}
}

func dequantMutants() []Mutant {
	entry := func(k *dequantizer) spec.Func { return spec.Dequantize(k.run) }
	return family(spec.OpDequantQ4K, newDequantizer, entry, []edit[dequantizer]{
		{"A04", "paiml/aprender PR 1924", layout, "the quants of sub-block j are read from byte 4j on", func(k *dequantizer) {
			k.quants = each(func(qs []byte, i int) byte { return qs[i/32*4+i%32] >> (i / 32 % 2 * 4) })
		}},
		{"A34", "ikawrakow/ik_llama.cpp PR 795", scale, "the header is skipped once, and the rest taken for one run of quants", func(k *dequantizer) {
			k.after = func(w []byte, b int, s *superBlock) {
				base := newDecoder()
				*s = *base.decode(w, 0)
				quants(&s.q, w[spec.Q4KOffQuants+128*b:])
			}
		}},
		{"B02", "ariannamethod/notorch ca6925c", scale, "the index of the scale lacks the term for the high nibbles", func(k *dequantizer) {
			for i := range k.scaleOf {
				k.scaleOf[i] = i / 64 * 2
			}
		}},
		{"B06", "paiml/aprender PR 2141", layout, "six bits of a byte are taken as the scale for all sub-blocks, not the first four alone", func(k *dequantizer) {
			k.pair = func(s []byte, j int) (sc, m int32) { return int32(s[j] & 63), int32(s[j+4] & 63) }
		}},
		{"B07", "huggingface/candle PR 1569", formula, "1 is added where the high bits of a scale are clear", func(k *dequantizer) {
			k.pair = func(s []byte, j int) (sc, m int32) {
				sc, m = pair(s, j)
				if j >= 4 && sc < 16 {
					sc++
				}
				return sc, m
			}
		}},
		{"B09", "SKaiNET-developers/SKaiNET#555", layout, "the quants are read as one stream of nibbles", func(k *dequantizer) {
			k.quants = each(func(qs []byte, i int) byte { return qs[i/2] >> (4 * (i & 1)) })
		}},
		{"B14", "1bit-MONSTER#450", tail, "a return inside the loop ends after the first super-block", func(k *dequantizer) {
			k.blocks = func(nb int) int { return min(nb, 1) }
		}},
		{"B16", "1bit-MONSTER#153", layout, "the index of a quant lacks the chunk", func(k *dequantizer) {
			k.quants = each(func(qs []byte, i int) byte { return qs[i%32] >> (i / 32 % 2 * 4) })
		}},
		{"B17", "1bit-MONSTER PR 572", formula, "a nibble is taken for a two's complement number", func(k *dequantizer) {
			k.after = func(_ []byte, _ int, s *superBlock) {
				for i, q := range s.q {
					s.q[i] = (q ^ 8) - 8
				}
			}
		}},
		{"B22", "antirez/gguf-tools PR 9", layout, "dmin is read from the third 16-bit word", func(k *dequantizer) { k.dminAt = 4 }},
		{"B23", "ml-explore/mlx PR 3664", layout, "the scales are read from after d, not from after dmin", func(k *dequantizer) { k.scalesAt = 2 }},
		{"B24", "ggml-org/ggml#51", operand, "bytes of quants are sign-extended before the shift", func(k *dequantizer) {
			k.after = func(_ []byte, _ int, s *superBlock) {
				for i, q := range s.q {
					if i%64 >= 32 { // high nibbles
						s.q[i] = (q ^ 8) - 8
					}
				}
			}
		}},
		{"B30", "intel/neural-speed PR 19", scale, "the min is picked by the element, not by element/32", func(k *dequantizer) {
			for i := range k.minOf {
				k.minOf[i] = i % 8
			}
		}},
		{"B35", "1bit-MONSTER#734", tail, "only the first quarter of each 128 values is written", func(k *dequantizer) {
			base := k.block
			k.block = func(dst []float32, s *superBlock) {
				var all [spec.SuperBlock]float32
				base(all[:], s)
				copy(dst[:32], all[:])
				copy(dst[128:160], all[128:])
			}
		}},
		{"B36", "1bit-MONSTER PR 1234", stride, "blocks have the size of the neighbouring type, Q3_K", func(k *dequantizer) {
			k.locate = func(b int) int { return 110 * b }
		}},
		{"B41", "1bit-MONSTER#473", tiny, "d is decoded as bfloat16", func(k *dequantizer) {
			k.after = func(w []byte, b int, s *superBlock) { s.d = bfloat(binary.LittleEndian.Uint16(w[b*spec.Q4KBytes:])) }
		}},
		{"C53", "ARM-software/kleidiai 682dd99", bounds, "the quants of the last chunk are loaded with a vector of 64 bytes", func(k *dequantizer) {
			k.after = func(w []byte, b int, _ *superBlock) { peek(w, b*spec.Q4KBytes+spec.Q4KOffQuants+96+63) }
		}},
		{"D20", "pytorch/FBGEMM PR 1784", stride, "the offset of a block is kept in a type too short, here of 16 bits", func(k *dequantizer) {
			k.locate = func(b int) int { return int(uint16(b * spec.Q4KBytes)) }
		}},
		{"E02-b", "ggml-org/llama.cpp PR 22841", precise, "d·sc is kept in f16", func(k *dequantizer) {
			k.value = func(d1, q, m1 float32) float32 {
				if r := viaHalf(d1); r-r == 0 {
					d1 = r
				}
				return float32(d1*q) - m1
			}
		}},
		{"E30", "sonos/tract 98b537c87", operand, "the operands of the subtraction are swapped, and the difference negated: zeros get the wrong sign", func(k *dequantizer) {
			k.value = func(d1, q, m1 float32) float32 { return -(m1 - float32(d1*q)) }
		}},
		{"I24", "pytorch/pytorch#13448", special, "a quant of 0 gives 0, whatever the scale", func(k *dequantizer) {
			k.value = func(d1, q, m1 float32) float32 {
				if q == 0 {
					return 0 - m1
				}
				return float32(d1*q) - m1
			}
		}},
		{"J02", "tphakala/simd PR 121", tiny, "an f16 NaN with a payload in the low bits alone becomes an infinity", func(k *dequantizer) {
			k.half = func(h uint16) float32 {
				if h&0x7c00 == 0x7c00 && h&0x3f0 == 0 {
					h &^= 0xf
				}
				return half(h)
			}
		}},
		{"J06", "paiml/aprender PR 2129", tiny, "f16 subnormals are halved", func(k *dequantizer) {
			k.half = func(h uint16) float32 {
				if h>>10&31 == 0 {
					return half(h) / 2
				}
				return half(h)
			}
		}},
		{"J15", "microsoft/DirectXMath#16", tiny, "f16 has no infinity and no NaN", func(k *dequantizer) {
			k.half = func(h uint16) float32 {
				if h&0x7c00 == 0x7c00 {
					return float32(math.Copysign(float64(1024+int(h&1023))*64, float64(half(h&0x8000|0x3c00))))
				}
				return half(h)
			}
		}},
		{"J17", "factor/factor#2167", tiny, "the least f16 subnormal is taken as zero", func(k *dequantizer) {
			k.half = func(h uint16) float32 {
				if h&0x7fff == 1 {
					h &= 0x8000
				}
				return half(h)
			}
		}},
	})
}
