package mutants

import (
	"encoding/binary"
	"math"

	"assay/spec"
)

// blockQuantizer is the base of quantize_q8_0 and quantize_q8_1.
type blockQuantizer struct {
	f       spec.Format
	counts  func(i int) bool // elements that take part in the maximum
	scale   func(amax float32) float32
	inverse func(s float32) float32
	round   func(i int, p float32) int32
	clamp   func(q int32) byte
	sums    func(i int) bool // elements that take part in the sum
	stored  func(s float32) uint16
	bad     func(p float32) byte // the quant of a product that is not finite
	source  func(b int) int      // the block of the input that block b takes
}

func newBlockQuantizer(f spec.Format) func() *blockQuantizer {
	return func() *blockQuantizer {
		return &blockQuantizer{
			f:       f,
			counts:  func(int) bool { return true },
			scale:   func(amax float32) float32 { return amax / 127 },
			inverse: func(s float32) float32 { return 1 / s },
			round:   func(_ int, p float32) int32 { return int32(math.Round(float64(p))) },
			clamp:   func(q int32) byte { return byte(q) },
			sums:    func(int) bool { return true },
			stored:  func(s float32) uint16 { return toHalf(math.Float32bits(s)) },
			bad:     func(float32) byte { return 0 },
			source:  func(b int) int { return b },
		}
	}
}

func (k *blockQuantizer) run(dst []byte, src []float32) {
	size := k.f.BlockBytes()
	for b := range len(src) / spec.Block {
		x, out := src[k.source(b)*spec.Block:][:spec.Block], dst[b*size:][:size]
		var amax float32
		for i, v := range x {
			if a := float32(math.Abs(float64(v))); a > amax && k.counts(i) {
				amax = a
			}
		}
		s := k.scale(amax)
		inv, sum := k.inverse(s), int32(0)
		for i, v := range x {
			p := v * inv
			q := k.bad(p)
			if p-p == 0 {
				q = k.clamp(k.round(i, p))
			}
			out[size-spec.Block+i] = q
			if k.sums(i) {
				sum += int32(int8(q))
			}
		}
		binary.LittleEndian.PutUint16(out, k.stored(s))
		if k.f == spec.Q8_1 {
			binary.LittleEndian.PutUint16(out[2:], k.stored(float32(sum)*s))
		}
	}
}

func quantizeQ8Mutants(op spec.Op, f spec.Format) []Mutant {
	entry := func(k *blockQuantizer) spec.Func { return spec.Quantize(k.run) }
	edits := []edit[blockQuantizer]{
		{"B26", "huggingface/candle PR 616", stride, "the source is advanced twice", func(k *blockQuantizer) {
			k.source = func(b int) int { return b / 2 * 2 }
		}},
		{"C18", "ggml-org/llama.cpp PR 14827", lane, "the maximum in some lanes is never compared", func(k *blockQuantizer) {
			k.counts = func(i int) bool { return i%4 != 2 }
		}},
		{"C55", "ARM-software/kleidiai d157229", overflow, "the scale is too small and the rounded value wraps", func(k *blockQuantizer) {
			k.scale = func(amax float32) float32 { return amax / 128 }
		}},
		{"D02", "ggml-org/llama.cpp commit bf0b4c808", stride, "a block after one of zeros reads from the wrong place", func(k *blockQuantizer) {
			k.source = func(b int) int { return max(0, b-b%3/2) }
		}},
		{"D03", "ggml-org/llama.cpp PR 7313", special, "a small maximum is taken for zero", func(k *blockQuantizer) {
			k.inverse = func(s float32) float32 {
				if s < 1e-12 {
					return 0
				}
				return 1 / s
			}
		}},
		{"D14", "huggingface/candle PR 3629", rounding, "ties go to even", func(k *blockQuantizer) {
			k.round = func(_ int, p float32) int32 { return int32(math.RoundToEven(float64(p))) }
		}},
		{"D15", "pytorch/FBGEMM aa5b56a0d", rounding, "ties go to even in the first half of a block", func(k *blockQuantizer) {
			k.round = func(i int, p float32) int32 {
				if i < 16 {
					return int32(math.RoundToEven(float64(p)))
				}
				return int32(math.Round(float64(p)))
			}
		}},
		{"D18", "ggml-org/llama.cpp PR 8939", rounding, "rounding by adding a half and truncating towards zero, in f32", func(k *blockQuantizer) {
			k.round = func(_ int, p float32) int32 { return int32(p + float32(math.Copysign(0.5, float64(p)))) }
		}},
		{"D26", "google/XNNPACK 2948ee8013", tiny, "the inverse scale is rounded to f16", func(k *blockQuantizer) {
			k.inverse = func(s float32) float32 { return viaHalf(1 / s) }
		}},
		{"D29", "sgl-project/sglang-jax PR 1598", rounding, "truncation instead of rounding", func(k *blockQuantizer) {
			k.round = func(_ int, p float32) int32 { return int32(p) }
		}},
		{"D33", "tensorchord/pgvecto.rs PR 574", rounding, "the last elements do not take part in the maximum", func(k *blockQuantizer) {
			k.counts = func(i int) bool { return i < 28 }
		}},
		{"D34", "leanprover/TensorLib PR 99", special, "the inverse of a tiny scale overflows, and the products saturate", func(k *blockQuantizer) {
			k.bad = func(p float32) byte {
				switch {
				case p > 0:
					return 127
				case p < 0:
					return 129 // −127
				}
				return 0
			}
		}},
		{"J03", "invergent-ai/surogate#162", tiny, "a subnormal stored scale is flushed", func(k *blockQuantizer) {
			k.stored = func(s float32) uint16 {
				if h := toHalf(math.Float32bits(s)); h&0x7c00 != 0 {
					return h
				}
				return 0
			}
		}},
		{"J05", "paiml/aprender PR 2073", rounding, "the stored scale is truncated", func(k *blockQuantizer) {
			k.stored = func(s float32) uint16 {
				if b := math.Float32bits(s); b&0x7fffffff >= 0x38800000 && b&0x7fffffff < 0x477fe000 {
					return toHalf(b &^ 0x1fff)
				}
				return toHalf(math.Float32bits(s))
			}
		}},
		{"D01", "ggml-org/llama.cpp#2982", special, "a zero block divides by zero, and NaN becomes the least integer", func(k *blockQuantizer) {
			k.bad = func(p float32) byte {
				if p != p {
					return 128
				}
				return 0
			}
		}},
		{"D11", "intel/auto-round#1908", special, "a zero block's scale becomes NaN", func(k *blockQuantizer) {
			k.stored = func(s float32) uint16 {
				if s == 0 {
					return 0x7e00
				}
				return toHalf(math.Float32bits(s))
			}
		}},
	}
	if f == spec.Q8_1 {
		edits = append(edits, edit[blockQuantizer]{"C11", "ggml-org/llama.cpp PR 1117", lane, "half of the lanes are missing in the sum", func(k *blockQuantizer) {
			k.sums = func(i int) bool { return i%8 < 4 }
		}})
	}
	return family(op, newBlockQuantizer(f), entry, edits)
}
