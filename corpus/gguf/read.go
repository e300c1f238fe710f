package gguf

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"

	"assay/corpus/internal/mapped"
)

// Least encoded sizes in bytes, by which counts are judged.
const (
	// key length and one byte of key, value type, a value of one byte
	minKVBytes = 8 + 1 + 4 + 1
	// name length and one byte of name, number of dims, one dim, type, offset
	minTensorBytes = 8 + 1 + 4 + 8 + 4 + 8
)

// Open maps the file at path and parses it as [Parse] does; the memory taken does
// not grow with the tensors. The data of the tensors may only be read, and only
// until [File.Close]; the file must not be cut shorter meanwhile, for touching
// what is no longer there ends the process. An error of the file's content wraps
// a [*FormatError].
func Open(path string) (*File, error) {
	f, m, err := mapped.Parse("gguf", path, Parse)
	if err != nil {
		return nil, err
	}
	f.mapping = m
	return f, nil
}

// Close gives back the memory of a file that [Open] has mapped; the data of its
// tensors must not be touched afterwards. A file that is never closed stays mapped
// until the process ends. Closing one twice, or one that was not opened, does
// nothing.
func (f *File) Close() error { return f.mapping.Close() }

// Parse parses a whole GGUF file of version 2 or 3. The data of the tensors are
// slices of data, which must not change while they are in use; keys, values and
// names are copies. Any error is a [*FormatError].
func Parse(data []byte) (*File, error) {
	c := &cursor{data: data}
	if err := c.magic(); err != nil {
		return nil, err
	}
	version, err := c.version()
	if err != nil {
		return nil, err
	}

	c.part = "tensor count"
	tensorsPos := c.pos
	tensors, err := c.count(minTensorBytes, "")
	if err != nil {
		return nil, err
	}
	c.part = "metadata count"
	kvs, err := c.count(minKVBytes, "")
	if err != nil {
		return nil, err
	}

	f := &File{Version: version}
	if f.Metadata, f.Alignment, err = c.metadata(kvs); err != nil {
		return nil, err
	}

	// The metadata took room that the tensor count was judged by.
	c.place = place{part: "tensor count"}
	if err := c.room(tensorsPos, tensors, minTensorBytes, ""); err != nil {
		return nil, err
	}
	var offsetPos []int
	if f.Tensors, offsetPos, err = c.tensorInfos(tensors); err != nil {
		return nil, err
	}
	if err := c.tensorData(f, offsetPos); err != nil {
		return nil, err
	}
	return f, nil
}

func (c *cursor) magic() error {
	c.part = "magic"
	b, err := c.take(4, "")
	if err != nil {
		return err
	}
	switch string(b) {
	case "GGUF":
		return nil
	case "FUGG":
		return c.errorf(0, "", "is %q: a big-endian file, which is not supported", b)
	}
	return c.errorf(0, "", `is %q, want "GGUF"`, b)
}

func (c *cursor) version() (uint32, error) {
	c.part = "version"
	pos := c.pos
	v, err := c.uint32("")
	switch {
	case err != nil:
		return 0, err
	case v == 2 || v == 3:
		return v, nil
	case v == 1:
		return 0, c.errorf(pos, "", "is 1, whose 32-bit lengths are not supported; want 2 or 3")
	case v != 0 && v&0xffff == 0:
		// Big-endian files keep the magic and swap everything after it.
		return 0, c.errorf(pos, "", "is %#x: a big-endian file, which is not supported", v)
	}
	return 0, c.errorf(pos, "", "is %d, want 2 or 3", v)
}

// metadata reads n entries, and the alignment that they declare.
func (c *cursor) metadata(n uint64) (kvs []KV, align uint64, err error) {
	align = defaultAlignment
	seen := map[string]int{}
	for i := range int(n) {
		c.place = place{list: "metadata", i: i, part: "key", index: c.index}
		pos := c.pos
		key, err := c.string()
		if err != nil {
			return nil, 0, err
		}
		if reason := checkKey(key); reason != "" {
			return nil, 0, c.errorf(pos, "", "%s", reason)
		}
		c.name = key
		if first, dup := seen[key]; dup {
			return nil, 0, c.errorf(pos, "", "is that of metadata[%d] too", first)
		}
		seen[key] = i

		c.part = "type"
		t, err := c.valueType("")
		if err != nil {
			return nil, 0, err
		}
		c.part = "value"
		pos = c.pos
		v, err := c.value(t)
		if err != nil {
			return nil, 0, err
		}
		if key == alignmentKey {
			var reason string
			if align, reason = checkAlignment(v); reason != "" {
				return nil, 0, c.errorf(pos, "", "%s", reason)
			}
		}
		kvs = push(kvs, KV{Key: key, Value: v}, n)
	}
	return kvs, align, nil
}

// valueType reads a value type of which there is one.
func (c *cursor) valueType(suffix string) (valueType, error) {
	pos := c.pos
	n, err := c.uint32(suffix)
	if err != nil {
		return 0, err
	}
	t := valueType(n)
	if !t.known() {
		return 0, c.errorf(pos, suffix, "is %d, want 0 to %d", n, len(valueTypes)-1)
	}
	return t, nil
}

// value reads a value of type t.
func (c *cursor) value(t valueType) (any, error) {
	switch t {
	case typeBool:
		return c.bool()
	case typeString:
		return c.string()
	case typeArray:
		return c.array()
	}
	b, err := c.take(valueTypes[t].size, "")
	if err != nil {
		return nil, err
	}
	switch t {
	case typeUint8:
		return b[0], nil
	case typeInt8:
		return int8(b[0]), nil
	case typeUint16:
		return binary.LittleEndian.Uint16(b), nil
	case typeInt16:
		return int16(binary.LittleEndian.Uint16(b)), nil
	case typeUint32:
		return binary.LittleEndian.Uint32(b), nil
	case typeInt32:
		return int32(binary.LittleEndian.Uint32(b)), nil
	case typeFloat32:
		return math.Float32frombits(binary.LittleEndian.Uint32(b)), nil
	case typeUint64:
		return binary.LittleEndian.Uint64(b), nil
	case typeInt64:
		return int64(binary.LittleEndian.Uint64(b)), nil
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(b)), nil // typeFloat64
}

// array reads an array: element type, count, elements. While it reads element
// i, the place's last index is i.
func (c *cursor) array() (any, error) {
	pos := c.pos
	t, err := c.valueType("element type")
	if err != nil {
		return nil, err
	}
	if t == typeArray && len(c.index)+1 == maxDepth {
		return nil, c.errorf(pos, "element type", "is array at level %d of nesting, the deepest allowed", maxDepth)
	}
	size := valueTypes[t].size
	n, err := c.count(size, "count")
	if err != nil {
		return nil, err
	}
	switch t {
	case typeString:
		return arrayOf(c, n, c.string)
	case typeArray:
		return arrayOf(c, n, c.array)
	}
	b, err := c.take(n*size, "") // count has made sure of n*size bytes
	if err != nil {
		return nil, err
	}
	switch t {
	case typeBool:
		for i, v := range b {
			if v > 1 {
				c.index = append(c.index, uint64(i))
				return nil, c.errorf(c.pos-len(b)+i, "", "is %d, want 0 or 1", v)
			}
		}
		return numbers[bool](b, n), nil
	case typeUint8:
		return numbers[uint8](b, n), nil
	case typeInt8:
		return numbers[int8](b, n), nil
	case typeUint16:
		return numbers[uint16](b, n), nil
	case typeInt16:
		return numbers[int16](b, n), nil
	case typeUint32:
		return numbers[uint32](b, n), nil
	case typeInt32:
		return numbers[int32](b, n), nil
	case typeFloat32:
		return numbers[float32](b, n), nil
	case typeUint64:
		return numbers[uint64](b, n), nil
	case typeInt64:
		return numbers[int64](b, n), nil
	}
	return numbers[float64](b, n), nil // typeFloat64
}

// arrayOf reads n elements one by one with read.
func arrayOf[T any](c *cursor, n uint64, read func() (T, error)) (any, error) {
	level := len(c.index)
	c.index = append(c.index, 0)
	v := []T{}
	for i := range n {
		c.index[level] = i
		elem, err := read()
		if err != nil {
			return nil, err
		}
		v = push(v, elem, n)
	}
	c.index = c.index[:level]
	return v, nil
}

// push appends elem to v, which will have n elements if the file keeps its
// promise. The room doubles up to n, so that memory follows what was read: all
// of n at once may be much, for the tensor data count as bytes that remain.
func push[T any](v []T, elem T, n uint64) []T {
	if len(v) == cap(v) {
		v = append(make([]T, 0, min(n, max(4, 2*uint64(len(v))))), v...)
	}
	return append(v, elem)
}

// numbers decodes n numbers of a fixed size.
func numbers[T any](b []byte, n uint64) []T {
	v := make([]T, n)
	binary.Decode(b, binary.LittleEndian, v) // b has the size of v: no error
	return v
}

// tensorInfos reads n tensors without their data, and for each the position of
// its offset field.
func (c *cursor) tensorInfos(n uint64) (tensors []Tensor, offsetPos []int, err error) {
	seen := map[string]int{}
	for i := range int(n) {
		c.place = place{list: "tensor", i: i, part: "name", index: c.index}
		pos := c.pos
		name, err := c.string()
		if err != nil {
			return nil, nil, err
		}
		if reason := checkName(name); reason != "" {
			return nil, nil, c.errorf(pos, "", "%s", reason)
		}
		c.name = name
		if first, dup := seen[name]; dup {
			return nil, nil, c.errorf(pos, "", "is that of tensor[%d] too", first)
		}
		seen[name] = i

		dims, typ, err := c.shape()
		if err != nil {
			return nil, nil, err
		}
		c.part = "offset"
		offsetPos = push(offsetPos, c.pos, n)
		offset, err := c.uint64("")
		if err != nil {
			return nil, nil, err
		}
		tensors = push(tensors, Tensor{Name: name, Dims: dims, Type: typ, Offset: offset}, n)
	}
	return tensors, offsetPos, nil
}

// shape reads the dims and the type of a tensor.
func (c *cursor) shape() ([]uint64, Type, error) {
	c.part = "dims"
	countPos := c.pos
	n, err := c.uint32("count")
	if err != nil {
		return nil, 0, err
	}
	if n < 1 || n > maxDims {
		return nil, 0, c.errorf(countPos, "count", "is %d, want 1 to %d", n, maxDims)
	}
	dimsPos := c.pos
	b, err := c.take(8*uint64(n), "")
	if err != nil {
		return nil, 0, err
	}
	dims := numbers[uint64](b, uint64(n))
	c.part = "type"
	typePos := c.pos
	id, err := c.uint32("")
	if err != nil {
		return nil, 0, err
	}
	t := Type(id)
	if part, reason := checkShape(t, dims); reason != "" {
		pos := dimsPos
		if part == "type" {
			pos = typePos
		}
		c.part = part
		return nil, 0, c.errorf(pos, "", "%s", reason)
	}
	return dims, t, nil
}

// tensorData locates the data of all tensors, given the positions of their
// offset fields. Tensors may come in any order and with gaps between them, but
// none may leave the file or share a byte with another.
func (c *cursor) tensorData(f *File, offsetPos []int) error {
	if len(f.Tensors) == 0 {
		return nil
	}
	c.place = place{part: "data section"}
	if _, err := c.take(padding(uint64(c.pos), f.Alignment), "padding"); err != nil {
		return err
	}
	section := c.data[c.pos:]

	order := make([]int, len(f.Tensors))
	for i := range f.Tensors {
		order[i] = i
		t := &f.Tensors[i]
		c.place = place{list: "tensor", i: i, name: t.Name, part: "offset"}
		size, _ := shapeBytes(t.Type, t.Dims)
		switch {
		case t.Offset&(f.Alignment-1) != 0:
			return c.errorf(offsetPos[i], "", "is %d, not a multiple of the alignment %d", t.Offset, f.Alignment)
		case t.Offset > uint64(len(section)) || size > uint64(len(section))-t.Offset:
			return c.errorf(offsetPos[i], "", "is %d: %d bytes from there are not within the %d bytes of the data section", t.Offset, size, len(section))
		}
		// The capacity is cut so that appending cannot reach the next tensor.
		end := t.Offset + size
		t.Data = section[t.Offset:end:end]
	}

	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(f.Tensors[a].Offset, f.Tensors[b].Offset), a-b)
	})
	for k, i := range order[1:] {
		t, before := &f.Tensors[i], &f.Tensors[order[k]]
		if end := before.Offset + uint64(len(before.Data)); t.Offset < end {
			c.place = place{list: "tensor", i: i, name: t.Name, part: "offset"}
			return c.errorf(offsetPos[i], "", "is %d, but tensor[%d] takes bytes %d to %d", t.Offset, order[k], before.Offset, end-1)
		}
	}
	return nil
}
