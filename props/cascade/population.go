package cascade

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
)

// Population says how a figure is distributed.
type Population struct {
	Name  string   `json:"name"`
	Draws int      `json:"draws"`
	P01   Quantile `json:"p01"`
	P10   Quantile `json:"p10"`
	P50   Quantile `json:"p50"`
	P90   Quantile `json:"p90"`
	P99   Quantile `json:"p99"`
	Max   float64  `json:"max"`
	// Zeros is the number of draws in which the figure is 0.
	Zeros int `json:"zeros"`
	// Rank is the part of the draws below the figure of the fixture.
	Rank float64 `json:"rank"`
	// Gauge is the distribution of the error over the gauge, where the figure is
	// an error.
	Gauge *Population `json:"gauge,omitempty"`
}

// Quantile is a quantile with a 95 % interval by bootstrap.
type Quantile struct {
	Value float64 `json:"value"`
	Lo    float64 `json:"lo"`
	Hi    float64 `json:"hi"`
}

// resamples is the number of bootstrap samples behind an interval.
const resamples = 200

// streams is the number of independent streams of random numbers that the draws
// of a population are divided among, whatever the machine.
const streams = 64

// sample draws a population. The result depends on seed and draws alone.
func sample(s source, seed uint64, draws int, fixture float64) Population {
	figures, gauges := make([][]float64, streams), make([][]float64, streams)
	next := make(chan int, streams)
	for k := range streams {
		next <- k
	}
	close(next)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for k := range next {
				rng := rand.New(rand.NewPCG(seed, uint64(k)))
				for range (draws + streams - 1 - k) / streams {
					f, g := s.draw(rng)
					figures[k] = append(figures[k], f)
					if g == g {
						gauges[k] = append(gauges[k], g)
					}
				}
			}
		})
	}
	wg.Wait()
	p := describe(s.name, slices.Concat(figures...), seed, fixture)
	if g := slices.Concat(gauges...); len(g) > 0 {
		d := describe("error over gauge", g, seed, math.NaN())
		p.Gauge = &d
	}
	return p
}

func describe(name string, x []float64, seed uint64, fixture float64) Population {
	slices.Sort(x)
	p := Population{Name: name, Draws: len(x), Max: x[len(x)-1]}
	below := 0
	for _, v := range x {
		if v == 0 {
			p.Zeros++
		}
		if v < fixture {
			below++
		}
	}
	p.Rank = float64(below) / float64(len(x))
	quantiles := []struct {
		q  float64
		at *Quantile
	}{{.01, &p.P01}, {.1, &p.P10}, {.5, &p.P50}, {.9, &p.P90}, {.99, &p.P99}}
	again := make([][]float64, len(quantiles))
	rng := rand.New(rand.NewPCG(seed, 1<<32))
	picks := make([]int, len(x))
	for range resamples {
		clear(picks)
		for range x {
			picks[rng.IntN(len(x))]++
		}
		k, seen := 0, 0
		for i, n := range picks {
			for seen += n; k < len(quantiles) && seen > place(quantiles[k].q, len(x)); k++ {
				again[k] = append(again[k], x[i])
			}
		}
	}
	for k, q := range quantiles {
		slices.Sort(again[k])
		*q.at = Quantile{x[place(q.q, len(x))], again[k][place(.025, resamples)], again[k][place(.975, resamples)]}
	}
	return p
}

// place returns the index of a quantile among n sorted values.
func place(q float64, n int) int { return min(n-1, int(q*float64(n))) }
