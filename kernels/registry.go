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
	generic := func(op spec.Op, f spec.Func) spec.Row {
		return spec.Row{Op: op, Tier: spec.TierGeneric, Tree: spec.TreeLanes, Func: f}
	}
	return []spec.Row{
		generic(spec.OpDequantQ4K, spec.Dequantize(dequantQ4KGeneric)),
		generic(spec.OpQuantizeQ8KGGML, spec.Quantize(quantizeQ8KGGMLGeneric)),
		generic(spec.OpQuantizeQ8KAprender, spec.Quantize(quantizeQ8KAprenderGeneric)),
		generic(spec.OpDotF32, spec.DotF32(dotF32Generic)),
		generic(spec.OpDotQ4KQ8K, spec.DotQuant(dotQ4KQ8KGeneric)),
		generic(spec.OpMatvecQ4KQ8K, spec.MatvecQuant(matvecQ4KQ8KGeneric)),
		generic(spec.OpMatvecQ4KF32, spec.MatvecF32(matvecQ4KF32Generic)),
	}
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

// Dispatched returns the row that the function named after op calls.
func Dispatched(op spec.Op) spec.Row {
	all := For(op)
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].CanRun() {
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
		for _, in := range spec.Ops() {
			if err := checkTier(in.Op, tier); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkTier(op spec.Op, tier spec.Tier) error {
	for _, r := range For(op) {
		if r.Tier == tier {
			if !r.CanRun() {
				return fmt.Errorf("kernels: %s requires tier %s, which this CPU cannot run (%s)", RequireEnv, tier, op)
			}
			return nil
		}
	}
	return fmt.Errorf("kernels: %s requires tier %s, which this build lacks for %s", RequireEnv, tier, op)
}
