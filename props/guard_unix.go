//go:build unix

package props

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// guarded is memory between two unreadable pages.
type guarded struct {
	all []byte // with the guard pages
	mem []byte // between them
}

const canGuard = true

// newGuarded maps memory for at least n bytes at any offset up to 63.
func newGuarded(n int) (*guarded, error) {
	page := os.Getpagesize()
	size := (n + 64 + page - 1) / page * page
	all, err := unix.Mmap(-1, 0, size+2*page, unix.PROT_NONE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil, fmt.Errorf("props: guarded memory: %w", err)
	}
	g := &guarded{all: all, mem: all[page : page+size : page+size]}
	if err := g.writable(true); err != nil {
		g.free()
		return nil, err
	}
	return g, nil
}

// writable makes the memory between the guard pages writable or read-only.
func (g *guarded) writable(yes bool) error {
	prot := unix.PROT_READ
	if yes {
		prot |= unix.PROT_WRITE
	}
	if err := unix.Mprotect(g.mem, prot); err != nil {
		return fmt.Errorf("props: guarded memory: %w", err)
	}
	return nil
}

func (g *guarded) free() { unix.Munmap(g.all) }
