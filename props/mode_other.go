//go:build !amd64 || purego

package props

const (
	canSetMode       = false
	flushToZero      = 0
	denormalsAreZero = 0
	statusBits       = 0
)

func getMode() uint32 { return 0 }
func setMode(uint32)  {}
