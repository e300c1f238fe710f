package props

import (
	"math/rand/v2"
	"slices"

	"assay/spec"
)

// Property is one thing that must hold of a kernel.
type Property struct {
	Name string
	Sees string // the classes of defect that it can see
	// Budget is the number of recipes of a default run.
	Budget int

	applies func(row spec.Row) bool
	draw    func(rng *rand.Rand, op spec.Op) Recipe // nil: Draw
	check   func(h *harness, r Recipe) *Finding
	absent  func() string // why it cannot run here, or ""
}

// Properties returns the properties that apply to the row.
func Properties(row spec.Row) []Property {
	return slices.DeleteFunc(slices.Clone(properties), func(p Property) bool {
		return p.applies != nil && !p.applies(row)
	})
}

// properties is ordered from the cheap and general to the particular; a run
// ends at the first failure.
var properties = []Property{
	{
		Name: "accuracy", Sees: "everything that moves a result beyond its bound or class", Budget: 240,
		check: checkAccuracy,
	},
	{
		Name: "tiers", Sees: "RND: the declared tree, bit for bit", Budget: 240,
		applies: lanes, check: checkTiers,
	},
	{
		Name: "onehot", Sees: "LAY, SCL, LANE, STR: read-back of every position", Budget: 3,
		check: checkOneHot,
	},
	{
		Name: "integers", Sees: "LAY, SCL, OVF: exact sums have no rounding to hide in", Budget: 60,
		applies: sums, draw: drawIntegers, check: checkIntegers,
	},
	{
		Name: "locality", Sees: "SCL, LAY: one scale, min or quant moves only its own term", Budget: 12,
		applies: takes(spec.Q4K), draw: drawIntegers, check: checkLocality,
	},
	{
		Name: "linearity", Sees: "LAY, OVF: linear in the quants; minimum term alone; blocks concatenate", Budget: 16,
		applies: both(takes(spec.Q4K), sums), draw: drawIntegers, check: checkLinearity,
	},
	{
		Name: "scaling", Sees: "CONV, SUBN: powers of two and the sign factor out exactly", Budget: 40,
		draw: drawCalm, check: checkScaling,
	},
	{
		Name: "class", Sees: "NANI, SUBN: a special value in each operand, alone and against zeros", Budget: 4,
		draw: drawCalm, check: checkClass,
	},
	{
		Name: "quantiser", Sees: "RND, NANI: |x − d·q|, signs, bsums, idempotence, zero blocks", Budget: 60,
		applies: gives(spec.Q8K), check: checkQuantiser,
	},
	{
		Name: "extreme", Sees: "LANE: the largest element at each position in turn, ties of either sign", Budget: 2,
		applies: gives(spec.Q8K), check: checkExtreme,
	},
	{
		Name: "displacement", Sees: "CONV: Path B lies within the quantiser's bound of the exact Path A", Budget: 40,
		applies: takes(spec.Q8K), draw: drawTypical, check: checkDisplacement,
	},
	{
		Name: "threads", Sees: "THR, STR: any number of threads, with more and fewer rows than threads", Budget: 8,
		applies: kind(spec.KindMatvec), draw: drawTypical, check: checkThreads,
	},
	{
		Name: "splits", Sees: "STR, THR, TAIL: rows, batches and threads do not matter", Budget: 24,
		applies: both(lanes, kind(spec.KindMatvec)), check: checkSplits,
	},
	{
		Name: "tree", Sees: "RND: the declared tree, probed by one +M, one −M and ones", Budget: 40,
		applies: both(lanes, sums), check: checkTree,
	},
	{
		Name: "long", Sees: "STR, OVF: lengths and offsets beyond 16 bits", Budget: 1,
		draw: drawIntegers, check: checkLong,
	},
	{
		Name: "repeat", Sees: "LANE, THR: unwritten elements, state between calls", Budget: 40,
		check: checkRepeat,
	},
	{
		Name: "alias", Sees: "THR: operands may be the same memory", Budget: 8,
		applies: func(row spec.Row) bool { return row.Op == spec.OpDotF32 }, check: checkAlias,
	},
	{
		Name: "memory", Sees: "OOB: unreadable pages on both ends, all base offsets, read-only inputs", Budget: 3,
		check: checkMemory, absent: memoryAbsent,
	},
	{
		Name: "mode", Sees: "ABI, SUBN: the floating-point mode is kept, flush modes change nothing", Budget: 16,
		draw: drawCalm, check: checkMode, absent: modeAbsent,
	},
}

func lanes(row spec.Row) bool { return row.Tree == spec.TreeLanes }
func sums(row spec.Row) bool  { return !spec.MustLookup(row.Op).Exact }

func kind(k spec.Kind) func(spec.Row) bool {
	return func(row spec.Row) bool { return spec.MustLookup(row.Op).Kind == k }
}

func takes(f spec.Format) func(spec.Row) bool {
	return func(row spec.Row) bool { return spec.MustLookup(row.Op).Takes(f) }
}

func gives(f spec.Format) func(spec.Row) bool {
	return func(row spec.Row) bool { return spec.MustLookup(row.Op).Out == f }
}

func both(a, b func(spec.Row) bool) func(spec.Row) bool {
	return func(row spec.Row) bool { return a(row) && b(row) }
}

// drawFrom draws a recipe whose operands take only the named strategies.
func drawFrom(rng *rand.Rand, op spec.Op, names map[spec.Format][]string) Recipe {
	in := spec.MustLookup(op)
	r := Recipe{Op: op, Shape: drawShape(rng, in), Seed: rng.Uint64()}
	for k, o := range in.In {
		f := o.Format
		if k > 0 {
			r.Strategy += "+"
		}
		r.Strategy += names[f][rng.IntN(len(names[f]))]
	}
	return r
}

func drawIntegers(rng *rand.Rand, op spec.Op) Recipe {
	const s = "integers"
	return drawFrom(rng, op, map[spec.Format][]string{spec.Q4K: {s}, spec.Q8K: {s}, spec.F32: {s}})
}

// drawCalm draws cases in which no f32 is subnormal or near overflow.
func drawCalm(rng *rand.Rand, op spec.Op) Recipe {
	return drawFrom(rng, op, map[spec.Format][]string{
		spec.Q4K: {"typical", "spread", "subnormal", "extreme", "integers"},
		spec.Q8K: {"typical", "halves", "integers", "allplus", "alternating"},
		spec.F32: {"gauss", "outlier", "integers", "ties", "twosided"},
	})
}

func drawTypical(rng *rand.Rand, op spec.Op) Recipe {
	return drawFrom(rng, op, map[spec.Format][]string{
		spec.Q4K: {"typical", "spread", "zeros"}, spec.Q8K: {"typical", "halves"}, spec.F32: {"gauss", "outlier"},
	})
}
