package gguf

import "assay/spec"

// Format returns the format of package spec that the type is, and false if that
// has none.
func (t Type) Format() (spec.Format, bool) {
	for _, f := range spec.Formats() {
		if f.String() == t.String() {
			return f, true
		}
	}
	return 0, false
}
