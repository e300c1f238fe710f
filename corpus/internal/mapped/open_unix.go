//go:build unix

package mapped

import (
	"io"
	"io/fs"
	"math"
	"os"

	"golang.org/x/sys/unix"
)

// Open maps the file at path. What cannot be mapped for it has no length, such as
// a pipe, is read. An error is an [*fs.PathError].
func Open(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() // a mapping outlives its descriptor
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() == 0 {
		// An empty file cannot be mapped; those of /proc only claim to be empty.
		data, err := io.ReadAll(f)
		if err != nil {
			return nil, err
		}
		return &File{Data: data}, nil
	}
	if info.Size() > math.MaxInt {
		return nil, &fs.PathError{Op: "mmap", Path: path, Err: unix.EFBIG}
	}
	data, err := unix.Mmap(int(f.Fd()), 0, int(info.Size()), unix.PROT_READ, unix.MAP_PRIVATE)
	if err != nil {
		return nil, &fs.PathError{Op: "mmap", Path: path, Err: err}
	}
	return &File{Data: data, close: func() error { return unix.Munmap(data) }}, nil
}
