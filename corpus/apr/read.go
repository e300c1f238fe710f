package apr

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"slices"
	"unicode/utf8"
)

// Parse reads a file. Tensors share its bytes. Any error is a [*FormatError].
func Parse(data []byte) (*File, error) {
	total := uint64(len(data))
	if total < header+4 {
		return nil, bad("file", 0, "has %d bytes, a header and a checksum take %d", total, header+4)
	}
	le := binary.LittleEndian
	h := data[:header]
	flags := Flags(le.Uint16(h[6:]))
	count, metaSize := uint64(le.Uint32(h[8:])), uint64(le.Uint32(h[20:]))
	metaAt, indexAt, dataAt := le.Uint64(h[12:]), le.Uint64(h[24:]), le.Uint64(h[32:])
	end := total - 4 // of the data; the checksum follows
	switch {
	case !bytes.Equal(h[:4], magic[:]):
		return nil, bad("magic", 0, "is %x, want %x", h[:4], magic)
	case h[4] != 2 || h[5] != 0:
		return nil, bad("version", 4, "is %d.%d, want 2.0", h[4], h[5])
	case flags >= ColumnMajor<<1:
		return nil, bad("flags", 6, "are %04x, of which some are unknown", uint16(flags))
	}
	for _, r := range refused {
		if flags&r.flag != 0 {
			return nil, bad("flags", 6, "are %04x: the file %s", uint16(flags), r.why)
		}
	}
	if !zero(h[44:]) {
		return nil, bad("header", 44, "is not zero where it is reserved")
	}
	if got, want := le.Uint32(h[40:]), headerSum(h); got != want {
		return nil, bad("header checksum", 40, "is %08x, the header's is %08x", got, want)
	}
	if got, want := le.Uint32(data[end:]), crc32.ChecksumIEEE(data[:end]); got != want {
		return nil, bad("checksum", end, "is %08x, the file's is %08x: it is damaged, or cut off", got, want)
	}
	// A checksum that matches says nothing about the offsets.
	switch {
	case metaAt != header:
		return nil, bad("metadata offset", 12, "is %d, want %d", metaAt, header)
	case metaSize > end-header:
		return nil, bad("metadata size", 20, "is %d, %d bytes remain", metaSize, end-header)
	case indexAt < header+metaSize || indexAt > end || indexAt%align != 0:
		return nil, bad("index offset", 24, "is %d, want a multiple of %d from %d to %d", indexAt, align, header+metaSize, end)
	case dataAt < indexAt || dataAt > end || dataAt%align != 0:
		return nil, bad("data offset", 32, "is %d, want a multiple of %d from %d to %d", dataAt, align, indexAt, end)
	case !zero(data[header+metaSize : indexAt]):
		return nil, bad("padding", header+metaSize, "of the metadata is not zero")
	}
	f := &File{Flags: flags, Metadata: json.RawMessage(data[header : header+metaSize])}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(f.Metadata, &object); err != nil || object == nil {
		return nil, bad("metadata", header, "is no JSON object: %v", err)
	}
	if err := f.readIndex(data, count, indexAt, dataAt, end); err != nil {
		return nil, err
	}
	return f, nil
}

// headerSum is the checksum of a header, the place of the checksum apart.
func headerSum(h []byte) uint32 {
	return crc32.Update(crc32.ChecksumIEEE(h[:40]), crc32.IEEETable, h[44:header])
}

func zero(b []byte) bool {
	for _, v := range b {
		if v != 0 {
			return false
		}
	}
	return true
}

// leastEntry is the size of an index entry with a name of one byte and no dims.
const leastEntry = 2 + 1 + 1 + 1 + 8 + 8

func (f *File) readIndex(data []byte, count, at, dataAt, end uint64) error {
	if count > (dataAt-at)/leastEntry {
		return bad("tensor count", 8, "is %d, the index has %d bytes", count, dataAt-at)
	}
	type span struct{ from, to uint64 }
	var spans []span
	le := binary.LittleEndian
	for i := range count {
		part := fmt.Sprintf("tensor[%d]", i)
		room := func(n uint64) bool { return n <= dataAt-at }
		if !room(2) || !room(2+uint64(le.Uint16(data[at:]))+2) {
			return bad(part, at, "does not fit into the index")
		}
		n := uint64(le.Uint16(data[at:]))
		name := string(data[at+2 : at+2+n])
		switch {
		case n == 0 || n > maxName:
			return bad(part+" name", at, "has %d bytes, want 1 to %d", n, maxName)
		case !utf8.ValidString(name):
			return bad(part+" name", at+2, "is not UTF-8")
		}
		part += fmt.Sprintf(" %.64q", name)
		if i > 0 && name <= f.Tensors[i-1].Name {
			return bad(part, at+2, "follows %.64q: names must ascend", f.Tensors[i-1].Name)
		}
		at += 2 + n
		t := Tensor{Name: name, Type: Type(data[at])}
		dims := uint64(data[at+1])
		if dims > maxDims {
			return bad(part+" dims", at+1, "are %d, at most %d", dims, maxDims)
		}
		at += 2
		if !room(8*dims + 16) {
			return bad(part, at, "does not fit into the index")
		}
		for k := range dims {
			t.Dims = append(t.Dims, le.Uint64(data[at+8*k:]))
		}
		want, why := size(t.Type, t.Dims)
		if why != "" {
			return bad(part, at, "%s", why)
		}
		at += 8 * dims
		from, length := le.Uint64(data[at:]), le.Uint64(data[at+8:])
		switch {
		case length != want:
			return bad(part+" size", at+8, "is %d, %v of dims %d takes %d", length, t.Type, t.Dims, want)
		case from > end-dataAt || length > end-dataAt-from:
			return bad(part+" offset", at, "is %d with %d bytes, the data have %d", from, length, end-dataAt)
		}
		at += 16
		t.Data = data[dataAt+from : dataAt+from+length : dataAt+from+length]
		if length > 0 {
			spans = append(spans, span{from, from + length})
		}
		f.Tensors = append(f.Tensors, t)
	}
	if !zero(data[at:dataAt]) {
		return bad("padding", at, "of the index is not zero")
	}
	slices.SortFunc(spans, func(a, b span) int {
		if a.from < b.from {
			return -1
		}
		return 1
	})
	for i := 1; i < len(spans); i++ {
		if spans[i].from < spans[i-1].to {
			return bad("data", dataAt+spans[i].from, "belong to two tensors")
		}
	}
	return nil
}
