package safetensors

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"assay/spec"
)

// entry is a tensor in the header.
type entry struct {
	DType   string    `json:"dtype"`
	Shape   []uint64  `json:"shape"`
	Offsets [2]uint64 `json:"data_offsets"`
}

// Bytes returns the file as stored: the tensors' data in order, the keys of the
// header sorted, the header padded with spaces so that the data begin at a
// multiple of 8. What Parse would refuse is an error, a [*FormatError] whose offset
// is −1.
func (f *File) Bytes() ([]byte, error) {
	entries := map[string]any{}
	if f.Metadata != nil {
		for k, v := range f.Metadata {
			if !utf8.ValidString(k) || !utf8.ValidString(v) {
				return nil, bad("metadata", -1, "has %.64q, which is not UTF-8", k)
			}
		}
		entries[metadataKey] = f.Metadata
	}
	at := uint64(0)
	for _, t := range f.Tensors {
		e, reason := entryOf(t, at)
		if reason != "" {
			return nil, bad(fieldOf(t.Name, ""), -1, "%s", reason)
		}
		if _, ok := entries[t.Name]; ok {
			return nil, bad(fieldOf(t.Name, ""), -1, "occurs twice")
		}
		entries[t.Name] = e
		at = e.Offsets[1]
	}
	header, err := json.Marshal(entries)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	for len(header)%8 != 0 {
		header = append(header, ' ')
	}
	if len(header) > maxHeader {
		return nil, bad("header", -1, "has %d bytes, at most %d", len(header), maxHeader)
	}
	out := make([]byte, lengthBytes, lengthBytes+uint64(len(header))+at)
	binary.LittleEndian.PutUint64(out, uint64(len(header)))
	out = append(out, header...)
	for _, t := range f.Tensors {
		out = append(out, t.Data...)
	}
	return out, nil
}

// entryOf returns a tensor whose data begin at byte at, or why it cannot be
// stored.
func entryOf(t Tensor, at uint64) (e entry, reason string) {
	dtype := map[spec.Format]string{spec.F32: "F32", spec.F16: "F16", spec.BF16: "BF16"}[t.Format]
	if dtype == "" {
		return entry{}, fmt.Sprintf("is of type %v, want F32, F16 or BF16", t.Format)
	}
	size, ok := shapeBytes(t.Format, t.Shape)
	switch {
	case t.Name == metadataKey || !utf8.ValidString(t.Name):
		return entry{}, "has a name that cannot be stored"
	case !ok || uint64(len(t.Data)) != size:
		return entry{}, fmt.Sprintf("has %d bytes, which are not those of its shape", len(t.Data))
	}
	shape := t.Shape
	if shape == nil {
		shape = []uint64{} // which is not null
	}
	return entry{dtype, shape, [2]uint64{at, at + size}}, ""
}
