package activation

import (
	"math"
	"testing"

	"assay/corpus/gguf"
	"assay/corpus/teacher"
)

func parseTeacher(t testing.TB) *gguf.File {
	t.Helper()
	f, err := gguf.Parse(teacher.GGUF())
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// meanNats returns the mean of −ln P over the window's tokens but the first,
// each as predicted from those before it.
func meanNats(window []int, logits []float64) float64 {
	vocab := len(logits) / len(window)
	var sum float64
	for i, next := range window[1:] {
		l := logits[i*vocab : (i+1)*vocab]
		largest, total := math.Inf(-1), 0.0
		for _, v := range l {
			largest = max(largest, v)
		}
		for _, v := range l {
			total += math.Exp(v - largest)
		}
		sum += math.Log(total) + largest - l[next]
	}
	return sum / float64(len(window)-1)
}

// The teacher predicts its sample as well as its model card says. A pass that
// was wrong anywhere would predict worse, by far.
func TestTeacherNatsPerByte(t *testing.T) {
	const (
		length = 256
		// From the model card: the mean of 8 windows, computed in f32 from the
		// same weights. Its last digit is all that the precision can change.
		card, cardDigit = 1.108946, 1e-6
	)
	// By an implementation in another language, in float64.
	reference := map[int]float64{0: 0.9625143686570921, 5: 1.0599191538022745}

	f := parseTeacher(t)
	text := teacher.Sample()
	tokens := Tokens(f, text, len(text))
	var windows [][]int
	for ; len(tokens) >= length; tokens = tokens[length:] {
		windows = append(windows, tokens[:length])
	}
	if len(windows) != 8 {
		t.Fatalf("%d windows, want 8", len(windows))
	}
	if testing.Short() {
		windows = windows[:1]
	}
	logits, err := Logits(t.Context(), f, windows...)
	if err != nil {
		t.Fatal(err)
	}
	var mean float64
	for i, w := range windows {
		nats := meanNats(w, logits[i])
		mean += nats / float64(len(windows))
		if want, ok := reference[i]; ok && math.Abs(nats-want) > 1e-12 {
			t.Errorf("window %d: %.16f nats per byte, want %.16f", i, nats, want)
		}
	}
	t.Logf("%d windows: %.9f nats per byte", len(windows), mean)
	if !testing.Short() && math.Abs(mean-card) > cardDigit {
		t.Errorf("%.9f nats per byte, want %.6f", mean, card)
	}
}

func TestTeacherSites(t *testing.T) {
	f := parseTeacher(t)
	text := []byte("func main() {")
	sites, err := Collect(t.Context(), f, Tokens(f, text, len(text)))
	if err != nil {
		t.Fatal(err)
	}
	// 7 matrices in each of 8 blocks, and the head.
	if len(sites) != 57 {
		t.Errorf("%d sites, want 57", len(sites))
	}
	for _, s := range sites {
		if want := len(text) * int(s.Tensor.Dims[0]); s.Tokens != len(text) || len(s.X) != want {
			t.Errorf("%s: %d tokens, %d numbers, want %d and %d", s.Tensor.Name, s.Tokens, len(s.X), len(text), want)
		}
		var zeros int
		for i, v := range s.X {
			if v-v != 0 {
				t.Errorf("%s: element %d is %v", s.Tensor.Name, i, v)
				break
			}
			if v == 0 {
				zeros++
			}
		}
		if zeros > 0 {
			t.Errorf("%s: %d of %d elements are zero", s.Tensor.Name, zeros, len(s.X))
		}
	}
}
