package mutants

import (
	"slices"

	"assay/spec"
)

// Mutant is a kernel with one deliberate defect.
type Mutant struct {
	ID      string // row of the catalogue, X for one that is not in it, with -b, -c … where it makes several of an op
	Defect  string // the public report
	Class   string // class of defect, as in the catalogue
	Op      spec.Op
	Tree    spec.Tree // what it declares
	Summary string    // the mechanism
	Func    spec.Func
	Base    spec.Func // the correct kernel that it was made from
}

// Classes of defect.
const (
	layout   = "LAY"  // bit layout
	scale    = "SCL"  // scale or min paired with the wrong elements
	overflow = "OVF"  // integer overflow, saturation, wrap
	precise  = "FOV"  // float range or precision
	tail     = "TAIL" // odd block, remainder, short vector
	bounds   = "OOB"  // outside the buffer, alignment
	lane     = "LANE" // uninitialised or dropped lanes
	operand  = "OPR"  // wrong operand, operation, width
	special  = "NANI" // NaN, Inf, zero
	tiny     = "SUBN" // subnormals and f16 patterns
	formula  = "CONV" // formula or convention
	stride   = "STR"  // stride, offset, index
	rounding = "RND"  // rounding, ties, order of summation
	threads  = "THR"  // split among threads, shared buffers
)

// All returns all mutants, those of one op together.
func All() []Mutant {
	all := slices.Concat(
		dequantMutants(),
		ggmlMutants(),
		aprenderMutants(),
		dotF32Mutants(),
		dotQ4KQ8KMutants(),
		matvecQ4KQ8KMutants(),
		matvecQ4KF32Mutants(),
		narrowMutants(),
		widenMutants(),
		halfDotMutants(spec.OpDotF16, half, 0x7c00),
		halfDotMutants(spec.OpDotBF16, bfloat, 0x7f80),
		matvecF32Mutants(),
		elementwiseMutants(),
		softmaxMutants(),
		rmsnormMutants(),
		ropeMutants(),
		attentionMutants(),
		quantizeQ8Mutants(spec.OpQuantizeQ8_0, spec.Q8_0),
		quantizeQ8Mutants(spec.OpQuantizeQ8_1, spec.Q8_1),
	)
	for _, in := range spec.Ops() {
		f := in.In[0].Format
		switch {
		case f == spec.Q4K || f.Float(): // above
		case in.Kind == spec.KindMap:
			all = append(all, dequantFormatMutants(f)...)
		case in.Kind == spec.KindDot:
			all = append(all, dotFormatMutants(f, in.In[1].Format)...)
		case in.Kind == spec.KindMatvec:
			all = append(all, matvecFormatMutants(f, in.In[1].Format)...)
		}
	}
	return all
}

// An edit makes a mutant of the base kernel K.
type edit[K any] struct {
	id, defect, class, summary string
	apply                      func(k *K)
}

// family applies the edits, each to a base of its own.
//
// A mutant is judged as a kernel from elsewhere would be, by the bounds alone:
// it declares no order of summation. Only where the defect of a sum is a matter
// of rounding alone does it declare the base's, for by the bounds any other
// order is as good.
func family[K any](op spec.Op, base func() *K, entry func(k *K) spec.Func, edits []edit[K]) []Mutant {
	correct := entry(base())
	var out []Mutant
	for _, e := range edits {
		k := base()
		e.apply(k)
		m := Mutant{
			ID: e.id, Defect: e.defect, Class: e.class, Op: op, Summary: e.summary,
			Func: entry(k), Base: correct,
		}
		if e.class == rounding && !spec.MustLookup(op).Exact {
			m.Tree = spec.TreeLanes
		}
		out = append(out, m)
	}
	return out
}
