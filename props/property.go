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

// All returns all properties, in the order in which they are run.
func All() []Property { return slices.Clone(properties) }

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
		applies: exactOrSum, check: checkOneHot,
	},
	{
		Name: "integers", Sees: "LAY, SCL, OVF: exact sums have no rounding to hide in", Budget: 60,
		applies: sums, draw: drawIntegers, check: checkIntegers,
	},
	{
		Name: "lengths", Sees: "TAIL, OOB: every length, at either end of readable memory", Budget: 1,
		draw: drawIntegers, check: checkLengths,
	},
	{
		Name: "locality", Sees: "SCL, LAY: one scale, min or quant moves only its own term", Budget: 12,
		applies: quantised, draw: drawIntegers, check: checkLocality,
	},
	{
		Name: "linearity", Sees: "LAY, OVF: linear in the quants; minimum term alone; blocks concatenate", Budget: 16,
		applies: both(quantised, sums), draw: drawIntegers, check: checkLinearity,
	},
	{
		Name: "scaling", Sees: "CONV, SUBN: powers of two and the sign factor out exactly", Budget: 40,
		applies: exactOrSum, draw: drawCalm, check: checkScaling,
	},
	{
		Name: "class", Sees: "NANI, SUBN: a special value in each operand, alone and against zeros", Budget: 4,
		draw: drawCalm, check: checkClass,
	},
	{
		Name: "quantiser", Sees: "RND, NANI: |x − d·q|, signs, bsums, idempotence, zero blocks", Budget: 60,
		applies: quantiser, check: checkQuantiser,
	},
	{
		Name: "extreme", Sees: "LANE: the largest element at each position in turn, ties of either sign", Budget: 2,
		applies: quantiser, check: checkExtreme,
	},
	{
		Name: "displacement", Sees: "CONV: Path B lies within the quantiser's bound of the exact Path A", Budget: 40,
		applies: both(takes(spec.Q8K), sums), draw: drawTypical, check: checkDisplacement,
	},
	{
		Name: "threads", Sees: "THR, STR: any number of threads, with more and fewer rows than threads", Budget: 8,
		applies: threaded, draw: drawTypical, check: checkThreads,
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
		Name: "long", Sees: "STR, OVF, OOB: lengths and offsets beyond 16 bits, at the end of readable memory", Budget: 1,
		applies: exactOrSum, draw: drawIntegers, check: checkLong,
	},
	{
		Name: "sweep", Sees: "FOV, SUBN: every exponent, with mantissas at and beside its ends", Budget: 1,
		applies: elementwise, check: checkSweep,
	},
	{
		Name: "edges", Sees: "SUBN, RND: where the rounding of a conversion or of GELU changes, and beside it", Budget: 1,
		applies: func(row spec.Row) bool {
			in := spec.MustLookup(row.Op)
			return row.Op == spec.OpGeluF32 || in.Kind == spec.KindMap && in.In[0].Format == spec.F32 && in.Out.Float() && in.Out != spec.F32
		}, check: checkEdges,
	},
	{
		Name: "symmetry", Sees: "CONV, FOV: silu(x) − silu(−x) = x, gelu the same, e^x·e^−x = 1", Budget: 8,
		applies: func(row spec.Row) bool { return elementwise(row) && row.Op != spec.OpSwigluF32 }, check: checkSymmetry,
	},
	{
		Name: "runs", Sees: "FOV, LANE: one extreme element at any place in runs of equal ones", Budget: 400,
		applies: func(row spec.Row) bool { return exponential(spec.MustLookup(row.Op)) }, check: checkRuns,
	},
	{
		Name: "softmax", Sees: "NANI, CONV: shift, scale, hidden scores, equal and larger scores, sum", Budget: 24,
		applies: isOp(spec.OpSoftmaxF32), check: checkSoftmax,
	},
	{
		Name: "rmsnorm", Sees: "CONV, FOV: (2^k x, 4^k eps) and the sign bit for bit, no gain", Budget: 24,
		applies: isOp(spec.OpRMSNormF32), check: checkRMSNorm,
	},
	{
		Name: "rope", Sees: "CONV, FOV: position 0, hand-computed pairs, lengths, relative position, composition", Budget: 16,
		applies: isOp(spec.OpRopeF32), check: checkRope,
	},
	{
		Name: "turns", Sees: "RND, STR: angles whose cosine or sine is beside the middle between two f32; wide heads", Budget: 1,
		applies: isOp(spec.OpRopeF32), check: checkTurns,
	},
	{
		Name: "attention", Sees: "STR, NANI, CONV: what is not visible, one key, groups of heads, queries one by one, threads", Budget: 24,
		applies: isOp(spec.OpAttentionF32), check: checkAttention,
	},
	{
		Name: "inplace", Sees: "THR: the output may be an operand", Budget: 8,
		applies: mayBeInPlace, check: checkInPlace,
	},
	{
		Name: "pieces", Sees: "STR, TAIL, LANE: any piece of a map by itself", Budget: 12,
		applies: kind(spec.KindMap), check: checkPieces,
	},
	{
		Name: "repeat", Sees: "LANE, THR: unwritten elements, state between calls", Budget: 40,
		check: checkRepeat,
	},
	{
		Name: "alias", Sees: "THR: operands may be the same memory", Budget: 8,
		applies: func(row spec.Row) bool {
			in := spec.MustLookup(row.Op)
			return in.Kind == spec.KindDot && in.In[0].Format.Float()
		}, check: checkAlias,
	},
	{
		Name: "memory", Sees: "OOB: unreadable pages on both ends, all base offsets, read-only inputs", Budget: 3,
		check: checkMemory, absent: memoryAbsent,
	},
	{
		Name: "mode", Sees: "ABI, SUBN: the floating-point mode is kept, flush modes change nothing", Budget: 16,
		draw: drawMode, check: checkMode, absent: modeAbsent,
	},
	{
		Name: "vectors", Sees: "ABI: upper halves of vector registers and direction flag are left clear", Budget: 40,
		check: checkVectors, absent: vectorsAbsent,
	},
}

func exactOrSum(row spec.Row) bool {
	in := spec.MustLookup(row.Op)
	return in.Exact || in.Sums()
}

func isOp(op spec.Op) func(spec.Row) bool {
	return func(row spec.Row) bool { return row.Op == op }
}

func lanes(row spec.Row) bool { return row.Tree == spec.TreeLanes }
func sums(row spec.Row) bool  { return spec.MustLookup(row.Op).Sums() }

func kind(k spec.Kind) func(spec.Row) bool {
	return func(row spec.Row) bool { return spec.MustLookup(row.Op).Kind == k }
}

// threaded: the op takes a number of threads.
func threaded(row spec.Row) bool {
	k := spec.MustLookup(row.Op).Kind
	return k == spec.KindMatvec || k == spec.KindAttention
}

func takes(f spec.Format) func(spec.Row) bool {
	return func(row spec.Row) bool { return spec.MustLookup(row.Op).Takes(f) }
}

// quantised: the first operand is weights in a quantised format.
func quantised(row spec.Row) bool { return weightLayout(row.Op) != nil }

// quantiser: the output is quantised.
func quantiser(row spec.Row) bool { return !spec.MustLookup(row.Op).Out.Float() }

func both(a, b func(spec.Row) bool) func(spec.Row) bool {
	return func(row spec.Row) bool { return a(row) && b(row) }
}

// drawFrom draws a recipe whose operands take only the named strategies.
func drawFrom(rng *rand.Rand, op spec.Op, names map[spec.Format][]string) Recipe {
	in := spec.MustLookup(op)
	r := Recipe{Op: op, Shape: drawShape(rng, in), Seed: rng.Uint64()}
	for k, o := range in.In {
		if k > 0 {
			r.Strategy += "+"
		}
		list := names[o.Format]
		if s := operandStrategies(in, k); o.Format == spec.Params || o.Optional { // the first ones are the usual ones
			list = []string{s[0].name, s[1].name}
		}
		r.Strategy += list[rng.IntN(len(list))]
	}
	return r
}

// having returns, for every format, those of the named strategies that
// it has.
func having(names ...string) map[spec.Format][]string {
	out := map[spec.Format][]string{}
	for _, f := range spec.Formats() {
		for _, name := range names {
			if strategyOf(f, name) != nil {
				out[f] = append(out[f], name)
			}
		}
	}
	return out
}

var (
	integers = having("integers")
	// calm: no f32 is subnormal or near overflow, though an f16 scale may be.
	calm = func() map[spec.Format][]string {
		m := having("typical", "spread", "extreme", "integers", "halves", "allplus", "alternating", "gauss", "outlier", "ties", "twosided")
		for f, names := range m {
			if l := spec.LayoutOf(f); l != nil && l.DKind == spec.ScaleF16 && strategyOf(f, "subnormal") != nil {
				m[f] = append(names, "subnormal")
			}
		}
		return m
	}()
	// usual data, which no bound is far from.
	usual = having("typical", "spread", "zeros", "halves", "gauss", "outlier")
)

// drawMode: integers alone for ops whose results of other calm operands may be
// subnormal.
func drawMode(rng *rand.Rand, op spec.Op) Recipe {
	if in := spec.MustLookup(op); !in.Exact && !in.Sums() {
		return drawIntegers(rng, op)
	}
	return drawCalm(rng, op)
}

func drawIntegers(rng *rand.Rand, op spec.Op) Recipe { return drawFrom(rng, op, integers) }
func drawCalm(rng *rand.Rand, op spec.Op) Recipe     { return drawFrom(rng, op, calm) }
func drawTypical(rng *rand.Rand, op spec.Op) Recipe  { return drawFrom(rng, op, usual) }

// DrawUsual returns a random recipe of usual data, which no bound is far from.
func DrawUsual(rng *rand.Rand, op spec.Op) Recipe { return drawTypical(rng, op) }
