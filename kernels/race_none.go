//go:build !race

package kernels

import "unsafe"

func raceRead(unsafe.Pointer, int) {}

func raceWrite(unsafe.Pointer, int) {}
