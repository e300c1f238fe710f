package mutants

import (
	"slices"

	"assay/spec"
)

// Mutant is a kernel with one deliberate defect.
type Mutant struct {
	ID      string // row of the catalogue, with -b, -c … where a row makes several
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
	return slices.Concat(
		dequantMutants(),
		ggmlMutants(),
		aprenderMutants(),
		dotF32Mutants(),
		dotQ4KQ8KMutants(),
		matvecQ4KQ8KMutants(),
		matvecQ4KF32Mutants(),
	)
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

// Omitted tells why a row of the sections on K-quant dots and on
// dequantisation (A and B) has no mutant of its own.
func Omitted() map[string]string {
	const dispatch = "concerns dispatch, which a kernel row does not have"
	return map[string]string{
		"A03": dispatch,
		"A05": "a 16-group of 4-bit quants cannot leave int16 (16·15·128 < 2^15); a whole sub-block can: A06",
		"A11": dispatch,
		"A14": dispatch,
		"A16": dispatch,
		"A32": "the same function as A31, in a kernel for another ISA",
		"A33": "the same function as A31, in a kernel for another format",
		"B11": "in Q4_K, whose chunks of 64 elements have 32 bytes, the same function as B09",
		"B12": "the same function as B09, in an encoder too; Q4_K has no encoder here",
		"B27": "half the distance between the elements of a byte is, in Q4_K, the layout of B04",
		"B34": dispatch,
		"B38": "the same function as B09; Q4_K has no fifth bits",
	}
}
