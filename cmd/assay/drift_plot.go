package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"assay/props/drift"
)

// plotDrift writes two charts below each other to a .svg or .png file: the drift
// of both runs by layer, and the owners of their distance by stage.
func plotDrift(name, a, b string, rows []driftRow, owners *drift.Owners) error {
	byLayer := plot.New()
	byLayer.Title.Text = "distance from the reference after each layer"
	byLayer.X.Label.Text = "layer"
	byLayer.Y.Label.Text = "relative L2, log10"
	byLayer.Legend.Top = true
	byLayer.Legend.YOffs = -2 * vg.Centimeter
	var lineA, lineB plotter.XYs
	for _, r := range rows {
		if r.Stage == drift.Output {
			x := float64(r.Layer)
			lineA = append(lineA, plotter.XY{X: x, Y: log10(r.ErrA)})
			lineB = append(lineB, plotter.XY{X: x, Y: log10(r.ErrB)})
		}
	}
	if err := plotutil.AddLinePoints(byLayer, "run "+a, lineA, "run "+b, lineB); err != nil {
		return err
	}

	byStage := plot.New()
	byStage.Title.Text = "owners of the distance of the logits"
	byStage.Y.Label.Text = "part"
	sums := map[drift.Stage]float64{}
	for _, p := range owners.Parts {
		sums[p.Stage] += p.Part
	}
	var values plotter.Values
	var labels []string
	for _, s := range drift.Stages() {
		if v, ok := sums[s]; ok {
			values, labels = append(values, v), append(labels, string(s))
		}
	}
	if len(values) > 0 {
		bars, err := plotter.NewBarChart(values, vg.Points(24))
		if err != nil {
			return err
		}
		bars.Color = plotutil.Color(2)
		byStage.Add(bars)
		byStage.NominalX(labels...)
	}

	const width, height = 18 * vg.Centimeter, 20 * vg.Centimeter
	var canvas interface {
		vg.CanvasSizer
		vg.CanvasWriterTo
	}
	switch ext := filepath.Ext(name); ext {
	case ".svg":
		canvas = vgsvg.New(width, height)
	case ".png":
		canvas = vgimg.PngCanvas{Canvas: vgimg.New(width, height)}
	default:
		return fmt.Errorf("drift: plot %q: want .svg or .png", name)
	}
	whole := draw.New(canvas)
	tiles := draw.Tiles{Rows: 2, Cols: 1, PadY: vg.Centimeter}
	byLayer.Draw(tiles.At(whole, 0, 0))
	byStage.Draw(tiles.At(whole, 0, 1))
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	if _, err := canvas.WriteTo(f); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// log10 returns a number that can be plotted, for distances of 0 too.
func log10(x float64) float64 { return math.Log10(max(x, 1e-17)) }
