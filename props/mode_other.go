//go:build !amd64 || purego

package props

const (
	canSetMode       = false
	flushToZero      = 0
	denormalsAreZero = 0
	statusBits       = 0
	directionFlag    = 0
	upperHalves      = 0
	vectorsKnown     = false
)

func getMode() uint32 { return 0 }
func setMode(uint32)  {}
func flags() uint64   { return 0 }
func clearVectors()   {}

func vectorsInUse() uint32 { return 0 }
func soilRegisters()       {}
