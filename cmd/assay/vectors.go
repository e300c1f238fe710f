package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/big"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"assay/corpus"
	"assay/oracle"
	"assay/spec"
)

func vectorsCommand() *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:   "vectors",
		Short: "Write the corpus as plain files, with what each result must be, for other languages",
		Long: "Vectors writes one archive (.tar.gz) with every stored case: its operands as they lie in\n" +
			"memory, and for each element of the result the interval and the classes that are right.\n" +
			"corpus/README.md has the format, corpus/example/replay.c reads it.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			entries, err := corpus.All()
			if err != nil {
				return err
			}
			f, err := os.Create(name)
			if err != nil {
				return err
			}
			err = writeVectors(f, entries)
			if e := f.Close(); err == nil {
				err = e
			}
			if err == nil {
				fmt.Fprintf(cmd.OutOrStdout(), "%s: %d cases\n", name, len(entries))
			}
			return err
		},
	}
	cmd.Flags().StringVarP(&name, "output", "o", "assay-vectors.tar.gz", "the archive")
	return cmd
}

// writeVectors writes the archive. The same cases give the same bytes.
func writeVectors(w io.Writer, entries []*corpus.Entry) error {
	z := gzip.NewWriter(w)
	t := tar.NewWriter(z)
	add := func(name string, data []byte) error {
		h := &tar.Header{Name: "assay-vectors/" + name, Mode: 0o644, Size: int64(len(data)), ModTime: time.Unix(0, 0), Format: tar.FormatUSTAR}
		if err := t.WriteHeader(h); err != nil {
			return err
		}
		_, err := t.Write(data)
		return err
	}
	var index strings.Builder
	index.WriteString("id\top\trows\tcols\tbatch\theads\tkvheads\toperands\twant\n")
	seen := map[string]bool{}
	for _, e := range entries {
		if seen[e.Case.ID] {
			continue // one input may show several defects
		}
		seen[e.Case.ID] = true
		want, err := oracle.Eval(&e.Case, spec.TreeAny)
		if err != nil {
			return fmt.Errorf("%s: %w", e.Path, err)
		}
		kind, data := wanted(e.Case.Op, want)
		for k, b := range e.Case.In {
			if err := add(fmt.Sprintf("%s/in%d", e.Case.ID, k), b); err != nil {
				return err
			}
		}
		if err := add(e.Case.ID+"/want", data); err != nil {
			return err
		}
		s := e.Case.Shape
		fmt.Fprintf(&index, "%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%s\n", e.Case.ID, e.Case.Op, s.Rows, s.Cols, s.Batch, s.Heads, s.KVHeads, len(e.Case.In), kind)
	}
	if err := add("index.tsv", []byte(index.String())); err != nil {
		return err
	}
	if err := t.Close(); err != nil {
		return err
	}
	return z.Close()
}

// wanted is the stored form of what an output must be: the bytes themselves, or for
// each f32 lo, hi, the classes and the signs that are right.
func wanted(op spec.Op, want *oracle.Want) (kind string, data []byte) {
	if spec.MustLookup(op).Out != spec.F32 {
		return "bytes", want.Bytes
	}
	var out bytes.Buffer
	element := func(lo, hi float64, class spec.Class, sign int32) {
		binary.Write(&out, binary.LittleEndian, struct {
			Lo, Hi float64
			Class  uint32
			Sign   int32
		}{lo, hi, uint32(class), sign})
	}
	for i := range len(want.Bytes) / 4 {
		bits := spec.F32Bits(want.Bytes, i)
		x := float64(math.Float32frombits(bits))
		element(x, x, spec.ClassOf(bits), 0)
	}
	for _, e := range want.Elements {
		lo, hi, sign := math.Inf(-1), math.Inf(1), int32(0)
		if e.Value != nil && e.Class != spec.ClassUnspecified {
			l, h := e.Enclosure()
			lo, hi = outward(l, -1), outward(h, 1)
		}
		if e.Positive {
			sign = 1
		}
		if e.Negative {
			sign = -1
		}
		element(lo, hi, e.Class, sign)
	}
	return "bounds", out.Bytes()
}

// outward rounds an end of an interval to a float64 that does not cut it short: down
// for a negative direction, up for a positive one.
func outward(x *big.Float, direction int) float64 {
	f, acc := x.Float64()
	if direction < 0 && acc == big.Above {
		return math.Nextafter(f, math.Inf(-1))
	}
	if direction > 0 && acc == big.Below {
		return math.Nextafter(f, math.Inf(1))
	}
	return f
}
