package foreign

import "fmt"

// LoadError is that a library crashes or hangs while it is loaded.
type LoadError struct {
	Path string
	How  string
}

func (e *LoadError) Error() string { return fmt.Sprintf("foreign: %s: loading it: %s", e.Path, e.How) }
