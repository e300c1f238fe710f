//go:build linux && (amd64 || arm64)

package foreign_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"assay/kernels/foreign"
	"assay/kernels/foreign/peers"
	"assay/oracle"
	"assay/props"
	"assay/spec"
)

// installed returns the path of llama.cpp's library for a tier.
func installed(t *testing.T, tier string) string {
	t.Helper()
	path, err := peers.Library(tier)
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	return path
}

// TestGGML: every row is bound to the function that its op names, in the library
// that every x86 machine can run. Whether each computes what it should is for the properties.
func TestGGML(t *testing.T) {
	rows, err := foreign.Load(installed(t, "x64"))
	if err != nil {
		t.Fatal(err)
	}
	base, err := foreign.Load(installed(t, "base"))
	if err != nil {
		t.Fatal(err)
	}
	// Of 20 cases at least so many must be right; unless said, all but a few with NaNs.
	least := map[spec.Op]int{
		spec.OpExpF32: 5, spec.OpSiluF32: 5, spec.OpRopeF32: 3, // larger errors than our bounds
		spec.OpGeluF32:             0,                                // a table in half precision: see below
		spec.OpDequant(spec.MXFP4): 0, spec.OpDequant(spec.NVFP4): 0, // a zero of the other sign
		spec.OpQuantizeQ8KGGML: 0, // no sums in blocks of zeros
	}
	bound := map[spec.Tier]int{}
	for _, row := range append(rows, base...) {
		bound[row.Tier]++
		rng := rand.New(rand.NewPCG(1, 1))
		right := 0
		for range 20 {
			c := props.Draw(rng, row.Op).Case()
			want, err := oracle.Bulk(c, spec.TreeAny)
			if err != nil {
				t.Fatal(err)
			}
			out := make([]byte, spec.MustLookup(row.Op).OutBytes(c.Shape))
			row.Func.Run(&spec.Call{Shape: c.Shape, Threads: 1, In: c.In, Out: out})
			if _, f := props.Judge(row.Op, want, out); f == nil {
				right++
			}
		}
		n, ok := least[row.Op]
		if !ok {
			n = 16
		}
		if right < n {
			t.Errorf("%s is right in %d of 20 cases, want %d: bound to another function?", row.Name(), right, n)
		}
	}
	for tier, n := range map[spec.Tier]int{"x64": 30, "x64:graph": 9, "x64:gemv": 5, "x64:gemm": 5, "x64:generic": 17, "base": 18} {
		if bound[tier] < n {
			t.Errorf("%d rows of tier %s, want at least %d", bound[tier], tier, n)
		}
	}
	// GELU, the op without a case that is right, is about what it should be.
	for _, row := range rows {
		if row.Op != spec.OpGeluF32 {
			continue
		}
		out := make([]byte, 4)
		row.Func.Run(&spec.Call{Shape: spec.Vector(1), In: [][]byte{spec.FloatBytes([]float32{1})}, Out: out})
		if y := spec.GetF32(out, 0); y < .840 || y > .843 { // .84119
			t.Errorf("gelu(1) = %g", y)
		}
	}
}

// TestGGMLGeneric: the rows of the generic twins are not bound to the tier's own functions. Of −1 times −128
// those that take |w| and the activation with w's sign make −128, the twins 128.
func TestGGMLGeneric(t *testing.T) {
	rows, err := foreign.Load(installed(t, "haswell"))
	if err != nil {
		t.Fatal(err)
	}
	block := func(q int8) []byte {
		b := make([]byte, spec.Q8_0.BlockBytes())
		b[1] = 0x3c // d = 1
		for i := range spec.Block {
			b[2+i] = byte(q)
		}
		return b
	}
	seen := 0
	for _, row := range rows {
		want, ok := map[spec.Tier]float32{"haswell": -4096, "haswell:generic": 4096}[row.Tier]
		if row.Op != spec.OpDot(spec.Q8_0, spec.Q8_0) || !ok || !row.CanRun() {
			continue
		}
		seen++
		out := make([]byte, 4)
		row.Func.Run(&spec.Call{Shape: spec.Vector(spec.Block), In: [][]byte{block(-1), block(-128)}, Out: out})
		if y := spec.GetF32(out, 0); y != want {
			t.Errorf("%s: %g, want %g", row.Name(), y, want)
		}
	}
	if seen != 2 && rows[0].CanRun() {
		t.Errorf("%d rows compared, want 2", seen)
	}
}

// TestGGMLAlone: a CPU library without the one beside it, and one that is not there.
func TestGGMLAlone(t *testing.T) {
	dir := t.TempDir()
	if _, err := foreign.Load(filepath.Join(dir, "libggml-cpu-none.so")); err == nil {
		t.Error("a library that is not there was loaded")
	}
	data, err := os.ReadFile(installed(t, "x64"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "libggml-cpu-x64.so")
	if err := os.WriteFile(path, data, 0o777); err != nil {
		t.Fatal(err)
	}
	if lib, err := foreign.Open(path, 0); err == nil {
		lib.Close()
		t.Error("a CPU library was opened without libggml-base.so")
	}
}

// TestGGMLTiers: every library opens in its child, and those that this CPU cannot run
// say so instead of crashing.
func TestGGMLTiers(t *testing.T) {
	installed(t, "base")
	all, err := peers.Libraries()
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, path := range all {
		lib, err := foreign.Open(path, 0)
		if err != nil {
			t.Errorf("%s: %v", filepath.Base(path), err)
			continue
		}
		if lib.Rows()[0].CanRun() {
			ran++
		}
		lib.Close()
	}
	if ran < 2 {
		t.Errorf("this CPU can run %d of %d libraries", ran, len(all))
	}
}
