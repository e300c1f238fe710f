package gguf

import (
	"encoding/binary"
	"math"
)

// A builder assembles files byte by byte, independently of Write, so that the
// tests can state the encoding and break any part of it.
type builder struct {
	b    []byte
	mark int // position of the field that is broken
}

// header starts a file of version 3.
func header(tensors, kvs uint64) *builder {
	b := &builder{b: []byte("GGUF")}
	return b.u32(3).u64(tensors).u64(kvs)
}

func (b *builder) u8(v uint8) *builder   { b.b = append(b.b, v); return b }
func (b *builder) u16(v uint16) *builder { b.b = binary.LittleEndian.AppendUint16(b.b, v); return b }
func (b *builder) u32(v uint32) *builder { b.b = binary.LittleEndian.AppendUint32(b.b, v); return b }
func (b *builder) u64(v uint64) *builder { b.b = binary.LittleEndian.AppendUint64(b.b, v); return b }
func (b *builder) f32(v float32) *builder {
	return b.u32(math.Float32bits(v))
}
func (b *builder) f64(v float64) *builder {
	return b.u64(math.Float64bits(v))
}
func (b *builder) str(s string) *builder {
	b.u64(uint64(len(s)))
	b.b = append(b.b, s...)
	return b
}

// kv starts an entry; the value follows.
func (b *builder) kv(key string, t valueType) *builder { return b.str(key).u32(uint32(t)) }

// arr starts an array; the elements follow.
func (b *builder) arr(t valueType, n uint64) *builder { return b.u32(uint32(t)).u64(n) }

// here marks the next field as the broken one.
func (b *builder) here() *builder { b.mark = len(b.b); return b }

func (b *builder) dims(dims ...uint64) *builder {
	b.u32(uint32(len(dims)))
	for _, d := range dims {
		b.u64(d)
	}
	return b
}

func (b *builder) tensor(name string, t Type, offset uint64, dims ...uint64) *builder {
	return b.str(name).dims(dims...).u32(uint32(t)).u64(offset)
}

// pad appends zeros up to a multiple of n.
func (b *builder) pad(n int) *builder {
	for len(b.b)%n != 0 {
		b.u8(0)
	}
	return b
}

// data appends n bytes 0, 1, 2, ….
func (b *builder) data(n int) *builder {
	for i := range n {
		b.u8(uint8(i))
	}
	return b
}

// small returns a valid canonical file of a few hundred bytes, and what it
// holds. Its last tensor fills its last block of the alignment, so that every
// proper prefix of it is invalid.
func small() ([]byte, *File) {
	b := header(3, 6)
	b.kv("general.architecture", typeString).str("llama")
	b.kv("general.alignment", typeUint32).u32(16)
	b.kv("n", typeInt64).u64(math.MaxUint64)
	b.kv("t", typeArray).arr(typeString, 3).str("a").str("").str("\xff")
	b.kv("s", typeArray).arr(typeFloat32, 2).f32(1.5).f32(-2)
	b.kv("b", typeArray).arr(typeArray, 2).arr(typeBool, 2).u8(0).u8(1).arr(typeUint16, 0)
	b.tensor("norm", F32, 0, 3)
	b.tensor("w", Q4_0, 16, 32, 2)
	b.tensor("e", F16, 64, 2, 2, 2, 2)
	b.pad(16)
	b.data(12).pad(16)
	b.data(36).pad(16)
	b.data(32)

	count := func(n int) []byte { return new(builder).data(n).b }
	return b.b, &File{
		Version:   3,
		Alignment: 16,
		Metadata: []KV{
			{"general.architecture", "llama"},
			{"general.alignment", uint32(16)},
			{"n", int64(-1)},
			{"t", []string{"a", "", "\xff"}},
			{"s", []float32{1.5, -2}},
			{"b", []any{[]bool{false, true}, []uint16{}}},
		},
		Tensors: []Tensor{
			{"norm", []uint64{3}, F32, 0, count(12)},
			{"w", []uint64{32, 2}, Q4_0, 16, count(36)},
			{"e", []uint64{2, 2, 2, 2}, F16, 64, count(32)},
		},
	}
}
