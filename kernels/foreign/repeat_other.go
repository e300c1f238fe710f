//go:build linux && (arm64 || (amd64 && purego))

package foreign

import "github.com/ebitengine/purego"

// do makes the calls. Each crosses from Go to C here.
func (r *repeated) do() {
	args := r.args
	for range r.n {
		purego.SyscallN(r.f, args[:]...)
		for k := range args {
			args[k] += r.step[k]
		}
	}
}
