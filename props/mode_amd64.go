//go:build !purego

package props

const (
	canSetMode = true

	// MXCSR bits.
	flushToZero      = 1 << 15
	denormalsAreZero = 1 << 6
	statusBits       = 0x3f // sticky exception flags
)

// getMode returns MXCSR.
func getMode() uint32

// setMode sets MXCSR.
func setMode(m uint32)
