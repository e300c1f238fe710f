//go:build !linux || (!amd64 && !arm64)

package foreign

import (
	"errors"
	"time"

	"assay/spec"
)

var errSystem = errors.New("foreign: libraries can be loaded on linux/amd64 and linux/arm64 only")

// Prepare prepares nothing here: the row is called as it is.
func Prepare(row spec.Row, c *spec.Call, calls int) *Prepared { return prepareRuns(row, c, calls) }

// Library is a shared library; there are none here.
type Library struct{}

// Load is not available here.
func Load(string) ([]spec.Row, error) { return nil, errSystem }

// Open is not available here.
func Open(string, time.Duration) (*Library, error) { return nil, errSystem }

// Serve does nothing here.
func Serve() {}

// Rows returns nothing here.
func (*Library) Rows() []spec.Row { return nil }

// Crashes returns 0 here.
func (*Library) Crashes() int { return 0 }

// Close does nothing here.
func (*Library) Close() {}
