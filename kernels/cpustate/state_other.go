//go:build !amd64 || purego

package cpustate

// Nothing of the state is known in this build.
const (
	Known            = false
	VectorsKnown     = false
	FlushToZero      = 0
	DenormalsAreZero = 0
	StatusBits       = 0
	DirectionFlag    = 0
	UpperHalves      = 0
)

func Mode() uint32         { return 0 }
func SetMode(uint32)       {}
func Flags() uint64        { return 0 }
func ClearVectors()        {}
func VectorsInUse() uint32 { return 0 }
func SoilRegisters(int)    {}
