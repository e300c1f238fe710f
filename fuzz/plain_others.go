package fuzz

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"maps"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"assay/corpus/apr"
	"assay/corpus/llama2c"
	"assay/corpus/safetensors"
)

// plainAPRTypes are APR's types: their names, and elements and bytes of a block.
var plainAPRTypes = map[uint64]struct {
	name  string
	block [2]uint64
}{
	0: {"F32", [2]uint64{1, 4}}, 1: {"F16", [2]uint64{1, 2}}, 3: {"F64", [2]uint64{1, 8}}, 4: {"I32", [2]uint64{1, 4}}, 5: {"I64", [2]uint64{1, 8}},
	6: {"I8", [2]uint64{1, 1}}, 7: {"U8", [2]uint64{1, 1}}, 12: {"Q4_K", [2]uint64{256, 144}}, 14: {"Q6_K", [2]uint64{256, 210}}, 30: {"BF16", [2]uint64{1, 2}},
}

// plainAPR reads APR v2.
func plainAPR(data []byte) (text string, ok bool) {
	const header, align = 64, 64
	if len(data) < header+4 {
		return "", false
	}
	end := len(data) - 4 // of all but the checksum
	r := &rest{all: data[:end]}
	r.refuse(string(r.bytes(4)) != "APR\x00" || r.number(2) != 2)
	flags, tensors := r.number(2), r.number(4)
	metaAt, metaSize, indexAt, dataAt := r.number(8), r.number(4), r.number(8), r.number(8)
	sum, reserved := r.number(4), r.bytes(20)
	const known, accepted = 1<<12 - 1, 1<<5 | 1<<6 | 1<<7 | 1<<8 | 1<<9 | 1<<10
	r.refuse(flags&^known != 0 || flags&^accepted != 0 || len(bytes.Trim(reserved, "\x00")) > 0)
	r.refuse(uint32(sum) != crc32.ChecksumIEEE(slices.Concat(data[:40], data[44:header])))
	r.refuse(binary.LittleEndian.Uint32(data[end:]) != crc32.ChecksumIEEE(data[:end]))
	r.refuse(metaAt != header || indexAt%align != 0 || dataAt%align != 0 || dataAt > uint64(end) || indexAt > dataAt)
	meta := r.bytes(metaSize)
	r.refuse(r.bad || uint64(r.at) > indexAt)
	if r.bad {
		return "", false
	}
	r.refuse(len(bytes.Trim(r.bytes(indexAt-uint64(r.at)), "\x00")) > 0)
	r.refuse(!utf8.Valid(meta) || !json.Valid(meta) || !strings.HasPrefix(strings.TrimLeft(string(meta), " \t\r\n"), "{"))
	body := r.all[dataAt:]
	r.all = r.all[:dataAt]
	var s strings.Builder
	fmt.Fprintf(&s, "flags %d, metadata %q\n", flags, meta)
	var spans []span
	before := ""
	for ; tensors > 0 && !r.bad; tensors-- {
		name := string(r.bytes(r.number(2)))
		r.refuse(name == "" || len(name) > 256 || !utf8.ValidString(name) || name <= before)
		before = name
		kind, dims := r.number(1), []uint64{}
		t, ok := plainAPRTypes[kind]
		n := r.number(1)
		r.refuse(n > 8 || !ok)
		for ; n > 0 && !r.bad; n-- {
			dims = append(dims, r.number(8))
		}
		from, size := r.number(8), r.number(8)
		if r.bad {
			break
		}
		row, others, product := uint64(1), dims, big.NewInt(1)
		if len(dims) > 0 {
			row, others = dims[len(dims)-1], dims[:len(dims)-1]
		}
		for _, d := range dims { // no product on the way to theirs may wrap
			product.Mul(product, new(big.Int).SetUint64(d))
			r.refuse(product.BitLen() > 64)
		}
		want := plainSize(row, others, t.block)
		r.refuse(from%align != 0 || want.Cmp(new(big.Int).SetUint64(size)) != 0)
		p := r.place(from, want, uint64(len(body)))
		spans = append(spans, p)
		if !r.bad {
			fmt.Fprintf(&s, "%q %s %d: %x\n", name, t.name, dims, body[p.from:p.from+p.size])
		}
	}
	r.refuse(!apart(spans) || len(bytes.Trim(r.bytes(r.left()), "\x00")) > 0)
	return s.String(), !r.bad
}

func textAPR(f *apr.File) string {
	var s strings.Builder
	fmt.Fprintf(&s, "flags %d, metadata %q\n", uint16(f.Flags), []byte(f.Metadata))
	for _, t := range f.Tensors {
		fmt.Fprintf(&s, "%q %s %d: %x\n", t.Name, t.Type, t.Dims, t.Data)
	}
	return s.String()
}

// plainAPRT reads a dumped activation.
func plainAPRT(data []byte) (text string, ok bool) {
	r := &rest{all: data}
	r.refuse(string(r.bytes(4)) != "APRT")
	layer, dim := r.number(4), r.number(4)
	r.refuse(dim == 0 || dim != 0 && r.left()%(4*dim) != 0)
	var numbers []uint64
	for r.left() > 0 && !r.bad {
		numbers = append(numbers, r.number(4))
	}
	return fmt.Sprintf("layer %d, dim %d: %x", layer, dim, numbers), !r.bad
}

func textAPRT(a *apr.Activation) string {
	var numbers []uint64
	for _, v := range a.Data {
		numbers = append(numbers, uint64(math.Float32bits(v)))
	}
	return fmt.Sprintf("layer %d, dim %d: %x", a.Layer, a.Dim, numbers)
}

// object is a JSON object in the order of its text.
type object []struct {
	key   string
	value any // string, json.Number, []any, object; nil for all else
}

// readJSON reads a value. The text is valid JSON.
func readJSON(d *json.Decoder) any {
	t, _ := d.Token()
	switch t := t.(type) {
	case json.Delim:
		list, o := []any{}, object{}
		for d.More() {
			if t == '{' {
				key, _ := d.Token()
				o = append(o, struct {
					key   string
					value any
				}{key.(string), readJSON(d)})
			} else {
				list = append(list, readJSON(d))
			}
		}
		d.Token()
		if t == '{' {
			return o
		}
		return list
	case string, json.Number:
		return t
	}
	return nil
}

// fields are the values of an object by their keys, nil if one occurs twice.
func (o object) fields() map[string]any {
	out := map[string]any{}
	for _, f := range o {
		out[f.key] = f.value
	}
	if len(out) != len(o) {
		return nil
	}
	return out
}

// integers are the elements of an array of integers that are not negative.
func integers(v any) ([]uint64, bool) {
	list, ok := v.([]any)
	out := []uint64{}
	for _, x := range list {
		number, isNumber := x.(json.Number)
		n, err := strconv.ParseUint(string(number), 10, 64)
		ok = ok && isNumber && err == nil
		out = append(out, n)
	}
	return out, ok
}

// plainSafetensors reads safetensors.
func plainSafetensors(data []byte) (text string, ok bool) {
	r := &rest{all: data}
	n := r.number(8)
	r.refuse(n > 100_000_000)
	header := r.bytes(n)
	r.refuse(len(header) == 0 || header[0] != '{' || !utf8.Valid(header) || !json.Valid(header))
	if r.bad {
		return "", false
	}
	d := json.NewDecoder(bytes.NewReader(header))
	d.UseNumber()
	all := readJSON(d).(object)
	r.refuse(all.fields() == nil)
	body := r.bytes(r.left())
	var lines []string
	var spans []span
	total := uint64(0)
	for _, f := range all {
		o, isObject := f.value.(object)
		fields := o.fields()
		r.refuse(!isObject || fields == nil)
		if f.key == "__metadata__" {
			for _, key := range slices.Sorted(maps.Keys(fields)) {
				value, isString := fields[key].(string)
				r.refuse(!isString)
				lines = append(lines, fmt.Sprintf("metadata %q %q", key, value))
			}
			lines = append(lines, "metadata")
			continue
		}
		dtype, _ := fields["dtype"].(string)
		width := map[string]uint64{"F32": 4, "F16": 2, "BF16": 2}[dtype]
		shape, isShape := integers(fields["shape"])
		place, isPlace := integers(fields["data_offsets"])
		r.refuse(len(fields) != 3 || width == 0 || !isShape || !isPlace || len(place) != 2)
		if r.bad {
			break
		}
		size := new(big.Int).SetUint64(width)
		for _, d := range shape { // no product on the way to the size may wrap
			size.Mul(size, new(big.Int).SetUint64(d))
			r.refuse(size.BitLen() > 64)
		}
		p := r.place(place[0], size, uint64(len(body)))
		r.refuse(place[1] != p.from+p.size)
		spans = append(spans, p)
		total += p.size
		if !r.bad {
			lines = append(lines, fmt.Sprintf("tensor %q %s %d from %d: %x", f.key, dtype, shape, p.from, body[p.from:p.from+p.size]))
		}
	}
	// Those that take all bytes and share none leave no gap; an empty one may lie where another begins or ends.
	r.refuse(!apart(spans) || total != uint64(len(body)))
	for _, e := range spans {
		for _, p := range spans {
			r.refuse(e.size == 0 && p.from < e.from && e.from < p.from+p.size)
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n"), !r.bad
}

func textSafetensors(f *safetensors.File) string {
	var lines []string
	for key, value := range f.Metadata {
		lines = append(lines, fmt.Sprintf("metadata %q %q", key, value))
	}
	if f.Metadata != nil {
		lines = append(lines, "metadata")
	}
	from := 0
	for _, t := range f.Tensors {
		lines = append(lines, fmt.Sprintf("tensor %q %s %d from %d: %x", t.Name, t.Format, t.Shape, from, t.Data))
		from += len(t.Data)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// plainLlama2c reads the first layout of llama2.c.
func plainLlama2c(data []byte) (text string, ok bool) {
	r := &rest{all: data}
	var v [7]int64
	for i := range v {
		v[i] = int64(int32(r.number(4)))
	}
	shared := v[5] > 0
	v[5] = max(v[5], -v[5])
	for _, n := range v {
		r.refuse(n < 1 || n > math.MaxInt32)
	}
	if r.bad {
		return "", false
	}
	dim, hidden, layers, heads, kvHeads, vocab, context := v[0], v[1], v[2], v[3], v[4], v[5], v[6]
	r.refuse(dim%heads != 0 || dim/heads%2 != 0 || heads%kvHeads != 0)
	var s strings.Builder
	fmt.Fprintf(&s, "%d shared %t\n", v, shared)
	tensor := func(name string, shape ...int64) {
		n := big.NewInt(4)
		for _, d := range shape {
			n.Mul(n, big.NewInt(d))
		}
		r.refuse(!n.IsUint64())
		if !r.bad {
			fmt.Fprintf(&s, "%s %d: %x\n", name, shape, r.bytes(n.Uint64()))
		}
	}
	kv := dim / heads * kvHeads
	tensor("token_embedding_table", vocab, dim)
	tensor("rms_att_weight", layers, dim)
	tensor("wq", layers, dim, dim)
	tensor("wk", layers, kv, dim)
	tensor("wv", layers, kv, dim)
	tensor("wo", layers, dim, dim)
	tensor("rms_ffn_weight", layers, dim)
	tensor("w1", layers, hidden, dim)
	tensor("w2", layers, dim, hidden)
	tensor("w3", layers, hidden, dim)
	tensor("rms_final_weight", dim)
	tensor("freq_cis_real", context, dim/heads/2)
	tensor("freq_cis_imag", context, dim/heads/2)
	if !shared {
		tensor("wcls", vocab, dim)
	}
	r.refuse(r.left() > 0)
	return s.String(), !r.bad
}

func textLlama2c(f *llama2c.File) string {
	var s strings.Builder
	fmt.Fprintf(&s, "%d shared %t\n", []int{f.Dim, f.Hidden, f.Layers, f.Heads, f.KVHeads, f.Vocab, f.Context}, f.Shared)
	for _, t := range f.Tensors {
		fmt.Fprintf(&s, "%s %d: %x\n", t.Name, t.Shape, t.Data)
	}
	return s.String()
}
