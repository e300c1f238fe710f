package props_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"testing"
	"time"

	"assay/props"
	"assay/props/mutants"
	"assay/spec"
)

func mutantRow(m mutants.Mutant) spec.Row {
	return spec.Row{Op: m.Op, Tier: "mutant", Tree: m.Tree, Func: m.Func}
}

// raceSample leaves, in a race build, only the mutants of ops that use threads:
// the detector slows the others down for nothing.
func raceSample(all []mutants.Mutant) []mutants.Mutant {
	if !raceEnabled {
		return all
	}
	return slices.DeleteFunc(all, func(m mutants.Mutant) bool {
		k := spec.MustLookup(m.Op).Kind
		return k != spec.KindMatvec && k != spec.KindAttention
	})
}

// kill runs the suite over a mutant until the first failure; nil means that it
// survived.
func kill(m mutants.Mutant, seed uint64) *props.Verdict {
	if v := props.Run(context.Background(), mutantRow(m), props.Options{Seed: seed}, true); len(v) > 0 {
		return &v[0]
	}
	return nil
}

// TestMutantsKilled holds every mutant to the suite, which must reject it.
func TestMutantsKilled(t *testing.T) {
	for _, m := range raceSample(mutants.All()) {
		t.Run(string(m.Op)+"/"+m.ID, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			v := kill(m, 1)
			if v == nil {
				t.Fatalf("%s %s survives: %s (%s)", m.ID, m.Op, m.Summary, m.Defect)
			}
			t.Logf("%s %s killed by %s, %d cases, %.1f ms", m.ID, m.Op, v.Property, v.Cases,
				float64(time.Since(start).Microseconds())/1000)
		})
	}
}

// seedsEnv names the environment variable that sets the number of seeds of
// TestMutantSeeds.
const seedsEnv = "ASSAY_MUTANT_SEEDS"

// TestTwin: the reference loop in the oracle's place kills as well. Every tenth
// mutant will do.
func TestTwin(t *testing.T) {
	for i, m := range raceSample(mutants.All()) {
		if i%10 > 0 {
			continue
		}
		t.Run(string(m.Op)+"/"+m.ID, func(t *testing.T) {
			t.Parallel()
			row := mutantRow(m)
			row.Tree = spec.TreeLanes
			if v := props.Run(context.Background(), row, props.Options{Seed: 1, Twin: true}, true); len(v) == 0 {
				t.Errorf("%s %s survives: %s", m.ID, m.Op, m.Summary)
			}
		})
	}
}

// TestMutantSeeds requires that every mutant is killed whatever the seed: a kill
// by luck is none.
func TestMutantSeeds(t *testing.T) {
	if testing.Short() || raceEnabled {
		t.Skip("several seeds of every mutant; not with -short or -race")
	}
	seeds := 1 // beside that of TestMutantsKilled
	if s := os.Getenv(seedsEnv); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			t.Fatalf("%s=%q: want a positive number", seedsEnv, s)
		}
		seeds = n
	}
	for _, m := range mutants.All() {
		t.Run(string(m.Op)+"/"+m.ID, func(t *testing.T) {
			t.Parallel()
			survived, killers := 0, map[string]int{}
			for seed := range seeds {
				if v := kill(m, uint64(seed)); v != nil {
					killers[v.Property]++
				} else {
					survived++
				}
			}
			if survived > 0 {
				t.Errorf("%s %s survives %d of %d seeds: %s; killed by %v", m.ID, m.Op, survived, seeds, m.Summary, killers)
			} else {
				t.Logf("%s %s killed by %v", m.ID, m.Op, killers)
			}
		})
	}
}

// TestMutantBasesConform holds the kernels that the mutants were made from to
// the whole suite, the declared order of roundings included: what kills a
// mutant must be its defect.
func TestMutantBasesConform(t *testing.T) {
	seen := map[spec.Op]bool{}
	for _, m := range raceSample(mutants.All()) {
		if seen[m.Op] {
			continue
		}
		seen[m.Op] = true
		t.Run(string(m.Op), func(t *testing.T) {
			t.Parallel()
			tree := spec.TreeLanes
			if in := spec.MustLookup(m.Op); in.Kind == spec.KindMap && !in.Exact || m.Op == spec.OpSoftmaxF32 || m.Op == spec.OpRopeF32 || m.Op == spec.OpAttentionF32 {
				tree = spec.TreeAny // computed in binary64, nearer to the exact value than what is declared
			}
			props.Conform(t, spec.Row{Op: m.Op, Tier: "base", Tree: tree, Func: m.Base})
		})
	}
	for _, in := range spec.Ops() {
		if !seen[in.Op] && !raceEnabled {
			t.Errorf("%s has no mutant", in.Op)
		}
	}
}

// TestMutantsDiffer compares every mutant with its base, with no property or
// oracle between: one that is the same function would be no mutant. Mutants
// that read out of bounds and drop what they read are the same function; that
// they do read there is tested in their own package.
func TestMutantsDiffer(t *testing.T) {
	for _, m := range raceSample(mutants.All()) {
		t.Run(string(m.Op)+"/"+m.ID, func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(1, 2))
			cases := 5000
			if m.Class == "OOB" {
				cases = 200
			}
			for n := range cases {
				r := props.Draw(rng, m.Op)
				if n%100 == 99 {
					r.Shape = longShape(m.Op, n/100)
				}
				c := r.Case()
				if n%2 == 1 {
					disturb(c, rng)
				}
				threads := 1 + n%7
				want, base := output(c, m.Base, threads)
				got, mutant := output(c, m.Func, threads)
				if base != nil {
					t.Fatalf("case %s: the base panics: %v", c.ID, base)
				}
				if mutant != nil || !bytes.Equal(want, got) {
					return
				}
			}
			if m.Class != "OOB" {
				t.Errorf("%s %s: no case tells it from its base: %s", m.ID, m.Op, m.Summary)
			}
		})
	}
}

// longShape returns shapes in which one operand or the other has more bytes, or
// elements, than 16 bits count.
func longShape(op spec.Op, n int) spec.Shape {
	const blocks = 1<<16/spec.Q4KBytes + 4
	switch {
	case op == spec.OpRopeF32:
		return spec.Shape{Rows: 300, Cols: 256, Batch: 1}
	case op == spec.OpAttentionF32:
		return spec.Shape{Rows: 3, Cols: 64, Batch: 300, Heads: 6, KVHeads: 3}
	case spec.MustLookup(op).Kind != spec.KindMatvec:
		return spec.Vector(blocks * spec.SuperBlock)
	case n%2 == 0:
		return spec.Shape{Rows: blocks, Cols: spec.SuperBlock, Batch: 1}
	}
	return spec.Shape{Rows: 1, Cols: spec.SuperBlock, Batch: blocks}
}

// disturb writes a NaN, an infinity or a zero of 16 bits somewhere into an
// operand, and zeros behind it.
func disturb(c *spec.Case, rng *rand.Rand) {
	k := rng.IntN(len(c.In))
	b := c.In[k]
	if o := spec.MustLookup(c.Op).In[k]; len(b) == 0 || o.Format == spec.Params || o.Name == "factors" {
		return
	}
	at := 2 * rng.IntN(len(b)/2)
	binary.LittleEndian.PutUint16(b[at:], []uint16{0x7c00, 0x7e00, 0}[rng.IntN(3)])
	clear(b[at+2 : min(at+14, len(b))])
	if spec.MustLookup(c.Op).In[k].Format == spec.Q8K {
		spec.FixBsums(b)
	}
}

// output runs f on operands amid NaNs, and returns the output and what lies
// around it, all NaNs made one; or what f panicked with.
func output(c *spec.Case, f spec.Func, threads int) (out []byte, failure any) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() { failure = recover() }()
	const margin = 256
	amid := func(b []byte) (all, inner []byte) {
		all = bytes.Repeat([]byte{0xff}, len(b)+2*margin)
		inner = all[margin : margin+len(b) : margin+len(b)]
		copy(inner, b)
		return all, inner
	}
	in := spec.MustLookup(c.Op)
	out, inner := amid(bytes.Repeat([]byte{0xff}, in.OutBytes(c.Shape)))
	call := &spec.Call{Shape: c.Shape, Threads: threads, Out: inner}
	for _, b := range c.In {
		if len(b) > 0 { // an absent operand stays absent
			_, b = amid(b)
		}
		call.In = append(call.In, b)
	}
	f.Run(call)
	if in.Out == spec.F32 {
		for i := range len(inner) / 4 {
			if spec.ClassOf(spec.F32Bits(inner, i)) == spec.ClassNaN {
				spec.PutF32(inner[4*i:], float32(math.NaN()))
			}
		}
	}
	return out, nil
}

// TestMutantTable checks what the reports rely on: ids, one to a mutant, that
// name rows of the catalogue; enough mutants for every op; and a mutant for every row
// about a kernel that is here, dispatch aside.
func TestMutantTable(t *testing.T) {
	form := regexp.MustCompile(`^([A-LX][0-9]{2})(-[b-z])?$`)
	ids, rows, perOp := map[string]bool{}, map[string]bool{}, map[spec.Op]int{}
	for _, m := range mutants.All() {
		match := form.FindStringSubmatch(m.ID)
		if match == nil {
			t.Errorf("%q: want a row such as A01 or A01-b, or X01", m.ID)
			continue
		}
		key := string(m.Op) + " " + m.ID
		if ids[key] {
			t.Errorf("%s occurs twice", key)
		}
		ids[key], ids[m.ID], rows[match[1]] = true, true, true
		perOp[m.Op]++
		if m.Defect == "" || m.Class == "" || m.Summary == "" || m.Func == nil || m.Base == nil {
			t.Errorf("%s: incomplete: %+v", m.ID, m)
		}
	}
	for _, in := range spec.Ops() {
		if perOp[in.Op] < 5 {
			t.Errorf("%s has %d mutants, want at least 5", in.Op, perOp[in.Op])
		}
	}
	var same, other, none int
	for _, d := range mutants.Catalogue() {
		for _, id := range d.Mutants {
			if !ids[id] {
				t.Errorf("row %s names %s, which does not exist", d.ID, id)
			}
		}
		switch {
		case (len(d.Mutants) > 0) == (d.Reason != ""):
			t.Errorf("row %s: want either mutants or a reason to have none: %+v", d.ID, d)
		case len(d.Mutants) == 0 && d.Same && !d.Dispatch():
			t.Errorf("row %s is of a kernel that is here: want a mutant, not a reason: %s", d.ID, d.Reason)
		case len(d.Mutants) == 0:
			none++
		case d.Same:
			same++
		default:
			other++
		}
		delete(rows, d.ID)
	}
	for row := range rows {
		if row[0] != 'X' {
			t.Errorf("mutants of row %s: the catalogue has none", row)
		}
	}
	if same < 161 {
		t.Errorf("%d rows of kernels that are here have mutants, want 161", same)
	}
	t.Logf("rows with mutants: %d of kernels that are here, %d of neighbouring ones; without: %d", same, other, none)
}
