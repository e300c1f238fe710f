//go:build !race

package readertest

// Race tells whether the race detector is on.
const Race = false
