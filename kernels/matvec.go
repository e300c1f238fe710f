package kernels

import (
	"fmt"
	"sync"

	"assay/spec"
)

// byRows calls f for ranges of rows that together are [0, rows), on up to
// threads goroutines. Ranges start at multiples of step.
func byRows(rows, threads, step int, f func(lo, hi int)) {
	chunks := (rows + step - 1) / step
	threads = min(threads, chunks)
	if threads <= 1 {
		f(0, rows)
		return
	}
	var wg sync.WaitGroup
	for t := range threads {
		lo, hi := chunks*t/threads*step, min(chunks*(t+1)/threads*step, rows)
		wg.Go(func() { f(lo, hi) })
	}
	wg.Wait()
}

// rowStep is the number of rows that a matvec computes between two
// activations, so that weights are read from memory once for all of them.
const rowStep = 8

// matvec computes dst[b·rows+r] for all rows and activations. kernel computes
// the rows [lo, hi) for activation b into out, whose first element is row lo.
func matvec(dst []float32, s spec.Shape, threads int, kernel func(out []float32, b, lo, hi int)) {
	byRows(s.Rows, threads, rowStep, func(lo, hi int) {
		if s.Batch == 1 {
			kernel(dst[lo:hi], 0, lo, hi)
			return
		}
		for r := lo; r < hi; r += rowStep {
			end := min(r+rowStep, hi)
			for b := range s.Batch {
				kernel(dst[b*s.Rows+r:b*s.Rows+end], b, r, end)
			}
		}
	})
}

// columnStep is the number of activations for which some kernels decode weights once,
// and columnRows that of rows that stay in the cache for the next ones.
const (
	columnStep = 4
	columnRows = 64
)

// matvecColumns computes a matvec of at least columnStep activations: columns computes
// the rows [lo, hi) for columnStep activations from b on, single for one.
func matvecColumns(s spec.Shape, threads int, columns, single func(b, lo, hi int)) {
	byRows(s.Rows, threads, rowStep, func(lo, hi int) {
		for r := lo; r < hi; r += columnRows {
			end := min(r+columnRows, hi)
			b := 0
			for ; b+columnStep <= s.Batch; b += columnStep {
				columns(b, r, end)
			}
			for ; b < s.Batch; b++ {
				single(b, r, end)
			}
		}
	})
}

func checkMatvec(op spec.Op, s spec.Shape, dst, w, x int) {
	if err := s.Check(op); err != nil {
		panic("kernels: " + err.Error())
	}
	in := spec.MustLookup(op)
	if 4*dst != in.OutBytes(s) || w != in.InBytes(0, s) || x != in.InBytes(1, s) {
		panic(fmt.Sprintf("kernels: %s: shape %v with %d outputs, %d bytes of weights, %d of activations", op, s, dst, w, x))
	}
}
