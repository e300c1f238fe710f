package main

import (
	"bytes"
	"testing"

	"assay/props/assembly"
)

// What an interrupted campaign had still to judge is told beside what it judged.
func TestAsmTally(t *testing.T) {
	tally := newAsmTally()
	tally.begin("dotAVX2", 3)
	for _, status := range []string{assembly.Killed, assembly.Equivalent, assembly.Survived} {
		tally.add(assembly.Result{Routine: "dotAVX2", Status: status})
	}
	tally.begin("scaleAVX2", 4)
	tally.add(assembly.Result{Routine: "scaleAVX2", Status: assembly.Killed})
	tally.begin("sumAVX2", 2)
	tally.begin("dotAVX512", 1)
	tally.add(assembly.Result{Routine: "dotAVX512", Status: assembly.Unjudged})
	var got bytes.Buffer
	tally.print(&output{w: &got})
	want := `dotAVX2                      50.0 % of 2 killed, 1 equivalent, 0 unjudged
scaleAVX2                    100.0 % of 1 killed, 0 equivalent, 0 unjudged, 3 not reached
sumAVX2                      none judged yet, 0 equivalent, 0 unjudged, 2 not reached
dotAVX512                    not judged: this CPU lacks the tier, 0 equivalent, 1 unjudged
all                          66.7 % of 3 killed, 1 equivalent, 1 unjudged, 5 not reached
`
	if got.String() != want {
		t.Errorf("got\n%swant\n%s", &got, want)
	}
}
