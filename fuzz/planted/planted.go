// Package planted has known defects of the readers of files: small changes of their source, of which each
// fuzz target must find those that are in its way. They are applied by an overlay of
// the build, so that the tree stays as it is.
package planted

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"assay/props/assembly"
)

// Defect is a change of a source file.
type Defect struct {
	Target    string // the fuzz target that must find it
	ID        string
	Mechanism string // what the reader does then
	File      string // below the module's root
	Old, New  string // text that occurs once in the file, and what stands there instead
}

// All returns the defects, those of a target one after the other.
func All() []Defect { return append([]Defect(nil), defects...) }

// Overlay writes the files that have the defects, and one for go build's -overlay that puts
// them in the place of those of the module at root. It returns the path of that.
func Overlay(root, dir string, all ...Defect) (string, error) {
	root, err := filepath.Abs(root) // an overlay's paths are
	if err != nil {
		return "", err
	}
	replace := map[string]string{}
	for i, d := range all {
		file := filepath.Join(root, filepath.FromSlash(d.File))
		if _, ok := replace[file]; ok {
			return "", fmt.Errorf("planted: two defects in %s", d.File)
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		if n := strings.Count(string(data), d.Old); n != 1 {
			return "", fmt.Errorf("planted: %s %s: %q occurs %d times in %s", d.Target, d.ID, d.Old, n, d.File)
		}
		replace[file] = filepath.Join(dir, fmt.Sprintf("planted%d.go", i))
		if err := os.WriteFile(replace[file], []byte(strings.Replace(string(data), d.Old, d.New, 1)), 0o666); err != nil {
			return "", err
		}
	}
	return assembly.WriteOverlay(dir, replace)
}
