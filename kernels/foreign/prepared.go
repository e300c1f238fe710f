package foreign

// Prepared is a call of a kernel made ready for timing: weights are repacked, graphs
// built, and nothing but the kernel runs in Run.
type Prepared struct {
	Run   func() // makes Calls calls
	Calls int
	Close func()

	keep []any // Go memory of which C has the address
}
