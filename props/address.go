package props

import "unsafe"

// addressOf returns the address of b's first byte, for arithmetic only.
func addressOf(b []byte) int { return int(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) }
