//go:build !purego

package kernels

import "testing"

// wantAssembly tells whether this build has assembly.
const wantAssembly = true

// setWide512 says whether the CPU prefers the tier avx512wide, and returns what was said before.
func setWide512(wide bool) bool {
	old := wide512
	wide512 = wide
	return old
}

// tierOf is one assembly tier of a kernel under test.
type tierOf[F any] struct {
	name string
	f    F
}

// assemblyTiers returns the tiers that this machine can run, and fails if one
// that RequireEnv names is missing.
func assemblyTiers[F any](t testing.TB, avx2, avx512 F, wide ...F) []tierOf[F] {
	if err := CheckRequired(); err != nil {
		t.Fatal(err)
	}
	var out []tierOf[F]
	if hasAVX2() {
		out = append(out, tierOf[F]{"avx2", avx2})
	}
	if hasAVX512VNNI() {
		out = append(out, tierOf[F]{"avx512vnni", avx512})
		for _, f := range wide {
			out = append(out, tierOf[F]{"avx512wide", f})
		}
	}
	if len(out) == 0 {
		t.Skip("this CPU cannot run any assembly tier")
	}
	return out
}
