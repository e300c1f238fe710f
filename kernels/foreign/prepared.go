package foreign

import "assay/spec"

// Prepared is a call of a kernel made ready for timing: weights are repacked, graphs
// built, and nothing but the kernel runs in Run.
type Prepared struct {
	Run   func() // makes Calls calls
	Calls int
	Close func()

	finish func() // takes the results to the call's output; nil: they are there
	keep   []any  // Go memory of which C has the address
}

// prepareRuns prepares a row that is called as it is.
func prepareRuns(row spec.Row, c *spec.Call, calls int) *Prepared {
	return &Prepared{Calls: calls, Close: func() {}, Run: func() {
		for range calls {
			row.Func.Run(c)
		}
	}}
}
