//go:build race

package real

// raceEnabled: the race detector slows these tests tenfold, and what it looks
// for shows in fewer cases.
const raceEnabled = true
