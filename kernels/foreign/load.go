//go:build linux && (amd64 || arm64)

package foreign

import (
	"errors"
	"fmt"
	"path/filepath"
	"runtime"

	"github.com/ebitengine/purego"

	"assay/spec"
)

// Load returns the kernels of the shared library at path, to be called in this process.
// Rows that this machine cannot run say so (spec.Row.CanRun).
func Load(path string) ([]spec.Row, error) {
	path, err := filepath.Abs(path) // or the loader would look for it elsewhere
	if err != nil {
		return nil, fmt.Errorf("foreign: %w", err)
	}
	if isGGML(path) {
		return loadGGML(path)
	}
	lib, err := open(path, purego.RTLD_LOCAL)
	if err != nil {
		return nil, err
	}
	if table, err := purego.Dlsym(lib, "assay_kernels"); err == nil {
		return loadTable(path, table)
	}
	return nil, fmt.Errorf("foreign: %s: %w", path, errNoKernels)
}

var errNoKernels = errors.New("neither assay_kernels (see kernels/foreign/assay_kernel.h) nor a CPU library of llama.cpp")

// open loads a library.
func open(path string, mode int) (uintptr, error) {
	runtime.LockOSThread() // the message of a failure belongs to the thread
	defer runtime.UnlockOSThread()
	lib, err := purego.Dlopen(path, purego.RTLD_NOW|mode)
	if err != nil {
		return 0, fmt.Errorf("foreign: %s: %w", path, err)
	}
	return lib, nil
}
