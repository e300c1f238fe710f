package activation

import (
	"math"
	"slices"
	"testing"
)

func TestSoftmax(t *testing.T) {
	for _, tt := range []struct{ x, want []float64 }{
		{[]float64{3}, []float64{1}},
		{[]float64{math.Ln2, 0, math.Ln2}, []float64{0.4, 0.2, 0.4}},
		{[]float64{1e308, 1e308}, []float64{0.5, 0.5}}, // neither overflows
		{[]float64{-1e308, -1e308, math.Inf(-1)}, []float64{0.5, 0.5, 0}},
		{[]float64{0, -1e4}, []float64{1, 0}},
	} {
		got := slices.Clone(tt.x)
		softmax(got)
		compare(t, "softmax", got, tt.want, 1e-15)
	}
}

func TestRMSNorm(t *testing.T) {
	// mean squares 12.5 and 0: √(12.5 + 3.5) = 4, √3.5
	got := make([]float64, 4)
	rmsNorm(got, []float64{3, 4, 0, 0}, []float64{1, -2}, 3.5)
	if want := []float64{0.75, -2, 0, 0}; !slices.Equal(got, want) {
		t.Errorf("is %v, want %v", got, want)
	}
}

func TestSwiGLU(t *testing.T) {
	got := []float64{0, math.Log(3), 1000, -1000}
	swiGLU(got, []float64{5, 4, 0.5, 1})
	compare(t, "swiGLU", got, []float64{0, 3 * math.Log(3), 500, 0}, 1e-15)
}
