package oracle_test

import (
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/x448/float16"

	"assay/oracle"
	"assay/props"
	"assay/spec"
)

// randomCases is how many hostile cases the two derivations are compared on;
// ASSAY_ORACLE_CASES overrides it.
func randomCases(t *testing.T) int {
	if s := os.Getenv("ASSAY_ORACLE_CASES"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if testing.Short() || raceEnabled {
		return 3_000
	}
	return 100_000
}

// TestBulkEqualsEval: the super-accumulator and the second decoders give what
// the plain definition gives, on hostile cases of every op and both trees.
func TestBulkEqualsEval(t *testing.T) {
	n := randomCases(t)
	ops := spec.Ops()
	for part := range 16 {
		t.Run(strconv.Itoa(part), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(1, uint64(part)))
			for i := range n / 16 {
				r := props.Draw(rng, ops[i%len(ops)].Op)
				if i%16 > 0 { // long ones more rarely: the plain oracle is slow
					r.Shape.Cols = min(r.Shape.Cols, spec.SuperBlock)
					r.Shape.Rows, r.Shape.Batch = 1, 1
				}
				compare(t, r, spec.Tree(i/len(ops)%2))
			}
		})
	}
}

func compare(t *testing.T, r props.Recipe, tree spec.Tree) {
	t.Helper()
	c := r.Case()
	plain, err := oracle.Eval(c, tree)
	if err != nil {
		t.Fatal(r, err)
	}
	bulk, err := oracle.Bulk(c, tree)
	if err != nil {
		t.Fatal(r, err)
	}
	if spec.MustLookup(c.Op).Exact {
		if f := diffBytes(c.Op, plain.Bytes, bulk.Bytes); f != "" {
			t.Fatalf("%v: %s", r, f)
		}
		return
	}
	for i, p := range plain.Elements {
		b := bulk.Elements[i]
		if !spec.MustLookup(c.Op).Sums() {
			if why := disagree(p, b); why != "" {
				t.Fatalf("%v: element %d: %s: %+v, bulk %+v", r, i, why, p, b)
			}
			continue
		}
		switch {
		case p.Class != b.Class && !nearOverflow(p):
			t.Fatalf("%v: element %d: class %v, bulk %v", r, i, p.Class, b.Class)
		case (p.Value == nil) != (b.Value == nil) || p.Value != nil && p.Value.Cmp(b.Value) != 0:
			t.Fatalf("%v: element %d: value %v, bulk %v", r, i, p.Value, b.Value)
		case !upperBound(p.Gauge, b.Gauge) || !upperBound(p.Bound, b.Bound):
			t.Fatalf("%v: element %d: gauge %v, bulk %v; bound %v, bulk %v", r, i, p.Gauge, b.Gauge, p.Bound, b.Bound)
		}
	}
}

// disagree compares two enclosures: their middles must be nearer to each other
// than a small part of the bounds, which must be nearly equal.
func disagree(p, b oracle.Element) string {
	switch {
	case p.Class != b.Class:
		return "class"
	case p.Positive != b.Positive || p.Negative != b.Negative:
		return "sign"
	case (p.Value == nil) != (b.Value == nil):
		return "value"
	case p.Value == nil:
		return ""
	}
	part := new(big.Float).SetPrec(640).Mul(p.Bound, big.NewFloat(0x1p-8))
	near := func(x, y *big.Float) bool {
		d := new(big.Float).SetPrec(2000).Sub(x, y)
		return d.Abs(d).Cmp(part) <= 0
	}
	// An ulp doubles at a power of two, on either side of which the middles may lie.
	twice := func(x, y *big.Float) bool {
		return x.Cmp(new(big.Float).SetPrec(640).Mul(y, big.NewFloat(2.01))) <= 0
	}
	one := big.NewFloat(1)
	switch {
	case p.Bound.Cmp(one) >= 0 && b.Bound.Cmp(one) >= 0 && p.Positive && p.Value.Cmp(one) <= 0: // a probability of which nothing is claimed
	case !near(p.Value, b.Value):
		return "value"
	case !twice(p.Bound, b.Bound) || !twice(b.Bound, p.Bound):
		return "bound"
	}
	return ""
}

// nearOverflow: rounding the gauge up may decide a class that lies within a
// relative 2^-30 of the threshold.
func nearOverflow(s oracle.Element) bool {
	q, _ := new(big.Float).Quo(s.Gauge, spec.OverflowAt()).Float64()
	return math.Abs(q-1) < 0x1p-10
}

// upperBound: b is p rounded up by no more than n·2^-52 for the sizes here.
func upperBound(p, b *big.Float) bool {
	limit := new(big.Float).SetPrec(640).Mul(p, big.NewFloat(1+0x1p-38))
	return b.Cmp(p) >= 0 && b.Cmp(limit) <= 0
}

func diffBytes(op spec.Op, a, b []byte) string {
	if spec.MustLookup(op).Out != spec.F32 {
		return cmp.Diff(a, b)
	}
	for i := range len(a) / 4 {
		x, y := spec.F32Bits(a, i), spec.F32Bits(b, i)
		if x != y && !(spec.ClassOf(x) == spec.ClassNaN && spec.ClassOf(y) == spec.ClassNaN) {
			return strconv.Itoa(i) + ": " + cmp.Diff(x, y)
		}
	}
	return ""
}

// TestF16 compares the f16 decoding behind Values with a library's, over all
// patterns.
func TestF16(t *testing.T) {
	for h := range 1 << 16 {
		blk := make([]byte, spec.Q4KBytes)
		blk[0], blk[1] = byte(h), byte(h>>8)
		blk[spec.Q4KOffScales] = 1 // sc[0] = 1, and q[0] = 1
		blk[spec.Q4KOffQuants] = 1
		got, want := oracle.Values(spec.Q4K, blk)[0], float64(float16.Frombits(uint16(h)).Float32())
		if got != want && !(got != got && want != want) {
			t.Fatalf("f16 %04x: %g, want %g", h, got, want)
		}
	}
}

// TestKnownDots: sums whose exact values are known without arithmetic.
func TestKnownDots(t *testing.T) {
	for _, tt := range []struct {
		a, b []float32
		want float64
	}{
		{nil, nil, 0},
		{[]float32{1, 1e30, -1e30}, []float32{1, 1e8, 1e8}, 1},
		{[]float32{0x1p-149, 0x1p127}, []float32{0x1p-149, 0}, 0x1p-298},
		{[]float32{0x1p127, -0x1p127, 0x1p-140}, []float32{0x1p127, 0x1p127, 0x1p-140}, 0x1p-280},
		{[]float32{3, 5, 7}, []float32{11, -13, 17}, 33 - 65 + 119},
	} {
		c := &spec.Case{Op: spec.OpDotF32, Shape: spec.Vector(len(tt.a)), In: [][]byte{spec.FloatBytes(tt.a), spec.FloatBytes(tt.b)}}
		for name, eval := range map[string]func(*spec.Case, spec.Tree) (*oracle.Want, error){"Eval": oracle.Eval, "Bulk": oracle.Bulk} {
			w, err := eval(c, spec.TreeLanes)
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := w.Elements[0].Value.Float64(); got != tt.want {
				t.Errorf("%s(%v, %v) = %g, want %g", name, tt.a, tt.b, got, tt.want)
			}
		}
	}
}

// TestAccLong crosses the accumulator's carry several times, with values that
// all fall into one bin and with alternating extremes.
func TestAccLong(t *testing.T) {
	var acc oracle.Acc
	const n = 200_000
	x, y := make([]float32, n), make([]float32, n)
	for i := range x {
		x[i], y[i] = math.Nextafter32(2, 0), math.Nextafter32(2, 0)
		if i%3 == 0 {
			x[i] = -x[i]
		}
	}
	acc.AddDot(x, y)
	for range n {
		acc.Add(0x1p255)
	}
	for range n {
		acc.Add(-0x1p255)
	}
	p := float64(x[1]) * float64(y[1])
	count := n - 2*((n+2)/3)
	want := new(big.Float).SetPrec(200).Mul(big.NewFloat(p), big.NewFloat(float64(count)))
	if got := acc.Value(); got.Cmp(want) != 0 {
		t.Errorf("sum is %v, want %v", got, want)
	}
}

// TestDisplacement: A − B = Σ w·(x − x̂) exactly, and the drift bound holds.
func TestDisplacement(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	for range 200 {
		wr := props.Recipe{Op: spec.OpDequantQ4K, Strategy: "typical", Shape: spec.Vector(512), Seed: rng.Uint64()}
		xr := props.Recipe{Op: spec.OpQuantizeQ8KGGML, Strategy: []string{"gauss", "outlier", "twosided"}[rng.IntN(3)], Shape: spec.Vector(512), Seed: rng.Uint64()}
		if rng.IntN(2) == 0 {
			xr.Op = spec.OpQuantizeQ8KAprender
		}
		w, x := wr.Case().In[0], xr.Case()
		xq, err := oracle.Bulk(x, spec.TreeLanes)
		if err != nil {
			t.Fatal(err)
		}
		value := func(op spec.Op, act []byte) *big.Float {
			sums, err := oracle.Bulk(&spec.Case{Op: op, Shape: spec.Vector(512), In: [][]byte{w, act}}, spec.TreeLanes)
			if err != nil {
				t.Fatal(err)
			}
			return sums.Elements[0].Value
		}
		diff := new(big.Float).SetPrec(640).Sub(value(spec.OpMatvecQ4KF32, x.In[0]), value(spec.OpDotQ4KQ8K, xq.Bytes))
		moved := oracle.Displacement(spec.Q4K, w, x.In[0], xq.Bytes)
		if diff.Cmp(moved) != 0 {
			t.Fatalf("%v × %v: A − B = %v, displacement %v", wr, xr, diff, moved)
		}
		if limit := oracle.DriftBound(spec.Q4K, w, xq.Bytes); moved.Abs(moved).Cmp(limit) > 0 {
			t.Fatalf("%v × %v: displacement %v exceeds %v", wr, xr, moved, limit)
		}
	}
}
