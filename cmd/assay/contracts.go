package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"assay/spec/contracts"
)

func contractsCommand() *cobra.Command {
	var dir, from string
	cmd := &cobra.Command{
		Use:   "contracts",
		Short: "What the project claims, and whether this run's evidence bears it out",
		Long: "Contracts runs the tests that each claim hangs on and looks up its recorded figure. A\n" +
			"claim whose test does not exist, did not run or was skipped has no evidence, and\n" +
			"fails like one whose test fails or whose figure breaks its rule. It needs the\n" +
			"source tree, and Go. With --from DIR it judges the claims of another module's .yaml\n" +
			"files, whose source tree is --dir.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, err := contracts.All()
			if from != "" {
				all, err = contracts.Read(os.DirFS(from))
			}
			if err != nil {
				return err
			}
			if len(all) == 0 {
				return errors.New("contracts: there are none")
			}
			return runContracts(cmd, dir, all)
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "folder of contracts other than the project's own")
	cmd.Flags().StringVar(&dir, "dir", ".", "the source tree")
	return cmd
}

// contractRow is the JSON form of one line.
type contractRow struct {
	contracts.Contract
	Status   string   `json:"status"` // holds, broken, no evidence
	Evidence []string `json:"evidence"`
}

func runContracts(cmd *cobra.Command, dir string, all []contracts.Contract) error {
	out := newOutput(cmd, "ID\tSTATUS\tEVIDENCE\tCLAIM")
	bar := newProgress(len(all))
	results, failed := map[string]testResult{}, false
	for _, c := range all {
		bar.step("%s", c.ID)
		row := contractRow{Contract: c, Status: "holds"}
		for _, t := range c.Tests {
			r, ok := results[t]
			if !ok {
				var err error
				if r, err = runTest(cmd.Context(), dir, t); err != nil {
					return err
				}
				results[t] = r
			}
			row.Evidence = append(row.Evidence, fmt.Sprintf("%s: %d passed, %d failed, %d skipped", t, r.passed, r.failed, r.skipped))
			switch {
			case r.failed > 0:
				row.Status = "broken"
			case r.passed == 0 && row.Status == "holds":
				row.Status = "no evidence"
			}
		}
		if c.Rule != nil {
			x, err := recorded(dir, *c.Rule)
			switch {
			case err != nil:
				row.Status = "broken"
				row.Evidence = append(row.Evidence, err.Error())
			case !c.Rule.Holds(x):
				row.Status = "broken"
				fallthrough
			default:
				row.Evidence = append(row.Evidence, fmt.Sprintf("%s of %s is %g, rule %s %g", c.Rule.Field, c.Rule.File, x, c.Rule.Op, c.Rule.Limit))
			}
		}
		failed = failed || row.Status != "holds"
		out.row(row, "%s\t%s\t%s\t%s", c.ID, row.Status, strings.Join(row.Evidence, "; "), c.Claim)
		if err := cmd.Context().Err(); err != nil {
			break
		}
	}
	bar.done()
	out.flush()
	if failed {
		return errFailed
	}
	return nil
}

// testResult counts the ends of a test and its subtests, parents aside.
type testResult struct{ passed, failed, skipped int }

// runTest runs PACKAGE TestName/Subtest and counts what ran. A package that does
// not build counts as a failure.
func runTest(ctx context.Context, dir, test string) (testResult, error) {
	pkg, name, _ := strings.Cut(test, " ")
	parts := strings.Split(name, "/")
	for i, p := range parts {
		parts[i] = "^" + regexp.QuoteMeta(p) + "$"
	}
	run := exec.CommandContext(ctx, "go", "test", "-json", "-count=1", "-run", strings.Join(parts, "/"), "./"+pkg)
	run.Dir = dir
	data, err := run.Output()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		return testResult{}, fmt.Errorf("contracts: %s: %w", test, err)
	}
	var r testResult
	ended := map[string]string{}
	for s := bufio.NewScanner(bytes.NewReader(data)); s.Scan(); {
		var e struct{ Action, Test string }
		if json.Unmarshal(s.Bytes(), &e) != nil {
			continue
		}
		switch e.Action {
		case "pass", "fail", "skip":
			if e.Test == name || strings.HasPrefix(e.Test, name+"/") {
				ended[e.Test] = e.Action
			}
		}
	}
	for test, action := range ended {
		switch {
		case action == "fail":
			r.failed++
		case action == "skip":
			r.skipped++
		case !isParent(ended, test):
			r.passed++
		}
	}
	if err != nil && r.failed == 0 {
		r.failed++ // the package does not build, or another test brought it down
	}
	return r, nil
}

// isParent tells whether a test has subtests: it passes although they are skipped.
func isParent(ended map[string]string, test string) bool {
	for other := range ended {
		if strings.HasPrefix(other, test+"/") {
			return true
		}
	}
	return false
}

// recorded returns the figure that a rule is about.
func recorded(dir string, r contracts.Rule) (float64, error) {
	data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(r.File)))
	if err != nil {
		return math.NaN(), err
	}
	var fields map[string]any
	if err := json.Unmarshal(data, &fields); err != nil {
		return math.NaN(), fmt.Errorf("%s: %w", r.File, err)
	}
	x, ok := fields[r.Field].(float64)
	if !ok {
		return math.NaN(), fmt.Errorf("%s has no number %q", r.File, r.Field)
	}
	return x, nil
}
