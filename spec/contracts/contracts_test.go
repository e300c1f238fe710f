package contracts

import (
	"strings"
	"testing"
	"testing/fstest"
)

func TestAll(t *testing.T) {
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 10 {
		t.Errorf("%d contracts", len(all))
	}
}

func TestRead(t *testing.T) {
	const good = "- {id: A-1, claim: x, tests: [props TestX]}\n"
	for text, want := range map[string]string{
		good:        "",
		good + good: "twice",
		"- {id: a, claim: x, tests: [props TestX]}":                 "id",
		"- {id: A, tests: [props TestX]}":                           "no claim",
		"- {id: A, claim: x}":                                       "no test",
		"- {id: A, claim: x, tests: [TestX]}":                       "PACKAGE",
		"- {id: A, claim: x, tests: [props TestX], status: proven}": "status",
		"- {id: A, claim: x, tests: [props TestX], rule: {file: a.json, field: f, op: <, limit: 1}}":     "operator",
		"- {id: A, claim: x, tests: [props TestX], rule: {file: ../a.json, field: f, op: <=, limit: 1}}": "below",
		"id: A": "cannot unmarshal",
	} {
		_, err := Read(fstest.MapFS{"x.yaml": {Data: []byte(text)}})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func TestHolds(t *testing.T) {
	nan := 0.0
	nan /= nan
	for _, tt := range []struct {
		op   string
		x    float64
		want bool
	}{{"<=", 1, true}, {"<=", 1.1, false}, {">=", 1, true}, {">=", 0.9, false}, {"==", 1, true}, {"==", 2, false}, {"<=", nan, false}} {
		if got := (Rule{Op: tt.op, Limit: 1}).Holds(tt.x); got != tt.want {
			t.Errorf("%g %s 1: %v", tt.x, tt.op, got)
		}
	}
}
