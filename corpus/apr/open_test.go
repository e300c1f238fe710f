package apr

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "small.apr")
	good := mustBytes(t, small())
	if err := os.WriteFile(path, good, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(small(), f, ignoreMapping); d != "" {
		t.Error(d)
	}
	text := string(f.Metadata)
	for range 2 {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	if string(f.Metadata) != text || f.Tensors[0].Name != "a" {
		t.Error("names and metadata are gone after Close")
	}
	if err := small().Close(); err != nil {
		t.Errorf("Close of a file that was not opened: %v", err)
	}

	if err := os.WriteFile(path, good[:100], 0o600); err != nil {
		t.Fatal(err)
	}
	var fe *FormatError
	if _, err := Open(path); !errors.As(err, &fe) {
		t.Errorf("Open of a truncated file: %v, want a FormatError", err)
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open of no file: %v, want fs.ErrNotExist", err)
	}
}

// A tensor of 64 MiB costs nothing.
func TestOpenLarge(t *testing.T) {
	const size = 64 << 20
	path := filepath.Join(t.TempDir(), "large.apr")
	b := mustBytes(t, &File{Metadata: []byte("{}"), Tensors: []Tensor{{Name: "a", Type: U8, Dims: []uint64{size}, Data: make([]byte, size)}}})
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f, err := Open(path)
	runtime.ReadMemStats(&after)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if n := after.TotalAlloc - before.TotalAlloc; n > 64<<10 {
		t.Errorf("%d bytes allocated", n)
	}
	if n := len(f.Tensors[0].Data); n != size {
		t.Errorf("%d bytes of data", n)
	}
}
