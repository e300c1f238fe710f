package quant_test

import "testing"

// BenchmarkQuantize times each quantiser on 64 rows of 1024.
func BenchmarkQuantize(b *testing.B) {
	x := rows(b, "gaussian")
	for _, f := range all {
		b.Run(f.ID(), func(b *testing.B) {
			dst := make([]byte, f.Bytes(len(x)))
			for b.Loop() {
				f.quantize(dst, x)
			}
			b.ReportMetric(float64(len(x))*float64(b.N)/b.Elapsed().Seconds()/1e6, "Melem/s")
		})
	}
}
