package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"assay/corpus"
	"assay/props"
	"assay/props/mutants"
	"assay/spec"
)

func fixedbugsCommand() *cobra.Command {
	var dir string
	var tries int
	var seed uint64
	cmd := &cobra.Command{
		Use:   "fixedbugs [MUTANT...]",
		Short: "Store, for each public defect, the smallest case that shows it",
		Long: "Fixedbugs looks for the smallest case on which the mutant with a public defect is wrong\n" +
			"and the correct kernel is not, and writes it below --dir, in a folder named after the\n" +
			"defect's project and issue. Defects that have a folder are passed over, as are those\n" +
			"that no single result shows: threads, memory.",
		RunE: func(cmd *cobra.Command, args []string) error { return fixedbugs(cmd, args, dir, tries, seed) },
	}
	cmd.Flags().StringVar(&dir, "dir", "corpus/fixedbugs", "folder of the defects")
	cmd.Flags().IntVar(&tries, "tries", 60, "cases of each shape")
	cmd.Flags().Uint64Var(&seed, "seed", 1, "seed of the cases")
	return cmd
}

func fixedbugs(cmd *cobra.Command, ids []string, dir string, tries int, seed uint64) error {
	all := mutants.All()
	for _, id := range ids {
		if !slices.ContainsFunc(all, func(m mutants.Mutant) bool { return m.ID == id }) {
			return fmt.Errorf("fixedbugs: no mutant %q", id)
		}
	}
	bar := newProgress(len(all))
	stored, none := 0, map[string]string{}
	for _, m := range all {
		bar.step("%s", m.ID)
		folder := slug(m.Defect)
		if folder == "" || len(ids) > 0 && !slices.Contains(ids, m.ID) {
			continue
		}
		if m.Class == "OOB" { // shown by what lies beside the operands, which is no part of a case
			none[folder] = m.ID
			continue
		}
		if _, err := os.Stat(filepath.Join(dir, folder)); err == nil {
			continue
		}
		c := props.Smallest(cmd.Context(), spec.Row{Op: m.Op, Tier: "mutant", Tree: m.Tree, Func: m.Func},
			spec.Row{Op: m.Op, Tier: "base", Func: m.Base}, tries, seed)
		if err := cmd.Context().Err(); err != nil {
			return err
		}
		if c == nil {
			none[folder] = m.ID
			continue
		}
		out, err := corpus.Encode(&corpus.Entry{Case: *c, Source: link(m.Defect), Note: m.Summary, Mutant: m.ID})
		if err != nil {
			return err
		}
		if err := store(cmd, filepath.Join(dir, folder, corpus.ID(c)+".json"), out); err != nil {
			return err
		}
		stored++
	}
	bar.done()
	for folder, id := range none {
		if _, err := os.Stat(filepath.Join(dir, folder)); err != nil {
			fmt.Fprintf(cmd.ErrOrStderr(), "%s (%s): no single case shows it\n", folder, id)
		}
	}
	if len(ids) > 0 && stored == 0 {
		return errors.New("fixedbugs: nothing was stored")
	}
	return nil
}

// defect is the first report that a mutant names: a project, with or without its
// owner, and an issue (#12), a pull request (PR 12) or a commit.
var defect = regexp.MustCompile(`^((?:[\w.-]+/)?[\w.-]+?)(?:#(\d+)| PR (\d+)| (?:commit )?([0-9a-f]{6,40})\b)`)

// slug is the folder of a defect.
func slug(text string) string {
	m := defect.FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	return strings.ReplaceAll(m[1], "/", "-") + "-" + m[2] + m[3] + m[4]
}

// link is where a defect is reported.
func link(text string) string {
	m := defect.FindStringSubmatch(text)
	switch {
	case m == nil || !strings.Contains(m[1], "/"):
		return text
	case m[2] != "":
		return "https://github.com/" + m[1] + "/issues/" + m[2]
	case m[3] != "":
		return "https://github.com/" + m[1] + "/pull/" + m[3]
	}
	return "https://github.com/" + m[1] + "/commit/" + m[4]
}
