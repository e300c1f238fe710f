// Package peers finds the released kernels that are audited and raced: llama.cpp's CPU
// libraries, one per ISA tier, as `make peers` installs them. Nothing of them is part of
// the project.
package peers

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
)

// Env names the environment variable that says where the libraries lie, instead
// of where make peers puts them.
const Env = "ASSAY_PEERS"

// Release is what make peers installs.
const Release = "llama.cpp v0.5.0 (npm package @node-llama-cpp/linux-x64 3.22.1)"

// Libraries returns the paths of llama.cpp's CPU libraries, libggml-base.so last.
func Libraries() ([]string, error) {
	dir := os.Getenv(Env)
	if dir == "" {
		root, err := moduleRoot()
		if err != nil {
			return nil, err
		}
		arch := map[string]string{"amd64": "x64", "arm64": "arm64"}[runtime.GOARCH]
		dir = filepath.Join(root, "kernels", "foreign", "peers", "node_modules", "@node-llama-cpp", "linux-"+arch, "bins", "linux-"+arch)
	}
	out, err := filepath.Glob(filepath.Join(dir, "libggml-cpu-*.so"))
	if err != nil || len(out) == 0 {
		return nil, fmt.Errorf("no libraries of llama.cpp: %s is not installed; make peers does that", dir)
	}
	return append(out, filepath.Join(dir, "libggml-base.so")), nil
}

// Library returns the path of the library of one tier, such as haswell or base.
func Library(tier string) (string, error) {
	all, err := Libraries()
	if err != nil {
		return "", err
	}
	k := slices.IndexFunc(all, func(path string) bool {
		return filepath.Base(path) == "libggml-cpu-"+tier+".so" || filepath.Base(path) == "libggml-"+tier+".so"
	})
	if k < 0 {
		return "", fmt.Errorf("llama.cpp has no library for %s", tier)
	}
	return all[k], nil
}

// moduleRoot is the folder of this project's go.mod, above the working directory.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "kernels", "foreign", "peers", "package.json")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("no libraries of llama.cpp: not below this project's folder, and " + Env + " is not set")
		}
		dir = up
	}
}
