//go:build race

package readertest

// Race tells whether the race detector is on. It empties pools at random, package regexp's
// among them, so that what a reader allocates says nothing of the reader.
const Race = true
