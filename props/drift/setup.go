package drift

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"assay/props/mutants"
	"assay/spec"
)

// Impl is how a stage is run.
type Impl struct {
	Path    Path
	Kernels *Kernels // nil: those dispatched to
}

func (i Impl) String() string {
	if i.Kernels == nil {
		return i.Path.String()
	}
	return i.Path.String() + "/" + i.Kernels.name
}

// Setup is how each stage of a model is run: by an implementation of its own where it
// has one, as the others are where not.
type Setup struct {
	Others Impl
	Sites  map[Site]Impl
}

// Of returns how a stage is run.
func (s *Setup) Of(at Site) Impl {
	if i, ok := s.Sites[at]; ok {
		return i
	}
	return s.Others
}

// Plan is the setup as a plan.
func (s *Setup) Plan(c *Call) {
	i := s.Of(Site{c.Layer, c.Stage})
	c.Path, c.Kernels = i.Path, i.Kernels
}

// ReadSetup reads IMPL[,SITE=IMPL]…: how the stages are run, and which ones otherwise.
// An IMPL is a path, A, B or B-aprender, and after a slash its kernels, if not those
// dispatched to: a tier, oracle, a mutant's id, or a name of others. A SITE is LAYER:STAGE, where * is
// every layer. Kernels that are named for a site must have an op that its stage is
// made of.
func (m *Model) ReadSetup(text string, others ...*Kernels) (*Setup, error) {
	out := &Setup{Sites: map[Site]Impl{}}
	for i, part := range strings.Split(text, ",") {
		place, name, sited := strings.Cut(strings.TrimSpace(part), "=")
		if !sited {
			name = place
		}
		if sited != (i > 0) {
			return nil, fmt.Errorf("drift: %q: want IMPL, and then SITE=IMPL", text)
		}
		impl, err := readImpl(name, others)
		if err != nil {
			return nil, err
		}
		if !sited {
			out.Others = impl
			if missing := m.Missing(out); len(missing) == len(m.ops(out)) {
				return nil, fmt.Errorf("drift: %s has no kernel that can run here for any op of this model", name)
			}
			continue
		}
		sites, err := m.readSite(place)
		if err != nil {
			return nil, err
		}
		for _, at := range sites {
			ops := m.stageOps(at, impl.Path)
			if impl.Kernels != nil && !slices.ContainsFunc(ops, impl.Kernels.Has) {
				return nil, fmt.Errorf("drift: no kernel of %s can run here for %v, which %s is made of", impl.Kernels.name, ops, at.Stage)
			}
			out.Sites[at] = impl
		}
	}
	return out, nil
}

func readImpl(name string, others []*Kernels) (Impl, error) {
	path, kernels, given := strings.Cut(name, "/")
	i := slices.IndexFunc(Paths, func(p Path) bool { return p.String() == path })
	if i < 0 {
		return Impl{}, fmt.Errorf("drift: path %q: want A, B or B-aprender", path)
	}
	impl := Impl{Path: Paths[i]}
	if !given {
		return impl, nil
	}
	for _, k := range append([]*Kernels{Oracle}, others...) {
		if k.name == kernels {
			impl.Kernels = k
			return impl, nil
		}
	}
	if slices.Contains(spec.Tiers(), spec.Tier(kernels)) {
		impl.Kernels = OnTier(spec.Tier(kernels))
		return impl, nil
	}
	if slices.ContainsFunc(mutants.All(), func(m mutants.Mutant) bool { return m.ID == kernels }) {
		impl.Kernels = Mutant(kernels)
		return impl, nil
	}
	return impl, fmt.Errorf("drift: kernels %q: want a tier of %v, oracle, or a mutant's id", kernels, spec.Tiers())
}

// readSite reads LAYER:STAGE.
func (m *Model) readSite(text string) ([]Site, error) {
	layer, stage, ok := strings.Cut(text, ":")
	var layers []int
	if layer == "*" {
		for l := range len(m.Layers) + 1 {
			layers = append(layers, l)
		}
	} else {
		n, err := strconv.Atoi(layer)
		if err != nil || !ok {
			return nil, fmt.Errorf("drift: site %q: want LAYER:STAGE", text)
		}
		if n < 0 || n > len(m.Layers) {
			return nil, fmt.Errorf("drift: layer %d: the model has %d", n, len(m.Layers))
		}
		layers = append(layers, n)
	}
	var out []Site
	for _, l := range layers {
		if slices.ContainsFunc(graph(m, l), func(n node) bool { return n.stage == Stage(stage) }) {
			out = append(out, Site{l, Stage(stage)})
		}
	}
	if out == nil {
		return nil, fmt.Errorf("drift: layer %s has no stage %q", layer, stage)
	}
	return out, nil
}

// stageOps returns the ops that a stage is made of. They do not depend on its inputs.
func (m *Model) stageOps(at Site, path Path) []spec.Op {
	g := graph(m, at.Layer)
	i := slices.IndexFunc(g, func(n node) bool { return n.stage == at.Stage })
	var in [][]float32
	for _, s := range g[i].from {
		if s == input {
			s = Output
		}
		in = append(in, make([]float32, m.size(at.Layer, s, 1)))
	}
	var out []spec.Op
	for _, c := range m.cases(at.Layer, at.Stage, in, 1, path) {
		if !slices.Contains(out, c.Op) {
			out = append(out, c.Op)
		}
	}
	return out
}

// ops returns the ops that a model run so is made of.
func (m *Model) ops(s *Setup) []spec.Op {
	seen := map[spec.Op]bool{}
	var out []spec.Op
	for layer := range len(m.Layers) + 1 {
		for _, n := range graph(m, layer) {
			for _, op := range m.stageOps(Site{layer, n.stage}, s.Of(Site{layer, n.stage}).Path) {
				if !seen[op] {
					out = append(out, op)
				}
				seen[op] = true
			}
		}
	}
	return out
}

// Missing returns the ops of the model for which the kernels named for all stages
// have none that can run here: dispatched ones run in their place.
func (m *Model) Missing(s *Setup) []spec.Op {
	if s.Others.Kernels == nil {
		return nil
	}
	return slices.DeleteFunc(m.ops(s), s.Others.Kernels.Has)
}
