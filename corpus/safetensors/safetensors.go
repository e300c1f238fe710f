// Package safetensors reads and writes tensors of F32, F16 and BF16 in the
// safetensors format: the length of a header, a JSON object of tensors, their
// data. Source: huggingface/safetensors, README.
//
// Parse trusts nothing: the data of the tensors must fill the file without gap or
// overlap.
package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"unicode/utf8"

	"assay/spec"
)

// Tensor is a named array in C order. Data is part of the bytes that were parsed.
type Tensor struct {
	Name   string
	Format spec.Format // F32, F16 or BF16
	Shape  []uint64
	Data   []byte
}

var formats = map[string]spec.Format{"F32": spec.F32, "F16": spec.F16, "BF16": spec.BF16}

// maxHeader is the format's own limit.
const maxHeader = 100_000_000

type entry struct {
	DType   string    `json:"dtype"`
	Shape   []uint64  `json:"shape"`
	Offsets [2]uint64 `json:"data_offsets"`
}

const metadataKey = "__metadata__"

// Parse reads a file. Tensors are in the order of their data.
func Parse(data []byte) ([]Tensor, error) {
	bad := func(format string, args ...any) ([]Tensor, error) {
		return nil, fmt.Errorf("safetensors: "+format, args...)
	}
	if len(data) < 8 {
		return bad("%d bytes, the header's length takes 8", len(data))
	}
	n := binary.LittleEndian.Uint64(data)
	if n > maxHeader || n > uint64(len(data)-8) {
		return bad("a header of %d bytes, %d remain", n, len(data)-8)
	}
	header, body := data[8:8+n], data[8+n:]
	if !utf8.Valid(header) {
		return bad("the header is not UTF-8")
	}
	names, err := keys(header)
	if err != nil {
		return bad("header: %v", err)
	}
	var entries map[string]json.RawMessage
	if err := json.Unmarshal(header, &entries); err != nil {
		return bad("header: %v", err)
	}
	type placed struct {
		Tensor
		from, to uint64
	}
	var all []placed
	for _, name := range names {
		if name == metadataKey {
			continue
		}
		var e entry
		d := json.NewDecoder(bytes.NewReader(entries[name]))
		d.DisallowUnknownFields()
		if err := d.Decode(&e); err != nil {
			return bad("tensor %.64q: %v", name, err)
		}
		f, ok := formats[e.DType]
		if !ok {
			return bad("tensor %.64q is of type %.20q, want F32, F16 or BF16", name, e.DType)
		}
		size := uint64(f.BlockBytes())
		for _, dim := range e.Shape {
			hi, lo := bits.Mul64(size, dim)
			if hi != 0 {
				return bad("tensor %.64q: shape %v wraps", name, e.Shape)
			}
			size = lo
		}
		from, to := e.Offsets[0], e.Offsets[1]
		if from > to || to > uint64(len(body)) || to-from != size {
			return bad("tensor %.64q: offsets %v for %d bytes, the data have %d", name, e.Offsets, size, len(body))
		}
		all = append(all, placed{Tensor{name, f, e.Shape, body[from:to:to]}, from, to})
	}
	slices.SortStableFunc(all, func(a, b placed) int {
		switch {
		case a.from != b.from:
			return compare(a.from, b.from)
		case a.to != b.to:
			return compare(a.to, b.to)
		}
		return strings.Compare(a.Name, b.Name)
	})
	var out []Tensor
	end := uint64(0)
	for _, p := range all {
		if p.from != end {
			return bad("tensor %.64q begins at %d, the one before ends at %d", p.Name, p.from, end)
		}
		end = p.to
		out = append(out, p.Tensor)
	}
	if end != uint64(len(body)) {
		return bad("tensors end at %d, the data have %d", end, len(body))
	}
	return out, nil
}

func compare(a, b uint64) int {
	if a < b {
		return -1
	}
	return 1
}

// keys returns the names in a JSON object; one that occurs twice is an error.
func keys(object []byte) ([]string, error) {
	d := json.NewDecoder(bytes.NewReader(object))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, fmt.Errorf("is no object (%v)", err)
	}
	var out []string
	seen := map[string]bool{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, err
		}
		name := t.(string)
		if seen[name] {
			return nil, fmt.Errorf("%.64q occurs twice", name)
		}
		seen[name] = true
		out = append(out, name)
		var skip json.RawMessage
		if err := d.Decode(&skip); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Bytes returns the tensors as stored. What Parse would refuse is an error.
func Bytes(tensors []Tensor) ([]byte, error) {
	entries := map[string]entry{}
	var body []byte
	for _, t := range tensors {
		name := map[spec.Format]string{spec.F32: "F32", spec.F16: "F16", spec.BF16: "BF16"}[t.Format]
		if name == "" || t.Name == metadataKey || !utf8.ValidString(t.Name) {
			return nil, fmt.Errorf("safetensors: tensor %.64q of %v cannot be stored", t.Name, t.Format)
		}
		if _, ok := entries[t.Name]; ok {
			return nil, fmt.Errorf("safetensors: tensor %.64q occurs twice", t.Name)
		}
		shape := t.Shape
		if shape == nil {
			shape = []uint64{}
		}
		entries[t.Name] = entry{name, shape, [2]uint64{uint64(len(body)), uint64(len(body) + len(t.Data))}}
		body = append(body, t.Data...)
	}
	header, err := json.Marshal(entries)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	for len(header)%8 != 0 {
		header = append(header, ' ')
	}
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	out = append(append(out, header...), body...)
	if _, err := Parse(out); err != nil {
		return nil, err
	}
	return out, nil
}
