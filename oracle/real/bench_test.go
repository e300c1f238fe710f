package real

import (
	"math/big"
	"math/rand/v2"
	"testing"
)

// BenchmarkFunctions times both algorithms at 96 bits on plain arguments.
func BenchmarkFunctions(b *testing.B) {
	args := []float64{1.0 / 3, 0.7, 1.5, 2.9, 5.3, 11.7, 40.1}
	for _, f := range Functions() {
		for _, alg := range []struct {
			name string
			f    func(*big.Float, uint) Interval
		}{{"first", f.First}, {"second", f.Second}} {
			b.Run(f.Name+"/"+alg.name, func(b *testing.B) {
				i := 0
				for b.Loop() {
					x := args[i%len(args)]
					if f.Name == "erfc" && alg.name == "second" {
						x = min(x, 11.7)
					}
					alg.f(big.NewFloat(x), 96)
					i++
				}
			})
		}
	}
}

// BenchmarkErf times erf and erfc at 96 bits, whose cost depends on the argument
// more than the others'.
func BenchmarkErf(b *testing.B) {
	for _, x := range []float64{-2, 0.5, 1.5, 2.99, 3, 4, 6, 8} {
		b.Run("erf/"+big.NewFloat(x).String(), func(b *testing.B) {
			for b.Loop() {
				Erf(big.NewFloat(x), 96)
			}
		})
		b.Run("erfc/"+big.NewFloat(x).String(), func(b *testing.B) {
			for b.Loop() {
				Erfc(big.NewFloat(x), 96)
			}
		})
	}
}

// BenchmarkFast times the binary64 evaluations, over arguments of all branches.
func BenchmarkFast(b *testing.B) {
	xs := make([]float32, 1024)
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range xs {
		xs[i] = float32(rng.NormFloat64() * 4)
	}
	for _, f := range fastFunctions {
		b.Run(f.name, func(b *testing.B) {
			var sum float64
			for b.Loop() {
				for _, x := range xs {
					m, _ := f.fast(x)
					sum += m
				}
			}
			sink = sum
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(xs)), "ns/value")
		})
	}
	b.Run("nearest32", func(b *testing.B) {
		for b.Loop() {
			for _, x := range xs {
				v, _ := Nearest32(FastSilu(x))
				sink += float64(v)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(xs)), "ns/value")
	})
}

var sink float64
