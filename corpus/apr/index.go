package apr

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// leastEntry is the size of an index entry with a name of one byte and no dims,
// by which the number of tensors is judged.
const leastEntry = 2 + 1 + 1 + 1 + 8 + 8

// readIndex reads the tensors, whose entries are in bytes [at, dataAt) and whose
// data are in bytes [dataAt, end).
func (f *File) readIndex(data []byte, count, at, dataAt, end uint64) error {
	if count > (dataAt-at)/leastEntry {
		return bad("tensor count", 8, "is %d, the index has %d bytes", count, dataAt-at)
	}
	le := binary.LittleEndian
	type span struct {
		from, to uint64
		tensor   int
	}
	var spans []span
	for i := range int(count) {
		var name string
		fail := func(part string, at uint64, format string, args ...any) error {
			return bad(partOf(i, name, part), at, format, args...)
		}
		if dataAt-at < 2 {
			return fail("", at, "does not fit into the index")
		}
		n := uint64(le.Uint16(data[at:]))
		switch {
		case n == 0 || n > maxName:
			return fail("name", at, "has %d bytes, want 1 to %d", n, maxName)
		case dataAt-at < 2+n+2:
			return fail("", at, "does not fit into the index")
		}
		at += 2
		stored := data[at : at+n]
		if !utf8.Valid(stored) {
			return fail("name", at, "is not UTF-8")
		}
		name = string(stored)
		if i > 0 {
			switch before := f.Tensors[i-1].Name; strings.Compare(before, name) {
			case 0:
				return fail("name", at, "is that of tensor[%d] too", i-1)
			case 1:
				return fail("name", at, "follows %.64q: names must ascend", before)
			}
		}
		at += n
		t := Tensor{Name: name, Type: Type(data[at])}
		dims := uint64(data[at+1])
		if dims > maxDims {
			return fail("dims", at+1, "are %d, at most %d", dims, maxDims)
		}
		typeAt := at
		at += 2
		if dataAt-at < 8*dims+16 {
			return fail("", at, "does not fit into the index")
		}
		if dims > 0 {
			t.Dims = make([]uint64, dims)
		}
		for k := range t.Dims {
			t.Dims[k] = le.Uint64(data[at:])
			at += 8
		}
		want, why := size(t.Type, t.Dims)
		if why != "" {
			return fail("", typeAt, "%s", why)
		}
		from, length := le.Uint64(data[at:]), le.Uint64(data[at+8:])
		switch {
		case length != want:
			return fail("size", at+8, "is %d, %v of dims %d takes %d", length, t.Type, t.Dims, want)
		case from%align != 0:
			return fail("offset", at, "is %d, not a multiple of %d", from, align)
		case from > end-dataAt || length > end-dataAt-from:
			return fail("offset", at, "is %d with %d bytes, the data have %d", from, length, end-dataAt)
		}
		at += 16
		// The capacity is cut so that appending cannot reach the next tensor.
		t.Data = data[dataAt+from : dataAt+from+length : dataAt+from+length]
		if length > 0 {
			spans = append(spans, span{from, from + length, i})
		}
		f.Tensors = append(f.Tensors, t)
	}
	if !zero(data[at:dataAt]) {
		return bad("padding", at, "of the index is not zero")
	}
	slices.SortFunc(spans, func(a, b span) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.tensor, b.tensor))
	})
	for k := 1; k < len(spans); k++ {
		a, b := spans[k-1], spans[k]
		if b.from < a.to {
			return bad(partOf(b.tensor, f.Tensors[b.tensor].Name, "data"), dataAt+b.from, "belong to tensor[%d] too: two tensors share bytes", a.tensor)
		}
	}
	return nil
}

// partOf names a part of a tensor in an error. The name may be unknown as yet.
func partOf(i int, name, part string) string {
	s := fmt.Sprintf("tensor[%d]", i)
	if name != "" {
		s += fmt.Sprintf(" %.64q", name)
	}
	if part != "" {
		s += " " + part
	}
	return s
}
