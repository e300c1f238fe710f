//go:build !purego

package kernels

import (
	"github.com/klauspost/cpuid/v2"
	"golang.org/x/sys/cpu"

	"assay/spec"
)

func hasAVX2() bool {
	return cpu.X86.HasAVX2 && cpu.X86.HasFMA && cpu.X86.HasF16C
}

func hasAVX512VNNI() bool {
	return hasAVX2() && cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512DQ &&
		cpu.X86.HasAVX512VL && cpu.X86.HasAVX512VNNI && cpu.X86.HasBMI2
}

// wide512 tells whether the tier avx512wide is the faster one: on AMD's Zen 5, family 0x1A, as
// measured on a server's. Zen 4 computes 512 bits in two turns; Intel's CPUs were not measured.
var wide512 = cpuid.CPU.VendorID == cpuid.AMD && cpuid.CPU.Family >= 0x1A

func prefersWide() bool { return wide512 }

// assemblyRows is the census of assembly: a routine that is not listed here is
// never called.
func assemblyRows() []spec.Row {
	row := func(op spec.Op, tier spec.Tier, f spec.Func) spec.Row {
		r := spec.Row{Op: op, Tier: tier, Tree: spec.TreeLanes, Func: f, Available: hasAVX2}
		switch tier {
		case spec.TierAVX512VNNI:
			r.Available = hasAVX512VNNI
		case spec.TierAVX512Wide:
			r.Available, r.Preferred = hasAVX512VNNI, prefersWide
		}
		return r
	}
	return []spec.Row{
		row(spec.OpDequantQ4K, spec.TierAVX2, spec.Dequantize(dequantQ4KAVX2)),
		row(spec.OpDequantQ4K, spec.TierAVX512VNNI, spec.Dequantize(dequantQ4KAVX512)),
		row(spec.OpQuantizeQ8_0, spec.TierAVX2, spec.Quantize(quantizeQ8_0AVX2)),
		row(spec.OpQuantizeQ8_0, spec.TierAVX512VNNI, spec.Quantize(quantizeQ8_0AVX512)),
		row(spec.OpQuantizeQ8_1, spec.TierAVX2, spec.Quantize(quantizeQ8_1AVX2)),
		row(spec.OpQuantizeQ8_1, spec.TierAVX512VNNI, spec.Quantize(quantizeQ8_1AVX512)),
		row(spec.OpQuantizeQ8KGGML, spec.TierAVX2, spec.Quantize(quantizeQ8KGGMLAVX2)),
		row(spec.OpQuantizeQ8KGGML, spec.TierAVX512VNNI, spec.Quantize(quantizeQ8KGGMLAVX512)),
		row(spec.OpQuantizeQ8KAprender, spec.TierAVX2, spec.Quantize(quantizeQ8KAprenderAVX2)),
		row(spec.OpQuantizeQ8KAprender, spec.TierAVX512VNNI, spec.Quantize(quantizeQ8KAprenderAVX512)),
		row(spec.OpDotF32, spec.TierAVX2, spec.DotF32(dotF32AVX2)),
		row(spec.OpDotF32, spec.TierAVX512VNNI, spec.DotF32(dotF32AVX512)),
		row(spec.OpDotQ4KQ8K, spec.TierAVX2, spec.DotQuant(dotQ4KQ8KAVX2)),
		row(spec.OpDotQ4KQ8K, spec.TierAVX512VNNI, spec.DotQuant(dotQ4KQ8KAVX512)),
		row(spec.OpDotQ4KQ8K, spec.TierAVX512Wide, spec.DotQuant(dotQ4KQ8KAVX512Wide)),
		row(spec.OpMatvecQ4KQ8K, spec.TierAVX2, spec.MatvecQuant(matvecQ4KQ8KAVX2)),
		row(spec.OpMatvecQ4KQ8K, spec.TierAVX512VNNI, spec.MatvecQuant(matvecQ4KQ8KAVX512)),
		row(spec.OpMatvecQ4KQ8K, spec.TierAVX512Wide, spec.MatvecQuant(matvecQ4KQ8KAVX512Wide)),
		row(spec.OpMatvecQ4KF32, spec.TierAVX2, spec.MatvecF32(matvecQ4KF32AVX2)),
		row(spec.OpMatvecQ4KF32, spec.TierAVX512VNNI, spec.MatvecF32(matvecQ4KF32AVX512)),
		row(spec.OpConvertF16F32, spec.TierAVX2, spec.Dequantize(convertF16F32AVX2)),
		row(spec.OpConvertF16F32, spec.TierAVX512VNNI, spec.Dequantize(convertF16F32AVX512)),
		row(spec.OpConvertBF16F32, spec.TierAVX2, spec.Dequantize(convertBF16F32AVX2)),
		row(spec.OpConvertBF16F32, spec.TierAVX512VNNI, spec.Dequantize(convertBF16F32AVX512)),
		row(spec.OpConvertF32F16, spec.TierAVX2, spec.Quantize(convertF32F16AVX2)),
		row(spec.OpConvertF32F16, spec.TierAVX512VNNI, spec.Quantize(convertF32F16AVX512)),
		row(spec.OpConvertF32BF16, spec.TierAVX2, spec.Quantize(convertF32BF16AVX2)),
		row(spec.OpConvertF32BF16, spec.TierAVX512VNNI, spec.Quantize(convertF32BF16AVX512)),
		row(spec.OpDotF16, spec.TierAVX2, spec.DotQuant(dotF16AVX2)),
		row(spec.OpDotF16, spec.TierAVX512VNNI, spec.DotQuant(dotF16AVX512)),
		row(spec.OpDotBF16, spec.TierAVX2, spec.DotQuant(dotBF16AVX2)),
		row(spec.OpDotBF16, spec.TierAVX512VNNI, spec.DotQuant(dotBF16AVX512)),
		row(spec.OpMatvecF32, spec.TierAVX2, spec.MatvecFloat(matvecF32AVX2)),
		row(spec.OpMatvecF32, spec.TierAVX512VNNI, spec.MatvecFloat(matvecF32AVX512)),
		row(spec.OpExpF32, spec.TierAVX2, spec.Unary(expF32AVX2)),
		row(spec.OpExpF32, spec.TierAVX512VNNI, spec.Unary(expF32AVX512)),
		row(spec.OpSiluF32, spec.TierAVX2, spec.Unary(siluF32AVX2)),
		row(spec.OpSiluF32, spec.TierAVX512VNNI, spec.Unary(siluF32AVX512)),
		row(spec.OpGeluF32, spec.TierAVX2, spec.Unary(geluF32AVX2)),
		row(spec.OpGeluF32, spec.TierAVX512VNNI, spec.Unary(geluF32AVX512)),
		row(spec.OpSwigluF32, spec.TierAVX2, spec.Gated(swigluF32AVX2)),
		row(spec.OpSwigluF32, spec.TierAVX512VNNI, spec.Gated(swigluF32AVX512)),
		row(spec.OpSoftmaxF32, spec.TierAVX2, spec.Softmax(softmaxF32AVX2)),
		row(spec.OpSoftmaxF32, spec.TierAVX512VNNI, spec.Softmax(softmaxF32AVX512)),
		row(spec.OpRMSNormF32, spec.TierAVX2, spec.Normalize(rmsNormF32AVX2)),
		row(spec.OpRMSNormF32, spec.TierAVX512VNNI, spec.Normalize(rmsNormF32AVX512)),
		row(spec.OpRMSNormF32, spec.TierAVX512Wide, spec.Normalize(rmsNormF32AVX512Wide)),
		row(spec.OpRopeF32, spec.TierAVX2, spec.Rope(ropeF32AVX2)),
		row(spec.OpRopeF32, spec.TierAVX512VNNI, spec.Rope(ropeF32AVX512)),
		row(spec.OpAttentionF32, spec.TierAVX2, spec.Attention(attentionF32AVX2)),
		row(spec.OpAttentionF32, spec.TierAVX512VNNI, spec.Attention(attentionF32AVX512)),
		row(spec.OpDequant(spec.Q6K), spec.TierAVX2, spec.Dequantize(dequantQ6KAVX2)),
		row(spec.OpDequant(spec.Q6K), spec.TierAVX512VNNI, spec.Dequantize(dequantQ6KAVX512)),
		row(spec.OpDot(spec.Q6K, spec.Q8K), spec.TierAVX2, spec.DotQuant(dotQ6KQ8KAVX2)),
		row(spec.OpDot(spec.Q6K, spec.Q8K), spec.TierAVX512VNNI, spec.DotQuant(dotQ6KQ8KAVX512)),
		row(spec.OpDot(spec.Q6K, spec.Q8K), spec.TierAVX512Wide, spec.DotQuant(dotQ6KQ8KAVX512Wide)),
		row(spec.OpMatvec(spec.Q6K, spec.Q8K), spec.TierAVX2, spec.MatvecQuant(matvecQ6KQ8KAVX2)),
		row(spec.OpMatvec(spec.Q6K, spec.Q8K), spec.TierAVX512VNNI, spec.MatvecQuant(matvecQ6KQ8KAVX512)),
		row(spec.OpMatvec(spec.Q6K, spec.Q8K), spec.TierAVX512Wide, spec.MatvecQuant(matvecQ6KQ8KAVX512Wide)),
		row(spec.OpDequant(spec.Q8_0), spec.TierAVX2, spec.Dequantize(dequantQ8_0AVX2)),
		row(spec.OpDequant(spec.Q8_0), spec.TierAVX512VNNI, spec.Dequantize(dequantQ8_0AVX512)),
		row(spec.OpDot(spec.Q8_0, spec.Q8_0), spec.TierAVX2, spec.DotQuant(dotQ8_0Q8_0AVX2)),
		row(spec.OpDot(spec.Q8_0, spec.Q8_0), spec.TierAVX512VNNI, spec.DotQuant(dotQ8_0Q8_0AVX512)),
		row(spec.OpDot(spec.Q8_0, spec.Q8_0), spec.TierAVX512Wide, spec.DotQuant(dotQ8_0Q8_0AVX512Wide)),
		row(spec.OpMatvec(spec.Q8_0, spec.Q8_0), spec.TierAVX2, spec.MatvecQuant(matvecQ8_0Q8_0AVX2)),
		row(spec.OpMatvec(spec.Q8_0, spec.Q8_0), spec.TierAVX512VNNI, spec.MatvecQuant(matvecQ8_0Q8_0AVX512)),
		row(spec.OpMatvec(spec.Q8_0, spec.Q8_0), spec.TierAVX512Wide, spec.MatvecQuant(matvecQ8_0Q8_0AVX512Wide)),
		row(spec.OpDequant(spec.Q4_0), spec.TierAVX2, spec.Dequantize(dequantQ4_0AVX2)),
		row(spec.OpDequant(spec.Q4_0), spec.TierAVX512VNNI, spec.Dequantize(dequantQ4_0AVX512)),
		row(spec.OpDot(spec.Q4_0, spec.Q8_0), spec.TierAVX2, spec.DotQuant(dotQ4_0Q8_0AVX2)),
		row(spec.OpDot(spec.Q4_0, spec.Q8_0), spec.TierAVX512VNNI, spec.DotQuant(dotQ4_0Q8_0AVX512)),
		row(spec.OpDot(spec.Q4_0, spec.Q8_0), spec.TierAVX512Wide, spec.DotQuant(dotQ4_0Q8_0AVX512Wide)),
		row(spec.OpMatvec(spec.Q4_0, spec.Q8_0), spec.TierAVX2, spec.MatvecQuant(matvecQ4_0Q8_0AVX2)),
		row(spec.OpMatvec(spec.Q4_0, spec.Q8_0), spec.TierAVX512VNNI, spec.MatvecQuant(matvecQ4_0Q8_0AVX512)),
		row(spec.OpMatvec(spec.Q4_0, spec.Q8_0), spec.TierAVX512Wide, spec.MatvecQuant(matvecQ4_0Q8_0AVX512Wide)),
		row(spec.OpDequant(spec.Q5K), spec.TierAVX2, spec.Dequantize(dequantQ5KAVX2)),
		row(spec.OpDequant(spec.Q5K), spec.TierAVX512VNNI, spec.Dequantize(dequantQ5KAVX512)),
		row(spec.OpDot(spec.Q5K, spec.Q8K), spec.TierAVX2, spec.DotQuant(dotQ5KQ8KAVX2)),
		row(spec.OpDot(spec.Q5K, spec.Q8K), spec.TierAVX512VNNI, spec.DotQuant(dotQ5KQ8KAVX512)),
		row(spec.OpDot(spec.Q5K, spec.Q8K), spec.TierAVX512Wide, spec.DotQuant(dotQ5KQ8KAVX512Wide)),
		row(spec.OpMatvec(spec.Q5K, spec.Q8K), spec.TierAVX2, spec.MatvecQuant(matvecQ5KQ8KAVX2)),
		row(spec.OpMatvec(spec.Q5K, spec.Q8K), spec.TierAVX512VNNI, spec.MatvecQuant(matvecQ5KQ8KAVX512)),
		row(spec.OpMatvec(spec.Q5K, spec.Q8K), spec.TierAVX512Wide, spec.MatvecQuant(matvecQ5KQ8KAVX512Wide)),
	}
}
