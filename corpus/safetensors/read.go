package safetensors

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"
	"unicode/utf8"

	"assay/corpus/internal/mapped"
)

// Open maps the file at path and parses it as [Parse] does; the memory taken does
// not grow with the tensors. The data of the tensors may only be read, and only
// until [File.Close]; the file must not be cut shorter meanwhile, for touching
// what is no longer there ends the process. An error of the file's content wraps
// a [*FormatError].
func Open(path string) (*File, error) {
	f, m, err := mapped.Parse("safetensors", path, Parse)
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

// placed is a tensor with what the header says of its data.
type placed struct {
	Tensor
	from, to uint64
	at       int64 // of its name's end in the file
}

// Parse reads a file. The data of the tensors are slices of data, which must not
// change while they are in use; all else are copies. Any error is a
// [*FormatError].
func Parse(data []byte) (*File, error) {
	if len(data) < lengthBytes {
		return nil, bad("file", 0, "has %d bytes, the header's length takes %d", len(data), lengthBytes)
	}
	n := binary.LittleEndian.Uint64(data)
	switch remain := uint64(len(data) - lengthBytes); {
	case n > remain:
		return nil, bad("header length", 0, "is %d, %d bytes remain", n, remain)
	case n > maxHeader:
		return nil, bad("header length", 0, "is %d, at most %d", n, maxHeader)
	}
	header, body := data[lengthBytes:lengthBytes+n], data[lengthBytes+n:]
	switch {
	case n == 0 || header[0] != '{':
		return nil, bad("header", lengthBytes, "does not begin with {")
	case !utf8.Valid(header):
		return nil, bad("header", lengthBytes, "is not UTF-8")
	}
	f := &File{}
	tensors, err := f.readHeader(header)
	if err != nil {
		return nil, err
	}
	if err := f.place(tensors, body, int64(lengthBytes+n)); err != nil {
		return nil, err
	}
	return f, nil
}

// place locates the data of the tensors, which begin at byte start of the file and
// must be theirs alone, and all theirs.
func (f *File) place(tensors []placed, body []byte, start int64) error {
	for i := range tensors {
		t := &tensors[i]
		fail := func(field, format string, args ...any) error {
			return bad(fieldOf(t.Name, field), t.at, format, args...)
		}
		size, ok := shapeBytes(t.Format, t.Shape)
		switch {
		case !ok:
			return fail("shape", "wraps: a tensor of 2^64 bytes or more")
		case t.from > t.to || t.to > uint64(len(body)):
			return fail("data_offsets", "are [%d, %d], the data have %d bytes", t.from, t.to, len(body))
		case t.to-t.from != size:
			return fail("data_offsets", "are [%d, %d], %v of this shape takes %d bytes", t.from, t.to, t.Format, size)
		}
		// The capacity is cut so that appending cannot reach the next tensor.
		t.Data = body[t.from:t.to:t.to]
	}
	slices.SortFunc(tensors, func(a, b placed) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to), strings.Compare(a.Name, b.Name))
	})
	end := uint64(0)
	for i, t := range tensors {
		switch {
		case t.from < end:
			return bad(fieldOf(t.Name, "data_offsets"), t.at, "begin at %d, but tensor %.64q ends at %d: they overlap", t.from, tensors[i-1].Name, end)
		case t.from > end:
			return bad(fieldOf(t.Name, "data_offsets"), t.at, "begin at %d, %d bytes before that are nobody's", t.from, t.from-end)
		}
		end = t.to
	}
	if end != uint64(len(body)) {
		return bad("data", start+int64(end), "have %d bytes, of which the tensors take %d", len(body), end)
	}
	if len(tensors) > 0 {
		f.Tensors = make([]Tensor, len(tensors))
	}
	for i := range tensors {
		f.Tensors[i] = tensors[i].Tensor
	}
	return nil
}
