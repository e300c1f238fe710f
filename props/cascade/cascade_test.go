package cascade

import (
	"math"
	"testing"

	"assay/corpus/gguf"
	"assay/corpus/teacher"
)

func teacherModel(t *testing.T) *Model {
	f, err := gguf.Parse(teacher.GGUF())
	if err != nil {
		t.Fatal(err)
	}
	return &Model{Name: "teacher", File: f}
}

// TestPublished: the published figures come out, bit for bit where bits were
// published.
func TestPublished(t *testing.T) {
	for _, f := range All() {
		if f.teacher {
			continue // figures of a file that is not here
		}
		t.Run(f.ID, func(t *testing.T) {
			got, err := f.measure(nil)
			if err != nil {
				t.Fatal(err)
			}
			if same := bitsEqual(f.Published, got); same != nil && !*same {
				t.Errorf("bits differ: published %v, got %v", f.Published, got)
			}
			for i, p := range f.Published {
				if p.Within > 0 && math.Abs(got[i].Value-p.Value) > p.Within {
					t.Errorf("published %v, got %v", p, got[i])
				}
			}
			t.Log(got)
		})
	}
}

// TestRun: with a model every row runs, and quantiles lie in their intervals, in
// order.
func TestRun(t *testing.T) {
	m := teacherModel(t)
	draws := 300
	if testing.Short() {
		draws = 20
	}
	for _, f := range All() {
		r := f.Run(m, Options{Seed: 1, Draws: draws})
		t.Logf("%s %s: %s", r.ID, r.Verdict, r.Reason)
		if r.Skipped != "" || r.Verdict == "" || r.Reason == "" {
			t.Errorf("%s: verdict %q, reason %q, skipped %q", r.ID, r.Verdict, r.Reason, r.Skipped)
		}
		if !f.teacher && len(r.Populations) == 0 {
			t.Errorf("%s has no population", r.ID)
		}
		for _, p := range r.Populations {
			last := math.Inf(-1)
			for _, q := range []Quantile{p.P01, p.P10, p.P50, p.P90, p.P99} {
				if q.Value < last || q.Lo > q.Value || q.Hi < q.Value {
					t.Errorf("%s, %s: quantile %+v after %g", r.ID, p.Name, q, last)
				}
				last = q.Value
			}
			if p.Draws != draws || p.Max < last {
				t.Errorf("%s, %s: %d draws, largest %g after %g", r.ID, p.Name, p.Draws, p.Max, last)
			}
		}
	}
	for _, f := range All() {
		if r := f.Run(nil, Options{Seed: 1, Draws: 10}); f.teacher && r.Skipped == "" {
			t.Errorf("%s without a model: verdict %q", r.ID, r.Verdict)
		}
	}
}

// TestVerdict: what each row says of its hypothesis when it is judged over populations.
func TestVerdict(t *testing.T) {
	want := map[string]string{
		"M91": "equal bits", "M92": "undecided", "M93": "equal bits", "M94": "different", "M95": "undecided",
		"M96": "falsified", "M97": "undecided", "M98": "undecided", "M99": "undecided", "M100": "undecided",
		"M101": "neutral", "M102": "weak", "M103": "within [0.5, 2]",
	}
	m := teacherModel(t)
	for _, f := range All() {
		t.Run(f.ID, func(t *testing.T) {
			t.Parallel()
			if r := f.Run(m, Options{Seed: 2, Draws: 300}); r.Verdict != want[f.ID] {
				t.Errorf("%s (%s), want %s", r.Verdict, r.Reason, want[f.ID])
			}
		})
	}
}

// TestRule: a verdict follows from the figure, and one that depends on the draw is
// none.
func TestRule(t *testing.T) {
	for _, tt := range []struct {
		rule Rule
		x    float64
		want string
	}{
		{amplification, 51, "catastrophic"}, {amplification, 50, "partially confirmed"}, {amplification, 1.5, "falsified"},
		{amplification, 1.6, "weak"}, {saturation, 0.5, "falsified"}, {saturation, 1.1, "weak"}, {coupling, 1, "neutral"},
		{coupling, 0.7, "falsified"}, {ratio, 2.1, "outside"}, {ratio, 0.4, "outside"}, {ratio, 1, "within [0.5, 2]"},
		{amplification, math.NaN(), "no figure"},
	} {
		if got := tt.rule.Apply(tt.x); got != tt.want {
			t.Errorf("%g: %q, want %q", tt.x, got, tt.want)
		}
	}
	f := Falsifier{Rule: amplification}
	same := Population{P01: Quantile{Value: 1}, P50: Quantile{Value: 1.2}, P99: Quantile{Value: 1.4}}
	wide := Population{P01: Quantile{Value: 1}, P50: Quantile{Value: 2}, P99: Quantile{Value: 60}}
	if v, _ := f.verdict(1, []Population{same}); v != "falsified" {
		t.Errorf("verdict %q", v)
	}
	if v, _ := f.verdict(1, []Population{same, wide}); v != "undecided" {
		t.Errorf("verdict %q", v)
	}
}

// TestFacts compares with independently computed figures.
func TestFacts(t *testing.T) {
	if testing.Short() {
		t.Skip("populations large enough for quantiles; not with -short")
	}
	m := teacherModel(t)
	reports := []Report{m92().Run(m, Options{Seed: 1, Draws: 2000}), m94().Run(m, Options{Seed: 1, Draws: 4000})}
	got := map[string]float64{}
	for _, f := range Facts(m, reports) {
		t.Log(f)
		for _, x := range f.Figures {
			got[x.Name] = x.Value
		}
	}
	p := reports[1].Populations[0]
	for _, w := range []struct {
		name        string
		got, lo, hi float64
	}{
		{"M94 p50", p.P50.Value, .0062, .0075}, {"M94 p90", p.P90.Value, .038, .05}, {"M94 p99", p.P99.Value, .3, .75},
		{"gauge p50", p.Gauge.P50.Value, .00052, .00058}, {"gauge p99", p.Gauge.P99.Value, .0019, .0024},
		{"z", got["difference in standard deviations"], .545, .555}, {"cos", got["cosine of the angle"], .1745, .1755},
		{"tie", got["logits 10 and 9.9"], 11.5, 12.3}, {"tie", got["logits 100 and 100"], 101, 103},
		{"doubled", got["twice the argument changes the result by"], .26, .27}, {"eps", got["eps 1e-5 for 1e-6 gives the result times"], .425, .427},
		{"luck", got["share of draws"], .11, .15}, {"displacement", got["share of that rounding, Path A being exact"], .99996, .99998},
		{"own", got["share of the fused kernel"], 2.6e-5, 2.8e-5},
		{"A01", got["A01 on M94"], .005, .05}, {"A02", got["A02 on M94"], .005, .1},
	} {
		if !(w.got >= w.lo && w.got <= w.hi) {
			t.Errorf("%s: %g, want %g to %g", w.name, w.got, w.lo, w.hi)
		}
	}
}
