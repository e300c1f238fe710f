//go:build !amd64 || purego

package kernels

// wantAssembly tells whether this build has assembly.
const wantAssembly = false

func setWide512(bool) bool { return false }
