package drift

import (
	"math"

	"assay/kernels"
	"assay/oracle"
	"assay/props/mutants"
	"assay/spec"
)

// Kernels is a source of kernels for the ops that stages are made of. It need not
// have one for every op.
type Kernels struct {
	name string
	row  func(op spec.Op) (spec.Row, bool)
}

// Name is what the kernels are called in reports and setups.
func (k *Kernels) Name() string { return k.name }

// Has tells whether there is a kernel for op.
func (k *Kernels) Has(op spec.Op) bool {
	_, ok := k.row(op)
	return ok
}

// of returns the kernel that runs an op: the one dispatched to where k is nil or has
// none.
func (k *Kernels) of(op spec.Op) spec.Row {
	if k != nil {
		if row, ok := k.row(op); ok {
			return row
		}
	}
	return kernels.Dispatched(op)
}

// run computes a case by the kernel of its op.
func (k *Kernels) run(c *spec.Case) []byte {
	out := make([]byte, spec.MustLookup(c.Op).OutBytes(c.Shape))
	k.of(c.Op).Func.Run(&spec.Call{Shape: c.Shape, Threads: 2, In: c.In, Out: out})
	return out
}

// Rows are kernels of which each computes one op.
func Rows(name string, rows []spec.Row) *Kernels {
	return &Kernels{name, func(op spec.Op) (spec.Row, bool) {
		for _, r := range rows {
			if r.Op == op && r.CanRun() {
				return r, true
			}
		}
		return spec.Row{}, false
	}}
}

// OnTier are a tier's kernels.
func OnTier(tier spec.Tier) *Kernels {
	return &Kernels{string(tier), func(op spec.Op) (spec.Row, bool) {
		for _, r := range kernels.For(op) {
			if r.Tier == tier && r.CanRun() {
				return r, true
			}
		}
		return spec.Row{}, false
	}}
}

// Mutant are the mutants of one id, of which there may be one for each op.
func Mutant(id string) *Kernels {
	return &Kernels{id, func(op spec.Op) (spec.Row, bool) {
		for _, m := range mutants.All() {
			if m.ID == id && m.Op == op {
				return spec.Row{Op: op, Tier: spec.Tier(id), Func: m.Func}, true
			}
		}
		return spec.Row{}, false
	}}
}

// Oracle has the exact results for kernels, each rounded once to f32.
var Oracle = &Kernels{"oracle", func(op spec.Op) (spec.Row, bool) {
	return spec.Row{Op: op, Tier: "oracle", Func: oracleFunc{op}}, true
}}

type oracleFunc struct{ op spec.Op }

func (f oracleFunc) Run(c *spec.Call) {
	want, err := oracle.Bulk(&spec.Case{Op: f.op, Shape: c.Shape, In: c.In}, spec.TreeLanes)
	if err != nil {
		panic("drift: " + err.Error())
	}
	if want.Elements == nil {
		copy(c.Out, want.Bytes)
		return
	}
	for i, e := range want.Elements {
		v := float32(math.NaN())
		switch {
		case e.Value != nil:
			v, _ = e.Value.Float32()
		case e.Class == spec.ClassInf && e.Negative:
			v = float32(math.Inf(-1))
		case e.Class == spec.ClassInf:
			v = float32(math.Inf(1))
		}
		spec.PutF32(c.Out[4*i:], v)
	}
}
