package activation

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"

	"assay/corpus/gguf"
)

// A matrix is a tensor of two dims in its stored form.
type matrix struct {
	tensor     *gguf.Tensor
	decode     decoder
	cols, rows int
}

// row decodes row r into dst, cols numbers.
func (m *matrix) row(dst []float64, r int) {
	n := len(m.tensor.Data) / m.rows
	m.decode(dst, m.tensor.Data[r*n:(r+1)*n])
}

// linear is the function W·x + b.
type linear struct {
	matrix
	bias []float64 // nil if there is none
}

// tileRows is the number of rows that are decoded at a time and stay in the
// cache while all vectors are multiplied with them.
const tileRows = 24

// apply writes W·x + b for each of the vectors in src to dst, on all cores. It
// is unfinished if ctx ends first, whose error is then returned.
func (l *linear) apply(ctx context.Context, dst, src []float64) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), (l.rows+tileRows-1)/tileRows) {
		wg.Go(func() {
			w := make([]float64, tileRows*l.cols)
			for ctx.Err() == nil {
				first := int(next.Add(tileRows)) - tileRows
				if first >= l.rows {
					return
				}
				n := min(tileRows, l.rows-first)
				for i := range n {
					l.row(w[i*l.cols:(i+1)*l.cols], first+i)
				}
				l.applyTile(dst, src, w[:n*l.cols], first)
			}
		})
	}
	wg.Wait()
	return ctx.Err()
}

// applyTile is apply for the decoded rows w, the first of which is row first.
func (l *linear) applyTile(dst, src, w []float64, first int) {
	vectors, rows := len(src)/l.cols, len(w)/l.cols
	x := func(t int) []float64 { return src[t*l.cols : (t+1)*l.cols] }
	row := func(r int) []float64 { return w[r*l.cols : (r+1)*l.cols] }
	for t := 0; t < vectors; t += 2 {
		t1 := min(t+1, vectors-1) // an odd one out is computed twice, as are rows
		y0, y1 := dst[t*l.rows+first:], dst[t1*l.rows+first:]
		for r := 0; r < rows; r += 3 {
			r1, r2 := min(r+1, rows-1), min(r+2, rows-1)
			s := dots(row(r), row(r1), row(r2), x(t), x(t1))
			y0[r], y0[r1], y0[r2] = s[0], s[1], s[2]
			y1[r], y1[r1], y1[r2] = s[3], s[4], s[5]
		}
	}
	if l.bias == nil {
		return
	}
	for t := range vectors {
		y := dst[t*l.rows+first:][:rows]
		for r := range y {
			y[r] += l.bias[first+r]
		}
	}
}

// dots returns the dots of three rows with x, then with y. Six sums at a time
// keep the adder busy although each is a chain in order of the index; eight no
// longer fit the registers and take twice as long a product. The conversions
// keep the compiler from fusing, so that all architectures agree.
func dots(a, b, c, x, y []float64) [6]float64 {
	b, c, x, y = b[:len(a)], c[:len(a)], x[:len(a)], y[:len(a)]
	var ax, bx, cx, ay, by, cy float64
	for i, w := range a {
		u, v := x[i], y[i]
		ax += float64(w * u)
		ay += float64(w * v)
		w = b[i]
		bx += float64(w * u)
		by += float64(w * v)
		w = c[i]
		cx += float64(w * u)
		cy += float64(w * v)
	}
	return [6]float64{ax, bx, cx, ay, by, cy}
}
