package fuzz

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"strings"
	"unicode/utf8"

	"assay/corpus/gguf"
)

// The formats are read a second time here: plainly, without care for time or memory, and
// with nothing of the readers under test. What a reader accepts, and what it makes of that, must be what is
// accepted and made here, or it is wrong in a way that it may well write and read again.
// Both are compared as text.

// rest is what is left of a file. Whoever reads past its end, or refuses what was read, makes it bad; what is read
// then is zeros.
type rest struct {
	all []byte
	at  int
	bad bool
}

func (r *rest) refuse(when bool) { r.bad = r.bad || when }

func (r *rest) left() uint64 { return uint64(len(r.all) - r.at) }

// bytes returns the next n bytes, which are none of a file that is bad.
func (r *rest) bytes(n uint64) []byte {
	r.refuse(n > r.left())
	if r.bad {
		return nil
	}
	b := r.all[r.at : r.at+int(n)]
	r.at += int(n)
	return b
}

// number returns the next n bytes as an integer, little-endian.
func (r *rest) number(n int) uint64 {
	var b [8]byte
	copy(b[:], r.bytes(uint64(n)))
	return binary.LittleEndian.Uint64(b[:])
}

// plainTypes are the types of tensors by their numbers in ggml: elements and bytes of a block.
var plainTypes = map[uint64][2]uint64{
	0: {1, 4}, 1: {1, 2}, 2: {32, 18}, 3: {32, 20}, 6: {32, 22}, 7: {32, 24}, 8: {32, 34}, 9: {32, 36},
	10: {256, 84}, 11: {256, 110}, 12: {256, 144}, 13: {256, 176}, 14: {256, 210}, 15: {256, 292}, 20: {32, 18}, 23: {256, 136},
	24: {1, 1}, 25: {1, 2}, 26: {1, 4}, 27: {1, 8}, 28: {1, 8}, 30: {1, 2}, 39: {32, 17}, 40: {64, 36},
}

// plainSize is the number of bytes of a tensor; −1 where rows are not whole blocks.
func plainSize(row uint64, others []uint64, block [2]uint64) *big.Int {
	n := new(big.Int).SetUint64(row)
	elems, bytes := new(big.Int).SetUint64(block[0]), new(big.Int).SetUint64(block[1])
	if new(big.Int).Mod(n, elems).Sign() != 0 {
		return big.NewInt(-1)
	}
	n.Mul(n.Div(n, elems), bytes)
	for _, d := range others {
		n.Mul(n, new(big.Int).SetUint64(d))
	}
	return n
}

// span is where in a file, or in its data, a tensor lies.
type span struct{ from, size uint64 }

// place checks that a tensor lies within so many bytes of data.
func (r *rest) place(from uint64, size *big.Int, data uint64) span {
	end := new(big.Int).Add(new(big.Int).SetUint64(from), size)
	r.refuse(size.Sign() < 0 || end.Cmp(new(big.Int).SetUint64(data)) > 0)
	if r.bad {
		return span{}
	}
	return span{from, size.Uint64()}
}

// apart tells whether no two spans share a byte.
func apart(spans []span) bool {
	for i, a := range spans {
		for _, b := range spans[:i] {
			if a.size > 0 && b.size > 0 && a.from < b.from+b.size && b.from < a.from+a.size {
				return false
			}
		}
	}
	return true
}

// plainGGUF reads GGUF.
func plainGGUF(data []byte) (text string, ok bool) {
	r := &rest{all: data}
	var s strings.Builder
	r.refuse(string(r.bytes(4)) != "GGUF")
	version := r.number(4)
	r.refuse(version != 2 && version != 3)
	tensors, kvs := r.number(8), r.number(8)
	align, seen := uint64(32), map[string]bool{}
	for ; kvs > 0 && !r.bad; kvs-- {
		key := string(r.bytes(r.number(8)))
		r.refuse(key == "" || len(key) > 65535 || !utf8.ValidString(key) || seen["key "+key])
		seen["key "+key] = true
		kind := r.number(4)
		if at := r.at; key == "general.alignment" && !r.bad {
			align = r.number(4)
			r.refuse(kind != 4 || align == 0 || align > 65536 || align&(align-1) != 0)
			r.at = at
		}
		fmt.Fprintf(&s, "%q %s\n", key, r.value(kind, 0))
	}
	type tensor struct {
		name   string
		dims   []uint64
		kind   uint64
		offset uint64
	}
	var infos []tensor
	for ; tensors > 0 && !r.bad; tensors-- {
		t := tensor{name: string(r.bytes(r.number(8)))}
		r.refuse(t.name == "" || !utf8.ValidString(t.name) || seen["tensor "+t.name])
		seen["tensor "+t.name] = true
		dims := r.number(4)
		r.refuse(dims < 1 || dims > 4)
		for ; dims > 0 && !r.bad; dims-- {
			t.dims = append(t.dims, r.number(8))
			r.refuse(t.dims[len(t.dims)-1] == 0)
		}
		t.kind, t.offset = r.number(4), r.number(8)
		r.refuse(plainTypes[t.kind][0] == 0 || t.offset%align != 0)
		infos = append(infos, t)
	}
	if len(infos) > 0 {
		r.bytes((align - uint64(r.at)%align) % align)
	}
	var spans []span
	for _, t := range infos {
		if r.bad {
			break
		}
		p := r.place(t.offset, plainSize(t.dims[0], t.dims[1:], plainTypes[t.kind]), r.left())
		spans = append(spans, p)
		if !r.bad {
			fmt.Fprintf(&s, "%q %d %d at %d: %x\n", t.name, t.kind, t.dims, t.offset, r.all[r.at:][p.from:p.from+p.size])
		}
	}
	r.refuse(!apart(spans))
	return fmt.Sprintf("version %d, alignment %d\n%s", version, align, &s), !r.bad
}

// plainKinds are the types of GGUF's values by their numbers, and their sizes.
var plainKinds = []struct {
	name string
	size int
}{{"uint8", 1}, {"int8", 1}, {"uint16", 2}, {"int16", 2}, {"uint32", 4}, {"int32", 4}, {"float32", 4}, {"bool", 1}, {"string", 0}, {"array", 0}, {"uint64", 8}, {"int64", 8}, {"float64", 8}}

// value reads a value of GGUF that lies in so many arrays.
func (r *rest) value(kind uint64, depth int) string {
	r.refuse(kind >= uint64(len(plainKinds)))
	if r.bad {
		return ""
	}
	k := plainKinds[kind]
	switch k.name {
	case "string":
		return fmt.Sprintf("string %q", r.bytes(r.number(8)))
	case "array":
		elem := r.number(4)
		r.refuse(elem >= uint64(len(plainKinds)) || depth == 3 && plainKinds[elem].name == "array")
		out := []string{"array"}
		for n := r.number(8); n > 0 && !r.bad; n-- {
			out = append(out, r.value(elem, depth+1))
		}
		if r.bad {
			return ""
		}
		return fmt.Sprintf("%s of %s", out, plainKinds[elem].name)
	}
	n := r.number(k.size)
	r.refuse(k.name == "bool" && n > 1)
	if shift := 64 - 8*k.size; strings.HasPrefix(k.name, "int") {
		return fmt.Sprintf("%s %d", k.name, int64(n<<shift)>>shift)
	}
	return fmt.Sprintf("%s %d", k.name, n) // of floats the bits
}

// textGGUF is what the reader made of a file, as plainGGUF puts it.
func textGGUF(f *gguf.File) string {
	var s strings.Builder
	fmt.Fprintf(&s, "version %d, alignment %d\n", f.Version, f.Alignment)
	for _, kv := range f.Metadata {
		fmt.Fprintf(&s, "%q %s\n", kv.Key, textValue(reflect.ValueOf(kv.Value)))
	}
	for _, t := range f.Tensors {
		fmt.Fprintf(&s, "%q %d %d at %d: %x\n", t.Name, uint32(t.Type), t.Dims, t.Offset, t.Data)
	}
	return s.String()
}

func textValue(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Interface:
		return textValue(v.Elem())
	case reflect.Slice:
		out := []string{"array"}
		for i := range v.Len() {
			out = append(out, textValue(v.Index(i)))
		}
		elem := v.Type().Elem().Kind().String()
		if elem == "interface" {
			elem = "array"
		}
		return fmt.Sprintf("%s of %s", out, elem)
	case reflect.String:
		return fmt.Sprintf("string %q", v.String())
	case reflect.Bool:
		n := 0
		if v.Bool() {
			n = 1
		}
		return fmt.Sprintf("bool %d", n)
	case reflect.Float32:
		return fmt.Sprintf("float32 %d", math.Float32bits(v.Interface().(float32)))
	case reflect.Float64:
		return fmt.Sprintf("float64 %d", math.Float64bits(v.Float()))
	}
	return fmt.Sprintf("%s %d", v.Kind(), v.Interface())
}
