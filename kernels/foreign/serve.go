//go:build linux && (amd64 || arm64)

package foreign

import (
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"unsafe"

	"assay/kernels/cpustate"
	"assay/spec"
)

// childEnv names the environment variable that makes Serve serve: the library's path.
const childEnv = "ASSAY_FOREIGN_LIBRARY"

// Files of the child beside the usual three.
const (
	memoryFile = iota + 3
	requestFile
	replyFile
)

// greeting is the child's first word.
type greeting struct {
	Rows  []rowInfo
	Error string // why there are none
}

// rowInfo is a row without its function.
type rowInfo struct {
	Op     spec.Op
	Tier   spec.Tier
	Tree   spec.Tree
	CanRun bool
}

// request asks for a call, or, with a row of −1, for the memory to be mapped.
type request struct {
	Row     int
	Size    int // of a slot
	Shape   spec.Shape
	Threads int
	In      []place
	Out     place
	Mode    uint32 // floating-point mode
}

// reply is what the child says when it is done.
type reply struct {
	Base  uint64 // where the memory lies in the child
	Mode  uint32 // the mode found afterwards
	InUse uint32 // the vector state found afterwards
	Fault string
}

// Serve calls a library's kernels for a parent process that has opened it, and does
// not return then; otherwise it does nothing. A program that uses Open calls it at the
// start of main, a test of TestMain.
func Serve() {
	path := os.Getenv(childEnv)
	if path == "" {
		return
	}
	if err := serve(path); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func serve(path string) error {
	memory := os.NewFile(memoryFile, "shared memory")
	in := os.NewFile(requestFile, "requests")
	out := os.NewFile(replyFile, "replies")
	if memory == nil || in == nil || out == nil {
		return fmt.Errorf("foreign: %s is set, but this process has no parent that opens libraries", childEnv)
	}
	replies := gob.NewEncoder(out)
	rows, err := Load(path)
	var hello greeting
	if err != nil {
		hello.Error = err.Error()
	}
	for _, row := range rows {
		hello.Rows = append(hello.Rows, rowInfo{row.Op, row.Tier, row.Tree, row.CanRun()})
	}
	if err := replies.Encode(hello); err != nil {
		return err
	}

	// Requests are read beside the calls, so that a child whose parent is gone ends even
	// in the middle of one.
	requests := make(chan request)
	go func() {
		from := gob.NewDecoder(in)
		for {
			var r request
			if err := from.Decode(&r); err != nil {
				if !errors.Is(err, io.EOF) {
					fmt.Fprintln(os.Stderr, err)
				}
				os.Exit(0)
			}
			requests <- r
		}
	}()

	runtime.LockOSThread() // the processor's state belongs to the thread
	var mem *childMemory
	for r := range requests {
		if mem == nil || mem.size != r.Size {
			if mem != nil {
				mem.unmap()
			}
			if mem, err = mapShared(memory, r.Size); err != nil {
				return err
			}
		}
		answer := reply{Base: uint64(uintptr(unsafe.Pointer(unsafe.SliceData(mem.all))))}
		if r.Row >= 0 {
			answer.run(rows[r.Row], r, mem)
		}
		if err := replies.Encode(answer); err != nil {
			return err
		}
	}
	return nil
}

// run makes one call in the state of the processor that the parent has.
func (a *reply) run(row spec.Row, r request, mem *childMemory) {
	call := &spec.Call{Shape: r.Shape, Threads: r.Threads, Out: mem.bytes(r.Out)}
	for _, p := range r.In {
		call.In = append(call.In, mem.bytes(p))
	}
	defer func() {
		if p := recover(); p != nil {
			a.Fault = fmt.Sprint(p)
		}
	}()
	old := cpustate.Mode()
	defer cpustate.SetMode(old)
	cpustate.SoilRegisters(0)
	cpustate.ClearVectors()
	cpustate.SetMode(r.Mode)
	row.Func.Run(call)
	a.Mode = cpustate.Mode()
	if cpustate.VectorsKnown {
		a.InUse = cpustate.VectorsInUse()
	}
}
