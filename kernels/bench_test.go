package kernels_test

import (
	"fmt"
	"testing"

	"assay/kernels"
	"assay/props"
	"assay/spec"
)

// BenchmarkKernels times every row that the machine can run: a row of 4096
// elements in cache, a matvec of 64 rows in cache and one out of cache, a query of
// attention on a context of 256.
func BenchmarkKernels(b *testing.B) {
	for _, row := range kernels.Rows() {
		in := spec.MustLookup(row.Op)
		for _, s := range benchShapes(in) {
			b.Run(fmt.Sprintf("%s/%v", row.Name(), s), func(b *testing.B) {
				if !row.CanRun() {
					b.Skipf("this CPU cannot run tier %s", row.Tier)
				}
				if row.Tier == spec.TierGeneric && s.Rows > 64 {
					b.Skip("the reference loop is not for this size")
				}
				bench(b, row, in, s)
			})
		}
	}
}

func benchShapes(in spec.Info) []spec.Shape {
	switch in.Kind {
	case spec.KindAttention:
		return []spec.Shape{{Rows: 1, Cols: 128, Batch: 256, Heads: 32, KVHeads: 8}}
	case spec.KindHeads:
		return []spec.Shape{{Rows: 32, Cols: 128, Batch: 1}}
	case spec.KindMatvec:
		return []spec.Shape{{Rows: 64, Cols: 4096, Batch: 1}, {Rows: 3584, Cols: 18944, Batch: 1}}
	}
	return []spec.Shape{spec.Vector(4096)}
}

// TestBenchShapes: the shapes are ones that the ops take.
func TestBenchShapes(t *testing.T) {
	for _, in := range spec.Ops() {
		for _, s := range benchShapes(in) {
			if err := s.Check(in.Op); err != nil {
				t.Error(err)
			}
		}
	}
}

func bench(b *testing.B, row spec.Row, in spec.Info, s spec.Shape) {
	r := props.Recipe{Op: row.Op, Shape: s, Seed: 1}
	for k := range in.In {
		if k > 0 {
			r.Strategy += "+"
		}
		r.Strategy += props.OperandStrategies(in.Op, k)[0]
	}
	c := r.Case()
	call := &spec.Call{Shape: s, Threads: 1, In: c.In, Out: make([]byte, in.OutBytes(s))}
	bytes := len(call.Out)
	for _, x := range c.In {
		bytes += len(x)
	}
	b.SetBytes(int64(bytes))
	for b.Loop() {
		row.Func.Run(call)
	}
	blocks := float64(s.Rows) * float64(s.Cols) / spec.SuperBlock
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/blocks, "ns/superblock")
}
