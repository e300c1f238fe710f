package real

import (
	"math/big"
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

// BenchmarkErfc times the slowest arguments.
func BenchmarkErfc(b *testing.B) {
	for _, x := range []float64{-2, 0.5, 1.5, 2.5, 2.99, 3, 4, 6, 9} {
		b.Run(big.NewFloat(x).String(), func(b *testing.B) {
			for b.Loop() {
				Erfc(big.NewFloat(x), 96)
			}
		})
	}
}
