// Package readertest holds what the tests and fuzz targets of the file readers have in common.
package readertest

import "runtime"

// Allocated returns the bytes that parse allocates for data, garbage included.
func Allocated[F any](parse func([]byte) (F, error), data []byte) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f, err := parse(data)
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(f)
	runtime.KeepAlive(err)
	return after.TotalAlloc - before.TotalAlloc
}
