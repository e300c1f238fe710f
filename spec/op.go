package spec

import "fmt"

// Op names a mathematical function with its operand formats.
type Op string

const (
	OpDequantQ4K          Op = "dequant_q4k"
	OpDequantQ8K          Op = "dequant_q8k"
	OpQuantizeQ8_0        Op = "quantize_q8_0"
	OpQuantizeQ8_1        Op = "quantize_q8_1"
	OpQuantizeQ8KGGML     Op = "quantize_q8k_ggml"
	OpQuantizeQ8KAprender Op = "quantize_q8k_aprender"
	OpConvertF16F32       Op = "convert_f16_f32"
	OpConvertBF16F32      Op = "convert_bf16_f32"
	OpConvertF32F16       Op = "convert_f32_f16"
	OpConvertF32BF16      Op = "convert_f32_bf16"
	OpDotF32              Op = "dot_f32"
	OpDotF16              Op = "dot_f16"
	OpDotBF16             Op = "dot_bf16"
	OpDotQ4KQ8K           Op = "dot_q4k_q8k"
	OpMatvecF32           Op = "matvec_f32"
	OpMatvecQ4KQ8K        Op = "matvec_q4k_q8k"
	OpMatvecQ4KF32        Op = "matvec_q4k_f32"
	OpExpF32              Op = "exp_f32"
	OpSiluF32             Op = "silu_f32"
	OpGeluF32             Op = "gelu_f32"
	OpSwigluF32           Op = "swiglu_f32"
	OpSoftmaxF32          Op = "softmax_f32"
	OpRMSNormF32          Op = "rmsnorm_f32"
	OpRopeF32             Op = "rope_f32"
	OpAttentionF32        Op = "attention_f32"
)

// OpDequant is the dequantiser of a quantised format.
func OpDequant(f Format) Op { return Op("dequant_" + f.ID()) }

// OpDot is the dot of a row of weights and a quantised activation.
func OpDot(w, x Format) Op { return Op("dot_" + w.ID() + "_" + x.ID()) }

// OpMatvec is the matvec made of that dot.
func OpMatvec(w, x Format) Op { return Op("matvec_" + w.ID() + "_" + x.ID()) }

// Kind groups ops by the shape of their operands.
type Kind uint8

const (
	KindMap       Kind = iota // each block of In[0] by itself → Out[cols]
	KindRow                   // a row as a whole → Out[cols]
	KindDot                   // In[0][cols] · In[1][cols] → Out[1]
	KindMatvec                // In[0][rows][cols] · In[1][batch][cols] → Out[batch][rows]
	KindHeads                 // In[0][rows][cols], each row by itself, with common parameters → Out[rows][cols]
	KindAttention             // In[0][rows][heads][cols], In[1], In[2][batch][kvheads][cols] → Out[rows][heads][cols]
)

// Extent is how many elements an operand has.
type Extent uint8

const (
	ExtentCols      Extent = iota // cols
	ExtentRows                    // rows·cols
	ExtentBatch                   // batch·cols
	ExtentHalf                    // cols/2
	ExtentHeads                   // rows·heads·cols
	ExtentKVHeads                 // batch·kvheads·cols
	ExtentNorm                    // the words of NormParams, and so on
	ExtentSoftmax                 //
	ExtentRope                    //
	ExtentAttention               //
)

// Operand describes one operand of an op.
type Operand struct {
	Name   string
	Format Format
	Extent Extent
	// Optional operands may be absent, which is a size of zero bytes.
	Optional bool
}

// Info is the definition of an op.
type Info struct {
	Op      Op
	Kind    Kind
	In      []Operand // in order
	Out     Format
	Exact   bool   // every output bit is determined (NaN payloads apart)
	Formula string // the op as mathematics
	Rule    string // class rules, for the cases that mathematics leaves open
}

// Ops returns the definitions of all ops, in a fixed order.
func Ops() []Info { return append([]Info(nil), table...) }

var index = func() map[Op]int {
	m := map[Op]int{}
	for i, in := range table {
		m[in.Op] = i
	}
	return m
}()

// Lookup returns the definition of op.
func Lookup(op Op) (Info, error) {
	if i, ok := index[op]; ok {
		return table[i], nil
	}
	return Info{}, fmt.Errorf("spec: unknown op %q", op)
}

// Known tells whether there is such an op.
func Known(op Op) bool {
	_, ok := index[op]
	return ok
}

// MustLookup is Lookup for an op known to exist; it panics otherwise.
func MustLookup(op Op) Info {
	in, err := Lookup(op)
	if err != nil {
		panic(err)
	}
	return in
}

// Takes tells whether an operand of the op has the format.
func (in Info) Takes(f Format) bool {
	for _, o := range in.In {
		if o.Format == f {
			return true
		}
	}
	return false
}
