// Package foreign calls kernels of other engines in shared libraries, without
// cgo.
//
// Load calls a library in this process, for timings: a library that crashes ends it.
// Open drives one in a child process, with its operands in shared memory between
// unreadable pages and with a time limit for each call, so that a crash, a hang
// or a touch of what is not an operand is a finding (spec.Fault) and the next call finds
// a new child. A program that uses Open calls Serve first thing.
//
// Two kinds of library are known: those that export assay_kernels (assay_kernel.h),
// and llama.cpp's CPU libraries.
package foreign
