package main

import (
	"fmt"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// plotRoofline draws arithmetic intensity against speed: our kernels, the fastest peer of
// each piece of work, and the two roofs that were measured, the first cache's bandwidth
// and memory's.
func plotRoofline(name string, rows []benchRow) error {
	p := plot.New()
	p.Title.Text = "roofline"
	p.X.Label.Text = "operations per byte"
	p.Y.Label.Text = "10^9 operations per second"
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.X.Tick.Marker, p.Y.Tick.Marker = plot.LogTicks{Prec: -1}, plot.LogTicks{Prec: -1}
	var own, peer plotter.XYs
	var cache, memory float64
	best := map[work]benchRow{} // with the fastest peer
	for _, r := range rows {
		if b, ok := best[r.work]; !ok || r.PeerNs < b.PeerNs {
			best[r.work] = r
		}
		if r.Cold {
			memory = max(memory, r.ReadGBps)
		} else {
			cache = max(cache, r.ReadGBps)
		}
	}
	lo, hi := math.Inf(1), 0.0
	for w, r := range best {
		x := w.operations() / w.bytes()
		lo, hi = min(lo, x), max(hi, x)
		own = append(own, plotter.XY{X: x, Y: w.operations() / r.Ns})
		if r.PeerNs > 0 {
			peer = append(peer, plotter.XY{X: x, Y: w.operations() / r.PeerNs})
		}
	}
	for _, s := range []struct {
		name  string
		xy    plotter.XYs
		shape draw.GlyphDrawer
	}{{"assay", own, draw.CircleGlyph{}}, {"fastest peer", peer, draw.CrossGlyph{}}} {
		if len(s.xy) == 0 {
			continue
		}
		points, err := plotter.NewScatter(s.xy)
		if err != nil {
			return err
		}
		points.Shape = s.shape
		p.Add(points)
		p.Legend.Add(s.name, points)
	}
	for _, roof := range []struct {
		name string
		gbps float64
	}{{"first cache", cache}, {"memory", memory}} {
		if roof.gbps == 0 {
			continue
		}
		line, err := plotter.NewLine(plotter.XYs{{X: lo, Y: lo * roof.gbps}, {X: hi, Y: hi * roof.gbps}})
		if err != nil {
			return err
		}
		p.Add(line)
		p.Legend.Add(fmt.Sprintf("%s: %.3g GB/s", roof.name, roof.gbps), line)
	}
	p.Legend.Top, p.Legend.Left = true, true
	return p.Save(18*vg.Centimeter, 14*vg.Centimeter, name)
}
