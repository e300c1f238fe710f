package kernels

import "assay/spec"

var dequantQ4K = Dispatched(spec.OpDequantQ4K).Func.(spec.Dequantize)

// DequantQ4K writes the values of the Q4_K blocks src to dst. len(dst) is a
// multiple of 256, len(src) 144 bytes for each 256. The result is the
// correctly rounded value of d·sc·q − dmin·m.
func DequantQ4K(dst []float32, src []byte) { dequantQ4K(dst, src) }
