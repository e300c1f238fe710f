package fuzz_test

import (
	"fmt"
	"os"
	"path/filepath"

	"assay/corpus"
	"assay/fuzz/night"
	"assay/spec"
)

// worst keeps, for each row, the largest error over bound of this process.
type worst struct {
	dir    string
	ratios map[string]float64
}

func newWorst() *worst { return &worst{os.Getenv(night.WorstEnv), map[string]float64{}} }

// add stores a case that is worse than those before, in a file of the row and this
// process: its note has the ratio.
func (w *worst) add(row spec.Row, c *spec.Case, ratio float64) error {
	if w.dir == "" || ratio <= w.ratios[row.Name()] {
		return nil
	}
	w.ratios[row.Name()] = ratio
	data, err := corpus.Encode(&corpus.Entry{Case: *c, Source: "fuzzing, " + row.Name(), Note: fmt.Sprintf("error/bound %.6f on tier %s", ratio, row.Tier)})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(w.dir, fmt.Sprintf("%s.%s.%d.json", row.Op, row.Tier, os.Getpid())), data, 0o666)
}
