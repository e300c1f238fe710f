package engine

import (
	"os"
	"testing"

	"assay/props"
	"assay/spec"
)

func TestDotQ4K(t *testing.T) {
	kernel := DotQ4K
	if os.Getenv("ENGINE_BROKEN") != "" {
		kernel = DotQ4KBroken
	}
	props.Conform(t, spec.Row{Op: spec.OpDotQ4KQ8K, Tier: "engine", Func: spec.DotQuant(kernel)})
}
