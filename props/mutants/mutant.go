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

// Omitted tells why a row of the sections A to J has no mutant of its own.
func Omitted() map[string]string {
	const (
		dispatch = "concerns dispatch, which a kernel row does not have"
		weights  = "concerns the search for a weight's scale, which is judged by its error and not bit by bit"
	)
	return map[string]string{
		"A03": dispatch,
		"A11": dispatch,
		"A14": dispatch,
		"A16": dispatch,
		"A32": "the same function as A31, in a kernel for another ISA",
		"A33": "the same function as A31, in a kernel for another format",
		"B12": "the same function as B11, in an encoder too",
		"B27": "half the distance between the elements of a byte is, in Q4_K, the layout of B04",
		"B34": dispatch,
		"B38": "the same function as B11, in Q5_0 and Q5_1",
		"C08": "the same function as C37",
		"C14": dispatch,
		"C15": dispatch,
		"C21": "the same function as C20, in one tier",
		"C22": dispatch,
		"C23": dispatch,
		"C24": dispatch,
		"D05": weights,
		"D06": weights,
		"D12": weights,
		"D25": dispatch,
		"D27": "concerns the lifetime of a buffer, which a call does not have",
		"E06": "a scaled addition, which is no op here",
		"E18": "operands with strides, which the ops here do not have",
		"E29": "a fused addition, which is no op here",
		"E32": "a bias, which is no operand here",
		"E36": dispatch,
		"E44": "the same function as E03, where other things lie behind the operand",
		"E45": "the same function as E13, in one operand",
		"F22": "a tail load, as E13: the memory property sees it in every op",
		"H14": dispatch,
		"I02": "the same function as I01, for another ISA",
		"J30": dispatch,
		"J31": dispatch,
	}
}
