//go:build libfuzzer

// Command oss is a fuzz target for libFuzzer: the archive that build.sh links. The
// target is chosen when it is linked, by -X main.target.
//
// It takes Go's own instrumentation for libFuzzer (-d=libfuzzer), which
// go-118-fuzz-build uses as well; that tool rewrites tests, and is not needed here, for
// what a target judges is no test.
package main

// #include <stddef.h>
import "C"

import (
	"fmt"
	"unsafe"

	"assay/fuzz"
	"assay/kernels"
)

var target = "FuzzDotQuant"

//export LLVMFuzzerTestOneInput
func LLVMFuzzerTestOneInput(data *C.char, size C.size_t) C.int {
	b := append([]byte(nil), unsafe.Slice((*byte)(unsafe.Pointer(data)), int(size))...)
	if read := fuzz.Reader(target); read != nil {
		if err := read(b, fuzz.Batch); err != nil {
			panic(err)
		}
		return 0
	}
	c, err := fuzz.Decode(target, b)
	if err != nil {
		panic(err)
	}
	for _, row := range kernels.For(c.Op) {
		if !row.CanRun() {
			continue
		}
		if v, _ := fuzz.Judge(row, c, b, fuzz.Batch); v != nil {
			panic(fmt.Sprint(v))
		}
	}
	return 0
}

func main() {}
