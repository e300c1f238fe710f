package definition_test

import (
	"math"
	"testing"

	"assay/kernels"
	"assay/props/definition"
	"assay/spec"
)

// TestOurs: our kernels follow the definitions that are said to be ours, bit for bit where the op
// is exact, and none of the others.
func TestOurs(t *testing.T) {
	ours := map[spec.Op]string{
		spec.OpQuantizeQ8_0: "d and 1/d, ties away", spec.OpQuantizeQ8KGGML: "−127 over the extreme", spec.OpQuantizeQ8KAprender: "amax/127",
		spec.OpDequant(spec.MXFP4): "code 8 is −0", spec.OpSoftmaxF32: "nothing to attend to: zeros",
	}
	near := map[spec.Op]string{
		spec.OpGeluF32: "formula", spec.OpRopeF32: "angles by formula", spec.OpRMSNormF32: "all in f64", spec.OpSoftmaxF32: "all in f64",
	}
	for _, d := range definition.All() {
		row := kernels.For(d.Op)[0]
		for _, e := range definition.Compare(row, 60, 1) {
			if e.Name != d.Name {
				continue
			}
			share := float64(e.Equal) / float64(e.Blocks)
			switch {
			case e.Fault != "":
				t.Errorf("%s, %q: %s", d.Op, d.Name, e.Fault)
			case e.Blocks == 0:
				t.Errorf("%s, %q: nothing compared", d.Op, d.Name)
			case ours[d.Op] == d.Name && share < 1:
				t.Errorf("%s, %q: %d of %d equal, want all", d.Op, d.Name, e.Equal, e.Blocks)
			case ours[d.Op] != d.Name && near[d.Op] != d.Name && share > .99:
				t.Errorf("%s, %q: %d of %d equal, so it cannot tell them apart", d.Op, d.Name, e.Equal, e.Blocks)
			case near[d.Op] == d.Name && e.Apart > 16:
				t.Errorf("%s, %q: %.3g apart", d.Op, d.Name, e.Apart)
			}
			t.Logf("%s, %q: %.4f of %d equal, %.3g apart", d.Op, d.Name, share, e.Blocks, e.Apart)
		}
	}
}

// A kernel that gives a NaN where a definition has a number is no near one.
func TestApart(t *testing.T) {
	row := kernels.For(spec.OpGeluF32)[0]
	ours := row.Func.(spec.Unary)
	row.Func = spec.Unary(func(dst, src []float32) {
		ours(dst, src)
		for i, x := range src {
			if x > 1 && x < 1.01 {
				dst[i] = float32(math.NaN())
			}
		}
	})
	for _, e := range definition.Compare(row, 60, 1) {
		if e.Equal == e.Blocks || !math.IsInf(e.Apart, 1) {
			t.Errorf("%q: %d of %d equal, %g apart, want it infinite", e.Name, e.Equal, e.Blocks, e.Apart)
		}
	}
}
