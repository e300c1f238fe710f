package mutants

import (
	"math"
	"slices"

	"assay/spec"
)

// attender is the base of attention_f32: in binary64, rounded once.
type attender struct {
	visible func(p spec.AttentionParams, i int) int
	group   func(p spec.AttentionParams, h int) int
	queries func(p spec.AttentionParams) int
	stride  func(p spec.AttentionParams) int
	score   func(p spec.AttentionParams, dot float64) float64
	element func(x float32) float64
	first   float64 // what the maximum starts with
	shift   func(t []float64, i int, top float64) float64
	exp     func(d float64) float64
	counted func(n int) int // keys in the sum of weights
	used    func(n int) int // keys in the sum of values
	key     func(k, v []float32) []float32
	value   func(k, v []float32) []float32
	column  func(d, dim int) int
	owner   func(j, jobs, threads int) int // whose query is taken
	empty   float64
}

func newAttender() *attender {
	same := func(n int) int { return n }
	return &attender{
		visible: func(p spec.AttentionParams, i int) int { return p.Visible(i) },
		group:   func(p spec.AttentionParams, h int) int { return h / (p.Heads / p.KVHeads) },
		queries: func(p spec.AttentionParams) int { return p.Queries },
		stride:  func(p spec.AttentionParams) int { return p.KVHeads * p.HeadDim },
		score:   func(p spec.AttentionParams, dot float64) float64 { return float64(p.Scale) * dot },
		element: func(x float32) float64 { return float64(x) },
		first:   math.Inf(-1),
		shift:   func(t []float64, i int, top float64) float64 { return t[i] - top },
		exp:     math.Exp,
		counted: same, used: same,
		key:    func(k, _ []float32) []float32 { return k },
		value:  func(_, v []float32) []float32 { return v },
		column: func(d, _ int) int { return d },
		owner:  func(j, _, _ int) int { return j },
	}
}

func (a *attender) run(dst, q, k, v []float32, p spec.AttentionParams, threads int) {
	clear(dst)
	dim, stride := p.HeadDim, a.stride(p)
	keys, values := a.key(k, v), a.value(k, v)
	for j := range a.queries(p) * p.Heads {
		n := min(p.Keys, a.visible(p, j/p.Heads))
		at := a.group(p, j%p.Heads) * dim
		query := a.owner(j, p.Queries*p.Heads, threads) * dim
		t, top, e := make([]float64, n), a.first, make([]float64, n)
		for i := range t {
			sum := 0.0
			for d := range dim {
				sum += a.element(q[query+d]) * a.element(keys[(i*stride+at+d)%len(keys)])
			}
			t[i] = a.score(p, sum)
			if top == top && !(t[i] <= top) { // NaN stays
				top = t[i]
			}
		}
		out := dst[j*dim : (j+1)*dim]
		if math.IsInf(top, -1) {
			for d := range out {
				out[d] = float32(a.empty)
			}
			continue
		}
		total := 0.0
		for i := range t {
			e[i] = a.exp(a.shift(t, i, top))
			if i < a.counted(n) {
				total += e[i]
			}
		}
		for d := range out {
			sum := 0.0
			for i := range e[:a.used(n)] {
				sum += e[i] / total * float64(values[(i*stride+at+a.column(d, dim))%len(values)])
			}
			out[d] = float32(sum)
		}
	}
}

func attentionMutants() []Mutant {
	entry := func(k *attender) spec.Func { return spec.Attention(k.run) }
	return family(spec.OpAttentionF32, newAttender, entry, []edit[attender]{
		{"X01", "mask", formula, "a query does not see its own position", func(a *attender) {
			a.visible = func(p spec.AttentionParams, i int) int { return max(1, p.Start+i) }
		}},
		{"X01-b", "mask", formula, "a query sees one key too many", func(a *attender) {
			a.visible = func(p spec.AttentionParams, i int) int { return p.Start + i + 2 }
		}},
		{"X01-c", "mask", formula, "no mask at all", func(a *attender) {
			a.visible = func(p spec.AttentionParams, i int) int { return p.Keys }
		}},
		{"X01-d", "mask", formula, "the mask forgets where the queries start", func(a *attender) {
			a.visible = func(p spec.AttentionParams, i int) int { return i + 1 }
		}},
		{"E29", "sonos/tract f1c5796c9", stride, "the rows of keys and values are taken to lie one head apart", func(a *attender) {
			a.stride = func(p spec.AttentionParams) int { return p.HeadDim }
		}},
		{"K07", "ikawrakow/ik_llama.cpp PR 349", special, "without keys to attend to 0/0", func(a *attender) { a.empty = math.NaN() }},
		{"K08", "ikawrakow/ik_llama.cpp PR 421", tail, "keys after the last multiple of 64 are dropped", func(a *attender) {
			a.used = func(n int) int {
				if n > 64 {
					return n &^ 63
				}
				return n
			}
		}},
		{"K08-b", "ikawrakow/ik_llama.cpp PR 421", tail, "they are left out of the sum of weights only", func(a *attender) {
			a.counted = func(n int) int {
				if n > 32 {
					return n &^ 31
				}
				return n
			}
		}},
		{"K09", "ikawrakow/ik_llama.cpp PR 1521", stride, "the maximum of each 16 keys is their own, and nothing is rescaled", func(a *attender) {
			a.shift = func(t []float64, i int, _ float64) float64 {
				return t[i] - slices.Max(t[i&^15:min(len(t), (i|15)+1)])
			}
		}},
		{"K14", "b4rtaz/distributed-llama c96f663", threads, "threads share one buffer of scores", func(a *attender) {
			a.owner = func(j, jobs, threads int) int {
				if threads > 1 && j < jobs/2 { // another thread is faster
					return j + jobs/2
				}
				return j
			}
		}},
		{"K10", "ikawrakow/ik_llama.cpp PR 220", tail, "queries after the last pair are skipped", func(a *attender) {
			a.queries = func(p spec.AttentionParams) int {
				if p.Queries > 1 {
					return p.Queries &^ 1
				}
				return p.Queries
			}
		}},
		{"H10", "FluxML/NNlib.jl PR 43", operand, "the maximum is at least 0", func(a *attender) { a.first = 0 }},
		{"H15", "intel/xFasterTransformer PR 326", precise, "the maximum is not subtracted", func(a *attender) {
			a.shift = func(t []float64, i int, _ float64) float64 { return t[i] }
			a.exp = func(d float64) float64 { return float64(float32(math.Exp(d))) }
		}},
		{"I10", "tphakala/simd 416e388", operand, "the exponential has a relative error of 1e-4", func(a *attender) {
			a.exp = func(d float64) float64 {
				if d == 0 {
					return 1
				}
				return math.Exp(d) * 1.0001
			}
		}},
		{"X02", "scale", formula, "the scale is 1/dim instead of what is asked for", func(a *attender) {
			a.score = func(p spec.AttentionParams, dot float64) float64 { return dot / float64(p.HeadDim) }
		}},
		{"X02-b", "scale", formula, "the scale is applied twice", func(a *attender) {
			a.score = func(p spec.AttentionParams, dot float64) float64 { return float64(p.Scale*p.Scale) * dot }
		}},
		{"X03", "grouped heads", stride, "groups of heads are interleaved", func(a *attender) {
			a.group = func(p spec.AttentionParams, h int) int { return h % p.KVHeads }
		}},
		{"X03-b", "grouped heads", stride, "all heads use the first key and value head", func(a *attender) {
			a.group = func(p spec.AttentionParams, h int) int { return 0 }
		}},
		{"X03-c", "grouped heads", stride, "rows of keys lie query heads apart", func(a *attender) {
			a.stride = func(p spec.AttentionParams) int { return p.Heads * p.HeadDim }
		}},
		{"X04", "keys and values", formula, "keys and values are swapped", func(a *attender) { a.key, a.value = a.value, a.key }},
		{"X04-b", "keys and values", formula, "keys are taken for values", func(a *attender) { a.value = a.key }},
		{"X05", "tail", tail, "the last element of an odd head is the one before it", func(a *attender) {
			a.column = func(d, dim int) int {
				if dim%8 == 7 && d == dim-1 {
					return d - 1
				}
				return d
			}
		}},
		{"X06", "half precision", precise, "queries and keys go through f16", func(a *attender) {
			a.element = func(x float32) float64 { return float64(viaHalf(x)) }
		}},
	})
}
