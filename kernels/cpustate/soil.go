package cpustate

// Soil are patterns for vector registers of even and of odd numbers, of which no two
// neighbours cancel, and for masks: ones, which are NaNs; 1; and zeros, which a kernel may
// wrongly take for granted.
var Soil = [4]struct {
	Even, Odd uint32
	Masks     uint64
}{
	{0xffffffff, 0x3f800000, 1<<64 - 1},
	{0x3f800000, 0xffffffff, 0},
	{0, 0x3f800000, 0x5555555555555555},
	{0x3f800000, 0, 0xaaaaaaaaaaaaaaaa},
}
