package drift

import (
	"fmt"
	"slices"

	"assay/kernels"
	"assay/props/mutants"
	"assay/spec"
)

// With runs the kernels of one site by a mutant: a plan in which a known defect
// sits in one stage of one layer. The mutant is the one of that id for an op that
// the stage has on the plan's path.
func (m *Model) With(plan Plan, at Site, id string) (Plan, error) {
	if at.Layer < 0 || at.Layer > len(m.Layers) {
		return nil, fmt.Errorf("drift: layer %d: the model has %d", at.Layer, len(m.Layers))
	}
	i := slices.IndexFunc(graph(m, at.Layer), func(n node) bool { return n.stage == at.Stage })
	if i < 0 {
		return nil, fmt.Errorf("drift: layer %d has no stage %q", at.Layer, at.Stage)
	}
	// What the stage is made of does not depend on the inputs.
	c := &Call{Layer: at.Layer, Stage: at.Stage}
	plan(c)
	var in [][]float32
	for _, s := range graph(m, at.Layer)[i].from {
		if s == input {
			s = Output
		}
		in = append(in, make([]float32, m.size(at.Layer, s, 1)))
	}
	var ops []spec.Op
	for _, k := range m.cases(at.Layer, at.Stage, in, 1, c.Path) {
		ops = append(ops, k.Op)
	}
	for _, mutant := range mutants.All() {
		if mutant.ID != id || !slices.Contains(ops, mutant.Op) {
			continue
		}
		return func(c *Call) {
			plan(c)
			if c.Layer == at.Layer && c.Stage == at.Stage {
				c.Row = func(spec.Op) spec.Row { return spec.Row{Op: mutant.Op, Tier: "mutant", Func: mutant.Func} }
			}
		}, nil
	}
	return nil, fmt.Errorf("drift: no mutant %q of %v, which %s is made of", id, ops, at.Stage)
}

// OnTier runs all kernels on a tier, where an op has it.
func OnTier(plan Plan, tier spec.Tier) Plan {
	return func(c *Call) {
		plan(c)
		c.Row = func(op spec.Op) spec.Row {
			for _, row := range kernels.For(op) {
				if row.Tier == tier && row.CanRun() {
					return row
				}
			}
			return kernels.Dispatched(op)
		}
	}
}
