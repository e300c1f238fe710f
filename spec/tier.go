package spec

// Tier is the ISA that a kernel needs. Tiers of the project's own kernels are
// a closed set; a kernel from elsewhere may carry any other name.
type Tier string

const (
	TierGeneric    Tier = "generic"    // plain Go, always present
	TierAVX2       Tier = "avx2"       // AVX2, FMA and F16C
	TierAVX512VNNI Tier = "avx512vnni" // AVX-512 F, BW, DQ, VL and VNNI
	TierAVX512Wide Tier = "avx512wide" // the same, by vectors of 512 bits
)

// Tiers returns the tiers in order of preference, last one first choice of those that a CPU
// prefers (Row.Preferred).
func Tiers() []Tier { return []Tier{TierGeneric, TierAVX2, TierAVX512VNNI, TierAVX512Wide} }

// Row is one kernel: an implementation of an op for a tier.
type Row struct {
	Op   Op
	Tier Tier
	Tree Tree // the order of roundings that the kernel declares
	Func Func
	// Available tells whether this machine can run the kernel; nil means always.
	Available func() bool
	// Preferred tells whether the kernel is worth choosing on a machine that can run it; nil means
	// always.
	Preferred func() bool
}

// Name is the row's name in reports: op/tier.
func (r Row) Name() string { return string(r.Op) + "/" + string(r.Tier) }

// CanRun tells whether this machine can run the kernel.
func (r Row) CanRun() bool { return r.Available == nil || r.Available() }
