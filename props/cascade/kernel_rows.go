package cascade

import (
	"math"
	"math/rand/v2"
	"runtime"

	"assay/kernels"
	"assay/spec"
)

// Rows about one kernel call.

func m91() Falsifier {
	const in, out, seq = 128, 512, 4
	// differing runs a matvec twice, on one thread and on several, and counts the
	// results that are not equal, bit for bit, to those of the first run.
	differing := func(w, x []float32, threads int) float64 {
		row := kernels.Dispatched(spec.OpMatvecF32)
		s := spec.Shape{Rows: len(w) / in, Cols: in, Batch: len(x) / in}
		ops := [][]byte{spec.FloatBytes(w), spec.FloatBytes(x)}
		first := call(row, s, ops...)
		n := 0
		for _, t := range []int{1, threads} {
			again := make([]byte, len(first))
			row.Func.Run(&spec.Call{Shape: s, Threads: t, In: ops, Out: again})
			for i := range len(first) / 4 {
				if spec.F32Bits(first, i) != spec.F32Bits(again, i) {
					n++
				}
			}
		}
		return float64(n)
	}
	return Falsifier{
		ID:         "M91",
		Hypothesis: "The same matvec gives other bits when it is repeated, or run on several threads.",
		Fixture:    "f32 matvec of 512 × 128 on 4 vectors, x[i] = ((i%17)−8)·0.1, w[i] = ((31i%23)−11)·0.05, twice and in parallel",
		Rule:       different,
		Published:  []Figure{{Name: "differing results"}},
		measure: func(*Model) ([]Figure, error) {
			x, w := make([]float32, seq*in), make([]float32, out*in)
			for i := range x {
				x[i] = float32(i%17-8) * 0.1
			}
			for i := range w {
				w[i] = float32(31*i%23-11) * 0.05
			}
			return []Figure{{Name: "differing results", Value: differing(w, x, runtime.GOMAXPROCS(0)+3)}}, nil
		},
		populations: []source{{"N(0,1) weights and activations, 1 to 32 rows, 2 to 8 threads", 20_000, func(rng *rand.Rand) (float64, float64) {
			return differing(gaussian(rng, in*(1+rng.IntN(32))), gaussian(rng, in), 2+rng.IntN(7)), math.NaN()
		}}},
	}
}

// eightLanes is a dot as an AVX2 loop computes it: fused into eight lanes, of which
// the upper half is added to the lower one, then neighbours.
func eightLanes(a, b []float32) float32 {
	var lanes [8]float32
	for i := range a {
		l := i % 8
		// In float64 the product is exact; the sum rounds there and to f32, which
		// differs from a fused operation in one of some 2^29 cases.
		lanes[l] = float32(math.FMA(float64(a[i]), float64(b[i]), float64(lanes[l])))
	}
	for l := range 4 {
		lanes[l] += lanes[l+4]
	}
	return (lanes[0] + lanes[1]) + (lanes[2] + lanes[3])
}

func m92() Falsifier {
	return Falsifier{
		ID:         "M92",
		Hypothesis: "An AVX2 dot and a scalar one give different bits.",
		Fixture:    "dot of 128: a = (i−64)·0.1 + (i%7)·0.013, b = (0.7i−50)·0.05 + (i%11)·0.011",
		Rule:       mechanism,
		Published:  []Figure{{Name: "relative difference"}, bitsOf("eight lanes", math.Float32frombits(0x44191e70)), bitsOf("scalar", math.Float32frombits(0x44191e70))},
		Notes:      []string{"Equal bits are luck: see how often they occur in the population."},
		measure: func(*Model) ([]Figure, error) {
			a, b := make([]float32, 128), make([]float32, 128)
			for i := range a {
				a[i] = float32(float32(i-64)*0.1) + float32(float32(i%7)*0.013)
				b[i] = float32((float32(float32(i)*0.7)-50)*0.05) + float32(float32(i%11)*0.011)
			}
			x, y := eightLanes(a, b), leftFold(a, b)
			return []Figure{{Name: "relative difference", Value: relative(y, x)}, bitsOf("eight lanes", x), bitsOf("scalar", y)}, nil
		},
		populations: []source{{"N(0,1) vectors of 128", 20_000, func(rng *rand.Rand) (float64, float64) {
			a, b := gaussian(rng, 128), gaussian(rng, 128)
			x, y, gauge := eightLanes(a, b), leftFold(a, b), 0.0
			for i := range a {
				gauge += math.Abs(float64(a[i]) * float64(b[i]))
			}
			return relative(y, x), math.Abs(float64(x)-float64(y)) / gauge
		}}},
	}
}

func m93() Falsifier {
	// differing compares the dequantisers of all tiers.
	differing := func(w []byte) (float64, []float32) {
		s := spec.Vector(len(w) / spec.Q4KBytes * spec.SuperBlock)
		first := call(generic(spec.OpDequantQ4K), s, w)
		n := 0
		for _, row := range kernels.For(spec.OpDequantQ4K)[1:] {
			if !row.CanRun() {
				continue
			}
			other := call(row, s, w)
			for i := range s.Cols {
				if spec.F32Bits(first, i) != spec.F32Bits(other, i) {
					n++
				}
			}
		}
		return float64(n), spec.Floats(first)
	}
	return Falsifier{
		ID:         "M93",
		Hypothesis: "A scalar and a vector dequantiser give different values.",
		Fixture:    "the block: d = 1, dmin = −0.25, scale bytes 7i+3, quant bytes 13i+17",
		Rule:       different,
		Published:  []Figure{{Name: "differing results"}, bitsOf("element 0", 10.75), bitsOf("element 255", 1.25)},
		measure: func(*Model) ([]Figure, error) {
			n, v := differing(blocks(0, 1))
			return []Figure{{Name: "differing results", Value: n}, bitsOf("element 0", v[0]), bitsOf("element 255", v[255])}, nil
		},
		populations: []source{{"random scales and quants", 20_000, func(rng *rand.Rand) (float64, float64) {
			n, _ := differing(randomBlocks(rng, 1))
			return n, math.NaN()
		}}},
	}
}

func m94() Falsifier {
	return Falsifier{
		ID:         "M94",
		Hypothesis: "Path A and Path B of one dot differ, and by as much as other engines' outputs do.",
		Fixture:    "the block on a[i] = (i−128)·0.05 + (i%7)·0.01",
		Rule:       mechanism,
		Published: []Figure{
			{Name: "relative difference", Value: 0.000774, Within: 5e-7},
			bitsOf("Path A", math.Float32frombits(0xc69384e3)), bitsOf("Path B", math.Float32frombits(0xc693a21e)),
		},
		Notes: []string{"One draw from a law with heavy tails: the denominator may cancel, the gauge cannot."},
		measure: func(*Model) ([]Figure, error) {
			a, b := pathA(blocks(0, 1), synthetic(0))[0], pathB(blocks(0, 1), synthetic(0))[0]
			return []Figure{{Name: "relative difference", Value: relative(a, b)}, bitsOf("Path A", a), bitsOf("Path B", b)}, nil
		},
		populations: []source{{"the block on N(0,1) activations", 20_000, func(rng *rand.Rand) (float64, float64) {
			x := gaussian(rng, spec.SuperBlock)
			a, b := pathA(blocks(0, 1), x)[0], pathB(blocks(0, 1), x)[0]
			return relative(a, b), overGauge(blocks(0, 1), x, a, b)
		}}},
	}
}

func m96() Falsifier {
	withScale := func(d uint16) []byte {
		w := blocks(0, 1)
		w[0], w[1], w[3] = byte(d), byte(d>>8), 0
		return w
	}
	difference := func(d uint16, x []float32) float64 {
		return relative(pathA(withScale(d), x)[0], pathB(withScale(d), x)[0])
	}
	literals := []float32{0.001, 0.01, 0.05, 0.1, 0.5, 1, 10}
	return Falsifier{
		ID: "M96", Amplifier: "A3",
		Hypothesis: "The spread of block scales amplifies the difference of the paths.",
		Fixture:    "M94 with dmin = 0 and d of 0.001 to 10; the largest relative difference over that of d = 1",
		Rule:       amplification,
		Published: []Figure{
			{Name: "amplification", Value: 1, Within: 0.005}, {Name: "smallest relative difference", Value: 0.000919, Within: 5e-7},
			{Name: "largest relative difference", Value: 0.000920, Within: 5e-7},
		},
		Notes: []string{"The published code stores 0.05 as the f16 0.0406, here it is the f16 nearest to 0.05; neither changes the figure."},
		measure: func(*Model) ([]Figure, error) {
			least, most := math.Inf(1), 0.0
			h := call(generic(spec.OpConvertF32F16), spec.Vector(len(literals)), spec.FloatBytes(literals))
			for i := range literals {
				v := difference(uint16(h[2*i])|uint16(h[2*i+1])<<8, synthetic(0))
				least, most = min(least, v), max(most, v)
			}
			return []Figure{
				{Name: "amplification", Value: most / difference(0x3c00, synthetic(0))},
				{Name: "smallest relative difference", Value: least}, {Name: "largest relative difference", Value: most},
			}, nil
		},
		populations: []source{{"any normal d on N(0,1) activations, over the same with d = 1", 20_000, func(rng *rand.Rand) (float64, float64) {
			x := gaussian(rng, spec.SuperBlock)
			return difference(uint16(0x0400+rng.IntN(0x7000)), x) / difference(0x3c00, x), math.NaN()
		}}},
	}
}
