//go:build !unix

package props

import "errors"

type guarded struct{ mem []byte }

const canGuard = false

func newGuarded(int) (*guarded, error) {
	return nil, errors.New("props: guarded memory: not on this system")
}

func (g *guarded) writable(bool) error { return nil }
func (g *guarded) free()               {}
