package quant_test

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// weightsEnv names the environment variable that says where trained weights of
// other people lie; they are not part of the project.
const weightsEnv = "ASSAY_WEIGHTS"

// rows returns the elements that the recorded figures belong to: synthetic ones,
// or those of a tensor, without which the test is skipped.
func rows(t testing.TB, name string) []float32 {
	const synthetic = 64 * 1024
	r := rand.New(rand.NewPCG(1, 2))
	var x []float32
	switch name {
	case "gaussian":
		for range synthetic {
			x = append(x, float32(0.02*r.NormFloat64()))
		}
	case "laplace":
		for range synthetic {
			sign := float64(1 - 2*r.IntN(2))
			x = append(x, float32(sign*0.02*r.ExpFloat64()))
		}
	default:
		dir := cmp.Or(os.Getenv(weightsEnv), "../../../shared/weights")
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Skipf("no trained weights: %v; %s names their folder", err, weightsEnv)
		}
		for ; len(data) > 0; data = data[4:] {
			x = append(x, math.Float32frombits(binary.LittleEndian.Uint32(data)))
		}
	}
	return x
}

var rowNames = []string{"gaussian", "laplace", "tinyllm.down_proj.f32", "tinyllm.gate_proj.T.f32"}

// rmse is the root-mean-square error of y.
func rmse(x []float32, y []float64) float64 {
	var sum float64
	for i, v := range x {
		e := y[i] - float64(v)
		sum += e * e
	}
	return math.Sqrt(sum / float64(len(x)))
}

// line names element i of a row for a failure.
func line(f format, name string, i int) string { return fmt.Sprintf("%v %s[%d]", f, name, i) }
