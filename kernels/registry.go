package kernels

import (
	"fmt"
	"os"
	"strings"

	"assay/spec"
)

// rows is filled once, before any test can look: generic rows here, assembly
// rows by the architecture's file.
var rows = append(genericRows(), assemblyRows()...)

func genericRows() []spec.Row {
	var out []spec.Row
	row := func(op spec.Op, f spec.Func) {
		out = append(out, spec.Row{Op: op, Tier: spec.TierGeneric, Tree: spec.TreeLanes, Func: f})
	}
	row(spec.OpDequantQ4K, spec.Dequantize(dequantQ4KGeneric))
	row(spec.OpQuantizeQ8_0, spec.Quantize(quantizeQ8_0Generic))
	row(spec.OpQuantizeQ8_1, spec.Quantize(quantizeQ8_1Generic))
	row(spec.OpQuantizeQ8KGGML, spec.Quantize(quantizeQ8KGGMLGeneric))
	row(spec.OpQuantizeQ8KAprender, spec.Quantize(quantizeQ8KAprenderGeneric))
	row(spec.OpConvertF16F32, spec.Dequantize(convertF16F32Generic))
	row(spec.OpConvertBF16F32, spec.Dequantize(convertBF16F32Generic))
	row(spec.OpConvertF32F16, spec.Quantize(convertF32F16Generic))
	row(spec.OpConvertF32BF16, spec.Quantize(convertF32BF16Generic))
	row(spec.OpDotF32, spec.DotF32(dotF32Generic))
	row(spec.OpDotF16, spec.DotQuant(dotF16Generic))
	row(spec.OpDotBF16, spec.DotQuant(dotBF16Generic))
	row(spec.OpMatvecF32, spec.MatvecFloat(matvecF32Generic))
	row(spec.OpMatvecQ4KF32, spec.MatvecF32(matvecQ4KF32Generic))
	row(spec.OpDequantQ8K, spec.Dequantize(dequantQ8KGeneric))

	row(spec.OpExpF32, spec.Unary(expF32Generic))
	row(spec.OpSiluF32, spec.Unary(siluF32Generic))
	row(spec.OpGeluF32, spec.Unary(geluF32Generic))
	row(spec.OpSwigluF32, spec.Gated(swigluF32Generic))
	row(spec.OpSoftmaxF32, spec.Softmax(softmaxF32Generic))
	row(spec.OpRMSNormF32, spec.Normalize(rmsNormF32Generic))

	row(spec.OpRopeF32, spec.Rope(ropeF32Generic))
	row(spec.OpAttentionF32, spec.Attention(attentionF32Generic))

	// The dots with quantised activations, and the matvecs made of them.
	dot := func(w, x spec.Format, f spec.DotQuant) {
		row(spec.OpDot(w, x), f)
		if op := spec.OpMatvec(w, x); spec.Known(op) {
			row(op, MatvecByDot(op, f))
		}
	}
	dot(spec.Q4K, spec.Q8K, dotQ4KQ8KGeneric)
	for _, f := range superFormats {
		row(spec.OpDequant(f.format), spec.Dequantize(f.dequant))
		dot(f.format, spec.Q8K, f.dot)
	}
	for _, f := range blockFormats {
		row(spec.OpDequant(f.format), spec.Dequantize(f.dequant))
		switch {
		case f.min:
			dot(f.format, spec.Q8_1, f.dot)
		case f.format != spec.Q8_1: // an activation only
			dot(f.format, spec.Q8_0, f.dot)
		}
	}
	return out
}

// Rows returns all kernels compiled into this build, whether or not this
// machine can run them: per op, tiers in order of preference, last one first
// choice.
func Rows() []spec.Row {
	out := make([]spec.Row, 0, len(rows))
	for _, in := range spec.Ops() {
		out = append(out, For(in.Op)...)
	}
	return out
}

// For returns the kernels of one op.
func For(op spec.Op) []spec.Row {
	var out []spec.Row
	for _, t := range spec.Tiers() {
		for _, r := range rows {
			if r.Op == op && r.Tier == t {
				out = append(out, r)
			}
		}
	}
	return out
}

// Dispatched returns the row that the function named after op calls: the last that the machine can run
// and prefers.
func Dispatched(op spec.Op) spec.Row {
	all := For(op)
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].CanRun() && (all[i].Preferred == nil || all[i].Preferred()) {
			return all[i]
		}
	}
	panic("kernels: no row for " + string(op)) // generic rows always run
}

// RequireEnv names the environment variable that lists the tiers that must be
// present, separated by commas. A test that meets an absent one fails.
const RequireEnv = "ASSAY_REQUIRE"

// CheckRequired returns an error if a tier named in RequireEnv is unknown, not
// compiled in, or cannot run on this machine.
func CheckRequired() error {
	for _, name := range strings.Split(os.Getenv(RequireEnv), ",") {
		tier := spec.Tier(strings.TrimSpace(name))
		if tier == "" {
			continue
		}
		known := false
		for _, r := range rows {
			if r.Tier == tier {
				known = true
				if !r.CanRun() {
					return fmt.Errorf("kernels: %s requires tier %s, which this CPU cannot run (%s)", RequireEnv, tier, r.Op)
				}
			}
		}
		if !known {
			return fmt.Errorf("kernels: %s requires tier %s, which this build lacks", RequireEnv, tier)
		}
	}
	return nil
}
