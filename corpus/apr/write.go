package apr

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// Bytes returns the file as stored: tensors in the order of their names, each at a
// multiple of 64. What Parse would refuse is an error.
func (f *File) Bytes() ([]byte, error) {
	fail := func(part, format string, args ...any) ([]byte, error) {
		return nil, &FormatError{part, -1, fmt.Sprintf(format, args...)}
	}
	if why := checkMetadata(f.Metadata); why != "" {
		return fail("metadata", "%s", why)
	}
	if len(f.Metadata) > math.MaxUint32 || len(f.Tensors) > math.MaxUint32 {
		return fail("file", "has more metadata or tensors than can be counted")
	}
	if why := f.Flags.refused(); why != "" {
		return fail("flags", "are %04x: %s", uint16(f.Flags), why)
	}
	tensors := slices.Clone(f.Tensors)
	slices.SortFunc(tensors, func(a, b Tensor) int { return strings.Compare(a.Name, b.Name) })

	le := binary.LittleEndian
	var index []byte
	at := uint64(0)
	for i, t := range tensors {
		part := fmt.Sprintf("tensor %.64q", t.Name)
		want, why := size(t.Type, t.Dims)
		switch {
		case len(t.Name) == 0 || len(t.Name) > maxName || !utf8.ValidString(t.Name):
			return fail(part, "has a name that cannot be stored")
		case i > 0 && t.Name == tensors[i-1].Name:
			return fail(part, "occurs twice")
		case why != "":
			return fail(part, "%s", why)
		case uint64(len(t.Data)) != want:
			return fail(part, "has %d bytes, %v of dims %d takes %d", len(t.Data), t.Type, t.Dims, want)
		}
		index = le.AppendUint16(index, uint16(len(t.Name)))
		index = append(index, t.Name...)
		index = append(index, byte(t.Type), byte(len(t.Dims)))
		for _, d := range t.Dims {
			index = le.AppendUint64(index, d)
		}
		index = le.AppendUint64(le.AppendUint64(index, at), want)
		at += padded(want)
	}
	indexAt := padded(header + uint64(len(f.Metadata)))
	dataAt := padded(indexAt + uint64(len(index)))
	out := make([]byte, header, dataAt+at+4)
	copy(out, magic[:])
	out[4] = 2
	le.PutUint16(out[6:], uint16(f.Flags))
	le.PutUint32(out[8:], uint32(len(tensors)))
	le.PutUint64(out[12:], header)
	le.PutUint32(out[20:], uint32(len(f.Metadata)))
	le.PutUint64(out[24:], indexAt)
	le.PutUint64(out[32:], dataAt)
	le.PutUint32(out[40:], headerSum(out))
	grow := func(to uint64) { out = append(out, make([]byte, to-uint64(len(out)))...) }
	out = append(out, f.Metadata...)
	grow(indexAt)
	out = append(out, index...)
	grow(dataAt)
	for _, t := range tensors {
		out = append(out, t.Data...)
		grow(dataAt + padded(uint64(len(out))-dataAt))
	}
	return le.AppendUint32(out, crc32.ChecksumIEEE(out)), nil
}
