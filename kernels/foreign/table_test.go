//go:build linux && (amd64 || arm64)

package foreign

import (
	"context"
	"testing"
	"unsafe"

	"github.com/ebitengine/purego"

	"assay/kernels"
	"assay/props"
	"assay/spec"
)

// TestTableOps brings our own kernels through the C interface, as a library's table: every op,
// with all of its operands, shapes and parameters, arrives as it was sent.
func TestTableOps(t *testing.T) {
	var table []cKernel
	var keep [][]byte
	text := func(s string) *byte {
		b := append([]byte(s), 0)
		keep = append(keep, b)
		return &b[0]
	}
	for _, in := range spec.Ops() {
		rows := kernels.For(in.Op)
		row := rows[0]
		for _, r := range rows {
			if r.CanRun() {
				row = r
			}
		}
		run := purego.NewCallback(func(c *cCall) uintptr {
			if uintptr(c.size) != unsafe.Sizeof(*c) || c.threads < 1 {
				return 1
			}
			call := &spec.Call{
				Shape:   spec.Shape{Rows: int(c.rows), Cols: int(c.cols), Batch: int(c.batch), Heads: int(c.heads), KVHeads: int(c.kvHeads)},
				Threads: int(c.threads), Out: unsafe.Slice(c.out, c.outBytes),
			}
			for _, o := range unsafe.Slice(c.in, c.nIn) {
				call.In = append(call.In, unsafe.Slice(o.data, o.bytes))
			}
			row.Func.Run(call)
			return 0
		})
		table = append(table, cKernel{op: text(string(in.Op)), tier: text("through"), tree: text("lanes"), run: run})
	}
	symbol := purego.NewCallback(func(abi uintptr, count *uint64) uintptr {
		*count = uint64(len(table))
		return uintptr(unsafe.Pointer(unsafe.SliceData(table)))
	})
	rows, err := loadTable("table", symbol)
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != len(spec.Ops()) {
		t.Fatalf("%d rows, want %d", len(rows), len(spec.Ops()))
	}
	for _, row := range rows {
		only := []string{"accuracy", "tiers", "threads", "inplace"}
		for _, v := range props.Run(context.Background(), row, props.Options{Seed: 1, Budget: 0.1, Only: only}, false) {
			t.Error(v)
		}
	}
	_ = keep
}
