package foreign_test

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"assay/kernels/foreign"
	"assay/oracle"
	"assay/props"
	"assay/spec"
)

// libraryEnv names the environment variable that says where llama.cpp's released
// libraries lie; they are not part of the project.
const libraryEnv = "ASSAY_GGML"

func TestGGML(t *testing.T) {
	dir := os.Getenv(libraryEnv)
	if dir == "" {
		t.Skipf("no libraries of llama.cpp: %s names no folder", libraryEnv)
	}
	rows, err := foreign.Load(filepath.Join(dir, "libggml-cpu-haswell.so"))
	if err != nil {
		t.Fatal(err)
	}
	x := []float32{0, 1, -1, 2.5, -80, 80, 10}
	for _, row := range rows {
		if in := spec.MustLookup(row.Op); in.Kind != spec.KindMap || in.Out != spec.F32 {
			continue // see TestGGMLDots
		}
		limit := 1e-6
		switch row.Op {
		case spec.OpGeluF32:
			limit = 1e-3 // a table in half precision
		case spec.OpSwigluF32:
			continue
		}
		c := &spec.Call{Shape: spec.Vector(len(x)), In: [][]byte{spec.FloatBytes(x)}, Out: make([]byte, 4*len(x))}
		row.Func.Run(c)
		for i, v := range x {
			want := math.Exp(float64(v))
			switch row.Op {
			case spec.OpSiluF32:
				want = float64(v) / (1 + math.Exp(-float64(v)))
			case spec.OpGeluF32:
				want = float64(v) / 2 * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(float64(v)+0.044715*math.Pow(float64(v), 3))))
			}
			if got := float64(spec.GetF32(c.Out, i)); math.Abs(got-want) > limit*math.Abs(want) {
				t.Errorf("%s of %g is %g, want about %g", row.Op, v, got, want)
			}
		}
	}
}

func TestGGMLAbsent(t *testing.T) {
	if _, err := foreign.Load(filepath.Join(t.TempDir(), "libggml-cpu-none.so")); err == nil {
		t.Error("a library that is not there was loaded")
	}
}

// TestGGMLDots: every dot, matvec and quantiser is bound to the function that its op
// names. Whether each computes what it should is for the properties.
func TestGGMLDots(t *testing.T) {
	dir := os.Getenv(libraryEnv)
	if dir == "" {
		t.Skipf("no libraries of llama.cpp: %s names no folder", libraryEnv)
	}
	rows, err := foreign.Load(filepath.Join(dir, "libggml-cpu-haswell.so"))
	if err != nil {
		t.Fatal(err)
	}
	bound := 0
	for _, row := range rows {
		in := spec.MustLookup(row.Op)
		if in.Kind != spec.KindDot && in.Kind != spec.KindMatvec && in.Out == spec.F32 {
			continue
		}
		bound++
		rng := rand.New(rand.NewPCG(1, 1))
		right := 0
		for range 20 {
			c := props.Draw(rng, row.Op).Case()
			want, err := oracle.Bulk(c, spec.TreeAny)
			if err != nil {
				t.Fatal(err)
			}
			out := make([]byte, in.OutBytes(c.Shape))
			row.Func.Run(&spec.Call{Shape: c.Shape, Threads: 1, In: c.In, Out: out})
			if _, f := props.Judge(row.Op, want, out); f == nil {
				right++
			}
		}
		if right < 5 { // ties and −128 are treated in another way there
			t.Errorf("%s is right in %d of 20 cases: bound to another function?", row.Op, right)
		}
	}
	if bound < 20 {
		t.Errorf("%d dots, matvecs and quantisers, want at least 20", bound)
	}
}
