//go:build !linux || (!amd64 && !arm64)

package foreign

import (
	"errors"

	"assay/spec"
)

// GGML is not available here.
func GGML(string) ([]spec.Row, error) {
	return nil, errors.New("foreign: libraries can be loaded on linux/amd64 and linux/arm64 only")
}
