package activation

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"assay/corpus/gguf"
)

// A builder makes small models of random weights, whose values it knows from
// having chosen them, not from decoding what it has written.
type builder struct {
	arch                     string
	dim, ffn, heads, kvHeads int
	layers, vocab            int

	headDim int // if not dim/heads, told by attention.key_length
	bias    bool
	tied    bool
	factors bool                        // rope_freqs.weight
	extra   []gguf.KV                   // more metadata
	typeOf  func(name string) gguf.Type // of matrices; F32 if nil
	rng     *rand.Rand
	values  map[string][][]float64 // rows by tensor name
}

// tiny is small enough to be run thousands of times.
func tiny(arch string) *builder {
	return &builder{arch: arch, dim: 8, ffn: 12, heads: 4, kvHeads: 2, layers: 2, vocab: 11, rng: rand.New(rand.NewPCG(1, 2))}
}

// file returns the model, written and parsed again.
func (b *builder) file(t testing.TB) *gguf.File {
	t.Helper()
	var buf bytes.Buffer
	if err := gguf.Write(&buf, b.build()); err != nil {
		t.Fatal(err)
	}
	f, err := gguf.Parse(buf.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func (b *builder) build() *gguf.File {
	b.values = map[string][][]float64{}
	headDim := b.dim / b.heads
	f := &gguf.File{Metadata: []gguf.KV{
		{Key: "general.architecture", Value: b.arch},
		{Key: b.arch + ".block_count", Value: uint32(b.layers)},
		{Key: b.arch + ".embedding_length", Value: uint32(b.dim)},
		{Key: b.arch + ".feed_forward_length", Value: uint32(b.ffn)},
		{Key: b.arch + ".attention.head_count", Value: uint32(b.heads)},
		{Key: b.arch + ".attention.head_count_kv", Value: uint32(b.kvHeads)},
		{Key: b.arch + ".attention.layer_norm_rms_epsilon", Value: float32(1e-5)},
		{Key: b.arch + ".rope.freq_base", Value: float32(100)},
	}}
	if b.headDim != 0 {
		headDim = b.headDim
		f.Metadata = append(f.Metadata, gguf.KV{Key: b.arch + ".attention.key_length", Value: uint32(headDim)})
	}
	f.Metadata = append(f.Metadata, b.extra...)

	vector := func(name string, n int) { b.add(f, name, gguf.F32, n) }
	matrix := func(name string, cols, rows int) {
		typ := gguf.F32
		if b.typeOf != nil {
			typ = b.typeOf(name)
		}
		b.add(f, name+".weight", typ, cols, rows)
		if b.bias {
			vector(name+".bias", rows)
		}
	}
	q, kv := b.heads*headDim, b.kvHeads*headDim
	for i := range b.layers {
		blk := fmt.Sprintf("blk.%d.", i)
		vector(blk+"attn_norm.weight", b.dim)
		matrix(blk+"attn_q", b.dim, q)
		matrix(blk+"attn_k", b.dim, kv)
		matrix(blk+"attn_v", b.dim, kv)
		matrix(blk+"attn_output", q, b.dim)
		vector(blk+"ffn_norm.weight", b.dim)
		matrix(blk+"ffn_gate", b.dim, b.ffn)
		matrix(blk+"ffn_up", b.dim, b.ffn)
		matrix(blk+"ffn_down", b.ffn, b.dim)
	}
	vector("output_norm.weight", b.dim)
	if !b.tied {
		matrix("output", b.dim, b.vocab)
	}
	bias := b.bias
	b.bias = false
	matrix("token_embd", b.dim, b.vocab)
	b.bias = bias
	if b.factors {
		vector("rope_freqs.weight", headDim/2)
		for i := range headDim / 2 { // they must be positive
			t := &f.Tensors[len(f.Tensors)-1]
			v := 1 + float64(i)
			binary.LittleEndian.PutUint32(t.Data[4*i:], math.Float32bits(float32(v)))
			b.values[t.Name][0][i] = v
		}
	}
	return f
}

// add appends a tensor of random weights.
func (b *builder) add(f *gguf.File, name string, typ gguf.Type, dims ...int) {
	t := gguf.Tensor{Name: name, Type: typ}
	rows := 1
	for i, d := range dims {
		t.Dims = append(t.Dims, uint64(d))
		if i > 0 {
			rows *= d
		}
	}
	values := make([][]float64, rows)
	for r := range values {
		for len(values[r]) < dims[0] {
			block, v := encodeRandom(b.rng, typ)
			t.Data = append(t.Data, block...)
			values[r] = append(values[r], v...)
		}
	}
	b.values[name] = values
	f.Tensors = append(f.Tensors, t)
}

// encodeRandom returns a block of random weights, mostly below 1, and their
// values.
func encodeRandom(rng *rand.Rand, typ gguf.Type) (block []byte, values []float64) {
	le := binary.LittleEndian
	switch typ {
	case gguf.F32:
		v := float32(rng.NormFloat64() / 2)
		return le.AppendUint32(nil, math.Float32bits(v)), []float64{float64(v)}
	case gguf.BF16:
		bits := math.Float32bits(float32(rng.NormFloat64()/2)) &^ 0xffff
		return le.AppendUint16(nil, uint16(bits>>16)), []float64{float64(math.Float32frombits(bits))}
	case gguf.F16:
		bits, v := randomF16(rng, 13)
		return le.AppendUint16(nil, bits), []float64{v}
	case gguf.Q8_0:
		bits, d := randomF16(rng, 7)
		block = le.AppendUint16(nil, bits)
		for range 32 {
			q := rng.IntN(256) - 128
			block = append(block, byte(q))
			values = append(values, d*float64(q))
		}
	case gguf.Q4K:
		return randomQ4K(rng)
	case gguf.Q6K:
		return randomQ6K(rng)
	default:
		panic(typ)
	}
	return block, values
}

// randomF16 returns the pattern and the value of ±(1 + fraction)·2^(exponent−15).
func randomF16(rng *rand.Rand, exponent int) (bits uint16, value float64) {
	fraction, negative := rng.IntN(1024), rng.IntN(2)
	value = math.Ldexp(1+float64(fraction)/1024, exponent-15)
	if negative == 1 {
		value = -value
	}
	return uint16(negative<<15 | exponent<<10 | fraction), value
}

func randomQ4K(rng *rand.Rand) (block []byte, values []float64) {
	dBits, d := randomF16(rng, 4)
	mBits, dmin := randomF16(rng, 6)
	block = make([]byte, 144)
	binary.LittleEndian.PutUint16(block, dBits)
	binary.LittleEndian.PutUint16(block[2:], mBits)
	s := block[4:16]
	for g := range 8 {
		sc, m := rng.IntN(64), rng.IntN(64)
		if g < 4 {
			s[g] |= byte(sc)
			s[g+4] |= byte(m)
		} else {
			s[g+4] = byte(sc&15 | m&15<<4)
			s[g-4] |= byte(sc >> 4 << 6)
			s[g] |= byte(m >> 4 << 6)
		}
		for l := range 32 {
			q := rng.IntN(16)
			block[16+32*(g/2)+l] |= byte(q << (4 * (g % 2)))
			values = append(values, d*float64(sc*q)-dmin*float64(m))
		}
	}
	return block, values
}

func randomQ6K(rng *rand.Rand) (block []byte, values []float64) {
	bits, d := randomF16(rng, 3)
	block = make([]byte, 210)
	binary.LittleEndian.PutUint16(block[208:], bits)
	var scales [16]int
	for i := range scales {
		scales[i] = rng.IntN(256) - 128
		block[192+i] = byte(scales[i])
	}
	values = make([]float64, 256)
	for h := range 2 {
		for l := range 32 {
			var q [4]int
			for k := range q {
				q[k] = rng.IntN(64)
				values[128*h+32*k+l] = d * float64(scales[8*h+l/16+2*k]*(q[k]-32))
				block[128+32*h+l] |= byte(q[k] >> 4 << (2 * k))
			}
			block[64*h+l] = byte(q[0]&15 | q[2]&15<<4)
			block[64*h+l+32] = byte(q[1]&15 | q[3]&15<<4)
		}
	}
	return block, values
}
