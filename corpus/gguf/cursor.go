package gguf

import (
	"encoding/binary"
	"fmt"
)

// A cursor reads the fields of a file one after another. The place says what is
// being read; every error carries it together with the position of the field.
type cursor struct {
	data []byte
	pos  int
	place
}

// errorf returns the error of the field at byte pos.
func (c *cursor) errorf(pos int, suffix, format string, args ...any) error {
	return &FormatError{
		Field:  c.field(suffix),
		Offset: int64(pos),
		Reason: fmt.Sprintf(format, args...),
	}
}

func (c *cursor) remaining() uint64 { return uint64(len(c.data) - c.pos) }

// take returns the next n bytes.
func (c *cursor) take(n uint64, suffix string) ([]byte, error) {
	if n > c.remaining() {
		return nil, c.errorf(c.pos, suffix, "needs %d bytes, %d remain", n, c.remaining())
	}
	// n fits an int, for the remaining bytes do.
	b := c.data[c.pos : c.pos+int(n)]
	c.pos += int(n)
	return b, nil
}

func (c *cursor) uint32(suffix string) (uint32, error) {
	b, err := c.take(4, suffix)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint32(b), nil
}

func (c *cursor) uint64(suffix string) (uint64, error) {
	b, err := c.take(8, suffix)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint64(b), nil
}

// count reads the number of items that follow, each of them at least size bytes
// long. A count for which the file has no room is an error.
func (c *cursor) count(size uint64, suffix string) (uint64, error) {
	pos := c.pos
	n, err := c.uint64(suffix)
	if err != nil {
		return 0, err
	}
	return n, c.room(pos, n, size, suffix)
}

// room checks that n items of at least size bytes can follow. The count was
// read at byte pos.
func (c *cursor) room(pos int, n, size uint64, suffix string) error {
	if n > c.remaining()/size {
		return c.errorf(pos, suffix, "is %d, at %d bytes or more each; %d bytes remain", n, size, c.remaining())
	}
	return nil
}

// string reads a string of any bytes: a length and as many bytes.
func (c *cursor) string() (string, error) {
	pos := c.pos
	n, err := c.uint64("length")
	if err != nil {
		return "", err
	}
	if n > c.remaining() {
		return "", c.errorf(pos, "length", "is %d, %d bytes remain", n, c.remaining())
	}
	b, err := c.take(n, "")
	return string(b), err
}

// bool reads a boolean, a byte that is 0 or 1.
func (c *cursor) bool() (bool, error) {
	pos := c.pos
	b, err := c.take(1, "")
	if err != nil {
		return false, err
	}
	if b[0] > 1 {
		return false, c.errorf(pos, "", "is %d, want 0 or 1", b[0])
	}
	return b[0] == 1, nil
}
