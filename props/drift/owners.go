package drift

import (
	"context"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
)

// Site is a stage of a layer.
type Site struct {
	Layer int   `json:"layer"`
	Stage Stage `json:"stage"`
}

// Owner is a site's part of the distance between two runs.
type Owner struct {
	Site
	// Part is the mean, over the orders in which sites were swapped from one plan
	// to the other, of what swapping this one added to the distance; it may be
	// negative. Least and Most are the extremes: where they are far apart the
	// part depends on what else is swapped.
	Part, Least, Most float64

	exact *big.Rat // Part before rounding
}

// Owners is an attribution of the whole distance.
type Owners struct {
	Total float64 // the distance of the two runs
	Parts []Owner // in the order of the graph
	Runs  int
}

// Distance is ‖x − y‖/‖x‖ of the last token's logits.
func Distance(m *Model, x, y *Trace) float64 {
	return RelativeL2(x.Last(len(m.Layers), Logits), y.Last(len(m.Layers), Logits))
}

// Differ counts the numbers of all stages whose bits two runs of a model do not have
// in common.
func Differ(x, y *Trace) int {
	n := 0
	for layer, stages := range x.Layers {
		for s, v := range stages {
			for i, w := range y.Layers[layer][s] {
				if math.Float32bits(v[i]) != math.Float32bits(w) {
					n++
				}
			}
		}
	}
	return n
}

// RelativeL2 is ‖x − y‖/‖x‖, NaN for zeros.
func RelativeL2(x, y []float32) float64 {
	diff, size := 0.0, 0.0
	for i := range x {
		d := float64(x[i]) - float64(y[i])
		diff += d * d
		size += float64(x[i]) * float64(x[i])
	}
	return math.Sqrt(diff / size)
}

// Attribute runs the model along plan a with sites swapped to plan b one after the
// other, in the given number of random orders and their reverses, and returns what
// each added. The parts sum to the distance exactly: in each order the steps do.
func (m *Model) Attribute(ctx context.Context, tokens []int, a, b Plan, orders int, seed uint64) (*Owners, error) {
	sites := m.differing(a, b)
	base, err := m.Run(ctx, tokens, a)
	if err != nil {
		return nil, err
	}
	out := &Owners{Runs: 1}
	for _, s := range sites {
		out.Parts = append(out.Parts, Owner{Site: s, Least: math.Inf(1), Most: math.Inf(-1), exact: new(big.Rat)})
	}
	rng := rand.New(rand.NewPCG(seed, 0))
	order := make([]int, len(sites))
	for k := range 2 * orders {
		if k%2 == 0 {
			copy(order, rng.Perm(len(sites)))
		} else {
			slices.Reverse(order)
		}
		swapped := map[Site]bool{}
		before := 0.0
		for _, i := range order {
			swapped[sites[i]] = true
			t, err := m.Run(ctx, tokens, func(c *Call) {
				if swapped[Site{c.Layer, c.Stage}] {
					b(c)
				} else {
					a(c)
				}
			})
			if err != nil {
				return nil, err
			}
			out.Runs++
			after := Distance(m, base, t)
			p := &out.Parts[i]
			step := new(big.Rat).Sub(rational(after), rational(before))
			p.exact.Add(p.exact, step)
			v, _ := step.Float64()
			p.Least, p.Most = min(p.Least, v), max(p.Most, v)
			before = after
		}
		out.Total = before
	}
	for i := range out.Parts {
		p := &out.Parts[i]
		p.exact.Quo(p.exact, new(big.Rat).SetInt64(int64(2*orders)))
		p.Part, _ = p.exact.Float64()
	}
	return out, nil
}

func rational(x float64) *big.Rat {
	r := new(big.Rat).SetFloat64(x)
	if r == nil {
		return new(big.Rat) // not finite: a run whose logits are NaN has no distance
	}
	return r
}

// differing returns the sites that two plans do not run in the same way.
func (m *Model) differing(a, b Plan) []Site {
	var out []Site
	for layer := range len(m.Layers) + 1 {
		for _, n := range graph(m, layer) {
			at := Site{layer, n.stage}
			ca, cb := &Call{Layer: layer, Stage: n.stage}, &Call{Layer: layer, Stage: n.stage}
			a(ca)
			b(cb)
			ops := m.stageOps(at, ca.Path)
			same := ca.Path == cb.Path || m.linear(layer, n.stage) == nil ||
				(ca.Path == PathA || cb.Path == PathA) && slices.Equal(ops, m.stageOps(at, cb.Path)) // a format that has one way
			for _, op := range ops {
				same = same && ca.Kernels.of(op).Tier == cb.Kernels.of(op).Tier
			}
			if !same {
				out = append(out, at)
			}
		}
	}
	return out
}
