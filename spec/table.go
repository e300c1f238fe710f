package spec

import "slices"

// table is the one list of ops.
var table = slices.Concat(
	dequantizers(),
	quantizers,
	conversions,
	floatDots,
	quantDots(),
	floatOps,
)

func operand(name string, f Format, e Extent) Operand {
	return Operand{Name: name, Format: f, Extent: e}
}

// Operands of maps and dots.
func mapOf(f Format) []Operand { return []Operand{operand("x", f, ExtentCols)} }
func pairOf(w, x Format) []Operand {
	return []Operand{operand("w", w, ExtentCols), operand("x", x, ExtentCols)}
}
func matrixOf(w, x Format) []Operand {
	return []Operand{operand("w", w, ExtentRows), operand("x", x, ExtentBatch)}
}

func optional(name string, f Format, e Extent) Operand {
	return Operand{Name: name, Format: f, Extent: e, Optional: true}
}

// dequantized lists the formats with a dequantiser.
var dequantized = []Format{Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q8_1, Q2K, Q3K, Q4K, Q5K, Q6K, Q8K, IQ4NL, IQ4XS, MXFP4, NVFP4}

func dequantizers() []Info {
	var out []Info
	for _, f := range dequantized {
		out = append(out, Info{
			Op: OpDequant(f), Kind: KindMap, In: mapOf(f), Out: F32, Exact: true,
			Formula: dequantFormula(LayoutOf(f)), Rule: dequantRule(LayoutOf(f)),
		})
	}
	return out
}

func dequantFormula(l *Layout) string {
	value := "d·c"
	if l.Scale.Count > 0 {
		value = "d·s·c"
	}
	switch l.MKind {
	case MinScaled:
		value += " − dmin·m"
	case MinAdded:
		value += " + m"
	}
	return "y[i] = f32(" + value + "), rounded once, to nearest even"
}

func dequantRule(l *Layout) string {
	rule := "NaN, Inf and the sign of a zero are those of the formula in IEEE arithmetic, evaluated from the left, with integers as +0 where they are zero: " +
		"NaN for a NaN scale, for Inf·0 and for Inf − Inf. "
	switch l.DKind {
	case ScaleE8M0:
		rule += "Scale 255 is NaN. Code 8 is −0. The product may overflow, to Inf."
	case ScaleUE4M3:
		rule += "Bit 7 of a scale is ignored, 127 is NaN. Code 8 is −0."
	case ScaleF32:
		rule += "The product may overflow, to Inf, and underflow."
	default:
		rule += "Finite scales give finite values, and nothing underflows."
	}
	return rule
}

var quantizers = []Info{
	{
		Op: OpQuantizeQ8_0, Kind: KindMap, In: mapOf(F32), Out: Q8_0, Exact: true,
		Formula: "amax = max|x|; s = f32(amax/127); q[i] = round(f32(x[i]·f32(1/s))), ties away from zero; d = f16(s), to nearest even",
		Rule:    q8Rule,
	},
	{
		Op: OpQuantizeQ8_1, Kind: KindMap, In: mapOf(F32), Out: Q8_1, Exact: true,
		Formula: "as quantize_q8_0, and s = f16(f32(Σ q · f32(amax/127))), each rounded to nearest even",
		Rule:    q8Rule + " The stored sum follows IEEE: it overflows to ±Inf with large activations of one sign.",
	},
	{
		Op: OpQuantizeQ8KGGML, Kind: KindMap, In: mapOf(F32), Out: Q8K, Exact: true,
		Formula: "max = the x of largest magnitude, first one wins; iscale = f32(−127/max); q[i] = min(127, rint(f32(iscale·x[i]))), ties to even; d = f32(1/iscale); bsums[k] = Σ q[16k..16k+15]",
		Rule: "NaN elements do not take part in the search for max. A product iscale·x that is NaN or infinite gives q = 0: so a NaN element, " +
			"every element when 0 < |max| < 127/MaxFloat32 (iscale overflows, d = ∓0), and every element when max is infinite (d = ∓Inf). " +
			"max = 0 or no number in the block: d = +0, all quants and bsums 0.",
	},
	{
		Op: OpQuantizeQ8KAprender, Kind: KindMap, In: mapOf(F32), Out: Q8K, Exact: true,
		Formula: "amax = max|x|; s = f32(amax/127), or f32(1/127) when amax ≤ f32(1e-10); q[i] = clamp(round(f32(x[i]·f32(1/s))), −128, 127), ties away from zero; d = s; bsums[k] = Σ q[16k..16k+15]",
		Rule: "NaN elements do not take part in amax and give q = 0. amax ≤ f32(1e-10) (also a block of NaNs): all quants become 0. " +
			"An infinite element gives s = Inf, 1/s = 0 and hence q = 0 for all (Inf·0 is NaN, and NaN gives 0).",
	},
}

const q8Rule = "NaN elements do not take part in amax and give q = 0. amax = 0 or no number in the block, or s so small that 1/s is infinite " +
	"(amax < 127/MaxFloat32): all quants 0, d = f16(s). An infinite element: d = +Inf and all quants 0 (1/s = 0, and Inf·0 gives 0). d may be zero, " +
	"subnormal or infinite where the f16 is, while the quants follow s. The product lies within ±127.00002, so nothing is clamped."

var conversions = []Info{
	{
		Op: OpConvertF16F32, Kind: KindMap, In: mapOf(F16), Out: F32, Exact: true,
		Formula: "y[i] = x[i]", Rule: "A NaN stays a NaN.",
	},
	{
		Op: OpConvertBF16F32, Kind: KindMap, In: mapOf(BF16), Out: F32, Exact: true,
		Formula: "y[i] = x[i]", Rule: "A NaN stays a NaN.",
	},
	{
		Op: OpConvertF32F16, Kind: KindMap, In: mapOf(F32), Out: F16, Exact: true,
		Formula: "y[i] = x[i] rounded to nearest even", Rule: "Subnormals are kept, magnitudes from 65520 give ±Inf, a NaN stays a NaN.",
	},
	{
		Op: OpConvertF32BF16, Kind: KindMap, In: mapOf(F32), Out: BF16, Exact: true,
		Formula: "y[i] = x[i] rounded to nearest even", Rule: "Subnormals are kept, magnitudes from (2 − 2^−8)·2^127 give ±Inf, a NaN stays a NaN.",
	},
}

var floatDots = []Info{
	{Op: OpDotF32, Kind: KindDot, In: pairOf(F32, F32), Out: F32, Formula: "Σ a[i]·b[i]", Rule: sumRule},
	{Op: OpDotF16, Kind: KindDot, In: pairOf(F16, F16), Out: F32, Formula: "Σ a[i]·b[i]", Rule: sumRule},
	{Op: OpDotBF16, Kind: KindDot, In: pairOf(BF16, BF16), Out: F32, Formula: "Σ a[i]·b[i]", Rule: sumRule},
	{
		Op: OpMatvecF32, Kind: KindMatvec, In: matrixOf(F32, F32), Out: F32,
		Formula: "y[b][r] = dot_f32(w[r], x[b])", Rule: sumRule,
	},
}

// ActivationOf is the format that activations take for weights of a format in
// Path B, as the field pairs them; F32 where there is no such pair.
func ActivationOf(w Format) Format {
	switch w {
	case Q4_0, Q5_0, Q8_0, IQ4NL, MXFP4, NVFP4:
		return Q8_0
	case Q4_1, Q5_1:
		return Q8_1
	case Q2K, Q3K, Q4K, Q5K, Q6K, IQ4XS:
		return Q8K
	}
	return F32
}

// matvecs lists the weights whose dot is also a matvec.
var matvecs = []Format{Q4_0, Q8_0, Q4K, Q5K, Q6K}

func quantDots() []Info {
	var out []Info
	for _, w := range dequantized {
		x := ActivationOf(w)
		if x == F32 {
			continue
		}
		out = append(out, Info{
			Op: OpDot(w, x), Kind: KindDot, In: pairOf(w, x), Out: F32,
			Formula: dotFormula(LayoutOf(w), x), Rule: sumRule + quantRule,
		})
	}
	for _, w := range matvecs {
		x := ActivationOf(w)
		out = append(out, Info{
			Op: OpMatvec(w, x), Kind: KindMatvec, In: matrixOf(w, x), Out: F32,
			Formula: "y[b][r] = " + string(OpDot(w, x)) + "(w[r], x[b]) (Path B)", Rule: sumRule + quantRule,
		})
	}
	return append(out, Info{
		Op: OpMatvecQ4KF32, Kind: KindMatvec, In: matrixOf(Q4K, F32), Out: F32,
		Formula: "y[b][r] = Σ_i (d·sc·q − dmin·m)[r][i] · x[b][i] (Path A)", Rule: sumRule + quantRule,
	})
}

func dotFormula(l *Layout, x Format) string {
	switch l.MKind {
	case MinScaled:
		return "Σ_b dx_b·(d_b·Σ_g s_g·Σ_i c_i·x_i − dmin_b·Σ_g m_g·Σ_i x_i), Σ_i x_i from the block's bsums"
	case MinAdded:
		return "Σ_b (d_b·dx_b·Σ_i c_i·x_i + m_b·sx_b), sx_b being the sum stored in the Q8_1 block"
	}
	if l.Scale.Count > 0 {
		return "Σ_b d_b·dx_b·Σ_g s_g·Σ_i c_i·x_i"
	}
	return "Σ_b d_b·dx_b·Σ_i c_i·x_i"
}

const sumRule = "A NaN operand, 0·Inf, or infinite terms of both signs: NaN. Infinite terms of one sign: that infinity. " +
	"All terms zero: a zero of either sign, for the sign depends on whether the sum starts from +0. " +
	"Finite terms whose gauge stays below the overflow threshold: finite. Terms of one sign whose sum is above it: that infinity. " +
	"Otherwise unspecified, because a partial sum may overflow in one order of summation and not in another."

const quantRule = " A NaN scale that is multiplied in: NaN. An infinite scale: NaN or infinite, for it may be multiplied before or after a sum that is zero. " +
	"A product of scales that overflows: unspecified for the same reason."

var floatOps = []Info{
	{
		Op: OpExpF32, Kind: KindMap, In: mapOf(F32), Out: F32,
		Formula: "y[i] = e^x[i]", Rule: "NaN gives NaN, −Inf +0, +Inf +Inf; ±0 gives 1. A result that overflows within the bound may be Inf or MaxFloat32.",
	},
	{
		Op: OpSiluF32, Kind: KindMap, In: mapOf(F32), Out: F32,
		Formula: "y[i] = x[i]/(1 + e^−x[i])",
		Rule:    "NaN gives NaN, +Inf +Inf, ±0 the same zero. −Inf: a zero of either sign, the limit, or NaN, the formula's −Inf·0.",
	},
	{
		Op: OpGeluF32, Kind: KindMap, In: mapOf(F32), Out: F32,
		Formula: "y[i] = x[i]/2·(1 + tanh(√(2/π)·(x[i] + 0.044715·x[i]³)))",
		Rule:    "NaN gives NaN, +Inf +Inf, ±0 the same zero. −Inf: a zero of either sign, the limit, or NaN, the formula's −Inf·0.",
	},
	{
		Op: OpSwigluF32, Kind: KindMap, Out: F32,
		In:      []Operand{operand("gate", F32, ExtentCols), operand("up", F32, ExtentCols)},
		Formula: "y[i] = silu(gate[i])·up[i]",
		Rule:    "The class of silu_f32's result times up, as IEEE has it.",
	},
	{
		Op: OpSoftmaxF32, Kind: KindRow, Out: F32,
		In:      []Operand{operand("x", F32, ExtentCols), optional("mask", F32, ExtentCols), operand("params", Params, ExtentSoftmax)},
		Formula: "t[i] = scale·x[i] + mask[i]; y[i] = e^(t[i] − max t)/Σ e^(t[j] − max t)",
		Rule: "A t that is NaN or +Inf: all NaN. t[i] = −Inf beside a larger one: +0. All t −Inf: all +0, for such a row attends to nothing. " +
			"Where scale·x + mask overflows, t is infinite.",
	},
	{
		Op: OpRMSNormF32, Kind: KindRow, Out: F32,
		In:      []Operand{operand("x", F32, ExtentCols), optional("gain", F32, ExtentCols), operand("params", Params, ExtentNorm)},
		Formula: "y[i] = x[i]·gain[i]/√(Σ x²/n + eps)",
		Rule: "The mean square neither overflows nor underflows. A NaN element, or all elements zero with eps = 0: all NaN. An infinite element: NaN there, " +
			"and zeros or, with an infinite gain, NaN elsewhere.",
	},
	{
		Op: OpRopeF32, Kind: KindHeads, Out: F32,
		In:      []Operand{operand("x", F32, ExtentRows), optional("factors", F32, ExtentHalf), operand("params", Params, ExtentRope)},
		Formula: "(y0, y1) = M·(x0·cos θ − x1·sin θ, x0·sin θ + x1·cos θ), θ and M as RopeParams says; elements from Width on are copied",
		Rule:    "As a sum of two products each.",
	},
	{
		Op: OpAttentionF32, Kind: KindAttention, Out: F32,
		In: []Operand{operand("q", F32, ExtentHeads), operand("k", F32, ExtentKVHeads), operand("v", F32, ExtentKVHeads),
			operand("params", Params, ExtentAttention)},
		Formula: "t[j] = scale·Σ q[i][h]·k[j][g], g = ⌊h·kvheads/heads⌋, over the keys j ≤ start + i; p = softmax(t); y[i][h] = Σ p[j]·v[j][g]",
		Rule: "Keys beyond start + i have no influence, whatever they hold. A t that is NaN or +Inf: NaN. All t −Inf: zeros, for there is nothing to attend to. " +
			"Where a partial sum of t may overflow: unspecified. A NaN in v: NaN; an infinite one: NaN or infinite, for its weight may underflow; " +
			"unspecified where t is −Inf.",
	},
}
