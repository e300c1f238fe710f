// Package mapped opens files as slices of bytes that the operating system fills
// when they are read, so that memory does not grow with the file.
package mapped

import (
	"fmt"
	"sync"
)

// File is a file in memory.
type File struct {
	// Data are the bytes of the file. They may be read until Close, and never
	// written: a write is a fault, as is reading a part that another process has
	// cut off since.
	Data []byte

	once  sync.Once
	close func() error
}

// Close gives the memory back, after which the data must not be touched. Only the
// first call does anything; that of nil does nothing.
func (f *File) Close() error {
	if f == nil || f.close == nil {
		return nil
	}
	var err error
	f.once.Do(func() {
		f.Data = nil
		err = f.close()
	})
	return err
}

// Parse maps the file at path and parses its bytes, which are the mapping's until it
// is closed. Errors begin with the name of the format or, once it is open, with the
// path; a file that is refused is not kept mapped.
func Parse[T any](format, path string, parse func([]byte) (T, error)) (T, *File, error) {
	var none T
	m, err := Open(path)
	if err != nil {
		return none, nil, fmt.Errorf("%s: %w", format, err)
	}
	f, err := parse(m.Data)
	if err != nil {
		m.Close()
		return none, nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, m, nil
}
