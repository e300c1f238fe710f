package oracle_test

import (
	"math/big"
	"math/rand/v2"
	"testing"
	"time"

	"assay/oracle"
	"assay/props"
	"assay/spec"
)

// ffn is the inner size of a 7-billion-parameter model's feed-forward layer.
const ffn = 18944

// BenchmarkExactDot times the exact dot of 18,944 products against a plain
// big.Float loop of precision 256, in turn; x-loop is how many times faster.
func BenchmarkExactDot(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	x, y := make([]float32, ffn), make([]float32, ffn)
	for i := range x {
		x[i], y[i] = float32(rng.NormFloat64()), float32(rng.NormFloat64())
	}
	var acc oracle.Acc
	var fast, slow time.Duration
	for b.Loop() {
		start := time.Now()
		sum := new(big.Float).SetPrec(256)
		for i := range x {
			p := new(big.Float).SetPrec(256).Mul(big.NewFloat(float64(x[i])), big.NewFloat(float64(y[i])))
			sum.Add(sum, p)
		}
		mid := time.Now()
		const rounds = 20
		for range rounds {
			acc.Reset()
			acc.AddDot(x, y)
			if acc.Value().Cmp(sum) != 0 {
				b.Fatal("the two sums differ")
			}
		}
		slow += mid.Sub(start)
		fast += time.Since(mid) / rounds
	}
	b.ReportMetric(float64(fast.Nanoseconds())/float64(b.N)/ffn, "ns/product")
	b.ReportMetric(float64(slow.Nanoseconds())/float64(b.N)/ffn, "loop-ns/product")
	b.ReportMetric(float64(slow)/float64(fast), "x-loop")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkTensor gives the exact verdict on a whole 3584 × 18,944 Q4_K tensor,
// Path A and Path B: value, gauge, bound and class of every row.
func BenchmarkTensor(b *testing.B) {
	s := spec.Shape{Rows: 3584, Cols: ffn, Batch: 1}
	w := props.Recipe{Op: spec.OpMatvecQ4KF32, Strategy: "typical+gauss", Shape: s, Seed: 1}.Case()
	x := props.Recipe{Op: spec.OpQuantizeQ8KGGML, Strategy: "gauss", Shape: spec.Vector(ffn), Seed: 2}.Case()
	xq, err := oracle.Bulk(x, spec.TreeLanes)
	if err != nil {
		b.Fatal(err)
	}
	pathB := &spec.Case{Op: spec.OpMatvecQ4KQ8K, Shape: s, In: [][]byte{w.In[0], xq.Bytes}}
	for b.Loop() {
		for _, c := range []*spec.Case{w, pathB} {
			want, err := oracle.Bulk(c, spec.TreeLanes)
			if err != nil || len(want.Elements) != s.Rows {
				b.Fatal(err)
			}
		}
	}
}
