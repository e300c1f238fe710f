// Package foreign calls kernels of other engines in shared libraries, without
// cgo.
//
// A library runs in this process: one that crashes ends it.
package foreign
