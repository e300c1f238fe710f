// Package readertest holds what the tests and fuzz targets of the file readers have in common.
package readertest

import "runtime"

// tries bounds the measurements of Allocated.
const tries = 5

// Allocated returns the bytes that parse allocates for data, garbage included.
//
// The runtime counts for the whole process, and a fuzz worker or a test framework
// allocates beside: above most it is measured again, and the least is returned.
func Allocated[F any](parse func([]byte) (F, error), data []byte, most uint64) uint64 {
	least := allocated(parse, data)
	for i := 1; i < tries && least > most; i++ {
		least = min(least, allocated(parse, data))
	}
	return least
}

func allocated[F any](parse func([]byte) (F, error), data []byte) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f, err := parse(data)
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(f)
	runtime.KeepAlive(err)
	return after.TotalAlloc - before.TotalAlloc
}
