package kernels

import "assay/spec"

var (
	quantizeQ8KGGML     = Dispatched(spec.OpQuantizeQ8KGGML).Func.(spec.Quantize)
	quantizeQ8KAprender = Dispatched(spec.OpQuantizeQ8KAprender).Func.(spec.Quantize)
)

// QuantizeQ8KGGML writes src as Q8_K blocks by ggml's rule: scale from the
// signed value of largest magnitude, ties to even. len(src) is a multiple of
// 256, len(dst) 292 bytes for each 256.
func QuantizeQ8KGGML(dst []byte, src []float32) { quantizeQ8KGGML(dst, src) }

// QuantizeQ8KAprender writes src as Q8_K blocks by aprender's rule: scale
// amax/127, ties away from zero. Sizes as for QuantizeQ8KGGML.
func QuantizeQ8KAprender(dst []byte, src []float32) { quantizeQ8KAprender(dst, src) }
