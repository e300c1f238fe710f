package mapped

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	for _, want := range []string{"", "x", "some bytes"} {
		path := filepath.Join(dir, "f")
		if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if string(f.Data) != want {
			t.Errorf("%q, want %q", f.Data, want)
		}
		for range 2 {
			if err := f.Close(); err != nil {
				t.Error(err)
			}
		}
		if len(want) > 0 && runtime.GOOS == "linux" && f.Data != nil {
			t.Error("data are still there after Close")
		}
	}
	var none *File
	if err := none.Close(); err != nil {
		t.Error(err)
	}
	var path *fs.PathError
	for _, bad := range []string{dir, filepath.Join(dir, "none")} {
		if f, err := Open(bad); !errors.As(err, &path) {
			t.Errorf("%s: %v, %v, want a PathError", bad, f, err)
		}
	}
}

// A pipe has no length and is read to its end.
func TestOpenPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	path := fmt.Sprintf("/proc/self/fd/%d", r.Fd())
	if _, err := os.Stat(path); err != nil {
		t.Skip("no /proc/self/fd")
	}
	go func() {
		w.WriteString("piped")
		w.Close()
	}()
	f, err := Open(path)
	if err != nil || string(f.Data) != "piped" {
		t.Errorf("%v, %v", f, err)
	}
}
