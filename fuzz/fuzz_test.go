package fuzz_test

import (
	"bytes"
	"flag"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/corpus"
	"assay/fuzz"
	"assay/fuzz/night"
	"assay/kernels"
	"assay/props"
	"assay/props/mutants"
	"assay/spec"
)

func FuzzDequant(f *testing.F)     { fuzzTarget(f, "FuzzDequant") }
func FuzzQuantize(f *testing.F)    { fuzzTarget(f, "FuzzQuantize") }
func FuzzConvert(f *testing.F)     { fuzzTarget(f, "FuzzConvert") }
func FuzzDotFloat(f *testing.F)    { fuzzTarget(f, "FuzzDotFloat") }
func FuzzDotQuant(f *testing.F)    { fuzzTarget(f, "FuzzDotQuant") }
func FuzzElementwise(f *testing.F) { fuzzTarget(f, "FuzzElementwise") }
func FuzzAttention(f *testing.F)   { fuzzTarget(f, "FuzzAttention") }
func FuzzHeads(f *testing.F)       { fuzzTarget(f, "FuzzHeads") }
func FuzzRow(f *testing.F)         { fuzzTarget(f, "FuzzRow") }
func FuzzMatvec(f *testing.F)      { fuzzTarget(f, "FuzzMatvec") }

// plantedEnv, which package fuzz/night sets, names the environment variable that puts a mutant in the kernels' place,
// OP/ID: a fuzzer that does not find it is worth nothing.
const plantedEnv = night.PlantedEnv

// rowsOf returns the rows of an op that this machine can run, or the planted mutant's.
func rowsOf(t testing.TB, op spec.Op) []spec.Row {
	if planted := os.Getenv(plantedEnv); planted != "" {
		for _, m := range mutants.All() {
			if planted == string(m.Op)+"/"+m.ID {
				return []spec.Row{{Op: op, Tier: "mutant", Tree: m.Tree, Func: m.Func}}[:btoi(m.Op == op)]
			}
		}
		t.Fatalf("%s=%q: no such mutant", plantedEnv, planted)
	}
	return slices.DeleteFunc(kernels.For(op), func(row spec.Row) bool { return !row.CanRun() })
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// fuzzing tells whether the fuzzer runs, and not the test of its seeds: these are
// judged on the case that they spell out alone.
func fuzzing() bool { return flag.Lookup("test.fuzz").Value.String() != "" }

// fuzzTarget judges each input on every tier that the machine can run.
func fuzzTarget(f *testing.F, target string) {
	if err := kernels.CheckRequired(); err != nil {
		f.Fatal(err)
	}
	entries, err := corpus.All()
	if err != nil {
		f.Fatal(err)
	}
	seeds := 0
	for _, e := range entries {
		if e.Mutant != "" && os.Getenv(plantedEnv) != "" {
			continue // such a seed would be the answer
		}
		if data, ok := fuzz.Encode(target, &e.Case); ok {
			f.Add(data)
			seeds++
		}
	}
	if seeds == 0 {
		f.Fatal("the corpus has no case for this target")
	}
	f.Add([]byte{})
	n := 1
	if fuzzing() {
		n = fuzz.Batch
	}
	worst := newWorst()
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := fuzz.Decode(target, data)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rowsOf(t, c.Op) {
			v, ratio := fuzz.Judge(row, c, data, n)
			if v != nil {
				if v.Case == c.ID {
					v.Case = "the input"
					v.Replay = "go run ./cmd/assay lift " + target + " FILE, then assay replay ID"
				}
				t.Error(v)
			}
			if err := worst.add(row, c, ratio); err != nil {
				t.Error(err)
			}
		}
	})
}

// TestDecodeTotal: any bytes are a valid case.
func TestDecodeTotal(t *testing.T) {
	for _, target := range fuzz.Targets() {
		for n := range 600 {
			data := bytes.Repeat([]byte{byte(n), byte(n >> 3), 0xff, byte(7 * n)}, n)[:n]
			c, err := fuzz.Decode(target, data)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Check(); err != nil {
				t.Fatalf("%s: %x: %v", target, data, err)
			}
		}
	}
	if _, err := fuzz.Decode("FuzzNothing", nil); err == nil {
		t.Error("an unknown target was accepted")
	}
}

// TestEncode: a case survives the way to an input and back, and every op is in
// a target.
func TestEncode(t *testing.T) {
	var ops []spec.Op
	for _, target := range fuzz.Targets() {
		for _, in := range spec.Ops() {
			r := props.Recipe{Op: in.Op, Shape: spec.Vector(256), Seed: 1}
			for k := range in.In {
				if k > 0 {
					r.Strategy += "+"
				}
				r.Strategy += props.OperandStrategies(in.Op, k)[0]
			}
			if in.In[0].Format.Float() {
				if in.Out.Float() {
					r.Shape.Cols = 255
				}
			}
			if in.Kind == spec.KindHeads {
				r.Shape.Cols = 128
			}
			if in.Kind == spec.KindAttention {
				r.Shape = spec.Shape{Rows: 3, Cols: 64, Batch: 20, Heads: 4, KVHeads: 2}
			}
			c := r.Case()
			data, ok := fuzz.Encode(target, c)
			if !ok {
				continue
			}
			ops = append(ops, in.Op)
			back, err := fuzz.Decode(target, data)
			if err != nil {
				t.Fatal(err)
			}
			back.ID = c.ID
			if d := cmp.Diff(c, back); d != "" {
				t.Errorf("%s, %s: %s", target, in.Op, d)
			}
		}
	}
	for _, in := range spec.Ops() {
		if !slices.Contains(ops, in.Op) {
			t.Errorf("no target takes %s", in.Op)
		}
	}
}

func TestReadInput(t *testing.T) {
	for in, want := range map[string]string{
		"raw": "raw", "go test fuzz v1\n[]byte(\"a\\x00b\")\n": "a\x00b",
	} {
		if got, err := fuzz.ReadInput([]byte(in)); err != nil || string(got) != want {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
	for _, in := range []string{"go test fuzz v1\nstring(\"a\")\n", "go test fuzz v1\n[]byte(a)", "go test fuzz v1\n"} {
		if _, err := fuzz.ReadInput([]byte(in)); err == nil {
			t.Errorf("%q was accepted", in)
		}
	}
}
