//go:build linux && (amd64 || arm64)

package foreign

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Memory that parent and child share: a file with as many slots as an op has operands,
// slot 0 for the output. The parent sees the file in one piece. In the child, each
// slot lies between unreadable pages, and all but slot 0 can only be read.

const (
	slots = 5 // the output and up to four operands
	// firstSlot is a slot's size at the start; calls that need more make it grow.
	firstSlot = 1 << 18
	// guardBytes are unreadable on both sides of a slot in the child.
	guardBytes = 1 << 16
	// marginBytes beside an operand are filled with ones, and watched beside the output.
	marginBytes = 1024
)

// place is where an operand lies.
type place struct {
	Slot   int // −1: absent
	Offset int
	Len    int
}

// parentMemory is the parent's view.
type parentMemory struct {
	file *os.File
	size int // of a slot
	all  []byte
}

func newParentMemory() (*parentMemory, error) {
	fd, err := unix.MemfdCreate("assay", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("foreign: shared memory: %w", err)
	}
	m := &parentMemory{file: os.NewFile(uintptr(fd), "shared memory")}
	if err := m.resize(firstSlot); err != nil {
		m.close()
		return nil, err
	}
	return m, nil
}

// resize makes all slots size bytes long; what was in them is lost.
func (m *parentMemory) resize(size int) error {
	m.unmap()
	if err := m.file.Truncate(int64(slots * size)); err != nil {
		return fmt.Errorf("foreign: shared memory: %w", err)
	}
	all, err := unix.Mmap(int(m.file.Fd()), 0, slots*size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return fmt.Errorf("foreign: %d bytes of shared memory: %w", slots*size, err)
	}
	m.size, m.all = size, all
	return nil
}

func (m *parentMemory) unmap() {
	if m.all != nil {
		unix.Munmap(m.all)
		m.all = nil
	}
}

func (m *parentMemory) close() {
	m.unmap()
	m.file.Close()
}

// slot returns slot k.
func (m *parentMemory) slot(k int) []byte { return m.all[k*m.size : (k+1)*m.size] }

// put places b in a slot and copies it. It keeps its address modulo 64, and lies as near
// to an unreadable page as that lets it: to that behind it, or to that before it, if in
// the caller's memory it is nearer to a page's beginning than to one's end.
func (m *parentMemory) put(slot int, b []byte) place {
	address := int(uintptr(unsafe.Pointer(unsafe.SliceData(b))) % uintptr(os.Getpagesize()))
	page := os.Getpagesize()
	offset := address % 64
	if toEnd := (page - (address+len(b))%page) % page; toEnd <= address {
		offset = m.size - len(b)
		offset -= (offset - address) & 63
	}
	s := m.slot(slot)
	lo, hi := max(offset-marginBytes, 0), min(offset+len(b)+marginBytes, m.size)
	for i := lo; i < hi; i++ {
		s[i] = 0xff // NaNs, to whoever reads them
	}
	copy(s[offset:], b)
	return place{slot, offset, len(b)}
}

// bytes returns what lies at p.
func (m *parentMemory) bytes(p place) []byte { return m.slot(p.Slot)[p.Offset : p.Offset+p.Len] }

// watched tells whether the bytes beside p are as put has left them.
func (m *parentMemory) watched(p place) bool {
	s := m.slot(p.Slot)
	for i := max(p.Offset-marginBytes, 0); i < min(p.Offset+p.Len+marginBytes, m.size); i++ {
		if i == p.Offset {
			i += p.Len
			if i >= m.size {
				break
			}
		}
		if s[i] != 0xff {
			return false
		}
	}
	return true
}

// childMemory is the child's view: slot k begins at all[k·(size+guard)+guard].
type childMemory struct {
	size int
	all  []byte
}

// mapShared maps the file that the parent has made.
func mapShared(file *os.File, size int) (*childMemory, error) {
	all, err := unix.Mmap(-1, 0, slots*(size+guardBytes)+guardBytes, unix.PROT_NONE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil, fmt.Errorf("foreign: address space: %w", err)
	}
	m := &childMemory{size: size, all: all}
	for k := range slots {
		prot := unix.PROT_READ
		if k == 0 {
			prot |= unix.PROT_WRITE
		}
		if _, err := unix.MmapPtr(int(file.Fd()), int64(k*size), unsafe.Pointer(unsafe.SliceData(m.slot(k))), uintptr(size),
			prot, unix.MAP_SHARED|unix.MAP_FIXED); err != nil {
			return nil, fmt.Errorf("foreign: shared memory: %w", err)
		}
	}
	return m, nil
}

func (m *childMemory) unmap() { unix.Munmap(m.all) }

func (m *childMemory) slot(k int) []byte {
	at := guardBytes + k*(m.size+guardBytes)
	return m.all[at : at+m.size : at+m.size]
}

// bytes returns the operand at p, nil where it is absent.
func (m *childMemory) bytes(p place) []byte {
	if p.Slot < 0 {
		return nil
	}
	return m.slot(p.Slot)[p.Offset : p.Offset+p.Len : p.Offset+p.Len]
}

// locate says in words where an address of the child lies, given the place of the
// operands and the address of the child's memory; "" if it is not near any.
func locate(address, base uint64, size int, out place, in []place) string {
	span := int64(size + guardBytes)
	at := int64(address - base)
	if at < 0 || at >= slots*span+guardBytes {
		return ""
	}
	name := func(p place) (string, bool) {
		begin := guardBytes + int64(p.Slot)*span + int64(p.Offset)
		end := begin + int64(p.Len)
		switch lo, hi := begin-int64(p.Offset)-guardBytes/2, begin-int64(p.Offset)+int64(size)+guardBytes/2; {
		case at < lo || at >= hi:
			return "", false
		case at < begin:
			return fmt.Sprintf("%d bytes before the beginning of", begin-at), true
		case at >= end:
			return fmt.Sprintf("%d bytes behind the end of", at-end), true
		}
		return "within", true
	}
	for k, p := range in {
		if p.Slot > 0 {
			if where, ok := name(p); ok {
				if where == "within" {
					return fmt.Sprintf("wrote to operand %d", k)
				}
				return fmt.Sprintf("touched memory %s operand %d", where, k)
			}
		}
	}
	if where, ok := name(out); ok {
		return "touched memory " + where + " the output"
	}
	return ""
}
