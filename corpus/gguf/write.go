package gguf

import (
	"encoding/binary"
	"fmt"
	"io"
)

// Write writes f in the canonical layout: the tensors in order, each padded
// with zeros to the alignment, the last one too. Version 0 is written as 3. The
// alignment is what the metadata says or 32; f.Alignment must be that or 0. The
// offsets are computed, and those in f ignored; f is not changed.
//
// What Parse would refuse is not written: the error is a [*FormatError] whose
// offset is −1. Any other error is that of w. Parsing what was written gives f
// again, apart from offsets and the zero values replaced.
func Write(w io.Writer, f *File) error {
	header, align, err := encodeHeader(f)
	if err != nil {
		return err
	}
	zeros := make([]byte, align)
	if _, err := w.Write(header); err != nil {
		return err
	}
	if _, err := w.Write(zeros[:padding(uint64(len(header)), align)]); err != nil {
		return err
	}
	for i := range f.Tensors {
		data := f.Tensors[i].Data
		if _, err := w.Write(data); err != nil {
			return err
		}
		if _, err := w.Write(zeros[:padding(uint64(len(data)), align)]); err != nil {
			return err
		}
	}
	return nil
}

// An encoder appends the header, the metadata and the tensor infos. The place
// says what is being written.
type encoder struct {
	b []byte
	place
}

func (e *encoder) errorf(format string, args ...any) error {
	return &FormatError{Field: e.field(""), Offset: -1, Reason: fmt.Sprintf(format, args...)}
}

func (e *encoder) uint32(v uint32) { e.b = binary.LittleEndian.AppendUint32(e.b, v) }
func (e *encoder) uint64(v uint64) { e.b = binary.LittleEndian.AppendUint64(e.b, v) }

func (e *encoder) string(s string) {
	e.uint64(uint64(len(s)))
	e.b = append(e.b, s...)
}

// encodeHeader encodes everything before the data section but its padding, and
// returns the alignment.
func encodeHeader(f *File) (header []byte, align uint64, err error) {
	e := &encoder{b: []byte("GGUF")}
	e.part = "version"
	switch f.Version {
	case 0, 3:
		e.uint32(3)
	case 2:
		e.uint32(2)
	default:
		return nil, 0, e.errorf("is %d, want 2 or 3", f.Version)
	}
	e.uint64(uint64(len(f.Tensors)))
	e.uint64(uint64(len(f.Metadata)))
	if align, err = e.metadata(f.Metadata); err != nil {
		return nil, 0, err
	}
	if f.Alignment != 0 && f.Alignment != align {
		e.place = place{part: "alignment"}
		return nil, 0, e.errorf("is %d, but %d by the metadata", f.Alignment, align)
	}
	if err := e.tensors(f.Tensors, align); err != nil {
		return nil, 0, err
	}
	return e.b, align, nil
}

// metadata appends the entries and returns the alignment that they declare.
func (e *encoder) metadata(kvs []KV) (align uint64, err error) {
	align = defaultAlignment
	seen := make(map[string]int, len(kvs))
	for i, kv := range kvs {
		e.place = place{list: "metadata", i: i, part: "key", index: e.index}
		if reason := checkKey(kv.Key); reason != "" {
			return 0, e.errorf("%s", reason)
		}
		e.name = kv.Key
		if first, dup := seen[kv.Key]; dup {
			return 0, e.errorf("is that of metadata[%d] too", first)
		}
		seen[kv.Key] = i
		e.string(kv.Key)

		e.part = "value"
		if kv.Key == alignmentKey {
			var reason string
			if align, reason = checkAlignment(kv.Value); reason != "" {
				return 0, e.errorf("%s", reason)
			}
		}
		t, _, ok := typeOf(kv.Value)
		if !ok {
			return 0, e.errorf("is %s", describe(kv.Value))
		}
		e.uint32(uint32(t))
		if err := e.value(kv.Value); err != nil {
			return 0, err
		}
	}
	return align, nil
}

// value appends a value for which typeOf has a type.
func (e *encoder) value(v any) error {
	t, elem, _ := typeOf(v)
	switch v := v.(type) {
	case string:
		e.string(v)
		return nil
	case []string:
		e.array(elem, len(v))
		for _, s := range v {
			e.string(s)
		}
		return nil
	case []any:
		e.array(elem, len(v))
		return e.arrays(v)
	}
	// What is left is a number or a bool, or an array of these: of fixed size.
	if t == typeArray {
		e.array(elem, binary.Size(v)/int(valueTypes[elem].size))
	}
	var err error
	e.b, err = binary.Append(e.b, binary.LittleEndian, v)
	return err
}

// array appends the element type and the count of an array.
func (e *encoder) array(elem valueType, n int) {
	e.uint32(uint32(elem))
	e.uint64(uint64(n))
}

// arrays appends the elements of an array of arrays.
func (e *encoder) arrays(v []any) error {
	level := len(e.index)
	if level+1 == maxDepth {
		return e.errorf("is an array of arrays at level %d of nesting, the deepest allowed", maxDepth)
	}
	e.index = append(e.index, 0)
	for i, a := range v {
		e.index[level] = uint64(i)
		if t, _, ok := typeOf(a); !ok || t != typeArray {
			return e.errorf("is %s, want an array", describe(a))
		}
		if err := e.value(a); err != nil {
			return err
		}
	}
	e.index = e.index[:level]
	return nil
}

// tensors appends the tensor infos.
func (e *encoder) tensors(tensors []Tensor, align uint64) error {
	var offset uint64
	seen := make(map[string]int, len(tensors))
	for i := range tensors {
		t := &tensors[i]
		e.place = place{list: "tensor", i: i, part: "name"}
		if reason := checkName(t.Name); reason != "" {
			return e.errorf("%s", reason)
		}
		e.name = t.Name
		if first, dup := seen[t.Name]; dup {
			return e.errorf("is that of tensor[%d] too", first)
		}
		seen[t.Name] = i
		if part, reason := checkShape(t.Type, t.Dims); reason != "" {
			e.part = part
			return e.errorf("%s", reason)
		}
		e.part = "data"
		size, _ := shapeBytes(t.Type, t.Dims)
		if uint64(len(t.Data)) != size {
			return e.errorf("are %d bytes, want %d for dims %d of %v", len(t.Data), size, t.Dims, t.Type)
		}

		e.string(t.Name)
		e.uint32(uint32(len(t.Dims)))
		for _, d := range t.Dims {
			e.uint64(d)
		}
		e.uint32(uint32(t.Type))
		e.uint64(offset)
		offset += size + padding(size, align)
	}
	return nil
}
