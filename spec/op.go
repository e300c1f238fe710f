package spec

import "fmt"

// Op names a mathematical function with its operand formats.
type Op string

const (
	OpDequantQ4K          Op = "dequant_q4k"
	OpQuantizeQ8KGGML     Op = "quantize_q8k_ggml"
	OpQuantizeQ8KAprender Op = "quantize_q8k_aprender"
	OpDotF32              Op = "dot_f32"
	OpDotQ4KQ8K           Op = "dot_q4k_q8k"
	OpMatvecQ4KQ8K        Op = "matvec_q4k_q8k"
	OpMatvecQ4KF32        Op = "matvec_q4k_f32"
)

// Kind groups ops by the shape of their operands.
type Kind uint8

const (
	KindMap    Kind = iota // In[0][cols] → Out[cols]
	KindDot                // In[0][cols] · In[1][cols] → Out[1]
	KindMatvec             // In[0][rows][cols] · In[1][batch][cols] → Out[batch][rows]
)

// Info is the definition of an op.
type Info struct {
	Op      Op
	Kind    Kind
	In      []Format // operand formats, in order
	Out     Format
	Exact   bool   // every output bit is determined (NaN payloads apart)
	Formula string // the op as mathematics
	Rule    string // class rules, for the cases that mathematics leaves open
}

// table is the one list of ops.
var table = []Info{
	{
		Op: OpDequantQ4K, Kind: KindMap, In: []Format{Q4K}, Out: F32, Exact: true,
		Formula: "y[i] = f32(d·sc·q − dmin·m), rounded once, to nearest even",
		Rule: "d·sc·q needs at most 21 significant bits and dmin·m 17, so only the subtraction rounds; the result never overflows nor underflows. " +
			"Non-finite d or dmin: the IEEE value of (d·sc)·q − dmin·m, hence NaN for NaN, for Inf·0 and for Inf − Inf. " +
			"A zero result has the sign that IEEE gives (d·sc)·q − dmin·m under round-to-nearest: −0 only for −0 − (+0).",
	},
	{
		Op: OpQuantizeQ8KGGML, Kind: KindMap, In: []Format{F32}, Out: Q8K, Exact: true,
		Formula: "max = the x of largest magnitude, first one wins; iscale = f32(−127/max); q[i] = min(127, rint(f32(iscale·x[i]))), ties to even; d = f32(1/iscale); bsums[k] = Σ q[16k..16k+15]",
		Rule: "NaN elements do not take part in the search for max. A product iscale·x that is NaN or infinite gives q = 0: so a NaN element, " +
			"every element when 0 < |max| < 127/MaxFloat32 (iscale overflows, d = ∓0), and every element when max is infinite (d = ∓Inf). " +
			"max = 0 or no number in the block: d = +0, all quants and bsums 0.",
	},
	{
		Op: OpQuantizeQ8KAprender, Kind: KindMap, In: []Format{F32}, Out: Q8K, Exact: true,
		Formula: "amax = max|x|; s = f32(amax/127), or f32(1/127) when amax ≤ f32(1e-10); q[i] = clamp(round(f32(x[i]·f32(1/s))), −128, 127), ties away from zero; d = s; bsums[k] = Σ q[16k..16k+15]",
		Rule: "NaN elements do not take part in amax and give q = 0. amax ≤ f32(1e-10) (also a block of NaNs): all quants become 0. " +
			"An infinite element gives s = Inf, 1/s = 0 and hence q = 0 for all (Inf·0 is NaN, and NaN gives 0).",
	},
	{
		Op: OpDotF32, Kind: KindDot, In: []Format{F32, F32}, Out: F32,
		Formula: "Σ a[i]·b[i]",
		Rule:    sumRule,
	},
	{
		Op: OpDotQ4KQ8K, Kind: KindDot, In: []Format{Q4K, Q8K}, Out: F32,
		Formula: "Σ_b dx_b·(d_b·Σ_j sc_j·Σ_l q_jl·x_jl − dmin_b·Σ_j m_j·(bsums_2j + bsums_2j+1))",
		Rule:    sumRule + quantRule,
	},
	{
		Op: OpMatvecQ4KQ8K, Kind: KindMatvec, In: []Format{Q4K, Q8K}, Out: F32,
		Formula: "y[b][r] = dot_q4k_q8k(w[r], x[b]) (Path B)",
		Rule:    sumRule + quantRule,
	},
	{
		Op: OpMatvecQ4KF32, Kind: KindMatvec, In: []Format{Q4K, F32}, Out: F32,
		Formula: "y[b][r] = Σ_i (d·sc·q − dmin·m)[r][i] · x[b][i] (Path A)",
		Rule:    sumRule + quantRule,
	},
}

const sumRule = "A NaN operand, 0·Inf, or infinite terms of both signs: NaN. Infinite terms of one sign: that infinity. " +
	"All terms zero: a zero of either sign, for the sign depends on whether the sum starts from +0. " +
	"Finite terms whose gauge stays below the overflow threshold: finite. Terms of one sign whose sum is above it: that infinity. " +
	"Otherwise unspecified, because a partial sum may overflow in one order of summation and not in another."

const quantRule = " A NaN scale that is multiplied in: NaN. An infinite scale: NaN or infinite, for it may be multiplied before or after a sum that is zero. " +
	"A product of scales that overflows: unspecified for the same reason."

// Ops returns the definitions of all ops, in a fixed order.
func Ops() []Info { return append([]Info(nil), table...) }

// Lookup returns the definition of op.
func Lookup(op Op) (Info, error) {
	for _, in := range table {
		if in.Op == op {
			return in, nil
		}
	}
	return Info{}, fmt.Errorf("spec: unknown op %q", op)
}

// MustLookup is Lookup for an op known to exist; it panics otherwise.
func MustLookup(op Op) Info {
	in, err := Lookup(op)
	if err != nil {
		panic(err)
	}
	return in
}
