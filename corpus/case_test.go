package corpus_test

import (
	"bytes"
	"encoding/json"
	"math/big"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"assay/corpus"
	"assay/kernels"
	"assay/oracle"
	"assay/props"
	"assay/props/mutants"
	"assay/spec"
)

func entry() *corpus.Entry {
	c := props.Recipe{Op: spec.OpDotQ4KQ8K, Strategy: "spread+halves", Shape: spec.Vector(256), Seed: 1}.Case()
	e := &corpus.Entry{Case: *c, Source: "test", Note: "round trip"}
	e.Case.ID = corpus.ID(c)
	return e
}

func TestRoundTrip(t *testing.T) {
	want := entry()
	data, err := corpus.Encode(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := corpus.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestBadFiles: a case that cannot be read is a failure, never skipped.
func TestBadFiles(t *testing.T) {
	good, err := corpus.Encode(entry())
	if err != nil {
		t.Fatal(err)
	}
	edit := func(old, new string) []byte {
		if !bytes.Contains(good, []byte(old)) {
			t.Fatalf("no %q in the file", old)
		}
		return bytes.Replace(good, []byte(old), []byte(new), 1)
	}
	for name, data := range map[string][]byte{
		"empty":            {},
		"not JSON":         []byte("case"),
		"truncated":        good[:len(good)/2],
		"two cases":        append(bytes.Clone(good), good...),
		"unknown op":       edit(`"dot_q4k_q8k"`, `"dot_q4k_q9k"`),
		"unknown field":    edit(`"op"`, `"extra": 1, "op"`),
		"unknown format":   edit(`"Q4_K"`, `"Q4_L"`),
		"swapped format":   edit(`"Q4_K"`, `"Q8_K"`),
		"bad base64":       edit(`"base64": "`, `"base64": "*`),
		"wrong size":       edit(`"cols": 256`, `"cols": 512`),
		"odd shape":        edit(`"cols": 256`, `"cols": 255`),
		"negative shape":   edit(`"cols": 256`, `"cols": -256`),
		"two rows":         edit(`"rows": 1`, `"rows": 2`),
		"stale id":         edit(`"id": "`, `"id": "0`),
		"a bracket more":   append(bytes.Clone(good), '}'),
		"other letters":    edit(`"note"`, `"Note"`),
		"field twice":      edit(`"note"`, `"note": "round trip", "note"`),
		"null":             edit(`"note"`, `"mutant": null, "note"`),
		"no mutant":        edit(`"note"`, `"mutant": "M01", "note"`),
		"no note":          edit(`"round trip"`, `""`),
		"not UTF-8":        edit(`"round trip"`, "\"round \xff\""),
		"lines of base64":  edit(`"base64": "`, `"base64": "\n`),
		"changed contents": edit(`"base64": "`, `"base64": "AAAA`),
	} {
		if _, err := corpus.Decode(data); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	for name, files := range map[string]fstest.MapFS{
		"foreign file":   {"cases/readme.txt": {Data: []byte("hello")}},
		"misnamed case":  {"cases/x.json": {Data: good}},
		"broken in tree": {"cases/" + entry().Case.ID + ".json": {Data: good[:40]}},
	} {
		if _, err := corpus.Read(files); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// TestReplay replays every stored case on every tier.
func TestReplay(t *testing.T) {
	if err := kernels.CheckRequired(); err != nil {
		t.Fatal(err)
	}
	entries, err := corpus.All()
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) == 0 {
		t.Fatal("the corpus is empty")
	}
	ran := map[string]int{}
	for _, e := range entries {
		for _, row := range kernels.For(e.Case.Op) {
			if !row.CanRun() {
				ran["skipped: this CPU cannot run tier "+string(row.Tier)]++
				continue
			}
			if v := props.CheckCase(row, &e.Case); v.Failed {
				t.Errorf("%s: %v", e.Path, v.Verdict)
			}
			ran[string(row.Tier)]++
		}
	}
	t.Logf("%d cases: %v", len(entries), ran)
}

// TestOracles: the plain oracle and the super-accumulator agree on every
// stored case, for both trees.
func TestOracles(t *testing.T) {
	entries, err := corpus.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		for _, tree := range []spec.Tree{spec.TreeAny, spec.TreeLanes} {
			plain, err := oracle.Eval(&e.Case, tree)
			if err != nil {
				t.Fatal(e.Path, err)
			}
			bulk, err := oracle.Bulk(&e.Case, tree)
			if err != nil {
				t.Fatal(e.Path, err)
			}
			for i, p := range plain.Elements {
				b := bulk.Elements[i]
				differs := (p.Value == nil) != (b.Value == nil) || p.Class != b.Class
				if !differs && p.Value != nil {
					d := new(big.Float).SetPrec(2000).Sub(p.Value, b.Value)
					if spec.MustLookup(e.Case.Op).Sums() {
						differs = d.Sign() != 0
					} else { // two enclosures, both much narrower than the bound
						differs = d.Abs(d).Cmp(new(big.Float).SetMantExp(p.Bound, -8)) > 0
					}
				}
				if differs {
					t.Errorf("%s: element %d: %v %v, bulk %v %v", e.Path, i, p.Class, p.Value, b.Class, b.Value)
				}
			}
			if !bytes.Equal(plain.Bytes, bulk.Bytes) && !nanOnly(e.Case.Op, plain.Bytes, bulk.Bytes) {
				t.Errorf("%s: the oracles differ", e.Path)
			}
		}
	}
}

func nanOnly(op spec.Op, a, b []byte) bool {
	if spec.MustLookup(op).Out != spec.F32 {
		return false
	}
	for i := range len(a) / 4 {
		x, y := spec.F32Bits(a, i), spec.F32Bits(b, i)
		if x != y && (spec.ClassOf(x) != spec.ClassNaN || spec.ClassOf(y) != spec.ClassNaN) {
			return false
		}
	}
	return true
}

// TestFixedBugs: each case of a public defect shows it in the mutant that has it, and
// not in the kernel that the mutant was made from.
func TestFixedBugs(t *testing.T) {
	entries, err := corpus.All()
	if err != nil {
		t.Fatal(err)
	}
	byID := map[string]mutants.Mutant{}
	for _, m := range mutants.All() {
		byID[string(m.Op)+" "+m.ID] = m
	}
	folders := map[string]bool{}
	for _, e := range entries {
		dir := strings.Split(e.Path, "/")
		if (dir[0] == "fixedbugs") != (e.Mutant != "") {
			t.Errorf("%s: mutant %q", e.Path, e.Mutant)
		}
		if e.Mutant == "" {
			continue
		}
		folders[dir[1]] = true
		m, ok := byID[string(e.Case.Op)+" "+e.Mutant]
		if !ok {
			t.Errorf("%s: %s has no mutant %s", e.Path, e.Case.Op, e.Mutant)
			continue
		}
		if !props.CheckCase(spec.Row{Op: m.Op, Tier: "mutant", Tree: m.Tree, Func: m.Func}, &e.Case).Failed {
			t.Errorf("%s: does not show the defect of %s: %s", e.Path, m.ID, m.Summary)
		}
		if v := props.CheckCase(spec.Row{Op: m.Op, Tier: "base", Func: m.Base}, &e.Case); v.Failed {
			t.Errorf("%s: the correct kernel fails: %v", e.Path, v.Verdict)
		}
	}
	if len(folders) < 40 {
		t.Errorf("%d public defects, want at least 40", len(folders))
	}
}

// TestSchema: every file is as the schema says, and the schema is no freer than the
// reader where a file goes wrong by itself.
func TestSchema(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile("case.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	valid := func(data []byte) error {
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err != nil {
			return err
		}
		return schema.Validate(v)
	}
	entries, err := corpus.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		data, err := corpus.Encode(e)
		if err == nil {
			err = valid(data)
		}
		if err != nil {
			t.Errorf("%s: %v", e.Path, err)
		}
	}
	good, err := corpus.Encode(entry())
	if err != nil {
		t.Fatal(err)
	}
	for old, new := range map[string]string{
		`"id": "`: `"id": "x`, `"op": "dot`: `"op": "Dot`, `"rows": 1`: `"rows": 0`, `"cols": 256`: `"cols": "256"`, `"batch": 1`: `"batch": 1.5`,
		`"format": "Q4_K"`: `"format": "Q4_L"`, `"base64": "`: `"base64": "*`, `"note": "round trip"`: `"note": ""`, `"source"`: `"sauce"`,
		`"note": "round trip"` + "\n": `"note": "x", "mutant": "1"`,
	} {
		bad := bytes.Replace(good, []byte(old), []byte(new), 1)
		if bytes.Equal(bad, good) {
			t.Fatalf("no %q in the file", old)
		}
		if valid(bad) == nil {
			t.Errorf("%q for %q: the schema allows it", new, old)
		}
	}
}

// TestStoredForm: every file is written as Encode writes it.
func TestStoredForm(t *testing.T) {
	entries, err := corpus.All()
	if err != nil {
		t.Fatal(err)
	}
	ops := map[spec.Op]int{}
	for _, e := range entries {
		ops[e.Case.Op]++
		if e.Source == "" || e.Note == "" {
			t.Errorf("%s: a case needs a source and a note", e.Path)
		}
		data, err := corpus.Encode(e)
		if err != nil || !json.Valid(data) {
			t.Error(e.Path, err)
		}
		if dir := strings.Split(e.Path, "/"); dir[0] == "cases" && dir[1] != string(e.Case.Op) {
			t.Errorf("%s: a case of %s", e.Path, e.Case.Op)
		}
	}
	for _, in := range spec.Ops() {
		if ops[in.Op] == 0 {
			t.Errorf("no case for %s", in.Op)
		}
	}
}
