package drift

import (
	"context"
	"fmt"
	"math/big"

	"assay/oracle"
	"assay/props"
	"assay/spec"
)

// Verdict is what the oracle says of one stage of a run, given the inputs that
// the stage had.
type Verdict struct {
	Layer int     `json:"layer"`
	Stage Stage   `json:"stage"`
	Path  string  `json:"path"`  // the way that the result is within its bounds, for matrices
	Worst float64 `json:"worst"` // largest error over bound on that way, or on the nearest one
	Wrong string  `json:"wrong,omitempty"`
	// Skipped tells why the stage was not judged, if it was not.
	Skipped string `json:"skipped,omitempty"`
}

// Judge holds every stage of a run to the oracle. A matrix may take any of the
// paths. Stages are in the order of computation: the first one that is wrong is
// where the run went astray.
func (m *Model) Judge(ctx context.Context, t *Trace) ([]Verdict, error) {
	var out []Verdict
	for layer := range t.Layers {
		for _, n := range graph(m, layer) {
			if err := ctx.Err(); err != nil {
				return out, err
			}
			out = append(out, m.judgeStage(layer, n, t))
		}
	}
	return out, nil
}

func (m *Model) judgeStage(layer int, n node, t *Trace) Verdict {
	v := Verdict{Layer: layer, Stage: n.stage}
	in, got := t.inputs(layer, n), t.Layers[layer][n.stage]
	paths := []Path{PathA}
	l := m.linear(layer, n.stage)
	var bias []float32
	if l != nil {
		paths, bias = Paths, l.Bias
	}
	for i, path := range paths {
		worst, wrong := m.judgeCases(m.cases(layer, n.stage, in, t.Tokens, path), n.stage, in, got, bias)
		if i == 0 || wrong == "" || worst < v.Worst {
			v.Worst, v.Wrong = worst, wrong
			if l != nil {
				v.Path = path.String()
			}
		}
		if wrong == "" {
			break
		}
	}
	return v
}

// judgeCases judges a stage's output as that of the cases. The largest ratio is
// that of all elements, wrong ones included.
func (m *Model) judgeCases(cases []*spec.Case, s Stage, in [][]float32, got, bias []float32) (worst float64, wrong string) {
	if cases == nil {
		want := plainStage(s, in)
		if _, f := props.Judge(spec.OpSiluF32, &oracle.Want{Bytes: spec.FloatBytes(want)}, spec.FloatBytes(got)); f != nil {
			return 0, fmt.Sprintf("element %s is %s: %s", f.Element, f.Got, f.Detail)
		}
		return 0, ""
	}
	at := 0
	for _, c := range cases {
		n := spec.MustLookup(c.Op).OutBytes(c.Shape) / 4
		if at+n > len(got) {
			return 0, fmt.Sprintf("has %d elements, want more", len(got))
		}
		want, err := oracle.Bulk(c, spec.TreeAny)
		if err != nil {
			return 0, err.Error() // an input that is out of the op's domain
		}
		if bias != nil {
			addBias(want, bias)
		}
		ratio, f := props.Judge(c.Op, want, spec.FloatBytes(got[at:at+n]))
		worst = max(worst, ratio)
		if f != nil && wrong == "" {
			wrong = fmt.Sprintf("element %s of %s is %s: error/bound %.3g %s", f.Element, c.ID, f.Got, f.Ratio, f.Detail)
		}
		at += n
	}
	if at != len(got) {
		wrong = fmt.Sprintf("has %d elements, want %d", len(got), at)
	}
	return worst, wrong
}

// addBias moves each value by its bias, and widens the bound by the rounding of
// that sum.
func addBias(want *oracle.Want, bias []float32) {
	for i := range want.Elements {
		e := &want.Elements[i]
		if e.Value == nil {
			continue
		}
		e.Value = new(big.Float).SetPrec(640).Add(e.Value, big.NewFloat(float64(bias[i%len(bias)])))
		size := new(big.Float).SetPrec(640).SetMode(big.ToPositiveInf).Add(new(big.Float).Abs(e.Value), e.Bound)
		size.Mul(size, spec.UnitRoundoff())
		e.Bound = new(big.Float).SetPrec(640).SetMode(big.ToPositiveInf).Add(e.Bound, size)
		e.Bound.Add(e.Bound, spec.UnderflowUnit())
		e.Class, e.Positive, e.Negative = spec.ClassFinite, false, false
	}
}

// First returns the first stage that is wrong, or nil.
func First(all []Verdict) *Verdict {
	for i := range all {
		if all[i].Wrong != "" {
			return &all[i]
		}
	}
	return nil
}
