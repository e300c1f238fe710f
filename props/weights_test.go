package props_test

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"assay/kernels"
	"assay/oracle"
	"assay/props"
	"assay/spec"
)

// weightsEnv names the environment variable that says where trained weights of
// other people lie; they are not part of the project.
const weightsEnv = "ASSAY_WEIGHTS"

// TestTrainedWeights runs the ops that take f32 on slices of trained models:
// rows of 1024, quantised by both rules, and multiplied with one another.
func TestTrainedWeights(t *testing.T) {
	dir := cmp.Or(os.Getenv(weightsEnv), "../../shared/weights")
	for _, name := range []string{"tinyllm.down_proj.f32", "tinyllm.gate_proj.T.f32"} {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Skipf("no trained weights: %v; %s names their folder", err, weightsEnv)
			}
			const cols = 1024
			row := func(i int) []byte { return data[4*cols*i:][:4*cols] }
			rows := len(data) / (4 * cols)
			ran := map[spec.Tier]int{}
			for i := range rows {
				cases := []*spec.Case{
					{Op: spec.OpQuantizeQ8KGGML, Shape: spec.Vector(cols), In: [][]byte{row(i)}},
					{Op: spec.OpQuantizeQ8KAprender, Shape: spec.Vector(cols), In: [][]byte{row(i)}},
					{Op: spec.OpDotF32, Shape: spec.Vector(cols), In: [][]byte{row(i), row((i + 1) % rows)}},
				}
				for _, c := range cases {
					c.ID = fmt.Sprintf("%s row %d", name, i)
					want, err := oracle.Bulk(c, spec.TreeLanes)
					if err != nil {
						t.Fatal(err)
					}
					for _, k := range kernels.For(c.Op) {
						if !k.CanRun() {
							continue
						}
						if v := props.JudgeCase(k, c, want); v.Failed {
							t.Error(v.Verdict)
						}
						ran[k.Tier]++
					}
				}
			}
			t.Logf("%d rows: cases by tier %v", rows, ran)
		})
	}
}
