package gguf

import (
	"errors"
	"fmt"
	"strconv"
)

// ErrNotFound is wrapped by the lookups of [File] when there is no metadata key
// or tensor of the given name.
var ErrNotFound = errors.New("not found")

// A FormatError says which field of a file is invalid and why.
type FormatError struct {
	// Field is the path of the field, such as
	//
	//	version
	//	metadata[2] "general.alignment" value
	//	tensor[3] "blk.0.attn_q.weight" offset
	//
	// Indices count from 0; names are quoted, and cut after 64 characters.
	Field string

	// Offset is the position of the field in the file in bytes, or −1 if the
	// field was not read from a file but given to Write.
	Offset int64

	// Reason says what is wrong with the field.
	Reason string
}

func (e *FormatError) Error() string {
	if e.Offset < 0 {
		return "gguf: " + e.Field + ": " + e.Reason
	}
	return fmt.Sprintf("gguf: %s at byte %d: %s", e.Field, e.Offset, e.Reason)
}

// A place is the field being read or written. It is kept as parts and joined
// only when an error needs it, so that a valid file pays nothing for it.
type place struct {
	list  string   // "metadata", "tensor", or empty outside both lists
	i     int      // index in list
	name  string   // key or tensor name, once it is known to be valid
	part  string   // "key", "value", "dims", …
	index []uint64 // element of part, one index per level of nesting
}

// field returns the path of the place. The suffix names a part of its encoding,
// such as "length"; it may be empty.
func (p *place) field(suffix string) string {
	var b []byte
	if p.list != "" {
		b = fmt.Appendf(b, "%s[%d] ", p.list, p.i)
		if p.name != "" {
			b = fmt.Appendf(b, "%.64q ", p.name)
		}
	}
	b = append(b, p.part...)
	for _, i := range p.index {
		b = append(b, '[')
		b = strconv.AppendUint(b, i, 10)
		b = append(b, ']')
	}
	if suffix != "" {
		b = append(b, ' ')
		b = append(b, suffix...)
	}
	return string(b)
}
