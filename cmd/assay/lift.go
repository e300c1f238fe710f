package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"assay/corpus"
	"assay/fuzz"
	"assay/spec"
)

func liftCommand() *cobra.Command {
	var dir, source, note string
	cmd := &cobra.Command{
		Use:   "lift TARGET FILE",
		Short: "Turn a fuzzer's input into a corpus case",
		Long: "Lift decodes an input of the fuzz target TARGET (a file of Go's fuzzing corpus, as\n" +
			"go test -fuzz leaves it under fuzz/testdata/fuzz, or raw bytes) and writes it as a\n" +
			"case below -dir. Targets: " + strings.Join(fuzz.Targets(), ", ") + ".",
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			data, err := os.ReadFile(args[1])
			if err != nil {
				return err
			}
			input, err := fuzz.ReadInput(data)
			if err != nil {
				return fmt.Errorf("%s: %w", args[1], err)
			}
			c, err := fuzz.Decode(args[0], input)
			if err != nil {
				return err
			}
			return keep(cmd, c, dir, cmp.Or(source, "fuzz target "+args[0]), note)
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "corpus/cases", "folder of cases")
	cmd.Flags().StringVar(&source, "source", "", "where the input comes from")
	cmd.Flags().StringVar(&note, "note", "found by fuzzing", "why the case is worth keeping")
	return cmd
}

func keepCommand() *cobra.Command {
	var dir, source, note, model string
	cmd := &cobra.Command{
		Use:   "keep ID",
		Short: "Store a recipe or a place in a model as a corpus case",
		Long:  "Keep writes the case that ID names (see assay replay) below -dir, operands in full.",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, _, err := findCase(cmd.Context(), args[0], model, 8)
			if err != nil {
				return err
			}
			return keep(cmd, c, dir, cmp.Or(source, args[0]), note)
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "corpus/cases", "folder of cases")
	cmd.Flags().StringVar(&source, "source", "", "where the input comes from (default: the ID)")
	cmd.Flags().StringVar(&note, "note", "", "why the case is worth keeping")
	cmd.Flags().StringVar(&model, "model", "", "GGUF file that a tensor id refers to (default: the embedded teacher)")
	cmd.MarkFlagRequired("note")
	return cmd
}

// keep stores a case below dir, in the folder of its op, and prints its name.
func keep(cmd *cobra.Command, c *spec.Case, dir, source, note string) error {
	out, err := corpus.Encode(&corpus.Entry{Case: *c, Source: source, Note: note})
	if err != nil {
		return err
	}
	return store(cmd, filepath.Join(dir, string(c.Op), corpus.ID(c)+".json"), out)
}

func store(cmd *cobra.Command, name string, out []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(name, out, 0o644); err != nil {
		return err
	}
	fmt.Fprintln(cmd.OutOrStdout(), name)
	return nil
}
